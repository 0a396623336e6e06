"""Make the model folder: half-precision weights, the encoder's graph, n-grams, compact tokenizer, calibration, answers.

    python training/export.py app/sentiment/bundled       # work/tuned/final + ngrams + dev.tsv -> a folder of 16 MB

Run time: two minutes. Expect "largest difference in a logit" below 0.1.

The logits of ten stars, a weighted mean of the n-grams' and the encoder's (the weight is fitted on dev.tsv), give
label, confidence and rating. P(6..10 stars) is turned into the confidence by two numbers fitted on the polar reviews
of dev.tsv, negative and positive counting half each: sigmoid((logit(p) - logit(threshold)) / temperature). The rating
is the expected star, its logits divided by rating_temperature, its distance from the middle (5.5 of 1..10) stretched
by rating_slope and moved by rating_shift, and kept on its label's side of the middle. Means over a movie's reviews
vary less than the movies do, which the stretch makes good: temperature and slope are fitted to the movies of
train.tsv, through the n-grams alone, which have not seen what they speak about there; the shift then to dev.tsv,
through both.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import torch
from common import parser, read_rows
from graph import write
from ngrams import Ngrams, softmax  # also puts the site's folder on the path
from scipy.optimize import minimize
from train import STARS, Tokens, positive_logit, predict
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from app.sentiment.bundle import load_bundle

MIDDLE = (1 + STARS) / 2
NGRAMS = "ngrams.safetensors"
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


def fit_calibration(logits: np.ndarray, stars: np.ndarray) -> dict[str, float]:
    """Threshold and temperature with the least log loss on polar reviews, half negative and half positive."""
    polar = (stars <= 4) | (stars >= 9)
    x, y = positive_logit(torch.from_numpy(logits[polar])).double().numpy(), stars[polar] >= 9
    weight = np.where(y, 0.5 / y.sum(), 0.5 / (~y).sum())

    def loss(ab: np.ndarray) -> float:
        return float((weight * np.logaddexp(0, np.where(y, -1, 1) * (ab[0] * x + ab[1]))).sum())

    slope, shift = minimize(loss, np.array([1.0, 0.0])).x
    return {"threshold": round(float(1 / (1 + np.exp(shift / slope))), 4), "temperature": round(float(1 / slope), 4)}


def rate(logits: np.ndarray, calibration: dict[str, float]) -> np.ndarray:
    """Ratings 1..10, as app/sentiment/labels.py makes them."""
    expected = softmax(logits / calibration["rating_temperature"]) @ np.arange(1, STARS + 1)
    stretched = MIDDLE + calibration["rating_slope"] * (expected - MIDDLE)
    return moved(stretched, is_positive(logits, calibration), calibration["rating_shift"])


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
    expected = softmax(logits / calibration["rating_temperature"]) @ np.arange(1, STARS + 1)
    stretched = MIDDLE + calibration["rating_slope"] * (expected - MIDDLE)
    positive, low, high = is_positive(logits, calibration), -3.0, 3.0
    while high - low > 0.005:
        middle = (low + high) / 2
        low, high = (low, middle) if moved(stretched, positive, middle).mean() > stars.mean() else (middle, high)
    return calibration | {"rating_shift": round((low + high) / 2, 2)}


def mixed(ngrams: np.ndarray, encoded: np.ndarray, weight: float) -> np.ndarray:
    """The logits of both halves."""
    return np.float32(1 - weight) * ngrams + np.float32(weight) * encoded


def fit_weight(ngrams: np.ndarray, encoded: np.ndarray, stars: np.ndarray) -> float:
    """What the encoder's logits count, 0..1, the n-grams' counting the rest: the weight with the least log loss on
    polar reviews, half negative and half positive, once both are calibrated."""
    found = []
    for weight in np.arange(0.0, 1.01, 0.05).round(2):
        logits = mixed(ngrams, encoded, float(weight))
        loss, accuracy = polar_loss(logits, stars, fit_calibration(logits, stars))
        r = np.corrcoef(softmax(logits) @ np.arange(1, STARS + 1), stars)[0, 1]
        print(f"  encoder weight {weight:.2f}: log loss {loss:.4f}, balanced accuracy {accuracy:.4f}, r {r:.4f}")
        found.append((loss, float(weight)))
    return min(found)[1]


def polar_loss(logits: np.ndarray, stars: np.ndarray, calibration: dict[str, float]) -> tuple[float, float]:
    """Log loss and balanced accuracy of the calibrated label on polar reviews, half and half."""
    polar = (stars <= 4) | (stars >= 9)
    x, y = positive_logit(torch.from_numpy(logits[polar])).double().numpy(), stars[polar] >= 9
    threshold = calibration["threshold"]
    x = (x - np.log(threshold / (1 - threshold))) / calibration["temperature"]
    weight = np.where(y, 0.5 / y.sum(), 0.5 / (~y).sum())
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
    args.add_argument("--checkpoint", default="tuned/final", help="folder of the trained model inside the work folder")
    args = args.parse_args()
    torch.set_num_threads(1)
    source = args.work / args.checkpoint
    model = AutoModelForSequenceClassification.from_pretrained(source, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(source)
    train, dev = read_rows(args.work / "train.tsv"), read_rows(args.work / "dev.tsv")
    encoded = predict(model, Tokens(args.work / "tokens_dev.npz", tokenizer, [row.review for row in dev]))
    ngrams, stars = np.load(args.work / "ngrams_dev.npy").astype(np.float32), np.array([row.stars for row in dev])
    weight = fit_weight(ngrams, encoded, stars)
    logits = mixed(ngrams, encoded, weight)
    calibration = fit_rating(
        np.load(args.work / "ngrams_train.npy").astype(np.float32),
        np.array([row.stars for row in train]),
        [row.movie_id for row in train],
    )
    calibration = unbiased(logits, stars, fit_calibration(logits, stars) | calibration)
    print("calibration", calibration)
    answers = answer(model.eval(), tokenizer, Ngrams.load(args.work / NGRAMS), weight)

    args.out.mkdir(parents=True, exist_ok=True)
    model.config.encoder_weight, model.config.sentiment = weight, calibration
    model.half().save_pretrained(args.out)
    shutil.copy(args.work / NGRAMS, args.out / NGRAMS)
    tokenizer.save_pretrained(args.out)
    compact(args.out / "tokenizer.json")
    write(args.out, [row.review for row in train])
    for file in args.out.glob("*.safetensors"):
        file.chmod(0o644)  # written for its owner only
    shutil.copy(source / "options.json", args.out / "training_options.json")
    sanity = {"texts": SENTENCES, "logits": [[round(v, 4) for v in row] for row in answers.tolist()]}
    (args.out / "sanity.json").write_text(json.dumps(sanity, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    difference = np.abs(exported_answer(args.out) - answers).max()
    size = sum(file.stat().st_size for file in args.out.iterdir())
    print(f"{args.out}: {size / 1e6:.2f} MB; largest difference in a logit {difference:.4f}")
    assert difference < 0.1, "the exported weights answer differently"


@torch.inference_mode()
def answer(model, tokenizer, ngrams: Ngrams, weight: float) -> np.ndarray:
    """Logits of the sentences, the encoder as transformers runs it."""
    encoded = torch.cat([model(**tokenizer(text, return_tensors="pt")).logits for text in SENTENCES]).numpy()
    normalize = tokenizer.backend_tokenizer.normalizer.normalize_str
    return mixed(ngrams.logits([normalize(text) for text in SENTENCES]), encoded, weight)


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
