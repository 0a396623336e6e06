"""A Hugging Face id in, a folder out.

The hub is asked in one bounded attempt, for files only (`/{id}/resolve/...`), and what it gives is kept in its own
cache; whatever goes wrong with it, a complete copy in the cache is used. The model is then loaded from the folder,
with no network, like any other.
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
_SILENT_SECONDS = 6.0  # a hub that brings nothing for so long is given up; the client itself would retry for minutes
_PIECE = 1 << 16  # bytes; the client writes 10 MB at a time, and a slow network would look like a silent one
_TOKENIZER = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model")
_SMALL = (*_TOKENIZER, "merges.txt", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
_ID = re.compile(r"(?:[\w.-]+/)?[\w.-]+", re.ASCII)

logger = logging.getLogger(__name__)


def fetch(model: str, revision: str) -> Path:
    """Return the folder that holds the files of `model` at `revision`, downloaded if needed.

    Raise `app.errors.ModelError`, without the model's name, within seconds when the hub does not answer.
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
    except Exception as error:  # noqa: BLE001 - whatever the client and its HTTP library raise: the cache may do
        if cached is None:
            raise ModelError(_reason(error, revision)) from error
        logger.info("using the cached copy of %s: %s", model, error)
        return cached


def _cached(model: str, revision: str) -> Path | None:
    """Return the folder of a complete copy in the cache."""
    config = try_to_load_from_cache(model, "config.json", revision=revision)
    if not isinstance(config, str):
        return None
    folder = Path(config).parent
    whole = any((folder / name).is_file() for name in _TOKENIZER) and _has_weights(folder)
    return folder if whole else None


def _has_weights(folder: Path) -> bool:
    for name in _WEIGHTS:
        if (folder / name).is_file():
            return all((folder / shard).is_file() for shard in _shards(folder / name))
    return False


def _shards(weights: Path) -> set[str]:
    """Return the files that an index of weights names; none for weights in one file."""
    if weights.suffix != ".json":
        return set()
    try:
        return set(json.loads(weights.read_text("utf-8"))["weight_map"].values())
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ModelError(f"its {weights.name} cannot be read ({error!r})") from error


class _Download(threading.Thread):
    """Brings a model's files into the cache.

    A thread of its own, because what waits on a network (name look-ups, the client's retries) cannot be interrupted:
    one that makes no progress is left behind.
    """

    def __init__(self, model: str, revision: str) -> None:
        super().__init__(name="hub", daemon=True)
        self._model, self._revision = model, revision
        self._files = 0
        self._folder: Path | None = None
        self._error: Exception | None = None

    def wait(self) -> Path:
        """Return the folder. Raises what the download raised, or TimeoutError when it stands still."""
        constants.DOWNLOAD_CHUNK_SIZE = _PIECE
        self.start()
        seen, since = self._progress(), time.monotonic()
        while self.is_alive():
            self.join(0.1)
            now = self._progress()
            if now != seen:
                seen, since = now, time.monotonic()
            elif time.monotonic() - since > _SILENT_SECONDS:
                raise TimeoutError(f"no answer within {_SILENT_SECONDS:g} s")
        if self._error is not None:
            raise self._error
        assert self._folder is not None  # noqa: S101 - `run` sets one or the other
        return self._folder

    def run(self) -> None:
        try:
            self._folder = self._download()
        except Exception as error:  # noqa: BLE001 - raised again by `wait`, in the thread that asked
            self._error = error

    def _progress(self) -> tuple[int, int]:
        blobs = Path(constants.HF_HUB_CACHE, f"models--{self._model.replace('/', '--')}", "blobs")
        sizes = []
        for path in blobs.glob("*"):
            try:
                sizes.append(path.stat().st_size)
            except FileNotFoundError:  # just renamed
                continue
        return self._files, sum(sizes)

    def _download(self) -> Path:
        url = hf_hub_url(self._model, "config.json", revision=self._revision)
        commit = get_hf_file_metadata(url, timeout=_PROBE_SECONDS).commit_hash
        cached = _cached(self._model, commit) if commit else None
        if cached is not None and cached.name == self._revision:
            return cached
        folder = self._bring("config.json")
        if folder is None:
            raise FileNotFoundError("it has no config.json")
        if cached is not None:
            return folder  # `config.json` again only to note which commit the revision is at
        for name in _SMALL:
            self._bring(name)
        self._bring_weights(folder)
        return folder

    def _bring_weights(self, folder: Path) -> None:
        """Last, so that a folder with weights is known to be complete."""
        for name in _WEIGHTS:
            if self._bring(name) is not None:
                for shard in _shards(folder / name):
                    self._bring(shard)
                return
        raise FileNotFoundError(f"it has none of {', '.join(_WEIGHTS)}")

    def _bring(self, name: str) -> Path | None:
        """Return the folder that `name` lies in, or None where the model has no such file."""
        self._files += 1
        try:
            return Path(hf_hub_download(self._model, name, revision=self._revision)).parent
        except EntryNotFoundError as error:
            if _status(error) == 404 or _status(error.__cause__) == 404:
                return None
            raise


def _status(error: Any) -> int | None:
    return error.response.status_code if isinstance(error, HfHubHTTPError) else None


def _reason(error: Exception, revision: str) -> str:
    """Return what to tell: the cause and the way out."""
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
