"""Exports of the catalogue as streams of bytes.

At most the movies, one page of reviews and the corrections are in memory at once.

What is written meanwhile may or may not be in it; what is in it always belongs together: a correction only counts if it
is there before and after its review is read, as another text drops it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from app.models import Correction
from app.services.batch_analysis import iter_pages
from app.services.import_export import corrections_export, csv_format, jsonl_format
from app.store import Store


def export_catalogue(store: Store) -> Iterator[bytes]:
    """Movies, reviews and corrections as JSON Lines. Who wrote or corrected is left out, and what was deleted."""
    said = set(store.corrections())
    movies = {movie.id: movie for movie in sorted(store.movies(), key=lambda movie: movie.id)}
    yield jsonl_format.head()
    yield b"".join(map(jsonl_format.movie_line, movies.values()))
    corrected, there = {correction.review_id for correction in said}, set()
    for page in iter_pages(store):
        kept = [review for review in page if review.movie_id in movies]  # not those of a movie added since
        there |= corrected & {review.id for review in kept}
        yield b"".join(map(jsonl_format.review_line, kept))
    corrections = _by_review(said.intersection(store.corrections()))
    for review_id in sorted(there & corrections.keys()):
        ordered = sorted(corrections[review_id], key=lambda word: (word.created_at, word.label, word.reader))
        yield b"".join(jsonl_format.correction_line(word, reader) for reader, word in enumerate(ordered, 1))
    yield jsonl_format.end()


def export_reviews(store: Store) -> Iterator[bytes]:
    """Yield the reviews as CSV, oldest first, with their movies' fields; movies without reviews are left out."""
    movies = {movie.id: movie for movie in store.movies()}
    yield csv_format.head()
    for page in iter_pages(store):
        yield csv_format.review_lines((movies[review.movie_id], review) for review in page if review.movie_id in movies)


def export_corrections(store: Store) -> Iterator[bytes]:
    """Yield each corrected review once as a training row, with its readers' majority; draws are left out."""
    yield corrections_export.head()
    said = set(store.corrections())
    reviews = {
        review.id: review
        for review_id in sorted({correction.review_id for correction in said})
        for review in store.all_reviews(after_id=review_id - 1, limit=1)
    }
    for review_id, words in sorted(_by_review(said.intersection(store.corrections())).items()):
        (label, votes), *others = Counter(word.label for word in words).most_common()
        if review_id in reviews and not any(count == votes for _, count in others):
            yield corrections_export.line(reviews[review_id], label)


def _by_review(corrections: Iterable[Correction]) -> dict[int, list[Correction]]:
    found = defaultdict(list)
    for correction in corrections:
        found[correction.review_id].append(correction)
    return found
