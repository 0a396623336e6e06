"""Review files, text keys and the work folder, for all training scripts.

A review file is tab-separated UTF-8 with one header line: review_id, movie_id, stars (1..10), date, review.
"""

import argparse
import lzma
import re
import sys
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # for imports of `app`, which is not installed

HEADER = "review_id\tmovie_id\tstars\tdate\treview"
SEED = 2015
SPLITS = ("train", "dev", "heldout", "movies")
VARIED = "varied"  # name of the files of variations (augment.py)


class Row(NamedTuple):
    review_id: str
    movie_id: str
    stars: int
    date: str
    review: str


def read_rows(path: Path) -> list[Row]:
    """Read a review file, plain or .xz."""
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8", newline="\n") as lines:
        next(lines)
        return [
            Row(review_id, movie_id, int(stars), date, unicodedata.normalize("NFC", review))
            for review_id, movie_id, stars, date, review in (line.rstrip("\n").split("\t") for line in lines)
        ]


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    with open(path, "w", encoding="utf-8", newline="\n") as out:
        out.write(HEADER + "\n")
        out.writelines("\t".join(map(str, row)) + "\n" for row in rows)


def text_key(text: str) -> str:
    """Return the text's letters and digits in lower case, to find equal texts."""
    return re.sub(r"[\W_]+", "", text.lower()) or text.strip()


def read_vocabulary(folder: Path) -> list[str]:
    return (folder / "vocabulary.txt").read_text("utf-8").splitlines()


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return an argument parser with `--work`, the folder of intermediate files."""
    result = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("--work", type=Path, default=Path(__file__).parent / "work", help="folder for work files")
    return result
