"""The teacher: a softmax regression over ten stars on hashed character n-grams, asked only about texts it has not seen.

    python training/teacher.py            # out-of-fold predictions for train.tsv -> work/teacher_train.npy

The rows of train.tsv are cut into folds by their text. For each fold one model is trained on the others and says
what stars it expects, so the soft targets are as honest about a training text as about a new one.
"""

import numba
import numpy as np
from common import FOLDS, SEED, Row, fold_of, parser, read_rows
from tqdm import tqdm

BITS = 22
STARS = 10


@numba.njit(cache=True)
def hash_ngrams(chars, starts, low, high, bits, seed):
    """Indices of the distinct n-grams of each text: (indices, offsets)."""
    total = 0
    for i in range(len(starts) - 1):
        total += (starts[i + 1] - starts[i]) * (high - low + 1)
    out = np.empty(total, np.int32)
    offsets = np.zeros(len(starts), np.int64)
    mask = np.uint64((1 << bits) - 1)
    k = 0
    for i in range(len(starts) - 1):
        first = k
        for a in range(starts[i], starts[i + 1]):
            h = np.uint64(seed)
            for n in range(1, high + 1):
                if a + n > starts[i + 1]:
                    break
                h = (h ^ np.uint64(chars[a + n - 1])) * np.uint64(0x9E3779B97F4A7C15)
                h ^= h >> np.uint64(29)
                if n >= low:
                    out[k] = np.int32((h * np.uint64(0xBF58476D1CE4E5B9)) >> np.uint64(20) & mask)
                    k += 1
        part = np.unique(out[first:k])
        out[first : first + len(part)] = part
        k = first + len(part)
        offsets[i + 1] = k
    return out[:k].copy(), offsets


@numba.njit(cache=True, fastmath=True)
def run_epoch(indices, offsets, idf, order, targets, weights, squares, bias, rate, train):
    """One pass over the rows of `order`; trains when asked (AdaGrad, one step size a bucket); returns probabilities."""
    classes = weights.shape[1]
    result = np.empty((len(order), classes), np.float32)
    for r in range(len(order)):
        i = order[r]
        low, high = offsets[i], offsets[i + 1]
        norm = np.float32(1e-6)
        logits = bias.copy()
        for k in range(low, high):
            norm += idf[indices[k]] ** 2
        scale = np.float32(1.0) / np.sqrt(norm)
        for k in range(low, high):
            j = indices[k]
            x = idf[j] * scale
            for c in range(classes):
                logits[c] += x * weights[j, c]
        p = np.exp(logits - logits.max())
        p /= p.sum()
        result[r] = p
        if train:
            error = p - targets[i]
            size = np.float32((error**2).sum())
            bias -= np.float32(0.01) * rate * error
            for k in range(low, high):
                j = indices[k]
                x = idf[j] * scale
                squares[j] += x * x * size
                step = rate * x / np.sqrt(squares[j])
                for c in range(classes):
                    weights[j, c] -= step * error[c]
    return result


def featurise(texts: list[str], spaces: bool, low: int, high: int):
    texts = [f" {text.lower()} " if spaces else "".join(text.lower().split()) for text in texts]
    starts = np.cumsum([0] + [len(text) for text in texts])
    chars = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32)
    return hash_ngrams(chars, starts, low, high, BITS, SEED)


class Linear:
    """Softmax regression with AdaGrad on L2-normalised TF-IDF of one kind of n-grams."""

    def __init__(self, indices, offsets, rows: np.ndarray, targets: np.ndarray, epochs: int, rate: float) -> None:
        self.indices, self.offsets = indices, offsets
        counts = np.zeros(1 << BITS, np.int32)
        for i in rows:
            counts[indices[offsets[i] : offsets[i + 1]]] += 1
        idf = np.log((1 + len(rows)) / (1 + counts)).astype(np.float32) + 1
        idf[counts < 2] = 0  # an n-gram of one text says nothing about others
        self.idf = idf
        self.weights = np.zeros((1 << BITS, STARS), np.float32)
        self.bias = np.log(targets[rows].mean(0)).astype(np.float32)
        self.targets = targets
        squares = np.full(1 << BITS, 1e-2, np.float32)
        rng = np.random.default_rng(SEED)
        for epoch in range(epochs):
            step = np.float32(rate * (1 - 0.9 * epoch / epochs))
            order = rng.permutation(rows)
            run_epoch(indices, offsets, idf, order, targets, self.weights, squares, self.bias, step, True)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        nothing = np.zeros(1, np.float32)
        return run_epoch(
            self.indices,
            self.offsets,
            self.idf,
            rows,
            self.targets,
            self.weights,
            nothing,
            self.bias,
            np.float32(0),
            False,
        )


MEMBERS = {  # name: (keep spaces, longest n-gram, step size, epochs)
    "spaced": (True, 5, 0.6, 3),
    "unspaced": (False, 5, 0.6, 3),
}


def mean_of(members: list[np.ndarray]) -> np.ndarray:
    """Geometric mean of distributions."""
    mean = np.exp(np.mean([np.log(p + 1e-7) for p in members], axis=0))
    return mean / mean.sum(1, keepdims=True)


def describe(probabilities: np.ndarray, stars: np.ndarray) -> str:
    """Balanced accuracy at the best threshold, correlation and error of the expected star, log loss."""
    positive, polar = probabilities[:, 5:].sum(1), (stars <= 4) | (stars >= 9)
    good, bad = positive[stars >= 9], positive[stars <= 4]
    accuracy = max(
        ((good > t).mean() + (bad <= t).mean()) / 2 for t in np.quantile(positive[polar], np.linspace(0.02, 0.7, 60))
    )
    rating = probabilities @ np.arange(1, STARS + 1)
    loss = -np.log(probabilities[np.arange(len(stars)), stars - 1] + 1e-9).mean()
    correlation, error = np.corrcoef(rating, stars)[0, 1], np.abs(rating - stars).mean()
    return f"balanced accuracy {accuracy:.4f}  correlation {correlation:.4f}  error {error:.3f}  log loss {loss:.4f}"


def main() -> None:
    args = parser(__doc__).parse_args()
    parts: dict[str, list[Row]] = {
        name: read_rows(args.work / f"{name}.tsv") for name in ("train", "dev", "heldout", "movies")
    }
    rows = [row for part in parts.values() for row in part]
    stars = np.array([row.stars for row in rows])
    size = len(parts["train"])
    folds = np.array([fold_of(row.review) for row in parts["train"]])
    targets = np.eye(STARS, dtype=np.float32)[stars - 1]

    members = []
    for name, (spaces, longest, rate, epochs) in MEMBERS.items():
        indices, offsets = featurise([row.review for row in rows], spaces, 1, longest)
        member = np.zeros((len(rows), STARS), np.float32)
        unseen = np.arange(size, len(rows))
        for fold in tqdm(range(FOLDS), desc=name):
            model = Linear(indices, offsets, np.flatnonzero(folds != fold), targets, epochs, rate)
            mine = np.flatnonzero(folds == fold)
            member[mine] = model.predict(mine)
            member[unseen] += model.predict(unseen) / FOLDS
        print(name, describe(member[:size], stars[:size]), flush=True)
        members.append(member)
    teacher = mean_of(members)
    at = 0
    for name, part in parts.items():
        print(f"{name:8}", describe(teacher[at : at + len(part)], stars[at : at + len(part)]))
        np.save(args.work / f"teacher_{name}.npy", teacher[at : at + len(part)].astype(np.float16))
        at += len(part)


if __name__ == "__main__":
    main()
