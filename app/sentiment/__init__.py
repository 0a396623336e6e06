"""Sentiment analysis: text in, `Sentiment` out.

`load` imports the libraries of the model: ONNX Runtime for the bundled one, torch and transformers for any other.
"""

from pathlib import Path

from app.errors import ModelError, first_line
from app.sentiment.config import NETWORK
from app.sentiment.model_card import read_card
from app.sentiment.process_setup import configure_process
from app.sentiment.worker import MAX_QUEUED_TEXTS, MAX_WAIT_SECONDS, LoadedModel, QueuedAnalyzer

BUNDLED = Path(__file__).parent / "bundled"
MODEL_THREADS = 1  # with 2, a review took 5 % more CPU time


def load(
    model: str | None = None,
    revision: str | None = None,
    *,
    threads: int = MODEL_THREADS,
    queue_size: int = MAX_QUEUED_TEXTS,
    timeout: float = MAX_WAIT_SECONDS,
) -> QueuedAnalyzer:
    """Load a text classifier, warm it up and return it.

    `model` is a Hugging Face id or a folder, empty for the bundled one; `revision` a branch, tag or commit of an id.
    `threads` is the number of cores the model computes on, `queue_size` the maximum number of queued texts, and
    `timeout` the seconds a caller waits. Raise `app.errors.ModelError` with a one-line message (model, cause, remedy)
    within 15 s.
    """
    configure_process()
    name = model or "bundled"
    try:
        folder = _folder(model, revision)
        analyzer = QueuedAnalyzer(name, lambda: _load(folder, threads), queue_size=queue_size, timeout=timeout)
    except ModelError as error:
        raise ModelError(" ".join(f"cannot use the model {name}: {error}".split())) from error
    except Exception as error:
        cause = f"{type(error).__name__}: {first_line(error)}"
        raise ModelError(f"cannot use the model {name}: {cause}; check SENTIMENT_MODEL") from error
    analyzer.card = read_card(name, folder)
    return analyzer


def _load(folder: Path, threads: int) -> LoadedModel:
    """Load the model, in the thread that will own it."""
    if (folder / NETWORK).exists():
        from app.sentiment.bundled_model import load_bundled_model

        return load_bundled_model(folder, threads)
    from app.sentiment.transformers_model import init_thread, load_transformers_model

    init_thread(threads)
    return load_transformers_model(folder)


def _folder(model: str | None, revision: str | None) -> Path:
    if not model:
        return BUNDLED
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    from app.sentiment.hub import download

    return download(model, revision or "main")
