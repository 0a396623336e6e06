"""Train five networks on four fifths of train each, and mix their labels with the teacher's.

    python training/cross_fit.py      # -> work/labels_train.npy, labels_varied.npy

Run time: three minutes on an H200. A row of train is labelled by the network that was not trained on it, a variation by
the mean of all five. The networks, whose embeddings are twice as wide as the bundled one's, are trained on the authors'
stars and on templates. The teacher's labels have a share of a quarter for train, as it was trained on the same rows,
and of three quarters for variations.
"""

import numpy as np
import torch
from common import SEED, VARIED, parser, read_vocabulary
from network import STARS, Network
from texts import DEVICE, Ngrams, Texts, load
from train import Classifier, Reviews, Sentences, fit, format_accuracy

FOLDS, DIM, HIDDEN, BATCH, NGRAM_DROPOUT = 5, 96, 192, 30_000, 0.35
# Shares of the teacher's labels; the rest is that of the five networks.
TEACHER_SHARES = {"train": 0.25, VARIED: 0.75, "dev": 0.75, "heldout": 0.75}


def main() -> None:
    args = parser(__doc__)
    args.add_argument("--minutes", type=float, default=0.5, help="of each network: six epochs")
    args = args.parse_args()
    torch.manual_seed(SEED)
    torch.set_float32_matmul_precision("high")
    files = {name: load(args.work / f"{name}.npz") for name in TEACHER_SHARES}
    texts = {name: Texts.load(file) for name, file in files.items()}
    train = Reviews.load(files["train"]).with_targets(None, files["train"]["stars"], 0)
    ngrams, sentences = Ngrams(read_vocabulary(args.work)), Sentences(args.work)
    fold = torch.randint(FOLDS, (len(train),), device=DEVICE)
    found = {name: torch.zeros(len(part), STARS, device=DEVICE) for name, part in texts.items()}
    for number in range(FOLDS):
        classifier = Classifier(Network(len(ngrams) + 1, DIM, HIDDEN), ngrams).to(DEVICE)
        seen = (fold != number).nonzero()[:, 0]
        fit(classifier, [(train, seen)], sentences, args.minutes, 2e-3, NGRAM_DROPOUT, BATCH)
        labels = classifier.probabilities(texts["dev"])
        print(f"network {number} on dev: {format_accuracy(labels, files['dev']['stars'])}", flush=True)
        for name, part in texts.items():
            labels = classifier.probabilities(part)
            found[name] += labels * (fold == number)[:, None] if name == "train" else labels / FOLDS
    for name, share in TEACHER_SHARES.items():
        teacher = torch.from_numpy(np.load(args.work / f"teacher_{name}.npy").astype(np.float32)).to(DEVICE)
        labels = share * teacher + (1 - share) * found[name]
        if name != VARIED:
            of_each = (format_accuracy(part, files[name]["stars"]) for part in (teacher, found[name], labels))
            print("{}: teacher {}, networks {}, both {}".format(name, *of_each), flush=True)
        np.save(args.work / f"labels_{name}.npy", labels.half().cpu().numpy())


if __name__ == "__main__":
    main()
