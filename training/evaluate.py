"""Measure a model folder on a review file: accuracy, ratings, calibration, size, speed; with plots.

    python training/evaluate.py app/sentiment/bundled training/work/heldout.tsv
    python training/evaluate.py app/sentiment/bundled training/work/movies.tsv --out app/sentiment/bundled

Run time: two minutes for 30,000 reviews on one core. Everything goes through `app.sentiment.load(...).analyze(...)`,
so it is the product that is measured, any model it can load, and nothing else. With --out the numbers are added to
metrics.json there, under the file's name (speed under "speed"), and the plots are written beside it.

- balanced accuracy: mean of the accuracies on stars 1-4 (negative) and 9-10 (positive); 5-8 are left out
- review level: correlation and mean absolute error of the rating against the author's stars, every star
- movie level: the same for the means of movies with 60 or more reviews in the file
- ECE: expected calibration error of `score`, 15 bins of equal size, polar reviews weighted to half and half
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from common import Row, read_rows
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parent.parent))
from app.models import Label  # noqa: E402  (the site is not installed, it lies beside us)
from app.sentiment import load  # noqa: E402

LARGE, BINS, CHUNK = 60, 15, 64


def read(analyzer, texts: list[str], desc: str) -> tuple[np.ndarray, np.ndarray]:
    """P(positive) and rating of each text."""
    answers = []
    for at in tqdm(range(0, len(texts), CHUNK), desc=desc):
        answers += analyzer.analyze(texts[at : at + CHUNK])
    positive = np.array([a.score if a.label == Label.POSITIVE else 1 - a.score for a in answers])
    # A score of exactly one half does not say its side; the label does.
    positive[[a.label == Label.NEGATIVE and a.score == 0.5 for a in answers]] -= 1e-6
    return positive, np.array([a.rating for a in answers])


def balanced_accuracy(positive: np.ndarray, stars: np.ndarray) -> tuple[float, float]:
    """Balanced accuracy and half of its 95 % interval."""
    rates = [(positive[stars >= 9] >= 0.5), (positive[stars <= 4] < 0.5)]
    spread = sum(hits.mean() * (1 - hits.mean()) / len(hits) for hits in rates) / 4
    return float(np.mean([hits.mean() for hits in rates])), float(1.96 * spread**0.5)


def calibration_error(positive: np.ndarray, stars: np.ndarray) -> tuple[float, list[tuple[float, float, float]]]:
    """Expected calibration error and (mean score, accuracy, weight) of each bin."""
    polar = (stars <= 4) | (stars >= 9)
    p, y = positive[polar], stars[polar] >= 9
    score, right = np.maximum(p, 1 - p), (p >= 0.5) == y
    weight = np.where(y, 0.5 / y.sum(), 0.5 / (~y).sum())
    bins = []
    for part in np.array_split(np.argsort(score), min(BINS, max(1, len(score) // 20))):
        w = weight[part]
        bins.append(
            (float(np.average(score[part], weights=w)), float(np.average(right[part], weights=w)), float(w.sum()))
        )
    return sum(w * abs(s - a) for s, a, w in bins), bins


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def movie_means(rows: list[Row], rating: np.ndarray, stars: np.ndarray) -> np.ndarray:
    """(mean rating, mean stars, reviews) of each movie with enough reviews."""
    at: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        at.setdefault(row.movie_id, []).append(i)
    return np.array([(rating[i].mean(), stars[i].mean(), len(i)) for i in at.values() if len(i) >= LARGE])


def measure_speed(folder: Path, analyzer, rows: list[Row]) -> dict[str, float]:
    """Milliseconds a review of 16 tokens, alone and in batches of 32, through the product's own queue, one thread."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    texts = [row.review for row in rows[:5000] if len(tokenizer(row.review)["input_ids"]) == 16][:128]
    single, many = [], []
    for text in texts:
        started = time.perf_counter()
        analyzer.analyze([text])
        single.append(time.perf_counter() - started)
    for _ in range(5):
        for at in range(0, max(1, len(texts) - 31), 32):
            started = time.perf_counter()
            analyzer.analyze(texts[at : at + 32])
            many.append((time.perf_counter() - started) / len(texts[at : at + 32]))
    return {
        "ms_single": round(1000 * float(np.median(single)), 2),
        "ms_in_batch": round(1000 * float(np.median(many)), 2),
    }


def plot_reliability(bins: list[tuple[float, float, float]], error: float, file: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.8, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot([0.5, 1], [0.5, 1], color="#999", linewidth=1, linestyle="--")
    axes.plot([b[0] for b in bins], [b[1] for b in bins], "o-", color="#1a7f37", markersize=4)
    axes.set(xlabel="confidence", ylabel="share that was right", title=f"Reliability (ECE {error:.3f})")
    axes.grid(alpha=0.3)
    figure.savefig(file, dpi=110)


def plot_movies(means: np.ndarray, r: float, file: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.8, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot([1, 10], [1, 10], color="#999", linewidth=1, linestyle="--")
    axes.scatter(means[:, 1], means[:, 0], s=9, alpha=0.6, color="#1f5fa8", linewidths=0)
    axes.set(xlabel="mean of the authors' stars", ylabel="mean of the model's ratings", xlim=(1, 10), ylim=(1, 10))
    axes.set_title(f"{len(means)} movies with {LARGE}+ reviews (r = {r:.3f})")
    axes.grid(alpha=0.3)
    figure.savefig(file, dpi=110)


def save(folder: Path | None, name: str, result: dict[str, object]) -> None:
    """Prints the numbers and, with a folder, adds them to its metrics.json under `name`."""
    result = {key: round(value, 4) if isinstance(value, float) else value for key, value in result.items()}
    for key, value in result.items():
        print(f"{key:30} {value}")
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "metrics.json"
        metrics = json.loads(file.read_text("utf-8")) if file.exists() else {}
        metrics[name] = result
        file.write_text(json.dumps(metrics, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("model", type=Path)
    args.add_argument("file", type=Path)
    args.add_argument("--out", type=Path, help="folder for metrics.json, reliability.png and movies.png")
    args.add_argument("--speed", action="store_true", help="measure speed instead (on an idle machine)")
    args = args.parse_args()
    rows = read_rows(args.file)
    stars = np.array([row.stars for row in rows])
    analyzer = load(str(args.model), timeout=120)
    command = f"python training/evaluate.py MODEL {args.file.name}" + " --speed" * args.speed
    result: dict[str, object] = {"command": command, "reviews": len(rows)}
    try:
        if args.speed:
            save(args.out, "speed", result | measure_speed(args.model, analyzer, rows))
            return
        positive, rating = read(analyzer, [row.review for row in rows], "as written")
        bare, _ = read(analyzer, ["".join(row.review.split()) for row in rows], "no spaces")
    finally:
        analyzer.close()

    accuracy, interval = balanced_accuracy(positive, stars)
    error, bins = calibration_error(positive, stars)
    result |= {
        "negative": int((stars <= 4).sum()),
        "positive": int((stars >= 9).sum()),
        "balanced_accuracy": accuracy,
        "balanced_accuracy_interval": interval,
        "recall_negative": float((positive[stars <= 4] < 0.5).mean()),
        "recall_positive": float((positive[stars >= 9] >= 0.5).mean()),
        "balanced_accuracy_no_spaces": balanced_accuracy(bare, stars)[0],
        "calibration_error": error,
        "review_correlation": correlation(rating, stars),
        "review_error": float(np.abs(rating - stars).mean()),
        "folder_mb": round(sum(f.stat().st_size for f in args.model.iterdir() if f.is_file()) / 1e6, 2),
    }
    sure = np.maximum(positive, 1 - positive)
    polar = (stars <= 4) | (stars >= 9)
    for least in (0.7, 0.9):
        chosen = polar & (sure >= least)
        result[f"share_from_{least}"] = float(chosen.sum() / polar.sum())
        result[f"accuracy_from_{least}"] = (
            float(((positive >= 0.5) == (stars >= 9))[chosen].mean()) if chosen.any() else 0.0
        )
    means = movie_means(rows, rating, stars)
    if len(means) > 2:
        result |= {
            "movies": len(means),
            "movie_correlation": correlation(means[:, 0], means[:, 1]),
            "movie_error": float(np.abs(means[:, 0] - means[:, 1]).mean()),
        }
    save(args.out, args.file.stem, result)
    if args.out:
        if len(means) > 2:
            plot_movies(means, correlation(means[:, 0], means[:, 1]), args.out / "movies.png")
        else:
            plot_reliability(bins, error, args.out / "reliability.png")


if __name__ == "__main__":
    main()
