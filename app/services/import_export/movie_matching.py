"""Matching of a file's movies with stored ones."""

from collections import defaultdict
from collections.abc import Iterable

from app.models import is_same_date, movie_key
from app.services.import_export.records import MovieRow
from app.store import Store


def match_movies(store: Store, rows: Iterable[MovieRow]) -> dict[int, int]:
    """Return the stored id of each of the file's movies that exists, by title and release date.

    If a table omits the date or either date is incomplete, it matches a more precise one of a single movie.
    """
    by_key = {}
    by_title = defaultdict(list)
    for movie in store.movies():
        by_key[movie.key] = movie.id
        by_title[movie_key(movie.title, "")].append(movie)
    found = {}
    for row in rows:
        if row.fields.key in by_key:
            found[row.id] = by_key[row.fields.key]
        elif not row.is_exact:
            date = row.fields.release_date
            ids = [
                movie.id
                for movie in by_title.get(movie_key(row.fields.title, ""), ())
                if is_same_date(movie.release_date, date) and (movie.release_date or not date)
            ]
            if len(ids) == 1:
                found[row.id] = ids[0]
    return found
