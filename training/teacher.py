"""Label the reviews with the first edition's model, the teacher: probabilities of ten stars for each row.

    git worktree add FIRST d2def45                        # the first edition, with its model of three parts
    python training/teacher.py FIRST                      # -> work/teacher_train.npy, teacher_dev.npy, ...

Run time: five minutes on one core. The model was trained on the same train split (FIRST/training/README.md),
so its probabilities are overconfident there, unlike on variations of them (augment.py), dev, heldout and movies.
"""

import sys
from pathlib import Path

import numpy as np
from common import SPLITS, VARIED, parser, read_rows
from tqdm import tqdm

CHUNK = 2048


def main() -> None:
    args = parser(__doc__)
    args.add_argument("first", type=Path, help="a checkout of commit d2def45")
    args = args.parse_args()
    sys.path.insert(0, str(args.first.resolve()))
    from app.sentiment.bundle import load_bundle  # the first edition's, which is no longer here

    reader = load_bundle(args.first / "app" / "sentiment" / "bundled")
    for name in (VARIED, *SPLITS):
        texts = [row.review for row in read_rows(args.work / f"{name}.tsv")]
        order = np.argsort([len(text) for text in texts], kind="stable")
        stars = np.zeros((len(texts), 10), np.float16)
        for at in tqdm(range(0, len(order), CHUNK), desc=name):
            rows = order[at : at + CHUNK]
            stars[rows] = reader._of_texts([texts[row] for row in rows])
        np.save(args.work / f"teacher_{name}.npy", stars)


if __name__ == "__main__":
    main()
