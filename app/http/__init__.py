"""Rank 2. Flask-aware code that both faces share. Imports errors, models and settings; knows neither face."""
