"""Download of a model from the Hugging Face hub.

It is one attempt with short timeouts, of single files (`/{id}/resolve/...`), into the hub client's own cache. On any
error a complete cached copy is used. The model is then loaded from that folder without network.
"""

import json
import logging
import re
import threading
import time
from pathlib import Path
from typing import Any

from huggingface_hub import constants, get_hf_file_metadata, hf_hub_download, hf_hub_url, try_to_load_from_cache
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from app.errors import ModelError

_PROBE_SECONDS = 3.0
_STALL_SECONDS = 6.0  # without progress the download is abandoned; the client itself would retry for minutes
_CHUNK_SIZE = 1 << 16  # bytes; with the client's 10 MB a slow download would look stalled
_TOKENIZER = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model")
_SMALL_FILES = (*_TOKENIZER, "merges.txt", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
_ID = re.compile(r"(?:[\w.-]+/)?[\w.-]+", re.ASCII)

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
        return _Download(model, revision).wait()
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
    is_complete = any((folder / name).is_file() for name in _TOKENIZER) and _has_weights(folder)
    return folder if is_complete else None


def _has_weights(folder: Path) -> bool:
    for name in _WEIGHTS:
        if (folder / name).is_file():
            return all((folder / shard).is_file() for shard in _shards(folder / name))
    return False


def _shards(weights: Path) -> set[str]:
    """Return the files listed in an index of weights; an empty set for weights in one file."""
    if weights.suffix != ".json":
        return set()
    try:
        return set(json.loads(weights.read_text("utf-8"))["weight_map"].values())
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ModelError(f"its {weights.name} cannot be read ({error!r})") from error


class _Download(threading.Thread):
    """Download of a model's files into the cache.

    It runs in its own thread, because name resolution and the client's retries cannot be interrupted: a stalled thread
    is abandoned.
    """

    def __init__(self, model: str, revision: str) -> None:
        super().__init__(name="hub", daemon=True)
        self._model, self._revision = model, revision
        self._files = 0
        self._folder: Path | None = None
        self._error: Exception | None = None

    def wait(self) -> Path:
        """Start the download, wait for it and return the folder. Raise its error, or TimeoutError if it stalls."""
        constants.DOWNLOAD_CHUNK_SIZE = _CHUNK_SIZE
        self.start()
        last, since = self._progress(), time.monotonic()
        while self.is_alive():
            self.join(0.1)
            now = self._progress()
            if now != last:
                last, since = now, time.monotonic()
            elif time.monotonic() - since > _STALL_SECONDS:
                raise TimeoutError(f"no answer within {_STALL_SECONDS:g} s")
        if self._error is not None:
            raise self._error
        assert self._folder is not None  # noqa: S101 - `run` sets one or the other
        return self._folder

    def run(self) -> None:
        try:
            self._folder = self._download()
        except Exception as error:  # noqa: BLE001 - raised again by `wait`, in the caller's thread
            self._error = error

    def _progress(self) -> tuple[int, int]:
        blobs = Path(constants.HF_HUB_CACHE, f"models--{self._model.replace('/', '--')}", "blobs")
        sizes = []
        for path in blobs.glob("*"):
            try:
                sizes.append(path.stat().st_size)
            except FileNotFoundError:  # renamed meanwhile
                continue
        return self._files, sum(sizes)

    def _download(self) -> Path:
        url = hf_hub_url(self._model, "config.json", revision=self._revision)
        commit = get_hf_file_metadata(url, timeout=_PROBE_SECONDS).commit_hash
        cached = _cached(self._model, commit) if commit else None
        if cached is not None and cached.name == self._revision:
            return cached
        folder = self._download_file("config.json")
        if folder is None:
            raise FileNotFoundError("it has no config.json")
        if cached is not None:
            return folder  # `config.json` was downloaded only to record the revision's commit in the cache
        for name in _SMALL_FILES:
            self._download_file(name)
        self._download_weights(folder)  # last, so that a folder with weights is complete
        return folder

    def _download_weights(self, folder: Path) -> None:
        for name in _WEIGHTS:
            if self._download_file(name) is not None:
                for shard in _shards(folder / name):
                    self._download_file(shard)
                return
        raise FileNotFoundError(f"it has none of {', '.join(_WEIGHTS)}")

    def _download_file(self, name: str) -> Path | None:
        """Download a file and return its folder, or None if the model has no such file."""
        self._files += 1
        try:
            return Path(hf_hub_download(self._model, name, revision=self._revision)).parent
        except EntryNotFoundError as error:
            if _status(error) == 404 or _status(error.__cause__) == 404:
                return None
            raise


def _status(error: Any) -> int | None:
    return error.response.status_code if isinstance(error, HfHubHTTPError) else None


def _error_message(error: Exception, revision: str) -> str:
    """Return the error message: the cause and a remedy."""
    hub = constants.ENDPOINT
    if isinstance(error, GatedRepoError):
        return f"{hub} gives it only to those who were let in; ask for access there and set HF_TOKEN"
    if isinstance(error, RepositoryNotFoundError) or _status(error) == 401:
        return f"{hub} has no such model, or a private one; check SENTIMENT_MODEL, or set HF_TOKEN"
    if isinstance(error, RevisionNotFoundError):
        return f"it has no revision {revision} on {hub}; check SENTIMENT_REVISION"
    if _status(error) == 404:
        return f"{hub} has no such model, or it has no config.json; check SENTIMENT_MODEL and SENTIMENT_REVISION"
    if isinstance(error, HfHubHTTPError):
        return f"{hub} answered {_status(error)}; try again later, or set SENTIMENT_MODEL to a folder"
    if isinstance(error, FileNotFoundError) and not isinstance(error, EntryNotFoundError):
        return f"{error}; check SENTIMENT_MODEL"
    cause = str(error.__cause__ or error) or type(error).__name__
    return (
        f"it is not in the cache, and {hub} cannot be reached ({cause}); check the network, or set SENTIMENT_MODEL "
        "to a folder, or leave it empty for the bundled model"
    )
