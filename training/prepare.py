"""Split the reviews into train, dev, heldout and movies, so that no text is on both sides.

    python training/prepare.py path/to/naver_reviews.tsv.xz      # a file of our format, or
    python training/prepare.py path/to/nsmc/raw                      # the raw folder of github.com/e9t/nsmc

Run time: 20 seconds. With the file above: train 561,089 rows, dev 10,000, heldout 25,000, movies 33,571.

- movies.tsv   every review of 600 movies (320 of them with 60+ reviews), stars 1-10 in their natural mix
- heldout.tsv  made like NSMC: 12,500 reviews with stars 1-4, 12,500 with stars 9-10
- dev.tsv      10,000 reviews in their natural mix, for choices and calibration; the two above are only for reporting
- train.tsv    the rest

Texts are grouped by their letters and digits, and a group goes to one side as a whole, so a text in heldout or
dev is never in train. A text of a held-out movie is dropped from train too, unless it is so short ("최고") that
two people write it independently.
"""

import json
import random
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

from common import SEED, Row, parser, read_rows, text_key, write_rows

MOVIES_LARGE, MOVIES_SMALL, LARGE = 320, 280, 60
HELDOUT_EACH, DEV_ROWS = 12_500, 10_000
COINCIDENCE = 8  # letters; equal texts of at most this length may be of different people


def read_nsmc_raw(folder: Path) -> list[Row]:
    """Read the raw folder: a <movie id>.json for each movie, a list of objects whose values are strings."""
    rows = []
    for path in sorted(folder.glob("*.json")):
        for entry in json.loads(path.read_text("utf-8")):
            text = " ".join(unicodedata.normalize("NFC", entry["review"]).split())
            if text and entry["rating"].isdigit() and 1 <= int(entry["rating"]) <= 10:
                rows.append(Row(entry["review_id"], entry["movie_id"], int(entry["rating"]), entry["date"], text))
    return rows


def main() -> None:
    args = parser(__doc__)
    args.add_argument("source", type=Path)
    args.add_argument("--part", type=float, default=1.0, help="use this part of the movies (to try the whole run)")
    args = args.parse_args()
    rng = random.Random(SEED)
    args.work.mkdir(parents=True, exist_ok=True)

    rows = read_nsmc_raw(args.source) if args.source.is_dir() else read_rows(args.source)
    rows = rng.sample(rows, len(rows))
    per_movie = Counter(row.movie_id for row in rows)
    movies = sorted(per_movie)
    rng.shuffle(movies)
    size = min(1.0, args.part)
    movies = movies[: int(len(movies) * size)]
    taken = set(movies)
    rows = [row for row in rows if row.movie_id in taken]
    large = [m for m in movies if per_movie[m] >= LARGE][: int(MOVIES_LARGE * size)]
    small = [m for m in movies if per_movie[m] < LARGE][: int(MOVIES_SMALL * size)]
    kept_back = {*large, *small}
    splits: dict[str, list[Row]] = {"movies": [row for row in rows if row.movie_id in kept_back]}
    kept_texts = {key for row in splits["movies"] if len(key := text_key(row.review)) > COINCIDENCE}

    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.movie_id not in kept_back and text_key(row.review) not in kept_texts:
            groups[text_key(row.review)].append(row)
    keys = sorted(groups)
    rng.shuffle(keys)

    each = int(HELDOUT_EACH * size)
    negative, positive, dev, train = [], [], [], []
    for key in keys:
        group = groups[key]
        polar = [row for row in group if row.stars <= 4 or row.stars >= 9]
        if len(dev) < DEV_ROWS * size:
            dev += group
        elif group[0].stars <= 4 and len(negative) < each or group[0].stars >= 9 and len(positive) < each:
            # The group's reviews with stars 5-8 are dropped, as their text is held out.
            negative += [row for row in polar if row.stars <= 4]
            positive += [row for row in polar if row.stars >= 9]
        else:
            train += group
    splits |= {"heldout": rng.sample(negative, each) + rng.sample(positive, each), "dev": dev, "train": train}
    for name, part in splits.items():
        rng.shuffle(part)
        write_rows(args.work / f"{name}.tsv", part)
        stars = Counter(row.stars for row in part)
        print(
            f"{name:8} {len(part):7,} rows  stars", " ".join(f"{s}:{stars[s] / len(part):.1%}" for s in sorted(stars))
        )


if __name__ == "__main__":
    main()
