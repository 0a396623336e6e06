"""Train the network on the labels of its teachers.

    python training/train.py                                  # -> work/network.pt
    python training/train.py --minutes 2 --name try           # a trial

Made for a GPU, but any processor will do: the learning rate follows the clock, so a faster machine sees more reviews in
the same minutes.

A text has two targets: ten stars by cross entropy, and its side (stars 9-10 against 1-4) by binary cross entropy. For
train they are 0.6 of the teachers' (cross_fit.py) and 0.4 of the author's, for variations the teachers'. Every step
reads sentences made of templates, too, whose side is known. Three of ten n-grams are hidden. The weights kept are a
running mean.
"""

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from common import SEED, VARIED, parser, read_vocabulary
from network import NEGATIVE, POSITIVE, STARS, Network, log_odds, near_stars
from texts import DEVICE, Ngrams, Texts, jamo, load
from torch import nn
from torch.nn import functional

TEACHERS, HIDE = 0.6, 0.3  # the teachers' weight against the author's star; the part of the n-grams that is hidden
BATCH = 60_000  # characters
OF_TEMPLATES, THEIR_WEIGHT, THEIR_HIDE = 256, 0.1, 0.15
REPORT = 30  # seconds


class Reviews(Texts):
    """Texts with targets: `of_stars` (rows, stars) and `of_side` (rows), the share of stars 9-10 against 1-4."""

    of_stars: torch.Tensor
    of_side: torch.Tensor

    def with_targets(self, labels: np.ndarray | None, stars: np.ndarray | None, share: float = 1.0) -> "Reviews":
        """Set the targets to labels, to stars or, with the labels' share, to both; an unknown side is NaN."""
        nothing = torch.zeros(len(self), STARS, device=DEVICE)
        self.of_stars = nothing if labels is None else torch.from_numpy(labels.astype(np.float32)).to(DEVICE)
        positive, negative = self.of_stars[:, POSITIVE].sum(1), self.of_stars[:, NEGATIVE].sum(1)
        self.of_side = positive / (positive + negative)
        if stars is not None:
            star = torch.from_numpy(stars.astype(np.int64)).to(DEVICE)
            self.of_stars = share * self.of_stars + (1 - share) * near_stars().to(DEVICE)[star - 1]
            both = share * self.of_side.nan_to_num() + (1 - share) * (star >= 9)
            self.of_side = torch.where((star >= 9) | (star <= 4), both, self.of_side)
        return self


class Sentences:
    """Sentences of templates, with the probability that each is positive."""

    def __init__(self, work: Path) -> None:
        arrays = load(work / "templates.npz")
        self.texts, self.positive = Texts.load(arrays), torch.from_numpy(arrays["positive"]).to(DEVICE)
        pattern = torch.from_numpy(arrays["pattern"].astype(np.int64)).to(DEVICE)
        self.weight = 1 / pattern.bincount().sqrt()[pattern]

    def draw(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return codes and probabilities; a pattern with four times as many sentences is drawn twice as often."""
        drawn = self.weight.multinomial(count)
        return self.texts.batch(drawn), self.positive[drawn]


class Reading(nn.Module):
    """The network's star logits of texts."""

    def __init__(self, network: Network, ngrams: Ngrams) -> None:
        super().__init__()
        self.network, self.ngrams = network, ngrams

    def forward(self, codes: torch.Tensor, hide: float = 0.0) -> torch.Tensor:
        with torch.autocast(DEVICE, torch.bfloat16, enabled=DEVICE == "cuda"):
            return self.network(self.ngrams(codes), jamo(codes), (codes != 0).float(), hide).float()

    @torch.inference_mode()
    def probabilities(self, texts: Texts) -> torch.Tensor:
        """Return the probabilities of all texts' stars."""
        self.eval()
        found = torch.empty(len(texts), STARS, device=DEVICE)
        for rows in texts.batches(4 * BATCH):
            found[rows] = self(texts.batch(rows)).softmax(1)
        return found


def best_accuracy(odds: np.ndarray, stars: np.ndarray) -> tuple[float, float]:
    """Return the best mean of the accuracies on stars 1-4 and 9-10 over all thresholds, and its threshold."""
    thresholds = np.quantile(odds, np.linspace(0.02, 0.98, 400))
    means = [((odds[stars >= 9] >= at).mean() + (odds[stars <= 4] < at).mean()) / 2 for at in thresholds]
    return float(max(means)), float(thresholds[np.argmax(means)])


def accuracy(probabilities: torch.Tensor, stars: np.ndarray) -> str:
    """Return the best half-half accuracy of these probabilities of stars, in words."""
    odds = log_odds(probabilities.clamp(min=1e-6).log()).cpu().numpy()
    return "{:.4f} from {:.2f}".format(*best_accuracy(odds, stars))


def mixed_batches(parts: Sequence[tuple[Reviews, torch.Tensor | None]], size: int) -> Iterator[tuple]:
    """Yield (texts, rows) of all parts again and again; a part is texts with the rows to use, or None for all."""
    while True:
        jobs = [(texts, batch) for texts, rows in parts for batch in texts.batches(size, rows)]
        yield from (jobs[at] for at in torch.randperm(len(jobs)).tolist())


def fit(
    reading: Reading,
    parts: Sequence[tuple[Reviews, torch.Tensor | None]],
    sentences: Sentences,
    minutes: float,
    rate: float,
    hide: float = HIDE,
    batch: int = BATCH,
    report: Callable[[Reading, int, float], None] = lambda *_: None,
) -> int:
    """Train for some minutes, set the weights to their running mean, and return the number of reviews read.

    `report` is called with the mean, the number of reviews and the minutes, every `REPORT` seconds and at the end.
    """
    mean = Reading(Network(*reading.network.sizes), reading.ngrams).to(DEVICE)
    mean.load_state_dict(reading.state_dict())
    layers = [tensor for name, tensor in reading.named_parameters() if not name.endswith("ngrams.weight")]
    optimizer = torch.optim.AdamW(
        [{"params": layers, "weight_decay": 0.01}, {"params": [reading.network.ngrams.weight], "weight_decay": 0.0}],
        lr=rate,
        betas=(0.9, 0.98),
    )
    began = reported = time.monotonic()
    seen = 0
    reading.train()
    for step, (texts, rows) in enumerate(mixed_batches(parts, batch), 1):
        done = (time.monotonic() - began) / 60 / minutes
        if done >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1, step / 300) * (0.02 + 0.49 * (1 + math.cos(math.pi * done)))
        logits, side = reading(texts.batch(rows), hide), texts.of_side[rows]
        known = ~side.isnan()
        loss = functional.cross_entropy(logits, texts.of_stars[rows])
        loss = loss + functional.binary_cross_entropy_with_logits(log_odds(logits)[known], side[known])
        codes, positive = sentences.draw(OF_TEMPLATES)
        odds = log_odds(reading(codes, THEIR_HIDE))
        loss = loss + THEIR_WEIGHT * functional.binary_cross_entropy_with_logits(odds, positive)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(layers, 1.0)
        optimizer.step()
        seen += len(rows)
        if step % 10 == 0:
            share = 1 - min(0.995, (10 + step) / (100 + step))
            with torch.no_grad():
                for slow, new in zip(mean.parameters(), reading.parameters(), strict=True):
                    slow.lerp_(new, share)
        if time.monotonic() - reported > REPORT:
            reported = time.monotonic()
            report(mean, seen, done * minutes)
    report(mean, seen, minutes)
    reading.load_state_dict(mean.state_dict())
    return seen


def main() -> None:
    args = parser(__doc__)
    args.add_argument("--name", default="network")
    args.add_argument("--minutes", type=float, default=9.6)
    args.add_argument("--dim", type=int, default=48)
    args.add_argument("--hidden", type=int, default=128)
    args.add_argument("--sizes", type=int, nargs="+", default=[5, 5], help="characters of each convolution")
    args.add_argument("--rate", type=float, default=2e-3, help="peak learning rate")
    args.add_argument("--seed", type=int, default=SEED)
    args = args.parse_args()
    torch.manual_seed(args.seed)
    torch.set_float32_matmul_precision("high")
    files = {name: load(args.work / f"{name}.npz") for name in ("train", "ends", VARIED, "dev")}
    labels, stars, ends = np.load(args.work / "labels_train.npy"), files["train"]["stars"], files["ends"]["rows"]
    parts = [
        Reviews.load(files["train"]).with_targets(labels, stars, TEACHERS),
        Reviews.load(files["ends"]).with_targets(labels[ends], stars[ends], TEACHERS),
        Reviews.load(files[VARIED]).with_targets(np.load(args.work / f"labels_{VARIED}.npy"), None),
    ]
    dev, ngrams = Texts.load(files["dev"]), Ngrams(read_vocabulary(args.work))

    def report(mean: Reading, seen: int, minutes: float) -> None:
        found = accuracy(mean.probabilities(dev), files["dev"]["stars"])
        print(f"{minutes:5.1f} min  {seen:11,} reviews  dev {found}", flush=True)
        weights = {name: tensor.half().cpu() for name, tensor in mean.network.state_dict().items()}
        torch.save(weights, args.work / f"{args.name}.pt")

    reading = Reading(Network(len(ngrams) + 1, args.dim, args.hidden, args.sizes), ngrams).to(DEVICE)
    seen = fit(reading, [(part, None) for part in parts], Sentences(args.work), args.minutes, args.rate, report=report)
    options = {name: value for name, value in vars(args).items() if name != "work"}
    (args.work / f"{args.name}.json").write_text(json.dumps(options | {"reviews": seen}, indent=1) + "\n")


if __name__ == "__main__":
    main()
