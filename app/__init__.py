"""Gampyeong: a movie-review site that rates movies by the sentiment of their reviews."""
