"""The meaning of a model's classes, derived from the labels in its configuration."""

import re
import unicodedata
from collections.abc import Sequence

from app.errors import ModelError

_SHARES = {
    **dict.fromkeys(("negative", "neg", "부정", "부정적"), 0.0),
    **dict.fromkeys(("neutral", "neu", "중립", "중립적"), 0.5),
    **dict.fromkeys(("positive", "pos", "긍정", "긍정적"), 1.0),
}
_UNNAMED = {"label_0": 0.0, "label_1": 1.0}
_STARS = re.compile(r"(\d{1,2})\s*(?:stars?|점)?")


def positive_shares(labels: Sequence[str]) -> list[float]:
    """Return each class's share in P(positive): 0, 0.5 or 1.

    Stars above the middle of their scale are positive; the middle star of an odd number, like a neutral class, counts
    half. Raise `app.errors.ModelError`, without the model's name, for unsupported labels.
    """
    names = [unicodedata.normalize("NFKC", label).strip().casefold() for label in labels]
    stars = _stars(names)
    if stars:
        middle = (len(stars) + 1) / 2
        return [0.0 if star < middle else 0.5 if star == middle else 1.0 for star in stars]
    known = _UNNAMED if sorted(names) == sorted(_UNNAMED) else _SHARES
    shares = [known[name] for name in names if name in known]
    if len(shares) != len(names) or sorted(shares) not in ([0.0, 1.0], [0.0, 0.5, 1.0]):
        raise ModelError(
            f"its labels are {', '.join(labels)}; what can be read is negative/positive with or without neutral "
            "(also 부정/긍정, 중립), LABEL_0/LABEL_1, or stars 1..N"
        )
    return shares


def _stars(names: Sequence[str]) -> list[int]:
    """Return the number of stars of each class if they are 1..N in any order, N being at least 3; else nothing."""
    stars = [int(match[1]) for name in names if (match := _STARS.fullmatch(name))]
    return stars if len(names) > 2 and sorted(stars) == list(range(1, len(names) + 1)) else []
