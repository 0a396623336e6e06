"""Choose the vocabulary of n-grams and convert all texts to arrays of character codes.

    python training/features.py       # -> work/vocabulary.txt, train.npz, dev.npz, ..., templates.npz

Run time: ten minutes on one core; 4 GB of memory. An n-gram of one to five characters gets one of the 119,999 numbers

- if it is a character that occurs in 20 reviews,
- if it is typical of sentences made of templates, of several patterns or often (4,000 at most), or
- if it distinguishes stars 9-10 from 1-4 (standard deviations from an even share) or is frequent, best first.

ends.npz has 160,000 rows of train with another ending, so that endings have little weight. templates.npz has sentences
of the templates and nonsense, with the probability that each is positive.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np
from common import SPLITS, VARIED, parser, read_rows
from texts import MAX_NGRAM, arrays

from app.sentiment.bundled_model import VOCABULARY
from app.sentiment.normalization import normalize
from templates import Pattern, expand, nonsense, read_patterns

SIZE, OF_TEMPLATES = 119_999, 4_000
SEEN, SEEN_ALONE = 8, 20  # reviews in which an n-gram must occur; a single character
A_PATTERN, NONSENSE, OTHER_ENDS = 1_200, 12_000, 160_000  # how many are drawn
ENDS = ["", "", ".", "!", "~", "..", "!!", "ㅋㅋ", "ㅎㅎ", "^^", ";"]


def ngrams(text: str, longest: int = MAX_NGRAM) -> set[str]:
    return {text[at : at + size] for size in range(1, longest + 1) for at in range(len(text) - size + 1)}


def sentences() -> dict[str, Pattern]:
    """Return normalised sentences of the templates, and nonsense, with their patterns."""
    lists, patterns = read_patterns()
    rng = random.Random(5)
    found: dict[str, Pattern] = {}
    for pattern in patterns:
        for _ in range(A_PATTERN):
            found.setdefault(normalize(expand(pattern.text, lists, rng)), pattern)
    for _ in range(NONSENSE):
        found.setdefault(normalize(nonsense(rng)), Pattern("random", 0.5, f"random {rng.randrange(12)}"))
    found.pop("", None)
    return found


def choose(texts: list[str], stars: np.ndarray, made: dict[str, Pattern]) -> list[str]:
    """Return the vocabulary, sorted."""
    total, positive, negative = Counter[str](), Counter[str](), Counter[str]()
    for text, star in zip(texts, stars, strict=True):
        found = ngrams(text)
        total.update(found)
        if star >= 9:
            positive.update(found)
        elif star <= 4:
            negative.update(found)
    keys = [key for key, count in total.items() if count >= SEEN]
    counts, good, bad = (np.array([counter[key] for key in keys], float) for counter in (total, positive, negative))
    share = (stars >= 9).sum() / ((stars >= 9) | (stars <= 4)).sum()
    polar = good + bad + 1
    score = np.abs(good - polar * share) / np.sqrt(polar * share * (1 - share)) + 0.02 * np.sqrt(counts)
    score[[len(key) == 1 and total[key] >= SEEN_ALONE for key in keys]] = np.inf
    order = [keys[at] for at in np.argsort(-score)]
    chosen = set(order[: SIZE - OF_TEMPLATES])
    extra = [ngram for ngram in typical(made) if ngram not in chosen][:OF_TEMPLATES]
    return sorted(chosen.union(extra, order[SIZE - OF_TEMPLATES : SIZE - len(extra)]))


def typical(made: dict[str, Pattern]) -> Iterable[str]:
    """Return n-grams in sentences of two patterns or in a hundred sentences, the most frequent first."""
    counts, patterns = Counter[str](), defaultdict[str, set[str]](set)
    for text, pattern in made.items():
        if pattern.kind not in ("random", "nonsense", "foreign"):
            for ngram in ngrams(text, 4):
                counts[ngram] += 1
                patterns[ngram].add(pattern.text)
    return [
        ngram for ngram, count in counts.most_common() if count >= 40 and (len(patterns[ngram]) > 1 or count >= 100)
    ]


def main() -> None:
    work = parser(__doc__).parse_args().work
    for name in (VARIED, *SPLITS[::-1]):
        rows = read_rows(work / f"{name}.tsv")
        texts, stars = [normalize(row.review) for row in rows], np.array([row.stars for row in rows], np.uint8)
        np.savez(work / f"{name}.npz", **arrays(texts), stars=stars)
    made = sentences()  # texts are those of train now, the last
    chosen = choose(texts, stars, made)
    (work / VOCABULARY).write_text("".join(f"{ngram}\n" for ngram in chosen), "utf-8")
    rng = random.Random(9)
    again = rng.sample(range(len(texts)), min(OTHER_ENDS, len(texts)))
    ends = [texts[at].rstrip(".!~?^;ㅋㅎ,-*") + rng.choice(ENDS) or texts[at] for at in again]
    np.savez(work / "ends.npz", **arrays(ends), rows=np.array(again))
    number = {text: at for at, text in enumerate(dict.fromkeys(pattern.text for pattern in made.values()))}
    positive = np.array([pattern.positive for pattern in made.values()], np.float32)
    pattern = np.array([number[pattern.text] for pattern in made.values()], np.uint16)
    np.savez(work / "templates.npz", **arrays(list(made)), positive=positive, pattern=pattern)


if __name__ == "__main__":
    main()
