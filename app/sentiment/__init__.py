"""Sentiment analysis: text in, `Sentiment` out.

`load` imports the libraries of the model: ONNX Runtime for the bundled one, torch and transformers for any other.
"""

from pathlib import Path

from app.errors import ModelError, first_line
from app.sentiment.config import NETWORK, read_card
from app.sentiment.explanation import Predict
from app.sentiment.process_setup import configure_process
from app.sentiment.worker import MAX_WAIT_SECONDS, QueuedAnalyzer

BUNDLED = Path(__file__).parent / "bundled"


def load(
    model: str | None = None,
    revision: str | None = None,
    *,
    timeout: float = MAX_WAIT_SECONDS,
) -> QueuedAnalyzer:
    """Load a text classifier, warm it up and return it.

    `model` is a Hugging Face id or a folder, empty for the bundled one; `revision` a branch, tag or commit of an id.
    `timeout` is the number of seconds that a caller waits for a batch. Raise `app.errors.ModelError` with a one-line
    message (model, cause, remedy) within 15 s.
    """
    configure_process()
    name = model or "bundled"
    try:
        folder = _folder(model, revision)
        return QueuedAnalyzer(read_card(name, folder), lambda: _load(folder), timeout=timeout)
    except ModelError as error:
        raise ModelError(" ".join(f"cannot use the model {name}: {error}".split())) from error
    except Exception as error:
        cause = f"{type(error).__name__}: {first_line(error)}"
        raise ModelError(f"cannot use the model {name}: {cause}; check SENTIMENT_MODEL") from error


def _load(folder: Path) -> Predict:
    """Load the model, in the thread that will own it."""
    if (folder / NETWORK).exists():
        from app.sentiment.bundled_model import load_bundled_model

        return load_bundled_model(folder).predict
    import torch

    from app.sentiment.transformers_model import load_transformers_model

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # of this thread
    return load_transformers_model(folder).predict


def _folder(model: str | None, revision: str | None) -> Path:
    if not model:
        return BUNDLED
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    from app.sentiment.hub import download

    return download(model, revision or "main")
