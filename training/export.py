"""Make the model folder: half-precision weights, compact tokenizer, labels, calibration, fixed answers to test against.

    python training/export.py app/sentiment/bundled       # work/run/final + dev.tsv -> a folder of about 14 MB

Run time: half a minute. Expect "largest difference in a logit" below 0.05.

One head of ten stars gives label, confidence and rating. P(6..10 stars) is turned into the confidence by two numbers
fitted on the polar reviews of dev.tsv, negative and positive counting half each: sigmoid((logit(p) - logit(threshold))
/ temperature). The rating is the expected star, its logits divided by a third number, rating_temperature, and kept on
its label's side of the middle (5.5 of 1..10).
"""

import json
import shutil
from pathlib import Path

import numpy as np
import torch
from common import parser, read_rows
from scipy.optimize import minimize
from train import STARS, Tokens, positive_logit, predict
from transformers import AutoModelForSequenceClassification, AutoTokenizer

MIDDLE = (1 + STARS) / 2
BIAS = 0.1  # stars the mean rating may be off
SENTENCES = [
    "정말 재미있고 감동적인 최고의 영화",
    "돈 아깝다 최악의 쓰레기 영화",
    "진짜재밌게봤어요또보고싶네요",
    "재미없지 않다",
    "배우는 좋은데 영화는 별로",
    "그냥 그럭저럭 볼만했다",
    "ㅋㅋㅋㅋㅋㅋㅋㅋ",
    "노잼",
    "It was a great movie!",
    "영화를 보고 집에 왔다.",
]


def fit_calibration(logits: np.ndarray, stars: np.ndarray) -> dict[str, float]:
    """Threshold and temperature with the least log loss on polar reviews, half negative and half positive."""
    polar = (stars <= 4) | (stars >= 9)
    x, y = positive_logit(torch.from_numpy(logits[polar])).double().numpy(), stars[polar] >= 9
    weight = np.where(y, 0.5 / y.sum(), 0.5 / (~y).sum())

    def loss(ab: np.ndarray) -> float:
        return float((weight * np.logaddexp(0, np.where(y, -1, 1) * (ab[0] * x + ab[1]))).sum())

    slope, shift = minimize(loss, np.array([1.0, 0.0])).x
    return {"threshold": round(float(1 / (1 + np.exp(shift / slope))), 4), "temperature": round(float(1 / slope), 4)}


def fit_rating_temperature(logits: np.ndarray, stars: np.ndarray, threshold: float) -> float:
    """A temperature on the stars behind the rating: of those with little bias, the one with the least absolute error.

    Sharper stars have a smaller error and sit too high (most reviews are a 10); keeping a negative review's rating
    below the middle pulls the mean down again, so the two are fitted together.
    """
    positive = positive_logit(torch.from_numpy(logits)).numpy() >= np.log(threshold / (1 - threshold))
    found = []
    for temperature in np.arange(0.4, 1.21, 0.1).round(1):
        free = torch.from_numpy(logits / temperature).softmax(1).numpy() @ np.arange(1, STARS + 1)
        kept = np.where(positive, np.maximum(free, MIDDLE), np.minimum(free, MIDDLE))
        line = f"  rating temperature {temperature:.1f}:"
        for name, rating in (("free", free), ("kept to the label's side", kept)):
            r, error, bias = np.corrcoef(rating, stars)[0, 1], np.abs(rating - stars).mean(), (rating - stars).mean()
            line += f"  {name}: r {r:.4f} error {error:.3f} bias {bias:+.3f}"
        print(line)
        found.append((abs(bias) > BIAS, error if abs(bias) <= BIAS else abs(bias), float(temperature)))
    return min(found)[2]


def main() -> None:
    args = parser(__doc__)
    args.add_argument("out", type=Path)
    args.add_argument("--checkpoint", default="run/final", help="folder of the trained model inside the work folder")
    args = args.parse_args()
    torch.set_num_threads(1)
    source = args.work / args.checkpoint
    model = AutoModelForSequenceClassification.from_pretrained(source, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(source)
    dev = read_rows(args.work / "dev.tsv")
    logits = predict(model, Tokens(args.work / "tokens_dev.npz", tokenizer, [row.review for row in dev]))
    stars = np.array([row.stars for row in dev])
    calibration = fit_calibration(logits, stars)
    calibration["rating_temperature"] = fit_rating_temperature(logits, stars, calibration["threshold"])
    print("calibration", calibration)
    answers = answer(model.eval(), tokenizer)

    args.out.mkdir(parents=True, exist_ok=True)
    model.config.sentiment = calibration
    model.half().save_pretrained(args.out)
    tokenizer.save_pretrained(args.out)
    compact(args.out / "tokenizer.json")
    (args.out / "model.safetensors").chmod(0o644)  # written for its owner only
    shutil.copy(source / "options.json", args.out / "training_options.json")
    sanity = {"texts": SENTENCES, "logits": [[round(v, 4) for v in row] for row in answers.tolist()]}
    (args.out / "sanity.json").write_text(json.dumps(sanity, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    again = AutoModelForSequenceClassification.from_pretrained(args.out, dtype=torch.float32).eval()
    difference = (answer(again, AutoTokenizer.from_pretrained(args.out)) - answers).abs().max()
    size = sum(file.stat().st_size for file in args.out.iterdir())
    print(f"{args.out}: {size / 1e6:.2f} MB; largest difference in a logit {difference:.4f}")
    assert difference < 0.05, "the exported weights answer differently"


@torch.inference_mode()
def answer(model, tokenizer) -> torch.Tensor:
    return torch.cat([model(**tokenizer(text, return_tensors="pt")).logits for text in SENTENCES])


def compact(file: Path) -> None:
    """The same JSON without white space."""
    content = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


if __name__ == "__main__":
    main()
