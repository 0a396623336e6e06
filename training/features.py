"""Choose the vocabulary of n-grams and convert all texts to arrays of character codes.

    python training/features.py       # -> work/vocabulary.txt, train.npz, dev.npz, ..., templates.npz

Run time: ten minutes on one core; 4 GB of memory. The vocabulary has 119,999 n-grams of one to five characters:

- characters that occur in 20 reviews,
- at most 4,000 n-grams that occur in sentences of several patterns, or often in those of one, and
- n-grams of 8 or more reviews with the highest score: the difference between the numbers of positive (stars 9-10) and
  negative reviews (1-4) in standard deviations, plus a term for the frequency.

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

VOCABULARY_SIZE, MAX_FROM_TEMPLATES = 119_999, 4_000
MIN_REVIEWS, MIN_REVIEWS_CHARACTER = 8, 20  # in which an n-gram, or a single character, must occur
SENTENCES_PER_PATTERN, NONSENSE, OTHER_ENDS = 1_200, 12_000, 160_000  # numbers of texts
ENDS = ["", "", ".", "!", "~", "..", "!!", "ㅋㅋ", "ㅎㅎ", "^^", ";"]


def ngrams(text: str, max_size: int = MAX_NGRAM) -> set[str]:
    return {text[at : at + size] for size in range(1, max_size + 1) for at in range(len(text) - size + 1)}


def sentences() -> dict[str, Pattern]:
    """Return sentences of the templates and nonsense, normalised, each with its pattern."""
    lists, patterns = read_patterns()
    rng = random.Random(5)
    found: dict[str, Pattern] = {}
    for pattern in patterns:
        for _ in range(SENTENCES_PER_PATTERN):
            found.setdefault(normalize(expand(pattern.text, lists, rng)), pattern)
    for _ in range(NONSENSE):
        found.setdefault(normalize(nonsense(rng)), Pattern("random", 0.5, f"random {rng.randrange(12)}"))
    found.pop("", None)
    return found


def choose_vocabulary(texts: list[str], stars: np.ndarray, made: dict[str, Pattern]) -> list[str]:
    """Return the vocabulary, sorted."""
    total, positive, negative = Counter[str](), Counter[str](), Counter[str]()
    for text, star in zip(texts, stars, strict=True):
        found = ngrams(text)
        total.update(found)
        if star >= 9:
            positive.update(found)
        elif star <= 4:
            negative.update(found)
    keys = [key for key, count in total.items() if count >= MIN_REVIEWS]
    counts, good, bad = (np.array([counter[key] for key in keys], float) for counter in (total, positive, negative))
    share = (stars >= 9).sum() / ((stars >= 9) | (stars <= 4)).sum()
    polar = good + bad + 1
    score = np.abs(good - polar * share) / np.sqrt(polar * share * (1 - share)) + 0.02 * np.sqrt(counts)
    score[[len(key) == 1 and total[key] >= MIN_REVIEWS_CHARACTER for key in keys]] = np.inf
    order = [keys[at] for at in np.argsort(-score)]
    chosen = set(order[: VOCABULARY_SIZE - MAX_FROM_TEMPLATES])
    extra = [ngram for ngram in template_ngrams(made) if ngram not in chosen][:MAX_FROM_TEMPLATES]
    return sorted(chosen.union(extra, order[VOCABULARY_SIZE - MAX_FROM_TEMPLATES : VOCABULARY_SIZE - len(extra)]))


def template_ngrams(made: dict[str, Pattern]) -> Iterable[str]:
    """Return the n-grams in 40 sentences of several patterns or in 100 of one, the most frequent first."""
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
    made = sentences()
    chosen = choose_vocabulary(texts, stars, made)  # train is the last of the files
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
