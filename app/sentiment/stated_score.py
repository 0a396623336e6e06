"""Detection of scores that a text states in digits or stars.

Supported are a score with its maximum ("10점 만점에 3점", "8/10", "87/100"), five ★ and ☆, and stars in words or digits
("별 반 개", "별 네 개 반", "별점 4점"). Up to five stars count out of five, more out of ten.
"""

import re
from typing import NamedTuple

from app.sentiment.normalization import drop_ignorable

_NUMBER = r"\d{1,3}(?:\.\d{1,2})?"
_COUNTS = {"반": 0.5, "하나": 1, "한": 1, "둘": 2, "두": 2, "셋": 3, "세": 3, "넷": 4, "네": 4, "다섯": 5}
_OUT_OF = re.compile(
    rf"(?<![\d.])(?P<maximum>{_NUMBER})\s*점?\s*만점\s*(?:에서?|중에?)?\s*(?P<score>{_NUMBER})점?(?!\.?\d)"
)
_FRACTION = re.compile(rf"(?<![\d/.,-])(?P<score>{_NUMBER})\s*점?\s*/\s*(?P<maximum>5|10|100)점?(?!\.?\d|\s*[/월일])")
_SIGNS = re.compile("(?<![★☆])(?=[★☆]{5}(?![★☆]))(?P<signs>★*)☆*")
_STARS = re.compile(
    rf"(?<![가-힣])별\s*(?P<count>하나|둘|셋|넷|다섯|(?:{'|'.join(_COUNTS)}|{_NUMBER})\s*개)[은는이가도만]?(?P<half>\s*반)?(?![가-힣])"
    rf"|(?<![가-힣])별점\s*:?\s*(?P<points>{_NUMBER})\s*점"
)


class StatedScore(NamedTuple):
    """A score from 0 to 10, and `weight`, the share of the text's characters that state it (0..1)."""

    score: float
    weight: float


def stated_score(text: str) -> StatedScore | None:
    """Return the first score that `text` states, or None."""
    text = drop_ignorable(text)
    if match := _OUT_OF.search(text) or _FRACTION.search(text):
        score, maximum = float(match["score"]), float(match["maximum"])
    elif match := _SIGNS.search(text):
        score, maximum = len(match["signs"]), 5
    elif match := _STARS.search(text):
        word = (match["points"] or match["count"]).rstrip("개 ")
        score = float(_COUNTS.get(word, word)) + (0.5 if match["half"] else 0)
        maximum = 5 if score <= 5 else 10
    else:
        return None
    if not 0 < maximum >= score:
        return None
    return StatedScore(10 * score / maximum, _characters(match[0]) / _characters(text))


def _characters(text: str) -> int:
    return len("".join(text.split()))
