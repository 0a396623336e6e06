"""Train the reader: one run of a planned length, first with some pieces hidden, then without.

    python training/train.py --minutes 67                 # train.tsv + teacher_train.npy + tokenizer/ -> work/run/
    python training/train.py --minutes 2 --name pilot     # a trial

Run again with the same --name to resume; it checkpoints every ten minutes. The length of the run is planned in
minutes, because on two shared cores that is what there is: the learning rate follows the clock down to zero.

Expect 3 epochs in an hour on two cores, and a balanced accuracy on dev of 0.85 after 10 minutes, 0.875 after 40.
run.sh makes two runs: this one, and one from its end with dropout and more weight on the side of the scale.

Every step learns from the same rows: the author's star and the teacher's distribution over stars (cross entropy with
their mean) and the side of the scale for polar reviews (binary cross entropy). Until --joint of the time has gone,
some pieces are hidden, so that no single word decides.

The encoder learns by itself, without looking at the n-grams it will be added to: two that were trained to make up
for the n-grams' mistakes on the rows they were trained on had learnt those rows, and helped less (README).
"""

import json
import time
from pathlib import Path

import numpy as np
import torch
from common import SEED, parser, read_rows
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional
from tqdm import tqdm
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

STARS = 10


def options():
    args = parser(__doc__)
    args.add_argument("--name", default="run", help="folder of this run inside the work folder")
    args.add_argument("--minutes", type=float, default=67)
    args.add_argument("--joint", type=float, default=0.5, help="part of the time with hidden pieces")
    args.add_argument("--layers", type=int, default=3)
    args.add_argument("--width", type=int, default=256)
    args.add_argument("--rate", type=float, default=1e-3, help="peak learning rate")
    args.add_argument("--tokens", type=int, default=1600, help="tokens a batch")
    args.add_argument(
        "--teacher", type=float, default=0.5, help="weight of the teacher's stars against the author's, alone"
    )
    args.add_argument("--binary", type=float, default=0.5, help="weight of the binary loss")
    args.add_argument("--dropout", type=float, default=0.0, help="random numbers are slow on a CPU")
    args.add_argument("--mask", type=float, default=0.1, help="part of the pieces to hide")
    args.add_argument("--start", type=Path, help="the final folder of an earlier run to go on from, at a new rate")
    args.add_argument("--embeddings", type=Path, help="a .npy to start the word embeddings from")
    args.add_argument("--threads", type=int, default=2)
    return args.parse_args()


class Tokens:
    """Token ids of many texts in one array; tokenised once and kept in a file."""

    def __init__(self, file: Path, tokenizer, texts: list[str]) -> None:
        if not file.exists():
            ids = []
            for at in tqdm(range(0, len(texts), 10_000), desc=f"tokenise {file.stem}"):
                ids += [
                    np.array(i, np.uint16) for i in tokenizer(texts[at : at + 10_000], truncation=True)["input_ids"]
                ]
            np.savez(file, flat=np.concatenate(ids), lengths=np.array([len(i) for i in ids]))
        data = np.load(file)
        self.flat, self.lengths = data["flat"], data["lengths"]
        self.starts = np.cumsum(self.lengths) - self.lengths

    def batch(self, rows: np.ndarray, longest: int) -> np.ndarray:
        """The ids of these rows, padded with 0 to the longest."""
        columns = np.arange(longest)[None, :]
        at = np.minimum(self.starts[rows][:, None] + columns, len(self.flat) - 1)
        return np.where(columns < self.lengths[rows][:, None], self.flat[at], 0).astype(np.int64)


def batches(lengths: np.ndarray, tokens: int, rng: np.random.Generator):
    """Row numbers of an epoch, in batches of about `tokens` tokens of similar length, in random order."""
    order = rng.permutation(len(lengths))
    for pool in np.array_split(order, max(1, len(order) // 20_000)):
        pool = pool[np.argsort(lengths[pool] + rng.random(len(pool)))]
        cuts, at = [], 0
        while at < len(pool):
            size = 1
            while at + size < len(pool) and (size + 1) * lengths[pool[at + size]] <= tokens and size < 512:
                size += 1
            cuts.append(pool[at : at + size])
            at += size
        rng.shuffle(cuts)
        yield from cuts


def positive_logit(logits: torch.Tensor) -> torch.Tensor:
    """log P(6..10 stars) - log P(1..5 stars)."""
    return logits[:, 5:].logsumexp(1) - logits[:, :5].logsumexp(1)


def read(bert: nn.Module, ids: torch.Tensor) -> torch.Tensor:
    """The pooled states, (rows, width), of token ids padded with 0.

    The head sees the first token alone, so the last layer is computed for that one: a quarter less work.
    """
    seen = (ids != 0)[:, None, None, :]
    seen = None if bool(seen.all()) else seen
    hidden = bert.embeddings(input_ids=ids)
    *layers, last = bert.encoder.layer
    for layer in layers:
        hidden = layer(hidden, seen)
    attention = last.attention.self
    heads = (len(ids), -1, attention.num_attention_heads, attention.attention_head_size)
    query, key, value = (
        project(states).view(heads).transpose(1, 2)
        for project, states in (
            (attention.query, hidden[:, :1]),
            (attention.key, hidden),
            (attention.value, hidden),
        )
    )
    context = functional.scaled_dot_product_attention(query, key, value, seen).transpose(1, 2).flatten(2)
    first = last.attention.output(context, hidden[:, :1])
    return bert.pooler(last.output(last.intermediate(first), first))


@torch.inference_mode()
def predict(model: nn.Module, tokens: Tokens, batch: int = 256) -> np.ndarray:
    """Star logits of all rows, computed in order of length."""
    model.eval()
    logits = np.empty((len(tokens.lengths), STARS), np.float32)
    order = np.argsort(tokens.lengths)
    for at in range(0, len(order), batch):
        rows = order[at : at + batch]
        ids = torch.from_numpy(tokens.batch(rows, int(tokens.lengths[rows].max())))
        logits[rows] = model.classifier(read(model.bert, ids)).numpy()
    model.train()
    return logits


def main() -> None:
    args = options()
    torch.manual_seed(SEED)
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    from teacher import describe

    folder = args.work / args.name
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = AutoTokenizer.from_pretrained(args.work / "tokenizer")
    parts = {name: read_rows(args.work / f"{name}.tsv") for name in ("train", "dev")}
    tokens = {
        name: Tokens(args.work / f"tokens_{name}.npz", tokenizer, [row.review for row in part])
        for name, part in parts.items()
    }
    stars = {name: np.array([row.stars for row in part]) for name, part in parts.items()}
    authors = np.eye(STARS, dtype=np.float32)[stars["train"] - 1]
    teacher = np.load(args.work / "teacher_train.npy").astype(np.float32) if args.teacher else authors
    targets = torch.from_numpy((1 - args.teacher) * authors + args.teacher * teacher)
    polar = torch.from_numpy((stars["train"] <= 4) | (stars["train"] >= 9))

    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=args.width,
        num_hidden_layers=args.layers,
        num_attention_heads=args.width // 64,
        intermediate_size=4 * args.width,
        max_position_embeddings=tokenizer.model_max_length,
        type_vocab_size=1,
        hidden_dropout_prob=args.dropout,
        attention_probs_dropout_prob=0.0,
        classifier_dropout=0.1,
        pad_token_id=tokenizer.pad_token_id,
        id2label={i: str(i + 1) for i in range(STARS)},
        label2id={str(i + 1): i for i in range(STARS)},
    )
    model = BertForSequenceClassification._from_config(config, attn_implementation="sdpa")
    embedding = model.bert.embeddings.word_embeddings.weight
    if args.start:
        model.load_state_dict(load_file(args.start / "model.safetensors"))
    elif args.embeddings:
        with torch.no_grad():
            embedding.copy_(torch.from_numpy(np.load(args.embeddings)))
    if not args.start:
        model.classifier.bias.data = targets.mean(0).log()
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim == 1]
    groups = [{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=args.rate, betas=(0.9, 0.98), eps=1e-6, fused=True)
    print(
        f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters, {len(stars['train']):,} rows", flush=True
    )

    state = {"step": 0, "seconds": 0.0, "epoch": 0, "reviews": 0}
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(saved["weights"])
        optimizer.load_state_dict(saved["optimizer"])
        state = saved["state"]
    history = folder / "options.json"  # one entry a start, so that a resumed run tells all it was told
    starts = json.loads(history.read_text()) if checkpoint.exists() else []
    used = {name: value.name if isinstance(value, Path) else value for name, value in vars(args).items()}
    history.write_text(json.dumps([*starts, {"from_step": state["step"], **used}], indent=1) + "\n")

    def save(name: str) -> None:
        model.save_pretrained(folder / name)
        tokenizer.save_pretrained(folder / name)
        (folder / name / "options.json").write_text(history.read_text())

    def report() -> None:
        probabilities = torch.from_numpy(predict(model, tokens["dev"])).softmax(1).numpy()
        print(f"dev after {state['reviews']:,} reviews:", describe(probabilities, stars["dev"]), flush=True)

    budget = args.minutes * 60
    bar = tqdm(total=round(budget), initial=round(state["seconds"]), unit="s", mininterval=20, smoothing=0)
    last_save, sums, count = state["seconds"], np.zeros(2), 0
    model.train()
    while state["seconds"] < budget:
        rng = np.random.default_rng(SEED + state["step"])
        for rows in batches(tokens["train"].lengths, args.tokens, rng):
            started, done = time.monotonic(), state["seconds"] / budget
            if done >= 1:
                break
            rate = args.rate * min(1, state["step"] / 200) * max(0.0, 1 - done)
            for group in optimizer.param_groups:
                group["lr"] = rate
            ids = torch.from_numpy(tokens["train"].batch(rows, int(tokens["train"].lengths[rows].max())))
            joint = done < args.joint
            hidden_at = (torch.rand(ids.shape) < args.mask) & (ids > 4) if joint else None
            seen = ids.masked_fill(hidden_at, tokenizer.mask_token_id) if joint else ids

            pooled = model.dropout(read(model.bert, seen))
            logits = model.classifier(pooled)
            target = targets[rows]
            star_loss = functional.cross_entropy(logits, target)
            binary = functional.binary_cross_entropy_with_logits(
                positive_logit(logits), target[:, 5:].sum(1).clamp(max=1), weight=polar[rows].float()
            )
            loss = star_loss + args.binary * binary
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()

            sums += [star_loss.item(), binary.item()]
            count += 1
            state["step"] += 1
            state["reviews"] += len(rows)
            spent = time.monotonic() - started
            state["seconds"] += spent
            bar.update(round(state["seconds"]) - bar.n)
            if state["step"] % 100 == 0:
                star, binary_mean = sums / count
                speed = state["reviews"] / state["seconds"]
                print(
                    f"step {state['step']} {state['seconds']:.0f} s {state['reviews']:,} reviews ({speed:.0f}/s) "
                    f"stars {star:.3f} binary {binary_mean:.3f}",
                    flush=True,
                )
                sums, count = np.zeros(2), 0
            if state["seconds"] - last_save > 600:
                last_save = state["seconds"]
                torch.save(
                    {"weights": model.state_dict(), "optimizer": optimizer.state_dict(), "state": state}, checkpoint
                )
                save("latest")
                report()
        state["epoch"] += 1
    save("final")
    report()
    (folder / "state.json").write_text(json.dumps(state) + "\n")


if __name__ == "__main__":
    main()
