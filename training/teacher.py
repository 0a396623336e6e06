"""Label all texts with the first edition's model, the teacher: probabilities of ten stars for each row.

    git worktree add FIRST d2def45                        # the first edition, with its model of three parts
    python training/teacher.py FIRST                      # -> work/teacher_train.npy, teacher_varied.npy, ...

Run time: an hour and a half on one core; all cores are used. The model was trained on the same train split
(FIRST/training/README.md), so its probabilities are overconfident there, unlike on variations of them (augment.py),
dev, heldout and movies.
"""

import sys
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from common import SPLITS, VARIED, parser, read_rows
from tqdm import tqdm

CHUNK = 2048
reader = None


def load_teacher(first: Path) -> None:
    global reader
    sys.path.insert(0, str(first.resolve()))
    from app.sentiment.bundle import load_bundle  # the first edition's, which is no longer here

    reader = load_bundle(first / "app" / "sentiment" / "bundled")


def label(texts: list[str]) -> np.ndarray:
    return np.array(reader._of_texts(texts), np.float16)


def main() -> None:
    args = parser(__doc__)
    args.add_argument("first", type=Path, help="a checkout of commit d2def45")
    args = args.parse_args()
    with Pool(initializer=load_teacher, initargs=[args.first]) as pool:
        for name in (VARIED, *SPLITS):
            texts = [row.review for row in read_rows(args.work / f"{name}.tsv")]
            order = np.argsort([len(text) for text in texts], kind="stable")
            chunks = np.array_split(order, -(-len(order) // CHUNK))
            stars = np.zeros((len(texts), 10), np.float16)
            found = pool.imap(label, ([texts[row] for row in rows] for rows in chunks))
            for rows, labels in zip(chunks, tqdm(found, desc=name, total=len(chunks)), strict=True):
                stars[rows] = labels
            np.save(args.work / f"teacher_{name}.npy", stars)


if __name__ == "__main__":
    main()
