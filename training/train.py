"""Train the network on the labels of its teachers.

    python training/train.py                                  # -> work/network.pt
    python training/train.py --minutes 2 --name try           # a trial

It is made for a GPU and also runs on a CPU. The run takes the given minutes on any machine, as the learning rate
depends on the time; a faster one trains on more reviews.

The loss of a review is the cross entropy of its ten stars plus the binary cross entropy of its polarity (stars 9-10
against 1-4). For train the targets are 0.6 times the teachers' labels (cross_fit.py) plus 0.4 times the author's star;
for variations they are the teachers' labels. Each step adds 0.1 times the binary cross entropy of sentences from
templates, whose polarity is known. Three of ten n-grams are masked. The result is the running mean of the weights.
"""

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from common import SEED, VARIED, parser, read_vocabulary
from network import NEGATIVE, POSITIVE, STARS, Network, log_odds, soft_targets
from texts import DEVICE, Ngrams, Texts, jamo, load
from torch import nn
from torch.nn import functional

TEACHER_WEIGHT = 0.6  # of the teachers' labels; the rest is that of the author's star
NGRAM_DROPOUT = 0.3
BATCH = 60_000  # characters
TEMPLATE_BATCH, TEMPLATE_WEIGHT, TEMPLATE_DROPOUT = 256, 0.1, 0.15
REPORT_SECONDS = 30


class Reviews(Texts):
    """Texts with targets.

    `star_targets`, (rows, stars), are distributions. `polarity_targets`, (rows), are the probabilities of stars 9-10
    against 1-4, NaN if unknown.
    """

    star_targets: torch.Tensor
    polarity_targets: torch.Tensor

    def with_targets(self, labels: np.ndarray | None, stars: np.ndarray | None, share: float = 1.0) -> "Reviews":
        """Set the targets to the teachers' `labels`, the authors' `stars`, or a mix with this `share` of the labels."""
        zeros = torch.zeros(len(self), STARS, device=DEVICE)
        self.star_targets = zeros if labels is None else torch.from_numpy(labels.astype(np.float32)).to(DEVICE)
        positive, negative = self.star_targets[:, POSITIVE].sum(1), self.star_targets[:, NEGATIVE].sum(1)
        self.polarity_targets = positive / (positive + negative)
        if stars is not None:
            star = torch.from_numpy(stars.astype(np.int64)).to(DEVICE)
            self.star_targets = share * self.star_targets + (1 - share) * soft_targets().to(DEVICE)[star - 1]
            both = share * self.polarity_targets.nan_to_num() + (1 - share) * (star >= 9)
            self.polarity_targets = torch.where((star >= 9) | (star <= 4), both, self.polarity_targets)
        return self


class Sentences:
    """Sentences of templates, with the probability that each is positive."""

    def __init__(self, work: Path) -> None:
        arrays = load(work / "templates.npz")
        self.texts, self.positive = Texts.load(arrays), torch.from_numpy(arrays["positive"]).to(DEVICE)
        pattern = torch.from_numpy(arrays["pattern"].astype(np.int64)).to(DEVICE)
        self.weight = 1 / pattern.bincount().sqrt()[pattern]

    def sample(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the codes and probabilities of random sentences.

        A pattern's share is proportional to the square root of the number of its sentences.
        """
        drawn = self.weight.multinomial(count)
        return self.texts.batch(drawn), self.positive[drawn]


class Classifier(nn.Module):
    """The network with the lookup of its n-grams: star logits from character codes."""

    def __init__(self, network: Network, ngrams: Ngrams) -> None:
        super().__init__()
        self.network, self.ngrams = network, ngrams

    def forward(self, codes: torch.Tensor, ngram_dropout: float = 0.0) -> torch.Tensor:
        with torch.autocast(DEVICE, torch.bfloat16, enabled=DEVICE == "cuda"):
            return self.network(self.ngrams(codes), jamo(codes), (codes != 0).float(), ngram_dropout).float()

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


def format_accuracy(probabilities: torch.Tensor, stars: np.ndarray) -> str:
    """Format the best half-half accuracy of these probabilities of stars, and its threshold: `0.8998 from 0.76`."""
    odds = log_odds(probabilities.clamp(min=1e-6).log()).cpu().numpy()
    return "{:.4f} from {:.2f}".format(*best_accuracy(odds, stars))


def shuffled_batches(parts: Sequence[tuple[Reviews, torch.Tensor | None]], size: int) -> Iterator[tuple]:
    """Yield (texts, rows) of all parts in random order, repeatedly; a part is texts and rows of them, None for all."""
    while True:
        jobs = [(texts, batch) for texts, rows in parts for batch in texts.batches(size, rows)]
        yield from (jobs[at] for at in torch.randperm(len(jobs)).tolist())


def fit(
    classifier: Classifier,
    parts: Sequence[tuple[Reviews, torch.Tensor | None]],
    sentences: Sentences,
    minutes: float,
    rate: float,
    ngram_dropout: float = NGRAM_DROPOUT,
    batch: int = BATCH,
    report: Callable[[Classifier, int, float], None] = lambda *_: None,
) -> int:
    """Train for some minutes, set the weights to their running mean, and return the number of reviews in all steps.

    `report` is called every `REPORT_SECONDS` and at the end, with a classifier of the mean weights, the number of
    reviews and the minutes.
    """
    mean = Classifier(Network(*classifier.network.sizes), classifier.ngrams).to(DEVICE)
    mean.load_state_dict(classifier.state_dict())
    layers = [tensor for name, tensor in classifier.named_parameters() if not name.endswith("ngrams.weight")]
    optimizer = torch.optim.AdamW(
        [{"params": layers, "weight_decay": 0.01}, {"params": [classifier.network.ngrams.weight], "weight_decay": 0.0}],
        lr=rate,
        betas=(0.9, 0.98),
    )
    began = reported = time.monotonic()
    seen = 0
    classifier.train()
    for step, (texts, rows) in enumerate(shuffled_batches(parts, batch), 1):
        done = (time.monotonic() - began) / 60 / minutes
        if done >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1, step / 300) * (0.02 + 0.49 * (1 + math.cos(math.pi * done)))
        logits, side = classifier(texts.batch(rows), ngram_dropout), texts.polarity_targets[rows]
        known = ~side.isnan()
        loss = functional.cross_entropy(logits, texts.star_targets[rows])
        loss = loss + functional.binary_cross_entropy_with_logits(log_odds(logits)[known], side[known])
        codes, positive = sentences.sample(TEMPLATE_BATCH)
        odds = log_odds(classifier(codes, TEMPLATE_DROPOUT))
        loss = loss + TEMPLATE_WEIGHT * functional.binary_cross_entropy_with_logits(odds, positive)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(layers, 1.0)
        optimizer.step()
        seen += len(rows)
        if step % 10 == 0:
            share = 1 - min(0.995, (10 + step) / (100 + step))
            with torch.no_grad():
                for slow, new in zip(mean.parameters(), classifier.parameters(), strict=True):
                    slow.lerp_(new, share)
        if time.monotonic() - reported > REPORT_SECONDS:
            reported = time.monotonic()
            report(mean, seen, done * minutes)
    report(mean, seen, minutes)
    classifier.load_state_dict(mean.state_dict())
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
        Reviews.load(files["train"]).with_targets(labels, stars, TEACHER_WEIGHT),
        Reviews.load(files["ends"]).with_targets(labels[ends], stars[ends], TEACHER_WEIGHT),
        Reviews.load(files[VARIED]).with_targets(np.load(args.work / f"labels_{VARIED}.npy"), None),
    ]
    dev, ngrams = Texts.load(files["dev"]), Ngrams(read_vocabulary(args.work))

    def report(mean: Classifier, seen: int, minutes: float) -> None:
        found = format_accuracy(mean.probabilities(dev), files["dev"]["stars"])
        print(f"{minutes:5.1f} min  {seen:11,} reviews  dev {found}", flush=True)
        weights = {name: tensor.half().cpu() for name, tensor in mean.network.state_dict().items()}
        torch.save(weights, args.work / f"{args.name}.pt")

    classifier = Classifier(Network(len(ngrams) + 1, args.dim, args.hidden, args.sizes), ngrams).to(DEVICE)
    seen = fit(
        classifier, [(part, None) for part in parts], Sentences(args.work), args.minutes, args.rate, report=report
    )
    options = {name: value for name, value in vars(args).items() if name != "work"}
    (args.work / f"{args.name}.json").write_text(json.dumps(options | {"reviews": seen}, indent=1) + "\n")


if __name__ == "__main__":
    main()
