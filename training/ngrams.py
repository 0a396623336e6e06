"""The n-grams: a softmax regression small enough to ship.

    python training/ngrams.py    # train.tsv + tokenizer/ -> work/ngrams.safetensors, work/ngrams_{train,dev,...}.npy

Run time: 20 minutes, or 12 with one `--only` a core. Expect "train balanced accuracy 0.878", of n-grams that never
saw the text they speak about.

Each model learns the author's star (cross entropy over ten) and, of polar reviews, the side of the scale (binary
cross entropy on P(6..10), which alone is worth half a point of accuracy). A first regression weighs all n-grams that
two or more reviews share, some 3.5 million. Only those that move the most are kept, a second one is fitted to them
alone, and its ten weights an n-gram become a few: the directions in which the weights differ most, one byte each.
What counts as an n-gram is the site's own code (app/sentiment/ngrams.py). The rows of train.tsv get the logits of
models that did not see their fold, for the calibration of ratings; all others those of the model that ships.
"""

import sys
from pathlib import Path

import numba
import numpy as np
from common import FOLDS, SEED, Row, fold_of, parser, read_rows
from safetensors.numpy import save_file
from teacher import STARS, describe
from tokenizers import Tokenizer
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.sentiment.classifier import softmax
from app.sentiment.ngrams import Ngrams, featurise

KEPT = 440_000  # n-grams, of five bytes each; more were no better
RANK = 3
RATE, EPOCHS = 0.6, 3
SIDE = 2.0  # weight of the binary loss
FARTHEST = (1 << 16) - 1
QUARTERS = 4  # of an epoch; weights are looked at after each
PARTS = ("train", "dev", "heldout", "movies")


class Features:
    """The n-grams of many texts as rows of a table: `ids` of text i are `ids[offsets[i] : offsets[i + 1]]`."""

    def __init__(self, texts: list[str]) -> None:
        keys, counts = [], [np.zeros(1, np.int64)]
        for at in tqdm(range(0, len(texts), 10_000), desc="n-grams"):
            part = texts[at : at + 10_000]
            found, owners = featurise(part)
            keys.append(found.astype(np.int32))
            counts.append(np.bincount(owners, minlength=len(part)))
        self.offsets = np.cumsum(np.concatenate(counts))
        self.keys, ids = np.unique(np.concatenate(keys), return_inverse=True)
        self.ids = ids.astype(np.int32)

    def counts(self, rows: np.ndarray) -> np.ndarray:
        """How many of these rows hold each n-gram."""
        inside = np.zeros(len(self.offsets) - 1, bool)
        inside[rows] = True
        return np.bincount(self.ids[np.repeat(inside, np.diff(self.offsets))], minlength=len(self.keys))


@numba.njit(cache=True, fastmath=True)
def run_epoch(ids, offsets, kept, order, stars, side, weights, squares, bias, rate):
    """One pass over the rows of `order` (AdaGrad, one step size an n-gram). `kept` says which n-grams count."""
    classes = weights.shape[1]
    for row in order:
        low, high = offsets[row], offsets[row + 1]
        count = np.float32(1e-6)
        for k in range(low, high):
            count += kept[ids[k]]
        scale = np.float32(1.0) / np.sqrt(count)
        logits = bias.copy()
        for k in range(low, high):
            n = ids[k]
            if kept[n] > 0:
                for c in range(classes):
                    logits[c] += scale * weights[n, c]
        p = np.exp(logits - logits.max())
        p /= p.sum()
        error = p.copy()
        star = stars[row]
        error[star - 1] -= np.float32(1.0)
        if star <= 4 or star >= 9:
            positive = np.float32(1e-7)
            for c in range(classes // 2, classes):
                positive += p[c]
            negative = np.float32(1.0) + np.float32(2e-7) - positive
            off = side * (positive - np.float32(star >= 9))
            for c in range(classes):
                error[c] += off * p[c] / positive if c >= classes // 2 else -off * p[c] / negative
        size = np.float32((error**2).sum())
        bias -= np.float32(0.01) * rate * error
        for k in range(low, high):
            n = ids[k]
            if kept[n] > 0:
                squares[n] += scale * scale * size
                step = rate * scale / np.sqrt(squares[n])
                for c in range(classes):
                    weights[n, c] -= step * error[c]


def fit(features: Features, rows: np.ndarray, stars: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights (n-grams, stars) of those in `kept` (0 or 1 each), and the bias: their means over the last epoch."""
    weights = np.zeros((len(features.keys), STARS), np.float32)
    bias = np.log(np.bincount(stars[rows], minlength=STARS + 1)[1:] / len(rows)).astype(np.float32)
    squares = np.full(len(features.keys), 1e-2, np.float32)
    rng = np.random.default_rng(SEED)
    orders = [part for _ in range(EPOCHS) for part in np.array_split(rng.permutation(rows), QUARTERS)]
    sums = np.zeros_like(weights), np.zeros_like(bias)
    for part, order in enumerate(orders):
        rate = np.float32(RATE * (1 - 0.9 * (part // QUARTERS) / EPOCHS))
        run_epoch(features.ids, features.offsets, kept, order, stars, np.float32(SIDE), weights, squares, bias, rate)
        if part >= len(orders) - QUARTERS:
            for total, now in zip(sums, (weights, bias), strict=True):
                total += now / QUARTERS
    return sums


def directions(weights: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The `RANK` directions (stars, rank) in which the weights differ most, n-grams counted as often as they occur."""
    weighted = weights * np.sqrt(counts)[:, None].astype(np.float32)
    return np.linalg.eigh(weighted.T @ weighted)[1][:, ::-1][:, :RANK]


def train(features: Features, rows: np.ndarray, stars: np.ndarray) -> Ngrams:
    """A small model of these rows."""
    counts = features.counts(rows)
    weights, _ = fit(features, rows, stars, (counts >= 2).astype(np.float32))
    weights -= weights.mean(1, keepdims=True)
    moved = np.linalg.norm(weights @ directions(weights, counts), axis=1) * np.sqrt(counts)
    chosen = np.sort(np.argsort(-moved)[:KEPT])
    kept = np.zeros(len(features.keys), np.float32)
    kept[chosen] = 1
    weights, bias = fit(features, rows, stars, kept)
    weights = weights[chosen] - weights[chosen].mean(1, keepdims=True)
    axes = directions(weights, counts[chosen])
    small = weights @ axes
    scale = np.quantile(np.abs(small), 0.9999, axis=0) / 127  # a few outliers give way to finer steps
    small = np.clip(np.round(small / scale), -127, 127).astype(np.int8)
    return Ngrams(features.keys[chosen], small, (axes * scale).T.astype(np.float32), bias)


def save(model: Ngrams, file: Path) -> None:
    steps = np.diff(model.keys.astype(np.int64), prepend=0)
    rests = (steps - 1) // FARTHEST  # steps too far for two bytes rest on the way, on n-grams that weigh nothing
    places = np.cumsum(rests + 1) - 1
    near = np.full(places[-1] + 1, FARTHEST)
    near[places] = steps - rests * FARTHEST
    weights = np.zeros((len(near), model.weights.shape[1]), np.int8)
    weights[places] = model.weights
    tensors = {"steps": near.astype(np.uint16), "weights": weights}
    tensors |= {"projection": model.projection, "bias": model.bias}
    # It writes memory as it lies, whatever the strides say.
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, file)


def predict(model: Ngrams, texts: list[str]) -> np.ndarray:
    return np.concatenate([model.logits(texts[at : at + 5000]) for at in range(0, len(texts), 5000)])


def main() -> None:
    args = parser(__doc__)
    args.add_argument("--only", type=int, help="one fold, FOLDS for the model of all, to run several side by side")
    args = args.parse_args()
    normalizer = Tokenizer.from_file(str(args.work / "tokenizer" / "tokenizer.json")).normalizer
    parts: dict[str, list[Row]] = {name: read_rows(args.work / f"{name}.tsv") for name in PARTS}
    texts = {name: [normalizer.normalize_str(row.review) for row in part] for name, part in parts.items()}
    stars = {name: np.array([row.stars for row in part]) for name, part in parts.items()}
    folds = np.array([fold_of(row.review) for row in parts["train"]])
    features = None  # takes a minute and a gigabyte, and only training needs it
    for fold in range(FOLDS + 1) if args.only is None else [args.only]:
        file = args.work / (f"ngrams_{fold}.safetensors" if fold < FOLDS else "ngrams.safetensors")
        if not file.exists():
            features = features or Features(texts["train"])
            model = train(features, np.flatnonzero(folds != fold), stars["train"])
            save(model, file)
            mine = np.flatnonzero(folds == fold)
            if len(mine):
                logits = predict(model, [texts["train"][i] for i in mine])
                print(f"fold {fold}", describe(softmax(logits), stars["train"][mine]), flush=True)
    if args.only is not None:
        return
    logits = np.empty((len(texts["train"]), STARS), np.float32)
    for fold in range(FOLDS):
        mine = np.flatnonzero(folds == fold)
        logits[mine] = predict(Ngrams.load(args.work / f"ngrams_{fold}.safetensors"), [texts["train"][i] for i in mine])
    whole = Ngrams.load(args.work / "ngrams.safetensors")
    for name in PARTS:
        if name != "train":
            logits = predict(whole, texts[name])
        print(f"{name:8}", describe(softmax(logits), stars[name]), flush=True)
        np.save(args.work / f"ngrams_{name}.npy", logits.astype(np.float16))


if __name__ == "__main__":
    main()
