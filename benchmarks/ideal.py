"""The bare model, with nothing around it: `python -m benchmarks.ideal SECONDS THREADS` prints the reviews it reads in a
second when all of them are there at once, sorted by length and as many in a batch as is fastest."""

import sys
import time

from app.sentiment import BUNDLED
from app.sentiment.bundle import load_bundle
from app.sentiment.process_setup import configure_process
from benchmarks.reviews import make_reviews

TEXTS = 640


def measure(seconds: float, threads: int) -> float:
    """Reviews a second, over whole passes through `TEXTS` reviews for at least so many `seconds`."""
    configure_process()
    reader, texts = load_bundle(BUNDLED, threads), make_reviews(TEXTS, seed=9)
    reader.judge(texts)
    passes, started = 0, time.perf_counter()
    while (took := time.perf_counter() - started) < seconds:
        reader.judge(texts)
        passes += 1
    return passes * TEXTS / took


if __name__ == "__main__":
    print(measure(float(sys.argv[1]), int(sys.argv[2])))
