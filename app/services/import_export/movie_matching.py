"""Which movies of a file the store has already."""

from collections import defaultdict
from collections.abc import Iterable

from app.models import movie_key
from app.services.import_export.records import MovieRow
from app.store import Store


def match_movies(store: Store, rows: Iterable[MovieRow]) -> dict[int, int]:
    """Return the store's id for each of the file's that it has: of the same title and release date.

    A table may leave the date out or name the year alone, and so may the store: it is then the only movie of that title
    whose date goes on so, or begins so.
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
                if movie.release_date.startswith(date) or (movie.release_date and date.startswith(movie.release_date))
            ]
            if len(ids) == 1:
                found[row.id] = ids[0]
    return found
