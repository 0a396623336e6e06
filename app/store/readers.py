"""Likes and corrections by readers, and claimed nicknames, in the store."""

from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app.errors import AlreadyExists, NotFound
from app.models import CorrectedLabel, Correction, Review, format_utc
from app.store.base import StoreBase, check_range
from app.store.reviews import find_review, lock_review
from app.store.tables import CORRECTION_COLUMNS, active_review, corrections, nicknames, reviews

_LIKE = sa.text(
    "INSERT INTO likes (review_id, owner) SELECT id, :owner FROM reviews WHERE id = :id AND deleted_by IS NULL "
    "ON CONFLICT DO NOTHING"
)
_NICKNAME_HASH = sa.select(nicknames.c.passphrase_hash).where(nicknames.c.key == sa.bindparam("key"))


class ReaderStore(StoreBase):
    """Operations of readers, each identified by the owner token of the browser."""

    def like_review(self, review_id: int, owner: str) -> int:
        """Add this owner's like, unless it exists; return the number of likes."""
        check_range("review", review_id)
        with self._write() as connection:
            added = connection.execute(_LIKE, {"id": review_id, "owner": owner}).rowcount
            liked = reviews.update().where(reviews.c.id == review_id, active_review)
            liked = liked.values(like_count=reviews.c.like_count + added)
            count = connection.execute(liked.returning(reviews.c.like_count)).scalar()
            if count is None:
                raise NotFound("review", review_id)
        return int(count)

    def set_correction(self, review_id: int, reader: str, label: CorrectedLabel | None) -> Review:
        """Set this reader's correction of the review's label, or delete it (None)."""
        with self._write() as connection:
            lock_review(connection, review_id)
            by_reader = (corrections.c.review_id == review_id) & (corrections.c.reader == reader)
            if label != connection.scalar(sa.select(corrections.c.label).where(by_reader)):
                connection.execute(corrections.delete().where(by_reader))
                if label is not None:
                    correction = Correction(review_id, reader, label, format_utc(self._now()))
                    connection.execute(corrections.insert(), asdict(correction))
            return find_review(connection, review_id)

    def corrections(self) -> Sequence[Correction]:
        """Return all corrections, sorted by review and reader."""
        found = self._rows(sa.select(*CORRECTION_COLUMNS).join(reviews).where(active_review))
        return sorted((Correction(**row._mapping) for row in found), key=lambda item: (item.review_id, item.reader))

    def most_corrected(self, limit: int) -> list[tuple[int, int]]:
        """Return (id, count) of the movies with the most corrections that contradict the label."""
        count = sa.func.count().label("count")
        chosen = (
            sa.select(reviews.c.movie_id, count)
            .join(corrections, corrections.c.review_id == reviews.c.id)
            .where(corrections.c.label != reviews.c.sentiment_label, active_review)
            .group_by(reviews.c.movie_id)
            .order_by(count.desc(), reviews.c.movie_id)
            .limit(limit)
        )
        return [(int(movie_id), int(number)) for movie_id, number in self._rows(chosen)]

    def claim_nickname(self, key: str, passphrase_hash: str) -> None:
        """Protect the nickname with a passphrase. Raise `app.errors.AlreadyExists` if it is claimed already."""
        values = {"key": key, "passphrase_hash": passphrase_hash, "created_at": format_utc(self._now())}
        try:
            with self._write() as connection:
                connection.execute(nicknames.insert(), values)
        except IntegrityError:
            raise AlreadyExists("nickname", 0) from None

    def nickname_hash(self, key: str) -> str | None:
        """Return the hash of the nickname's passphrase, or None if it is not claimed."""
        with self._database.read() as connection:
            return connection.scalar(_NICKNAME_HASH, {"key": key})
