"""Measure a model folder on a review file: accuracy, ratings, calibration, size, speed.

    python training/evaluate.py app/sentiment/bundled training/work/heldout.tsv
    python training/evaluate.py app/sentiment/bundled training/work/movies.tsv --out app/sentiment/bundled

Run time: one minute for 30,000 reviews on one core. Texts are analyzed by `app.sentiment.load(...).analyze(...)`, so
any model that the site can load can be measured. With --out the numbers are added to metrics.json there, under the
file's name (speed under "speed") and with the digests of the model's files; numbers of other files are dropped.

- best balanced accuracy: mean of the accuracies on stars 1-4 (negative) and 9-10 (positive) at the best threshold
- balanced accuracy: the same for the model's own labels
- accuracy: the labels' accuracy on 1-4 and 9-10 as mixed in the file
- review level: correlation and mean absolute error of the rating against the author's stars, every star
- movie level: the same for the means of movies with 60 or more reviews in the file
- ECE: expected calibration error of P(positive), 15 bins of equal size, on stars 1-4 and 9-10 as mixed in the file
"""

import argparse
import hashlib
import json
import re
import time
from pathlib import Path

import numpy as np
from common import Row, read_rows
from tqdm import tqdm

from app.sentiment import load

MIN_MOVIE_REVIEWS, BINS, CHUNK = 60, 15, 64
MEASURED = ("config.json", "network.onnx", "vocabulary.txt", "model.safetensors", "tokenizer.json")


def rate(analyzer, texts: list[str], desc: str) -> np.ndarray:
    """Return the rating of each text."""
    answers = []
    for at in tqdm(range(0, len(texts), CHUNK), desc=desc):
        answers += analyzer.analyze(texts[at : at + CHUNK])
    return np.array([answer.rating for answer in answers])


def balanced(right: np.ndarray, stars: np.ndarray) -> float:
    return float((right[stars >= 9].mean() + right[stars <= 4].mean()) / 2)


def interval(right: np.ndarray, stars: np.ndarray) -> float:
    """Return half the width of the 95 % interval of the balanced accuracy."""
    parts = [right[stars >= 9], right[stars <= 4]]
    return float(1.96 * (sum(part.mean() * (1 - part.mean()) / len(part) for part in parts) / 4) ** 0.5)


def best_balanced(p: np.ndarray, stars: np.ndarray) -> float:
    thresholds = np.quantile(p, np.linspace(0.02, 0.98, 400))
    return max(balanced((p >= at) == (stars >= 9), stars) for at in thresholds)


def calibration_error(p: np.ndarray, stars: np.ndarray) -> tuple[float, list[tuple[float, float, int]]]:
    """Return the expected calibration error, and for each bin its mean p, share of positive reviews and size."""
    polar = (stars <= 4) | (stars >= 9)
    p, positive = p[polar], stars[polar] >= 9
    parts = np.array_split(np.argsort(p), min(BINS, max(1, len(p) // 20)))
    bins = [(float(p[part].mean()), float(positive[part].mean()), len(part)) for part in parts]
    return sum(size * abs(mean - share) for mean, share, size in bins) / len(p), bins


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def movie_means(rows: list[Row], rating: np.ndarray, stars: np.ndarray) -> np.ndarray:
    """Return (mean stars, mean rating, reviews) of each movie with enough reviews."""
    at: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        at.setdefault(row.movie_id, []).append(i)
    return np.array([(stars[i].mean(), rating[i].mean(), len(i)) for i in at.values() if len(i) >= MIN_MOVIE_REVIEWS])


def measure_speed(analyzer, rows: list[Row]) -> dict[str, float]:
    """Measure the milliseconds of a review of 34-40 characters, alone and in batches of 32, and of an explanation.

    Such a review had 16 tokens of the first edition's tokenizer; the explained text has 20 words. The time in the queue
    is included.
    """

    def median(calls: list, size: int = 1) -> float:
        spent = []
        for call in calls:
            started = time.perf_counter()
            call()
            spent.append((time.perf_counter() - started) / size)
        return round(1000 * float(np.median(spent)), 2)

    texts = [row.review for row in rows[:5000] if 34 <= len(row.review) <= 40][:128]
    words = " ".join(row.review for row in rows[:2000]).split()
    groups = [texts[at : at + 32] for at in range(0, 128, 32)] * 5
    of_20 = [" ".join(words[at : at + 20]) for at in range(0, 1000, 20)]
    return {
        "ms_single": median([lambda text=text: analyzer.analyze([text]) for text in texts]),
        "ms_in_batch": median([lambda group=group: analyzer.analyze(group) for group in groups], 32),
        "ms_explanation": median([lambda text=text: analyzer.explain(text) for text in of_20]),
    }


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 digests of the files that determine the model's results."""
    files = [folder / name for name in MEASURED if (folder / name).is_file()]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def save(model: Path, out: Path | None, name: str, result: dict[str, object]) -> None:
    """Print the numbers and, with a folder, add them to its metrics.json under `name`."""
    result = {key: round(value, 4) if isinstance(value, float) else value for key, value in result.items()}
    for key, value in result.items():
        if not isinstance(value, list):
            print(f"{key:30} {value}")
    if out:
        out.mkdir(parents=True, exist_ok=True)
        file = out / "metrics.json"
        metrics = json.loads(file.read_text("utf-8")) if file.exists() else {}
        if metrics.get("sha256") != digests(model):
            metrics = {"sha256": digests(model)}
        metrics[name] = result
        written = json.dumps(metrics, indent=1, ensure_ascii=False)
        rows = re.sub(r"\[\s+([^\[\]{}]+?)\s+\]", lambda row: f"[{' '.join(row[1].split())}]", written)
        file.write_text(rows + "\n", encoding="utf-8")


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("model", type=Path)
    args.add_argument("file", type=Path)
    args.add_argument("--out", type=Path, help="folder for metrics.json")
    args.add_argument("--speed", action="store_true", help="measure speed instead (on an idle machine)")
    args = args.parse_args()
    rows = read_rows(args.file)
    stars = np.array([row.stars for row in rows])
    analyzer = load(str(args.model), timeout=120)
    command = f"python training/evaluate.py MODEL {args.file.name}" + " --speed" * args.speed
    result: dict[str, object] = {"command": command, "reviews": len(rows)}
    try:
        if args.speed:
            save(args.model, args.out, "speed", result | measure_speed(analyzer, rows))
            return
        rating = rate(analyzer, [row.review for row in rows], "as written")
        bare = rate(analyzer, ["".join(row.review.split()) for row in rows], "no spaces")
    finally:
        analyzer.close()

    p, polar = rating / 10, (stars <= 4) | (stars >= 9)
    right, right_bare = (rating >= 5) == (stars >= 9), (bare >= 5) == (stars >= 9)
    error, bins = calibration_error(p, stars)
    result |= {
        "negative": int((stars <= 4).sum()),
        "positive": int((stars >= 9).sum()),
        "best_balanced_accuracy": best_balanced(p, stars),
        "balanced_accuracy": balanced(right, stars),
        "balanced_accuracy_interval": interval(right, stars),
        "balanced_accuracy_no_spaces": balanced(right_bare, stars),
        "accuracy": float(right[polar].mean()),
        "recall_negative": float(right[stars <= 4].mean()),
        "recall_positive": float(right[stars >= 9].mean()),
        "calibration_error": error,
        "calibration_bins": np.round(bins, 4).tolist(),
        "review_correlation": correlation(rating, stars),
        "review_error": float(np.abs(rating - stars).mean()),
        "folder_mb": round(sum(f.stat().st_size for f in args.model.iterdir() if f.is_file()) / 1e6, 2),
    }
    confidence = np.maximum(p, 1 - p)
    for threshold in (0.7, 0.9):
        chosen = polar & (confidence >= threshold)
        result[f"share_from_{threshold}"] = float(chosen.sum() / polar.sum())
        result[f"accuracy_from_{threshold}"] = float(right[chosen].mean()) if chosen.any() else 0.0
    means = movie_means(rows, rating, stars)
    if len(means) > 2:
        result |= {
            "movies": len(means),
            "movie_correlation": correlation(means[:, 0], means[:, 1]),
            "movie_error": float(np.abs(means[:, 0] - means[:, 1]).mean()),
            "movie_points": np.round(means, 2).tolist(),
        }
    save(args.model, args.out, args.file.stem, result)


if __name__ == "__main__":
    main()
