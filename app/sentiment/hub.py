"""Download of a model from the Hugging Face hub.

It is one attempt with short timeouts, of single files (`/{id}/resolve/...`), into the hub client's own cache. On any
error a complete cached copy is used. The model is then loaded from that folder without network.
"""

import json
import logging
import re
import threading
import time
from concurrent.futures import Future, wait
from contextlib import suppress
from pathlib import Path

from huggingface_hub import constants, get_hf_file_metadata, hf_hub_download, hf_hub_url, try_to_load_from_cache
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from app.errors import ModelError
from app.sentiment.config import model_error

_PROBE_SECONDS = 3.0
_STALL_SECONDS = 6.0  # without progress the download is abandoned; the client itself would retry for minutes
_CHUNK_SIZE = 1 << 16  # bytes; with the client's 10 MB a slow download would look stalled
_TOKENIZER = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model")
_SMALL_FILES = (*_TOKENIZER, "merges.txt", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
_ID = re.compile(r"(?:\w[\w.-]*/)?\w[\w.-]*", re.ASCII)

logger = logging.getLogger(__name__)


def download(model: str, revision: str) -> Path:
    """Return the folder with the files of `model` at `revision`, downloading them if needed.

    Raise `app.errors.ModelError`, without the model's name, within seconds if the hub does not respond.
    """
    if not _ID.fullmatch(model):
        raise ModelError("there is no such folder, and it is no Hugging Face id; check SENTIMENT_MODEL")
    cached = _cached(model, revision)
    if cached is not None and (cached.name == revision or constants.HF_HUB_OFFLINE):
        return cached  # a commit never changes
    try:
        return _download_unless_stalled(model, revision)
    except ModelError:
        raise
    except Exception as error:  # noqa: BLE001 - of the client or its HTTP library; the cached copy is used
        if cached is None:
            raise ModelError(_error_message(error, revision)) from error
        logger.info("using the cached copy of %s: %s", model, error)
        return cached


def _cached(model: str, revision: str) -> Path | None:
    """Return the folder of a complete cached copy, or None."""
    config = try_to_load_from_cache(model, "config.json", revision=revision)
    if not isinstance(config, str):
        return None
    folder = Path(config).parent
    files = {path.name for path in folder.iterdir() if path.is_file()}
    weights = next((name for name in _WEIGHTS if name in files), None)
    is_complete = weights is not None and files.issuperset(_shards(folder / weights)) and files & set(_TOKENIZER)
    return folder if is_complete else None


def _shards(weights: Path) -> set[str]:
    """Return the files listed in an index of weights; an empty set for weights in one file."""
    if weights.suffix != ".json":
        return set()
    with model_error(f"its {weights.name} cannot be read"):
        return set(json.loads(weights.read_text("utf-8"))["weight_map"].values())


def _download_unless_stalled(model: str, revision: str) -> Path:
    """Download a model's files and return their folder. Raise `TimeoutError` if there is no progress.

    The download runs in a daemon thread, because name resolution and the client's retries cannot be interrupted: a
    stalled thread is abandoned.
    """
    download: Future[Path] = Future()

    def run() -> None:
        try:
            download.set_result(_download(model, revision))
        except Exception as error:  # noqa: BLE001 - raised again in the caller's thread
            download.set_exception(error)

    constants.DOWNLOAD_CHUNK_SIZE = _CHUNK_SIZE
    threading.Thread(target=run, name="hub", daemon=True).start()
    last, since = _cached_sizes(model), time.monotonic()
    while not wait([download], 0.1).done:
        now = _cached_sizes(model)
        if now != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > _STALL_SECONDS:
            raise TimeoutError(f"no answer within {_STALL_SECONDS:g} s")
    return download.result()


def _cached_sizes(model: str) -> list[int]:
    """Return the sizes of the model's files in the cache, which also has empty files for those that do not exist."""
    sizes = []
    for path in Path(constants.HF_HUB_CACHE, f"models--{model.replace('/', '--')}").rglob("*"):
        with suppress(FileNotFoundError):  # renamed meanwhile
            sizes.append(path.stat().st_size)
    return sizes


def _download(model: str, revision: str) -> Path:
    url = hf_hub_url(model, "config.json", revision=revision)
    get_hf_file_metadata(url, timeout=_PROBE_SECONDS)  # fails at the first error; the next call would retry
    folder = Path(hf_hub_download(model, "config.json", revision=revision)).parent
    if _cached(model, folder.name) is not None:
        return folder
    for name in _SMALL_FILES:
        _download_file(model, revision, name)
    for name in _WEIGHTS:  # last, so that a folder with weights is complete
        if _download_file(model, revision, name):
            for shard in _shards(folder / name):
                _download_file(model, revision, shard)
            return folder
    raise ModelError(f"it has none of {', '.join(_WEIGHTS)}; check SENTIMENT_MODEL")


def _download_file(model: str, revision: str, name: str) -> bool:
    """Download a file. Return whether the model has it."""
    try:
        hf_hub_download(model, name, revision=revision)
    except RemoteEntryNotFoundError:
        return False
    return True


def _error_message(error: Exception, revision: str) -> str:
    """Return the error message: the cause and a remedy."""
    hub = constants.ENDPOINT
    status = error.response.status_code if isinstance(error, HfHubHTTPError) else None
    if isinstance(error, GatedRepoError):
        return f"{hub} gives it only to those who were let in; ask for access there and set HF_TOKEN"
    if isinstance(error, RepositoryNotFoundError) or status == 401:
        return f"{hub} has no such model, or a private one; check SENTIMENT_MODEL, or set HF_TOKEN"
    if isinstance(error, RevisionNotFoundError):
        return f"it has no revision {revision} on {hub}; check SENTIMENT_REVISION"
    if status == 404:
        return f"{hub} has no such model, or it has no config.json; check SENTIMENT_MODEL and SENTIMENT_REVISION"
    if status:
        return f"{hub} answered {status}; try again later, or set SENTIMENT_MODEL to a folder"
    cause = str(error.__cause__ or error) or type(error).__name__
    return (
        f"it is not in the cache, and {hub} cannot be reached ({cause}); check the network, or set SENTIMENT_MODEL "
        "to a folder, or leave it empty for the bundled model"
    )
