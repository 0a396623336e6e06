"""Corrected reviews in the form that `training/` reads: tab-separated `review_id movie_id stars date review`."""

from datetime import datetime

from app.models import CorrectedLabel, Review
from app.services.import_export.dates import KST

STARS = {CorrectedLabel.POSITIVE: 10, CorrectedLabel.NEGATIVE: 2, CorrectedLabel.NEITHER: 7}
"""The mean star of each side (9-10 and 1-4) in the training data, 9.81 and 1.82, and of what lies between (5-8), 6.88;
rounded."""


def head() -> bytes:
    return b"review_id\tmovie_id\tstars\tdate\treview\n"


def line(review: Review, label: CorrectedLabel) -> bytes:
    """Return the review as a row, white space folded; ids with a prefix, as they are not the corpus's."""
    day = datetime.fromisoformat(review.created_at).astimezone(KST).strftime("%y.%m.%d")
    text = " ".join(review.content.split())
    return f"gampyeong-{review.id}\tgampyeong-{review.movie_id}\t{STARS[label]}\t{day}\t{text}\n".encode()
