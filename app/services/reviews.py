"""Operations on movies and reviews, with inputs from `app.schemas` and results from `app.models`."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import lru_cache

from app.errors import EditConflict, NotFound
from app.models import (
    AuditEntry,
    AuthorSummary,
    CatalogueTotals,
    CorrectedLabel,
    Explanation,
    ModelCard,
    Movie,
    Page,
    Review,
    Sentiment,
    is_same_date,
    movie_key,
)
from app.protocols import Analyzer
from app.schemas import (
    AllReviewsQuery,
    MovieInput,
    MoviePatch,
    MoviesQuery,
    PageQuery,
    ReviewInput,
    ReviewPatch,
    ReviewsQuery,
)
from app.services.fuzzy_search import matched_fields
from app.services.movie_list import MovieList
from app.services.search import split_words, starts_with
from app.store import Store

_MAX_MONTHS = 24
_MAX_EXPLANATIONS = 128  # of at most a hundred words each: a few megabytes


class ReviewService:
    """Operations on movies, reviews, corrections and the audit log.

    Every method may raise `app.errors.NotFound` and, if the database fails, `app.errors.StoreUnavailable`.
    """

    def __init__(self, store: Store, analyzer: Analyzer) -> None:
        self._store = store
        self._movie_list = MovieList(())
        self._months: tuple[Sequence[Movie], list[tuple[str, int]]] = ((), [])
        self._analyzer = analyzer
        self._explain = lru_cache(_MAX_EXPLANATIONS)(lambda text: analyzer.explain(text))

    def add_movie(self, movie: MovieInput, owner: str = "") -> Movie:
        """Add a movie with the owner token `owner`.

        Raise `app.errors.AlreadyExists`, with the id of the movie of this title and release date.
        """
        return self._store.add_movie(movie.fields(), owner=owner)

    def similar_movies(self, movie: MovieInput) -> list[Movie]:
        """Return the movies that may be the same one: with the same title and a less or more precise release date.

        The list is empty if there is a movie with exactly this title and release date.
        """
        fields = movie.fields()
        of_title = movie_key(fields.title, "")
        found = [other for other in self._store.movies() if other.key.startswith(of_title)]
        if any(other.release_date == fields.release_date for other in found):
            return []
        return [other for other in found if is_same_date(other.release_date, fields.release_date)]

    def movie(self, movie_id: int) -> Movie:
        return self._store.movie(movie_id)

    def movies(self, query: MoviesQuery) -> Page[Movie]:
        """Return a page of the matching movies, sorted as requested; movies without a rating come last."""
        return self.movie_list().find(query)

    def suggest(self, q: str, limit: int) -> list[Movie]:
        """Return up to `limit` movies found by `q` (not blank), first those whose title starts with it."""
        found = self.movies(MoviesQuery(q=q)).items
        is_prefix_of = starts_with(q)
        return sorted(found, key=lambda movie: not is_prefix_of(movie.title))[:limit]

    def matched_fields(self, movie: Movie, q: str) -> list[str]:
        """Return the names of the fields, except the title, in which words of `q` are found."""
        return matched_fields(movie, split_words(q))

    def edit_movie(
        self,
        movie_id: int,
        patch: MoviePatch,
        who: str = "",
        *,
        writers: Collection[str] | None = None,
        version: str = "",
    ) -> Movie:
        """Change the fields of `patch`. Raise `app.errors.AlreadyExists` if another movie has that title and date.

        If `writers` is given, raise `app.errors.ReviewedByOthers` if a review's owner token is not among them.
        If `version` is given, raise `app.errors.EditConflict` if the movie has another version, unless it already has
        the fields of `patch`.
        """
        fields = patch.model_dump(exclude_unset=True)

        def change(movie: Movie) -> Movie:
            edited = replace(movie, **fields)
            if version and movie.version not in (version, edited.version):
                raise EditConflict("movie", movie_id)
            return edited

        return self._store.update_movie(movie_id, change, who, writers=writers)

    def has_reviews_by_others(self, movie_id: int, writers: Collection[str]) -> bool:
        """Return whether the movie has a review whose owner token is not among `writers`."""
        return self._store.has_reviews_by_others(movie_id, writers)

    def merge_movies(self, kept_id: int, merged_id: int, who: str = "") -> AuditEntry:
        """Move a movie's reviews to another one and delete it; return the log's entry. Raise the store's errors."""
        return self._store.merge_movies(kept_id, merged_id, who)

    def merged_into(self, movie_id: int) -> int | None:
        """Return the id of the movie into which this one was merged, or None."""
        return self._store.merged_into(movie_id)

    def delete_movie(self, movie_id: int, who: str = "") -> tuple[Movie, AuditEntry]:
        """Delete the movie with its reviews; return it and the log's entry. `who` is the actor in the audit log."""
        return self._store.delete_movie(movie_id, who)

    def add_review(self, review: ReviewInput, writer: str = "") -> Review:
        """Analyze and store a review; `writer` is its owner token. Raise `ModelBusy` if the queue is full.

        A review of a movie that was merged into another one becomes that one's.
        """
        known = self._store.has_movie(review.movie_id)  # checked before inference
        movie_id = review.movie_id if known else self._kept_id(review.movie_id)
        (sentiment,) = self._analyzer.analyze([review.content])

        def add_to(movie_id: int) -> Review:
            return self._store.add_review(
                movie_id,
                review.author,
                review.content,
                sentiment,
                model=self._analyzer.card.id,
                writer=writer,
                spoiler=review.spoiler,
            )

        try:
            return add_to(movie_id)
        except NotFound:  # deleted or merged meanwhile
            return add_to(self._kept_id(movie_id))

    def _kept_id(self, movie_id: int) -> int:
        """Return the id of the movie into which this one was merged. Raise `NotFound` if it was not."""
        kept_id = self._store.merged_into(movie_id)
        if kept_id is None:
            raise NotFound("movie", movie_id)
        return kept_id

    def review(self, review_id: int) -> Review:
        return self._store.review(review_id)

    def reviews(self, movie_id: int, query: ReviewsQuery) -> Page[Review]:
        """Return a page of the movie's reviews, filtered and sorted as requested."""
        items, total = self._store.reviews(movie_id, query.label, query.start, query.per_page, query.sort)
        return Page(items, total, query.page, query.per_page)

    def nickname_hash(self, key: str) -> str | None:
        """Return the hash of the nickname's passphrase, or None if it is not claimed; `key` is its `nickname_key`."""
        return self._store.nickname_hash(key)

    def nickname_writers(self, nickname: str) -> set[str]:
        """Return the owner tokens of the newest thousand reviews under this nickname."""
        return {review.writer for review, _ in self._store.reviews_by_author(nickname, 0, 1_000)[0]}

    def claim_nickname(self, key: str, passphrase_hash: str) -> None:
        """Protect the nickname with a passphrase. Raise `app.errors.AlreadyExists` if it is claimed already."""
        self._store.claim_nickname(key, passphrase_hash)

    def all_reviews(self, query: AllReviewsQuery) -> Page[tuple[Review, Movie]]:
        """Return a page of the reviews of all movies, with their movies: those of one author, or the newest."""
        if query.author:
            items, total = self._store.reviews_by_author(query.author, query.start, query.per_page, query.sort)
        else:
            items, total = self._store.latest_reviews(query.start, query.per_page)
        return Page(items, total, query.page, query.per_page)

    def author(self, name: str) -> AuthorSummary:
        """Return the distribution and the sum of the ratings under this nickname."""
        return self._store.author_summary(name)

    def histogram(self, movie_id: int) -> list[tuple[int, int]]:
        """Return the numbers of the movie's positive and negative reviews in ten bins by rating: 0-1, ... 9-10."""
        return self._store.histogram(movie_id)

    def edit_review(self, review_id: int, patch: ReviewPatch, who: str = "", *, version: str = "") -> Review:
        """Change the fields of `patch`, and analyze a changed text. Raise `ModelBusy` as `add_review` does.

        `version` has the same effect as in `edit_movie`.
        """
        fields = patch.model_dump(exclude_unset=True)
        if fields.get("content") == self._store.review(review_id).content:
            del fields["content"]
        sentiment = self._analyzer.analyze([patch.content])[0] if "content" in fields else None
        model = self._analyzer.card.id

        def change(review: Review) -> Review:
            edited = replace(review, **fields)
            if version and review.version not in (version, edited.version):
                raise EditConflict("review", review_id)
            return edited.with_sentiment(sentiment, model) if sentiment else edited

        return self._store.update_review(review_id, change, who)

    def delete_review(self, review_id: int, who: str = "") -> tuple[Review, AuditEntry]:
        """Delete the review; return it and the log's entry."""
        return self._store.delete_review(review_id, who)

    def set_correction(self, review_id: int, reader: str, label: CorrectedLabel | None) -> Review:
        """Set a reader's correction of the label. None, or the model's own label, deletes the correction."""
        agrees = str(label) == self._store.review(review_id).sentiment_label
        return self._store.set_correction(review_id, reader, None if agrees else label)

    def like(self, review_id: int, reader: str) -> Review:
        """Add this reader's like of the review, unless it exists."""
        self._store.like_review(review_id, reader)
        return self._store.review(review_id)

    def position(self, review_id: int) -> int:
        """Return the number of newer reviews of the same movie."""
        return self._store.position(review_id)

    def audit_log(self, query: PageQuery) -> Page[AuditEntry]:
        """Return a page of the audit log, newest first."""
        items, total = self._store.audit_log(query.start, query.per_page)
        return Page(items, total, query.page, query.per_page)

    def audit_entry(self, change_id: int) -> AuditEntry | None:
        """Return the entry of the audit log, or None."""
        try:
            return self._store.audit_entry(change_id)
        except NotFound:
            return None

    def undo(self, change_id: int, who: str = "") -> AuditEntry:
        """Undo a deletion or an import. Raise the errors of `Store.undo`."""
        return self._store.undo(change_id, who)

    def analyze(self, texts: Sequence[str]) -> list[Sentiment]:
        """Analyze texts without storing them. Raise `app.errors.ModelBusy` if the queue is full."""
        return self._analyzer.analyze(texts)

    def explain(self, text: str) -> Explanation:
        """Explain a text's rating by its words; explanations are cached. Raise `ModelBusy` as `analyze` does."""
        return self._explain(text)

    def model_card(self) -> ModelCard:
        """Return the card of the current model."""
        return self._analyzer.card

    def movie_list(self) -> MovieList:
        """Return all movies, with their orders and aggregates; the same list until a movie changes."""
        movies = self._store.movies()
        movie_list = self._movie_list
        if movie_list.movies is not movies:  # the store returns the same object until a movie changes
            movie_list = self._movie_list = MovieList(movies, earlier=movie_list)
        return movie_list

    def most_corrected(self, limit: int) -> list[tuple[int, int]]:
        """Return (id, count) of the movies with the most corrections that contradict the label."""
        return self._store.most_corrected(limit)

    def reviews_by_month(self) -> list[tuple[str, int]]:
        """Return the last months with reviews (`2026-11`, in UTC), oldest first, with the number of reviews."""
        movies = self._store.movies()
        if self._months[0] is not movies:  # cached until a movie changes, as the query reads all reviews
            self._months = movies, self._store.reviews_by_month(_MAX_MONTHS)
        return self._months[1]

    def check(self) -> None:
        """Raise `app.errors.StoreUnavailable` if the store or the model is not working."""
        self._store.check()
        self._analyzer.check()

    def totals(self) -> CatalogueTotals:
        return self.movie_list().totals
