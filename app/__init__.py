"""Gampyeong: a movie-review site where the text is the vote. Imports nothing, so that `app.models` stays cheap."""
