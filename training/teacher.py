"""Label all texts with the first edition's model, the teacher: probabilities of ten stars for each row.

    git worktree add FIRST d2def45                        # the first edition, with its model of three parts
    python training/teacher.py FIRST                      # -> work/teacher_train.npy, teacher_varied.npy, ...

Run time: about 1 ms a text and core; all cores are used. The model was trained on the same train split
(FIRST/training/README.md), so it is overconfident there, but not on variations (augment.py), dev, heldout and movies.
"""

import sys
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from common import SPLITS, VARIED, parser, read_rows
from tqdm import tqdm

CHUNK = 2048
model = None  # of each process


def load_teacher(first: Path) -> None:
    """Load the model in a process of the pool."""
    global model
    sys.path.insert(0, str(first.resolve()))
    from app.sentiment.bundle import load_bundle  # a module of the first edition

    model = load_bundle(first / "app" / "sentiment" / "bundled")


def label(texts: list[str]) -> np.ndarray:
    """Return the probabilities of ten stars, (texts, stars)."""
    return np.array(model._of_texts(texts), np.float16)


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
