"""The operations both faces share: each takes an input from `app.schemas` and returns `app.models`."""

from collections.abc import Sequence
from functools import lru_cache

from app.errors import NotFound
from app.models import (
    AuditAction,
    AuditEntry,
    AuthorSummary,
    CatalogueTotals,
    CorrectedLabel,
    Explanation,
    ModelCard,
    Movie,
    Page,
    QueueStats,
    Review,
    Sentiment,
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
from app.services.movie_list import PRIOR, MovieList, WeightedRating
from app.services.search import beginning, split_words
from app.store import Store

_CHANGES_RECENT = 20
_MONTHS_SHOWN = 24
_EXPLANATIONS_KEPT = 128  # of a hundred words at most: a few megabytes


class ReviewService:
    """Movies, reviews and what the model makes of them.

    Every method may raise `app.errors.NotFound` or, where the store cannot be reached or written,
    `app.errors.StoreUnavailable`.
    """

    def __init__(self, store: Store, analyzer: Analyzer, *, rating_prior: int = PRIOR) -> None:
        self._store = store
        self._rating_prior = rating_prior
        self._kept_listing = MovieList((), rating_prior)
        self._months: tuple[Sequence[Movie], list[tuple[str, int]]] = ((), [])
        self._analyzer = analyzer
        self._explain = lru_cache(_EXPLANATIONS_KEPT)(lambda text: analyzer.explain(text))

    def add_movie(self, movie: MovieInput) -> Movie:
        """Raise `app.errors.AlreadyExists`, with its id, when there is a movie of this title and release date."""
        return self._store.add_movie(movie.fields())

    def movie(self, movie_id: int) -> Movie:
        return self._store.movie(movie_id)

    def movies(self, query: MoviesQuery) -> Page[Movie]:
        """Return the movies that match, in the order asked for; movies without a rating come after those with one."""
        found, total = self._listing().find(query)
        return Page(found, total, query.page, query.per_page)

    def suggest(self, q: str, most: int) -> list[Movie]:
        """`most` movies that `q` may mean, which is not blank: first those whose title begins with it."""
        found = self.movies(MoviesQuery(q=q)).items
        begins = beginning(q)
        return sorted(found, key=lambda movie: not begins(movie.title))[:most]

    def matched_fields(self, movie: Movie, q: str) -> list[str]:
        """Return the names of the movie's fields besides the title in which words of `q` were found."""
        return matched_fields(movie, split_words(q))

    def weighing(self) -> WeightedRating:
        """How movies are rated for their order."""
        return self._listing().weighing

    def edit_movie(self, movie_id: int, patch: MoviePatch, who: str = "") -> Movie:
        """Change what `patch` names. Raise `app.errors.AlreadyExists` where that makes it another movie."""
        return self._store.update_movie(movie_id, patch.apply, who)

    def delete_movie(self, movie_id: int, who: str = "") -> int:
        """Delete the movie with its reviews; return how many reviews went. `who` is the actor, for the log."""
        return self._store.delete_movie(movie_id, who)

    def add_review(self, review: ReviewInput, writer: str = "") -> Review:
        """Analyze the review and store it as `writer`'s. Raise `ModelBusy` if the queue is full."""
        self._store.movie(review.movie_id)  # an unknown movie costs no inference
        (sentiment,) = self._analyzer.analyze([review.content])
        model = self._analyzer.card.id
        return self._store.add_review(
            review.movie_id,
            review.author,
            review.content,
            sentiment,
            model=model,
            writer=writer,
            spoiler=review.spoiler,
        )

    def review(self, review_id: int) -> Review:
        return self._store.review(review_id)

    def reviews(self, movie_id: int, query: ReviewsQuery) -> Page[Review]:
        """Return the movie's reviews, in the order asked for."""
        items, total = self._store.reviews(movie_id, query.label, query.start, query.per_page, query.sort)
        return Page(items, total, query.page, query.per_page)

    def nickname_hash(self, key: str) -> str | None:
        """Return the hash of the nickname's passphrase, None where it is not claimed; `key` is its `nickname_key`."""
        return self._store.nickname_hash(key)

    def nickname_writers(self, nickname: str) -> set[str]:
        """Return the marks of those who wrote the newest thousand reviews under this nickname."""
        return {review.writer for review, _ in self._store.reviews_by_author(nickname, 0, 1_000)[0]}

    def claim_nickname(self, key: str, passphrase_hash: str) -> None:
        """Keep the nickname for who has the passphrase. Raise `app.errors.AlreadyExists` where it is claimed."""
        self._store.claim_nickname(key, passphrase_hash)

    def all_reviews(self, query: AllReviewsQuery) -> Page[tuple[Review, Movie]]:
        """Return reviews of all movies with their movies: those under a nickname, or the newest."""
        if query.author:
            items, total = self._store.reviews_by_author(query.author, query.start, query.per_page, query.sort)
        else:
            items, total = self._store.latest_reviews(query.start, query.per_page)
        return Page(items, total, query.page, query.per_page)

    def author(self, name: str) -> AuthorSummary:
        """Return what the reviews under this nickname amount to."""
        return self._store.author_summary(name)

    def histogram(self, movie_id: int) -> list[tuple[int, int]]:
        """How many of the movie's positive and negative reviews are rated up to 1, up to 2, ... up to 10."""
        return self._store.histogram(movie_id)

    def edit_review(self, review_id: int, patch: ReviewPatch, who: str = "") -> Review:
        """Change the fields of `patch`; a changed text is analyzed again. Raise `ModelBusy` as `add_review` does."""
        given = patch.model_fields_set
        author = patch.author if "author" in given else None
        spoiler = patch.spoiler if "spoiler" in given else None
        if "content" not in given or patch.content == self._store.review(review_id).content:
            return self._store.update_review(review_id, author, spoiler=spoiler, who=who)
        (sentiment,) = self._analyzer.analyze([patch.content])
        read = (patch.content, sentiment)
        return self._store.update_review(
            review_id, author, read, spoiler=spoiler, model=self._analyzer.card.id, who=who
        )

    def delete_review(self, review_id: int, who: str = "") -> Review:
        return self._store.delete_review(review_id, who)

    def set_correction(self, review_id: int, reader: str, label: CorrectedLabel | None) -> Review:
        """Keep a reader's word that the review is `label`; None, or what the model says too, takes it back."""
        agrees = str(label) == self._store.review(review_id).sentiment_label
        return self._store.set_correction(review_id, reader, None if agrees else label)

    def like(self, review_id: int, reader: str) -> Review:
        """Count that this reader likes the review, once."""
        self._store.like_review(review_id, reader)
        return self._store.review(review_id)

    def position(self, review_id: int) -> int:
        """How many reviews of its movie are newer."""
        return self._store.position(review_id)

    def audit_log(self, query: PageQuery) -> Page[AuditEntry]:
        """Return the log of what was changed and deleted, newest first."""
        items, total = self._store.audit_log(query.start, query.per_page)
        return Page(items, total, query.page, query.per_page)

    def audit_entry(self, change_id: int) -> AuditEntry | None:
        """Return that entry of the audit log; None where there is none."""
        try:
            return self._store.audit_entry(change_id)
        except NotFound:
            return None

    def last_change(self, action: AuditAction, thing: int) -> AuditEntry | None:
        """Return what just became of the movie or review `thing`, if the log has not moved on far since."""
        about = {AuditAction.DELETE_MOVIE: "movie_id", AuditAction.DELETE_REVIEW: "review_id"}[action]
        return next(
            (
                change
                for change in self._store.audit_log(0, _CHANGES_RECENT)[0]
                if change.action is action and getattr(change, about) == thing
            ),
            None,
        )

    def undo(self, change_id: int, who: str = "") -> AuditEntry:
        """Brings back what the change deleted; raises what `Store.undo` does."""
        return self._store.undo(change_id, who)

    def analyze(self, texts: Sequence[str]) -> list[Sentiment]:
        """Analyze texts without storing them. Raise `app.errors.ModelBusy` when the model cannot take them now."""
        return self._analyzer.analyze(texts)

    def explain(self, text: str) -> Explanation:
        """Explain a text's rating by its words; the last few are cached. Raise `ModelBusy` as `analyze` does."""
        return self._explain(text)

    def model_card(self) -> ModelCard:
        """Return what is known of the model that reads the reviews."""
        return self._analyzer.card

    def genres(self) -> list[str]:
        """Every genre that some movie has, in dictionary order."""
        return self._listing().genres

    def movie_list(self) -> Sequence[Movie]:
        """Return all movies, oldest first."""
        return self._store.movies()

    def most_corrected(self, limit: int) -> list[tuple[int, int]]:
        """Return the ids of the movies whose readings most readers contradict, with the number of these readers."""
        return self._store.most_corrected(limit)

    def reviews_by_month(self) -> list[tuple[str, int]]:
        """Return the last months that have reviews (`2026-11`, in UTC), oldest first, with the number of these."""
        movies = self._store.movies()
        if self._months[0] is not movies:  # counting reads all reviews, so it is done once until a movie changes
            self._months = movies, self._store.reviews_by_month(_MONTHS_SHOWN)
        return self._months[1]

    def workload(self) -> QueueStats:
        """Return the numbers of the model's queued and finished texts."""
        return self._analyzer.workload()

    def check(self) -> None:
        """Raise `app.errors.StoreUnavailable`, which names store or model, when one of them cannot serve."""
        self._store.check()
        self._analyzer.check()

    def totals(self) -> CatalogueTotals:
        return self._store.totals()

    def _listing(self) -> MovieList:
        movies = self._store.movies()
        listing = self._kept_listing
        if listing.movies is not movies:  # a store hands out the same object while nothing changed
            listing = self._kept_listing = MovieList(movies, self._rating_prior, listing)
        return listing
