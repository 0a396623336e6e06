"""Rank 1. Keeps movies and reviews. Imports models, protocols and errors; knows no Flask and no model."""
