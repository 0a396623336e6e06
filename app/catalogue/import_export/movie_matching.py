"""Which movies of a file the store has already."""

from collections import defaultdict
from collections.abc import Iterable

from app.catalogue.import_export.records import MovieRow
from app.models import movie_key
from app.protocols import Store


def match_movies(store: Store, rows: Iterable[MovieRow]) -> dict[int, int]:
    """The store's id for each of the file's that it has: of the same title and release date, or, where a table says no
    date, the only one of that title."""
    by_key = {}
    by_title = defaultdict(list)
    for movie in store.movies():
        by_key[movie.key] = movie.id
        by_title[movie_key(movie.title, "")].append(movie.id)
    found = {}
    for row in rows:
        key = row.fields.key
        ids = by_title.get(key, []) if row.by_title else []
        if key in by_key:
            found[row.id] = by_key[key]
        elif len(ids) == 1:
            found[row.id] = ids[0]
    return found
