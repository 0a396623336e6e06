"""Write variations of the reviews of train, on which the teacher was not trained, for its labels.

    python training/augment.py        # -> work/varied.tsv

Run time: a minute. Of 3.5 million random reviews, with repetitions, each is shortened to some consecutive words, loses
words, has a word replaced, or is followed by another review. The stars are the original's and are not used.
"""

import random

from common import VARIED, parser, read_rows, write_rows

VARIATIONS_PER_ROW = 6.25  # of train, on average
MAX_LENGTH, CUT_LENGTH = 160, 80  # characters


def vary(text: str, texts: list[str], rng: random.Random) -> str:
    """Return a random variation of `text`, with words of other `texts`."""
    words, kind = text.split(), rng.random()
    if kind < 0.2 or len(words) < 3:
        other = texts[rng.randrange(len(texts))]
        both = text + rng.choice([" ", " ", ". ", "~ "]) + other
        return both if len(both) < MAX_LENGTH else text[:CUT_LENGTH]
    if kind < 0.5:
        start = rng.randint(0, len(words) - 2)
        return " ".join(words[start : rng.randint(start + 2, len(words))])
    kept = [word for word in words if rng.random() > 0.25] or words
    if kind > 0.85:
        place = rng.randrange(len(kept))
        others = texts[rng.randrange(len(texts))].split()
        kept[place] = rng.choice(others) if others else kept[place]
    return " ".join(kept)


def main() -> None:
    work, rng = parser(__doc__).parse_args().work, random.Random(21)
    rows = read_rows(work / "train.tsv")
    texts = [row.review for row in rows]
    drawn = rng.choices(rows, k=int(VARIATIONS_PER_ROW * len(rows)))
    varied = (row._replace(review=vary(row.review, texts, rng)) for row in drawn)
    write_rows(work / f"{VARIED}.tsv", (row for row in varied if row.review.strip()))


if __name__ == "__main__":
    main()
