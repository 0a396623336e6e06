"""Train the convolution: the part of the model that reads letters in their order.

    python training/convolution.py                      # train.tsv + ngrams_train.npy -> work/convolution/
    python training/convolution.py --minutes 2 --name try   # a trial

Run again with the same --name to resume; it checkpoints every five minutes. As in train.py, the learning rate follows
the clock down to zero. Expect, of the default size on two idle cores, 580 reviews a second, and a balanced accuracy on
dev of 0.87 after a fifth of 90 minutes, 0.885 at their end, 0.89 after 160.

A letter is a vector of its own plus one for each jamo in it. Gated convolutions (https://arxiv.org/abs/1612.08083)
over three letters at a time see four letters to each side in the end; what they found anywhere in the text (the
maximum) and how much of it (the sum over the root of the length) is all that is kept, so an answer for a text
without one of its words needs little more than the letters beside the gap (app/sentiment/convolution.py). Every step
learns from the author's star and the n-grams' out-of-fold opinion (cross entropy with their mean), and the side of the
scale for polar reviews. Some letters are hidden. The weights kept are a running mean.
"""

import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from common import SEED, parser, read_rows
from graph import DILATIONS
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from teacher import describe
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional
from train import STARS, batches, positive_logit

from app.sentiment.convolution import FIRST, PAD, Alphabet

FILE = "convolution.safetensors"
LONGEST = 160  # letters; reviews of the corpus have at most 147, normalised a few more
SEEN = 25  # a letter that occurs less often is read as unknown
PARTS = ("train", "dev", "heldout", "movies")
SYLLABLES, LAST_SYLLABLE, JAMO, LAST_JAMO = 0xAC00, 0xD7A3, 0x3131, 0x3163  # Unicode blocks


def options():
    args = parser(__doc__)
    args.add_argument("--name", default="convolution", help="folder of this run inside the work folder")
    args.add_argument("--minutes", type=float, default=90)
    args.add_argument("--width", type=int, default=192)
    args.add_argument("--features", type=int, default=512, help="what is looked for at every letter")
    args.add_argument("--inner", type=int, default=256, help="width of the layer over all features of a text")
    args.add_argument("--rate", type=float, default=2.5e-3, help="peak learning rate")
    args.add_argument("--letters", type=int, default=4000, help="letters a batch")
    args.add_argument("--teacher", type=float, default=0.3, help="weight of the n-grams' stars against the author's")
    args.add_argument("--hide", type=float, default=0.1, help="part of the letters to hide")
    args.add_argument("--dropout", type=float, default=0.2)
    args.add_argument("--seed", type=int, default=SEED)
    args.add_argument("--threads", type=int, default=2)
    return args.parse_args()


class Letters:
    """The letters of many texts as numbers, in one array."""

    def __init__(self, flat: np.ndarray, lengths: np.ndarray) -> None:
        self.flat, self.lengths = flat, lengths
        self.starts = np.cumsum(lengths) - lengths

    def batch(self, rows: np.ndarray) -> torch.Tensor:
        """Those of these rows, padded to the longest."""
        columns = np.arange(int(self.lengths[rows].max()))[None]
        at = np.minimum(self.starts[rows][:, None] + columns, len(self.flat) - 1)
        return torch.from_numpy(np.where(columns < self.lengths[rows][:, None], self.flat[at], PAD).astype(np.int64))


def letters(work: Path, texts: dict[str, list[str]]) -> tuple[str, dict[str, Letters]]:
    """The alphabet, and the texts in it; made once and kept in a file."""
    file = work / "letters.npz"
    if not file.exists():
        normalize = Tokenizer.from_file(str(work / "tokenizer" / "tokenizer.json")).normalizer.normalize_str
        cut = {name: [normalize(text)[:LONGEST] for text in part] for name, part in texts.items()}
        counts = Counter(letter for text in cut["train"] for letter in text)
        alphabet = "".join(sorted(letter for letter, count in counts.items() if count >= SEEN))
        arrays = {"alphabet": np.array(alphabet)}
        for name, part in cut.items():
            rows = Alphabet(alphabet).rows(part)
            arrays[name], arrays[f"{name}_lengths"] = (
                np.concatenate(rows).astype(np.uint16),
                np.array(list(map(len, rows))),
            )
        np.savez(file, **arrays)
    data = np.load(file)
    return str(data["alphabet"]), {name: Letters(data[name], data[f"{name}_lengths"]) for name in texts}


def jamo_of(alphabet: str) -> torch.Tensor:
    """Up to three jamo of each letter, (letters, 3), 0 for none: first, vowel, last; each place has its own numbers."""
    table = torch.zeros(len(alphabet) + FIRST, 3, dtype=torch.long)
    for index, letter in enumerate(alphabet, FIRST):
        code = ord(letter)
        if SYLLABLES <= code <= LAST_SYLLABLE:
            code -= SYLLABLES
            table[index] = torch.tensor([1 + code // 588, 20 + code % 588 // 28, 41 + code % 28])
        elif JAMO <= code <= LAST_JAMO:
            table[index, 0] = 69 + code - JAMO
    return table


class Block(nn.Module):
    """A gated convolution over three letters, added to what it read."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.norm, self.linear, self.dilation = nn.LayerNorm(width), nn.Linear(3 * width, 2 * width), dilation

    def forward(self, states: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        step, length = self.dilation, states.shape[1]
        padded = functional.pad(self.norm(states) * seen, (0, 0, step, step))
        beside = torch.cat([padded[:, at : at + length] for at in (0, step, 2 * step)], 2)
        value, gate = self.linear(beside).chunk(2, 2)
        return states + value * torch.sigmoid(gate)


class Convolution(nn.Module):
    """Star logits, (rows, stars), of letters, (rows, letters), padded with 0."""

    def __init__(self, alphabet: str, width: int, features: int, inner: int, hide: float, dropout: float) -> None:
        super().__init__()
        self.hide = hide
        self.own = nn.Embedding(len(alphabet) + FIRST, width)
        self.jamo = nn.Embedding(69 + LAST_JAMO - JAMO + 1, width, padding_idx=0)
        nn.init.normal_(self.own.weight, std=0.05)
        nn.init.normal_(self.jamo.weight, std=0.03)
        self.register_buffer("parts", jamo_of(alphabet), persistent=False)
        self.blocks = nn.ModuleList([Block(width, dilation) for dilation in DILATIONS])
        self.norm, self.wide = nn.LayerNorm(width), nn.Linear(width, features)
        self.drop = nn.Dropout(dropout)
        self.inner, self.outer = nn.Linear(2 * features, inner), nn.Linear(inner, STARS)
        self.direct = nn.Linear(2 * features, STARS)

    def table(self) -> torch.Tensor:
        """One vector a letter, (letters, width)."""
        return self.own.weight + self.jamo(self.parts).sum(1)

    def tensors(self) -> dict[str, torch.Tensor]:
        """Its weights by name, own vectors and those of jamo added up: what training/graph.py draws."""
        kept = {name: tensor for name, tensor in self.state_dict().items() if name.split(".")[0] not in ("own", "jamo")}
        return {"letters.weight": self.table().detach()} | kept

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        seen = (ids != PAD)[..., None].float()
        states = functional.embedding(ids, self.table()) * seen
        if self.training:
            states = states * (torch.rand(ids.shape) >= self.hide)[..., None]
        for block in self.blocks:
            states = block(states, seen)
        found = functional.relu(self.wide(self.norm(states))) * seen
        pooled = self.drop(torch.cat([found.amax(1), 0.5 * found.sum(1) / seen.sum(1).sqrt()], 1))
        return self.direct(pooled) + self.outer(functional.gelu(self.inner(pooled)))


@torch.inference_mode()
def predict(model: Convolution, texts: Letters, batch: int = 512) -> np.ndarray:
    """Star logits of all texts, computed in order of length."""
    model.eval()
    logits = np.empty((len(texts.lengths), STARS), np.float32)
    order = np.argsort(texts.lengths)
    for at in range(0, len(order), batch):
        rows = order[at : at + batch]
        logits[rows] = model(texts.batch(rows)).numpy()
    model.train()
    return logits


@dataclass
class Trained:
    """What a run ended with."""

    model: Convolution
    alphabet: Alphabet

    @torch.inference_mode()
    def logits(self, texts: list[str]) -> np.ndarray:
        """Star logits of normalised texts, one by one, in floats."""
        rows = [torch.from_numpy(row)[None] for row in self.alphabet.rows(texts)]
        return torch.cat([self.model(row) for row in rows]).numpy()


def load_trained(folder: Path) -> Trained:
    tensors = load_file(folder / FILE)
    with safe_open(folder / FILE, "pt") as file:
        alphabet = file.metadata()["alphabet"]
    (features, width), (inner, _) = tensors["wide.weight"].shape, tensors["inner.weight"].shape
    model = Convolution(alphabet, width, features, inner, 0, 0)
    model.load_state_dict(
        {"own.weight": tensors.pop("letters.weight"), "jamo.weight": torch.zeros_like(model.jamo.weight)} | tensors
    )
    return Trained(model.eval(), Alphabet(alphabet))


@dataclass
class Clock:
    """How far a run is."""

    spent: float = 0.0
    step: int = 0
    seen: int = 0


def main() -> None:
    args = options()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    torch.set_flush_denormal(True)
    folder = args.work / args.name
    folder.mkdir(parents=True, exist_ok=True)
    parts = {name: read_rows(args.work / f"{name}.tsv") for name in PARTS}
    stars = {name: np.array([row.stars for row in part]) for name, part in parts.items()}
    alphabet, texts = letters(args.work, {name: [row.review for row in part] for name, part in parts.items()})
    del parts

    opinion = torch.from_numpy(np.load(args.work / "ngrams_train.npy").astype(np.float32)).softmax(1)
    authors = functional.one_hot(torch.from_numpy(stars["train"]) - 1, STARS)
    targets = (1 - args.teacher) * authors + args.teacher * opinion
    polar = torch.from_numpy((stars["train"] <= 4) | (stars["train"] >= 9)).float()
    of_ngrams = np.load(args.work / "ngrams_dev.npy").astype(np.float32)

    sizes = (args.width, args.features, args.inner, args.hide, args.dropout)
    model, mean = Convolution(alphabet, *sizes), Convolution(alphabet, *sizes)
    model.direct.bias.data = targets.mean(0).log()
    mean.load_state_dict(model.state_dict())
    decayed = {True: 0.02, False: 0.0}  # matrices; biases and norms
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in model.parameters() if (p.ndim > 1) == matrices], "weight_decay": decay}
            for matrices, decay in decayed.items()
        ],
        lr=args.rate,
        betas=(0.9, 0.98),
        fused=True,
    )
    clock, checkpoint = Clock(), folder / "checkpoint.pt"
    if checkpoint.exists():
        kept = torch.load(checkpoint, weights_only=True)
        clock = Clock(**kept["clock"])
        model.load_state_dict(kept["model"])
        mean.load_state_dict(kept["mean"])
        optimizer.load_state_dict(kept["optimizer"])
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {len(alphabet)} letters", flush=True)

    def report(losses: np.ndarray) -> None:
        logits = predict(mean, texts["dev"])
        both = 0.5 * (logits + of_ngrams)
        print(
            f"{clock.spent / 60:.0f} min, step {clock.step}, {clock.seen:,} reviews ({clock.seen / clock.spent:.0f}/s),"
            f" losses {losses.round(4)}\n    dev: {describe(torch.from_numpy(logits).softmax(1).numpy(), stars['dev'])}"
            f"\n    with n-grams: {describe(torch.from_numpy(both).softmax(1).numpy(), stars['dev'])}",
            flush=True,
        )
        state = {"clock": vars(clock), "model": model.state_dict(), "mean": mean.state_dict()}
        torch.save(state | {"optimizer": optimizer.state_dict()}, checkpoint.with_suffix(".new"))
        checkpoint.with_suffix(".new").replace(checkpoint)

    budget, reported, losses = args.minutes * 60, clock.spent, np.zeros(3)
    while clock.spent < budget:
        for rows in batches(texts["train"].lengths, args.letters, np.random.default_rng(args.seed + clock.step)):
            began, done = time.monotonic(), clock.spent / budget
            if done >= 1:
                break
            for group in optimizer.param_groups:
                group["lr"] = args.rate * min(1, clock.step / 200) * (1 - done)
            target = targets[rows]
            logits = model(texts["train"].batch(rows))
            of_stars = functional.cross_entropy(logits, target)
            side = target[:, STARS // 2 :].sum(1).clamp(max=1)
            of_side = functional.binary_cross_entropy_with_logits(positive_logit(logits), side, weight=polar[rows])
            optimizer.zero_grad(set_to_none=True)
            (of_stars + of_side).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            with torch.no_grad():
                share = max(0.001, 9 / (clock.step + 10))
                for slow, new in zip(mean.parameters(), model.parameters(), strict=True):
                    slow.lerp_(new, share)
            losses += (of_stars.item(), of_side.item(), 1)
            clock.step += 1
            clock.seen += len(rows)
            clock.spent += time.monotonic() - began
            if clock.spent - reported > 300:
                report(losses[:2] / losses[2])
                reported, losses = clock.spent, np.zeros(3)
    report(losses[:2] / max(1, losses[2]))
    save_file(mean.tensors(), folder / FILE, metadata={"alphabet": alphabet})
    kept = {name: value for name, value in vars(args).items() if name not in ("work", "threads")}
    (folder / "options.json").write_text(json.dumps(kept | {"reviews": clock.seen}, indent=1) + "\n")
    for name in PARTS[1:]:
        np.save(folder / f"{name}.npy", predict(mean, texts[name]))


if __name__ == "__main__":
    main()
