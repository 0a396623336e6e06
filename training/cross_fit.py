"""Train five networks on four fifths of train each, and mix their labels with the teacher's.

    python training/cross_fit.py      # -> work/labels_train.npy, labels_varied.npy

Made for a GPU: some minutes on an H200. A row of train is labelled by the network that has not seen it, a variation by
the mean of all five. The networks (twice as wide as the one that is shipped) learn from stars and templates alone.
For train the teacher's labels count a quarter, since it was trained on the same rows; for variations, three quarters.
"""

import numpy as np
import torch
from common import SEED, VARIED, parser, read_vocabulary
from network import STARS, Network
from texts import DEVICE, Ngrams, Texts, load
from train import Reading, Reviews, Sentences, accuracy, fit

FOLDS, DIM, HIDDEN, BATCH, HIDE = 5, 96, 192, 30_000, 0.35
TEACHER = {"train": 0.25, VARIED: 0.75, "dev": 0.75, "heldout": 0.75}  # its weight against the five


def main() -> None:
    args = parser(__doc__)
    args.add_argument("--minutes", type=float, default=0.5, help="of each network: six epochs")
    args = args.parse_args()
    torch.manual_seed(SEED)
    torch.set_float32_matmul_precision("high")
    files = {name: load(args.work / f"{name}.npz") for name in TEACHER}
    texts = {name: Texts.load(file) for name, file in files.items()}
    train = Reviews.load(files["train"]).with_targets(None, files["train"]["stars"], 0)
    ngrams, sentences = Ngrams(read_vocabulary(args.work)), Sentences(args.work)
    fold = torch.randint(FOLDS, (len(train),), device=DEVICE)
    found = {name: torch.zeros(len(part), STARS, device=DEVICE) for name, part in texts.items()}
    for number in range(FOLDS):
        reading = Reading(Network(len(ngrams) + 1, DIM, HIDDEN), ngrams).to(DEVICE)
        seen = (fold != number).nonzero()[:, 0]
        fit(reading, [(train, seen)], sentences, args.minutes, 2e-3, HIDE, BATCH)
        labels = reading.probabilities(texts["dev"])
        print(f"network {number} on dev: {accuracy(labels, files['dev']['stars'])}", flush=True)
        for name, part in texts.items():
            labels = reading.probabilities(part)
            found[name] += labels * (fold == number)[:, None] if name == "train" else labels / FOLDS
    for name, share in TEACHER.items():
        teacher = torch.from_numpy(np.load(args.work / f"teacher_{name}.npy").astype(np.float32)).to(DEVICE)
        labels = share * teacher + (1 - share) * found[name]
        if name != VARIED:
            of_each = (accuracy(part, files[name]["stars"]) for part in (teacher, found[name], labels))
            print("{}: teacher {}, networks {}, both {}".format(name, *of_each), flush=True)
        np.save(args.work / f"labels_{name}.npy", labels.half().cpu().numpy())


if __name__ == "__main__":
    main()
