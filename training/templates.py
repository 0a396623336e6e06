"""Sentences with known labels from the patterns in templates.txt, and nonsense; for training only.

No sentence of behaviour.tsv, the test set, matches a pattern: tests/test_training.py compares the `stem` of each with
`expressions`.
"""

import random
import re
from pathlib import Path
from typing import NamedTuple

import common  # noqa: F401  (makes the site importable)

from app.sentiment.normalization import normalize

FILE = Path(__file__).parent / "templates.txt"
_CHOICE = re.compile(r"\{([^{}]*)\}")
_LIST = re.compile(r"\$([a-z_]+)")


class Pattern(NamedTuple):
    kind: str
    positive: float  # the probability that it is meant as praise
    text: str


def read_patterns() -> tuple[dict[str, list[str]], list[Pattern]]:
    """Read the lists of words by name, and the patterns."""
    lists: dict[str, list[str]] = {}
    patterns = []
    for line in FILE.read_text("utf-8").splitlines():
        if line.startswith("$"):
            name, words = line[1:].split(" = ", 1)
            lists[name] = words.split("|")
        elif line and not line.startswith("#"):
            kind, positive, text = line.split("\t")
            patterns.append(Pattern(kind, float(positive), text))
    return lists, patterns


def expand(text: str, lists: dict[str, list[str]], rng: random.Random) -> str:
    """Return a random sentence of a pattern."""
    before = None
    while text != before:
        before = text
        text = _LIST.sub(lambda match: rng.choice(lists[match[1]]), text)
        text = _CHOICE.sub(lambda match: rng.choice(match[1].split("|")), text)
    return " ".join(text.split())


def nonsense(rng: random.Random) -> str:
    """Return random syllables, letters, laughs, words of other scripts, digits or signs."""
    kind = rng.choices(list(_NONSENSE), [weight for weight, _, _, _ in _NONSENSE.values()])[0]
    _, characters, shortest, longest = _NONSENSE[kind]
    words = rng.randint(1, 4) if kind == "latin" else 1
    text = " ".join("".join(rng.choices(characters, k=rng.randint(shortest, longest))) for _ in range(words))
    return text + rng.choice(["", "", ".", "!", " ㅋㅋ", "~"])


def _span(first: int, last: int) -> list[str]:
    return [chr(code) for code in range(first, last + 1)]


_NONSENSE = {  # weight, characters, minimum and maximum length
    "syllables": (0.2, _span(0xAC00, 0xD7A3), 2, 8),
    "jamo": (0.15, _span(0x3131, 0x3163), 1, 12),
    "laughs": (0.15, list("ㅋㅎㅠㅜㄷㅇㄴㅡ"), 1, 12),
    "latin": (0.15, _span(0x61, 0x7A), 2, 7),
    "japanese": (0.1, _span(0x3041, 0x3096) + _span(0x30A1, 0x30FA) + _span(0x4E00, 0x59FF), 3, 15),
    "chinese": (0.1, _span(0x4E00, 0x9FA4), 2, 12),
    "digits": (0.05, list("0123456789"), 1, 12),
    "signs": (0.05, list(".,!?~^-_;:*()'\"/@#"), 1, 6),
    "cyrillic": (0.05, _span(0x430, 0x44F), 3, 12),
}


def expressions() -> list[re.Pattern[str]]:
    """Return a regular expression for each pattern, which matches its normalised sentences with any ending."""
    lists, patterns = read_patterns()
    return [re.compile(_expression(pattern.text, lists)) for pattern in patterns]


def stem(text: str) -> str:
    """Remove signs and laughs at the end of a normalised text."""
    normal = normalize(text)
    return normal.rstrip(_ENDS) or normal


_ENDS = ".,!?~^;-_ㅋㅎㅠㅡ "


def _expression(text: str, lists: dict[str, list[str]]) -> str:
    text = _LIST.sub(lambda match: "{" + "|".join(lists[match[1]]) + "}", text)
    parts = [
        {"{": "(?:", "}": ")", "|": "|"}.get(part) or re.escape(normalize(part))
        for part in re.split(r"([{}|])", text)
        if part
    ]
    return f"(?:{''.join(parts)})[{re.escape(_ENDS)}]*"
