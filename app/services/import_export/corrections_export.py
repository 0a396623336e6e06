"""Corrected reviews as training data: tab-separated `review_id movie_id stars date review`."""

from datetime import datetime

from app.models import CorrectedLabel, Review
from app.services.import_export.dates import KST

STARS = {CorrectedLabel.POSITIVE: 10, CorrectedLabel.NEGATIVE: 2, CorrectedLabel.NEITHER: 7}
"""The rounded mean stars of positive (9-10), negative (1-4) and other reviews (5-8) in the training data: 9.81, 1.82,
6.88."""


def head() -> bytes:
    return b"review_id\tmovie_id\tstars\tdate\treview\n"


def line(review: Review, label: CorrectedLabel) -> bytes:
    """Return the review as a row with single spaces; its ids have a prefix, to differ from those of the corpus."""
    day = datetime.fromisoformat(review.created_at).astimezone(KST).strftime("%y.%m.%d")
    text = " ".join(review.content.split())
    return f"gampyeong-{review.id}\tgampyeong-{review.movie_id}\t{STARS[label]}\t{day}\t{text}\n".encode()
