"""Make the model folder: weights in eight bits, graphs, n-grams, compact tokenizer, calibration, fixed answers.

    python training/export.py app/sentiment/bundled       # work/tuned/final, convolution/, ngrams -> a folder of 11 MB

Run time: two minutes. Expect "largest difference in a logit" below 0.1.

Matrices are rounded to float8_e4m3fn (https://arxiv.org/abs/2209.05433), which moves no accuracy by more than the
fourth digit, and which torch and transformers read as they read halves; vectors are halves.

The logits of ten stars, a weighted mean of the three parts' (the weights are fitted on dev.tsv), give label,
confidence and rating. Those of a text without Hangul are drawn to what is known without reading it, as much as does
best on such reviews of train.tsv, read by n-grams that had not seen them. P(6..10 stars) is turned into the confidence
by two numbers fitted on the polar reviews of dev.tsv, negative and positive counting half each:
sigmoid((logit(p) - logit(threshold)) / temperature). The rating is the expected star, its logits divided by
rating_temperature, its distance from the middle (5.5 of 1..10) stretched by rating_slope and moved by rating_shift, and
kept on its label's side of the middle. Means over a movie's reviews vary less than the movies do, which the stretch
makes good: temperature and slope are fitted to the movies of train.tsv, through the n-grams alone, which have not seen
what they speak about there; the shift then to dev.tsv, through all.
"""

import json
import re
import shutil
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from common import parser, read_rows
from convolution import Trained, load_trained
from graph import write  # also puts the site's folder on the path
from ngrams import Ngrams, softmax
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from scipy.optimize import minimize
from train import STARS, Tokens, positive_logit, predict
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from app.sentiment.bundle import Mixture, load_bundle

MIDDLE = (1 + STARS) / 2
NGRAMS, CONVOLUTION, WEIGHTS = "ngrams.safetensors", "convolution.safetensors", "model.safetensors"
LARGE = 60  # reviews of a movie whose mean says something
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


def polar_half_and_half(logits: np.ndarray, stars: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of polar reviews (stars 1-4 and 9-10): the logit of positive, whether the author was, and the weight of each, so
    that negative and positive ones count half each."""
    polar = (stars <= 4) | (stars >= 9)
    x, y = positive_logit(torch.from_numpy(logits[polar])).double().numpy(), stars[polar] >= 9
    return x, y, np.where(y, 0.5 / y.sum(), 0.5 / (~y).sum())


def fit_calibration(logits: np.ndarray, stars: np.ndarray) -> dict[str, float]:
    """Threshold and temperature with the least log loss on polar reviews, half negative and half positive."""
    x, y, weight = polar_half_and_half(logits, stars)

    def loss(ab: np.ndarray) -> float:
        return float((weight * np.logaddexp(0, np.where(y, -1, 1) * (ab[0] * x + ab[1]))).sum())

    slope, shift = minimize(loss, np.array([1.0, 0.0])).x
    return {"threshold": round(float(1 / (1 + np.exp(shift / slope))), 4), "temperature": round(float(1 / slope), 4)}


def rate(logits: np.ndarray, calibration: dict[str, float]) -> np.ndarray:
    """Ratings 1..10, as app/sentiment/label_scale.py makes them."""
    return moved(stretched(logits, calibration), is_positive(logits, calibration), calibration["rating_shift"])


def stretched(logits: np.ndarray, calibration: dict[str, float]) -> np.ndarray:
    """Expected stars, stretched but not yet moved."""
    expected = softmax(logits / calibration["rating_temperature"]) @ np.arange(1, STARS + 1)
    return MIDDLE + calibration["rating_slope"] * (expected - MIDDLE)


def is_positive(logits: np.ndarray, calibration: dict[str, float]) -> np.ndarray:
    threshold = calibration["threshold"]
    return positive_logit(torch.from_numpy(logits)).numpy() >= np.log(threshold / (1 - threshold))


def moved(rating: np.ndarray, positive: np.ndarray, shift: float) -> np.ndarray:
    """Ratings moved by a shift, on the scale and on their label's side of its middle.

    The site bends the last 0.2 points before an end where this cuts off.
    """
    rating = (rating + shift).clip(1, STARS)
    return np.where(positive, np.maximum(rating, MIDDLE), np.minimum(rating, MIDDLE))


def unbiased(logits: np.ndarray, stars: np.ndarray, calibration: dict[str, float]) -> dict[str, float]:
    """The calibration with the shift that makes the mean rating the mean star, to 0.01."""
    expected, positive = stretched(logits, calibration), is_positive(logits, calibration)
    low, high = -3.0, 3.0
    while high - low > 0.005:
        middle = (low + high) / 2
        low, high = (low, middle) if moved(expected, positive, middle).mean() > stars.mean() else (middle, high)
    return calibration | {"rating_shift": round((low + high) / 2, 2)}


class Parts(NamedTuple):
    """The logits of each part for the same texts."""

    ngrams: np.ndarray
    convolution: np.ndarray
    encoder: np.ndarray


def fit_mixture(parts: Parts, texts: list[str], stars: np.ndarray, no_hangul: float, prior: np.ndarray) -> Mixture:
    """What each part's logits count, 1 in all: the weights with the least log loss on polar reviews, half negative and
    half positive, once all are calibrated."""
    found = []
    for of_convolution, of_encoder in product(np.arange(0.0, 1.01, 0.05).round(2), repeat=2):
        if of_convolution + of_encoder <= 1:
            mixture = Mixture(float(of_encoder), float(of_convolution), no_hangul, prior)
            logits = mixture(*parts, texts)
            found.append((*polar_loss(logits, stars, fit_calibration(logits, stars)), mixture))
    best = sorted(found, key=lambda one: one[0])
    alone = [one for one in found if (one[2].encoder, one[2].convolution) in ((0, 0), (0, 1), (1, 0))]
    for loss, accuracy, mixture in [*best[:5], *alone]:
        r = np.corrcoef(softmax(mixture(*parts, texts)) @ np.arange(1, STARS + 1), stars)[0, 1]
        print(
            f"  encoder {mixture.encoder:.2f}, convolution {mixture.convolution:.2f}: log loss {loss:.4f},"
            f" balanced accuracy {accuracy:.4f}, r {r:.4f}"
        )
    return best[0][2]


def fit_no_hangul(ngrams: np.ndarray, texts: list[str], stars: np.ndarray, prior: np.ndarray) -> float:
    """What an opinion of a text without Hangul counts: the weight with the least log loss on such polar reviews, under
    the calibration of all."""
    calibration = fit_calibration(ngrams, stars)
    foreign = np.array([re.search("[가-힣]", text) is None for text in texts])
    found = []
    for weight in np.arange(0.0, 1.01, 0.1).round(1):
        drawn = prior + weight * (ngrams[foreign] - prior)
        loss, accuracy = polar_loss(drawn, stars[foreign], calibration)
        print(
            f"  {foreign.sum():,} texts without Hangul, weight {weight}: log loss {loss:.4f}, accuracy {accuracy:.4f}"
        )
        found.append((loss, float(weight)))
    return min(found)[1]


def polar_loss(logits: np.ndarray, stars: np.ndarray, calibration: dict[str, float]) -> tuple[float, float]:
    """Log loss and balanced accuracy of the calibrated label on polar reviews, half and half."""
    x, y, weight = polar_half_and_half(logits, stars)
    threshold = calibration["threshold"]
    x = (x - np.log(threshold / (1 - threshold))) / calibration["temperature"]
    return float((weight * np.logaddexp(0, np.where(y, -x, x))).sum()), float(weight[(x >= 0) == y].sum())


def fit_rating(logits: np.ndarray, stars: np.ndarray, movies: list[str]) -> dict[str, float]:
    """Temperature and slope with the least error of a review's rating plus error of a movie's mean rating."""
    calibration = fit_calibration(logits, stars)
    _, movie, reviews = np.unique(movies, return_inverse=True, return_counts=True)
    large = reviews >= LARGE
    means = np.bincount(movie, stars)[large] / reviews[large]
    found = []
    for temperature in np.arange(0.5, 1.01, 0.1).round(1):
        for slope in np.arange(1.0, 1.41, 0.1).round(1):
            tried = calibration | {"rating_temperature": float(temperature), "rating_slope": float(slope)}
            tried = unbiased(logits, stars, tried)
            rating = rate(logits, tried)
            error, rated = np.abs(rating - stars).mean(), np.bincount(movie, rating)[large] / reviews[large]
            of_movies = np.abs(rated - means).mean()
            r, r_movies = np.corrcoef(rating, stars)[0, 1], np.corrcoef(rated, means)[0, 1]
            print(f"  {tried}: reviews r {r:.4f} error {error:.3f}, movies r {r_movies:.4f} error {of_movies:.3f}")
            found.append((error + of_movies, tried))
    best = min(found, key=lambda one: one[0])[1]
    return {name: best[name] for name in ("rating_temperature", "rating_slope")}


def main() -> None:
    args = parser(__doc__)
    args.add_argument("out", type=Path)
    args.add_argument("--checkpoint", default="tuned/final", help="folder of the encoder inside the work folder")
    args = args.parse_args()
    torch.set_num_threads(1)
    source, convolution = args.work / args.checkpoint, args.work / "convolution"
    model = AutoModelForSequenceClassification.from_pretrained(source, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(source)
    train, dev = read_rows(args.work / "train.tsv"), read_rows(args.work / "dev.tsv")
    texts, stars = [row.review for row in dev], np.array([row.stars for row in dev])
    out_of_fold = np.load(args.work / "ngrams_train.npy").astype(np.float32)
    train_stars = np.array([row.stars for row in train])
    prior = np.log(np.bincount(train_stars, minlength=STARS + 1)[1:] / len(train)).round(4)
    parts = Parts(
        np.load(args.work / "ngrams_dev.npy").astype(np.float32),
        np.load(convolution / "dev.npy"),
        predict(model, Tokens(args.work / "tokens_dev.npz", tokenizer, texts)),
    )
    no_hangul = fit_no_hangul(out_of_fold, [row.review for row in train], train_stars, prior)
    mixture = fit_mixture(parts, texts, stars, no_hangul, prior)
    logits = mixture(*parts, texts)
    calibration = fit_rating(out_of_fold, train_stars, [row.movie_id for row in train])
    calibration = unbiased(logits, stars, fit_calibration(logits, stars) | calibration)
    print(mixture, calibration)

    args.out.mkdir(parents=True, exist_ok=True)
    model.config.mixture = {**asdict(mixture), "prior": prior.tolist()}
    model.config.sentiment, model.config.dtype = calibration, torch.float16
    model.config.save_pretrained(args.out)
    save_file(small(load_file(source / WEIGHTS)), args.out / WEIGHTS, metadata={"format": "pt"})
    with safe_open(convolution / CONVOLUTION, "np") as tensors:
        alphabet = tensors.metadata()
    save_file(small(load_file(convolution / CONVOLUTION)), args.out / CONVOLUTION, metadata=alphabet)
    shutil.copy(args.work / NGRAMS, args.out / NGRAMS)
    tokenizer.save_pretrained(args.out)
    compact(args.out / "tokenizer.json")
    write(args.out, [row.review for row in train])
    for file in args.out.glob("*.safetensors"):
        file.chmod(0o644)  # written for its owner only
    options = {"encoder": source, "convolution": convolution}
    options = {part: json.loads((folder / "options.json").read_text()) for part, folder in options.items()}
    (args.out / "training_options.json").write_text(json.dumps(options, indent=1) + "\n")
    answers = answer(model.eval(), tokenizer, Ngrams.load(args.work / NGRAMS), load_trained(convolution), mixture)
    sanity = {"texts": SENTENCES, "logits": [[round(v, 4) for v in row] for row in answers.tolist()]}
    (args.out / "sanity.json").write_text(json.dumps(sanity, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    difference = np.abs(exported_answer(args.out) - answers).max()
    size = sum(file.stat().st_size for file in args.out.iterdir())
    print(f"{args.out}: {size / 1e6:.2f} MB; largest difference in a logit {difference:.4f}")
    assert difference < 0.1, "the exported weights answer differently"


def small(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Matrices in eight bits, vectors in sixteen."""
    return {name: one.to(torch.float8_e4m3fn) if one.ndim == 2 else one.half() for name, one in tensors.items()}


@torch.inference_mode()
def answer(model, tokenizer, ngrams: Ngrams, convolution: Trained, mixture: Mixture) -> np.ndarray:
    """Logits of the sentences, the encoder as transformers runs it and the convolution as torch does."""
    encoded = torch.cat([model(**tokenizer(text, return_tensors="pt")).logits for text in SENTENCES]).numpy()
    texts = [tokenizer.backend_tokenizer.normalizer.normalize_str(text) for text in SENTENCES]
    return mixture(ngrams.logits(texts), convolution.logits(texts), encoded, texts)


def exported_answer(folder: Path) -> np.ndarray:
    """The same from the exported files, as the site reads them."""
    reader = load_bundle(folder)
    windows = [window for cut in reader.windows.cut(SENTENCES) for window in cut]
    ids = [np.array([window.ids]) for window in windows]
    logits = np.concatenate([reader.model(row, np.ones_like(row)) for row in ids]).astype(np.float64)
    return reader.second.mix(logits, [window.text for window in windows])


def compact(file: Path) -> None:
    """The same JSON without white space."""
    content = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


if __name__ == "__main__":
    main()
