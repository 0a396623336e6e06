"""Rank 1. gunicorn's worker. Imports nothing of the site: it knows bytes and connections only."""
