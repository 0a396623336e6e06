"""Write variations of the reviews of train, for the teacher to label: texts that it has not been trained on.

    python training/augment.py        # -> work/varied.tsv

Run time: a minute. A review, drawn 3,500,000 times, becomes a part of itself, loses words, has a word replaced, or is
followed by another review. Their stars are the original's and are not used.
"""

import random

from common import VARIED, parser, read_rows, write_rows

A_ROW, MAX_LENGTH, CUT = 6.25, 160, 80  # variations a row of train; characters


def vary(text: str, texts: list[str], rng: random.Random) -> str:
    words, kind = text.split(), rng.random()
    if kind < 0.2 or len(words) < 3:
        other = texts[rng.randrange(len(texts))]
        both = text + rng.choice([" ", " ", ". ", "~ "]) + other
        return both if len(both) < MAX_LENGTH else text[:CUT]
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
    drawn = rng.choices(rows, k=int(A_ROW * len(rows)))
    varied = (row._replace(review=vary(row.review, texts, rng)) for row in drawn)
    write_rows(work / f"{VARIED}.tsv", (row for row in varied if row.review.strip()))


if __name__ == "__main__":
    main()
