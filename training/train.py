"""Train the network.

    python training/train.py                                  # -> work/network.pt
    python training/train.py --minutes 2 --name try           # a trial

The learning rate follows the clock, so a faster machine sees more reviews in the same minutes. A checkpoint is written
every three minutes. Expect of one core of a Xeon (Cascade Lake) of its own about 3,000 reviews a second.

Every review has two targets: ten stars (the teacher's probabilities and the author's star, 0.6 to 0.4) by cross
entropy, and their side (stars 9-10 against 1-4) by binary cross entropy. Every eighth step reads 256 sentences made of
templates, too, whose side is known. Three of ten n-grams are hidden. The weights kept are a running mean.
"""

import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from common import SEED, VARIED, parser, read_vocabulary
from network import NEGATIVE, POSITIVE, STARS, Network, log_odds
from torch import nn
from torch.nn import functional

TEACHER, HIDE = 0.6, 0.3  # the teacher's weight against the author's star; the part of the n-grams that is hidden
SPREAD = 0.6  # stars, by which the star of the author counts for those beside it
OF_TEMPLATES, EVERY, THEIR_WEIGHT, THEIR_HIDE = 256, 8, 0.7, 0.15
REPORT = 180  # seconds


class Texts:
    """Texts as arrays of ids (features.py)."""

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self.ngrams, self.jamo, self.lengths = arrays["ngrams"], arrays["jamo"], arrays["lengths"]
        self.ends = np.cumsum(self.lengths)

    def batch(self, rows: np.ndarray) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return n-grams, jamo and mask of these rows, padded to the longest."""
        longest = max(1, int(self.lengths[rows].max()))
        ngrams = np.zeros((len(rows), longest, self.ngrams.shape[1]), np.int64)
        jamo = np.zeros((len(rows), longest, 3), np.int64)
        mask = np.zeros((len(rows), longest), np.float32)
        for place, row in enumerate(rows):
            length, end = self.lengths[row], self.ends[row]
            ngrams[place, :length], jamo[place, :length] = (
                self.ngrams[end - length : end],
                self.jamo[end - length : end],
            )
            mask[place, :length] = 1
        return torch.from_numpy(ngrams), torch.from_numpy(jamo), torch.from_numpy(mask)


class Reviews(Texts):
    """Texts with targets: `of_stars` (rows, stars) and `of_side` (rows), the share of stars 9-10 against 1-4.

    `share` is the teacher's weight against the author's star.
    """

    def __init__(self, arrays: dict[str, np.ndarray], teacher: np.ndarray, share: float = TEACHER) -> None:
        super().__init__(arrays)
        self.stars = arrays["stars"]
        near = np.exp(-np.abs(np.arange(STARS)[:, None] - np.arange(STARS)) / SPREAD)
        near /= near.sum(1, keepdims=True)
        teacher = teacher.astype(np.float32)
        self.of_stars = (share * teacher + (1 - share) * near[self.stars - 1]).astype(np.float32)
        positive, negative = teacher[:, POSITIVE].sum(1), teacher[:, NEGATIVE].sum(1)
        side = positive / np.maximum(positive + negative, 1e-6)
        polar = (self.stars >= 9) | (self.stars <= 4)
        self.of_side = np.where(polar, share * side + (1 - share) * (self.stars >= 9), side).astype(np.float32)


def batches(texts: Texts, letters: int, largest: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Group rows of similar length into batches of about `letters` characters and at most `largest` rows."""
    order = np.argsort(texts.lengths + rng.uniform(0, 4, len(texts.lengths)), kind="stable")
    found, at = [], 0
    while at < len(order):
        longest = int(texts.lengths[order[min(at + 64, len(order) - 1)]])
        size = max(32, min(largest, letters // max(4, longest)))
        found.append(order[at : at + size])
        at += size
    return found


@torch.inference_mode()
def predict(network: Network, texts: Texts) -> np.ndarray:
    """Return the log-odds of positive for all texts."""
    network.eval()
    odds = np.empty(len(texts.lengths), np.float32)
    order = np.argsort(texts.lengths, kind="stable")
    for at in range(0, len(order), 256):
        rows = order[at : at + 256]
        odds[rows] = log_odds(network(*texts.batch(rows))).numpy()
    return odds


def best_accuracy(odds: np.ndarray, stars: np.ndarray) -> tuple[float, float]:
    """Return the best mean of the accuracies on stars 1-4 and 9-10 over all thresholds, and its threshold."""
    thresholds = np.quantile(odds, np.linspace(0.02, 0.98, 400))
    means = [((odds[stars >= 9] >= at).mean() + (odds[stars <= 4] < at).mean()) / 2 for at in thresholds]
    return float(max(means)), float(thresholds[np.argmax(means)])


def main() -> None:
    args = parser(__doc__)
    args.add_argument("--name", default="network")
    args.add_argument("--minutes", type=float, default=58)
    args.add_argument("--dim", type=int, default=48)
    args.add_argument("--hidden", type=int, default=128)
    args.add_argument("--rate", type=float, default=2e-3, help="peak learning rate")
    args.add_argument("--start", type=Path, help="weights to start from, of an earlier run")
    args.add_argument("--varied", action="store_true", help="add the variations of augment.py")
    args.add_argument("--seed", type=int, default=SEED)
    args.add_argument("--threads", type=int, default=1)
    args = args.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)

    teacher = np.load(args.work / "teacher_train.npy")
    again = np.load(args.work / "more.npz")
    train = Reviews(np.load(args.work / "train.npz"), teacher)
    more = Reviews(again, teacher[again["rows"]])
    parts = [(train, 768), (more, 384)]  # with the largest batch of each
    if args.varied:
        labels = np.load(args.work / f"teacher_{VARIED}.npy")
        parts.append((Reviews(np.load(args.work / f"{VARIED}.npz"), labels, share=1), 768))
    dev = np.load(args.work / "dev.npz")
    dev_texts = Texts(dev)
    templates = np.load(args.work / "templates.npz")
    made, positive = Texts(templates), torch.from_numpy(templates["positive"])
    weight = 1 / np.sqrt(np.bincount(templates["pattern"]))[templates["pattern"]]
    weight /= weight.sum()

    sizes = (len(read_vocabulary(args.work)) + 1, args.dim, args.hidden)
    network, mean = Network(*sizes), Network(*sizes)
    if args.start:
        network.load_state_dict(torch.load(args.start))
    mean.load_state_dict(network.state_dict())
    layers = [tensor for name, tensor in network.named_parameters() if name != "ngrams.weight"]
    optimizer = torch.optim.AdamW(
        [{"params": layers, "weight_decay": 0.01}, {"params": [network.ngrams.weight], "weight_decay": 0.0}],
        lr=args.rate,
        betas=(0.9, 0.98),
    )
    began = reported = time.monotonic()
    step = seen = 0

    def finish() -> None:
        accuracy, threshold = best_accuracy(predict(mean, dev_texts), dev["stars"])
        minutes = (time.monotonic() - began) / 60
        print(f"{minutes:5.1f} min  {seen:9,} reviews  dev {accuracy:.4f} from {threshold:.2f}", flush=True)
        torch.save(mean.state_dict(), args.work / f"{args.name}.pt")
        options = {name: value for name, value in vars(args).items() if name not in ("work", "start")}
        (args.work / f"{args.name}.json").write_text(json.dumps(options | {"reviews": seen}, indent=1) + "\n")

    while True:
        jobs = [(texts, rows) for texts, size in parts for rows in batches(texts, 12_000, size, rng)]
        for at in rng.permutation(len(jobs)):
            texts, rows = jobs[at]
            done = (time.monotonic() - began) / 60 / args.minutes
            if done >= 1:
                finish()
                return
            for group in optimizer.param_groups:
                group["lr"] = args.rate * min(1, (step + 1) / 300) * (0.02 + 0.49 * (1 + math.cos(math.pi * done)))
            network.train()
            logits = network(*texts.batch(rows), hide=HIDE)
            loss = functional.cross_entropy(logits, torch.from_numpy(texts.of_stars[rows]))
            side = torch.from_numpy(texts.of_side[rows])
            loss = loss + functional.binary_cross_entropy_with_logits(log_odds(logits), side)
            if step % EVERY == 0:
                drawn = rng.choice(len(made.lengths), OF_TEMPLATES, p=weight)
                odds = log_odds(network(*made.batch(drawn), hide=THEIR_HIDE))
                loss = loss + THEIR_WEIGHT * functional.binary_cross_entropy_with_logits(odds, positive[drawn])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(layers, 1.0)
            optimizer.step()
            step, seen = step + 1, seen + len(rows)
            if step % 10 == 0:
                share = 1 - min(0.995, (10 + step) / (100 + step))
                with torch.no_grad():
                    for slow, new in zip(mean.parameters(), network.parameters(), strict=True):
                        slow.lerp_(new, share)
            if time.monotonic() - reported > REPORT:
                reported = time.monotonic()
                finish()


if __name__ == "__main__":
    main()
