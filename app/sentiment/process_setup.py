"""Process configuration for a model: environment variables, memory allocator, switch interval.

Call `configure_process` before torch or transformers are imported, as they read the environment once. Variables that
are already set are kept.
"""

import ctypes
import os
import sys
from collections.abc import Callable

_ENVIRONMENT = {
    # Hugging Face hub: short timeouts, no telemetry, no conversion of weights over the network.
    "HF_HUB_ETAG_TIMEOUT": "3",
    "HF_HUB_DOWNLOAD_TIMEOUT": "5",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "HF_HUB_DISABLE_XET": "1",
    "DISABLE_SAFETENSORS_CONVERSION": "1",
    # Threads that load weights would be greenlets under gevent and prevent the process from ending.
    "HF_DEACTIVATE_ASYNC_LOAD": "1",
    # Errors are reported in one line, so progress bars and warnings are off.
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_VERBOSITY": "critical",
    "TRANSFORMERS_VERBOSITY": "critical",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    # One thread owns the tokenizer, so a thread pool of its own would only cost CPU time and memory.
    "TOKENIZERS_PARALLELISM": "false",
    # One core computes the model, and numpy's matrix products are small: thread pools would only cost memory.
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # oneDNN caches compiled code for each shape: 1,024 shapes by default, about 100 MB.
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "8",
}

# Parameters of `mallopt`, from glibc's malloc.h: one arena, which returns free memory; by default each thread has an
# arena that keeps it.
_MALLOC = {
    -8: 1,  # M_ARENA_MAX
    -3: 1 << 20,  # M_MMAP_THRESHOLD
    -1: 4 << 20,  # M_TRIM_THRESHOLD
    -2: 1 << 20,  # M_TOP_PAD
}


def configure_process() -> None:
    """Set the environment variables, the interpreter's switch interval and the allocator's limits."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    # A torch model releases the GIL in each of its hundred operations, and a busy web thread then holds it for a switch
    # interval. Beside three such threads a review took 430 ms with the default of 5 ms, and 110 ms with this.
    sys.setswitchinterval(0.0005)
    if mallopt := _libc("mallopt"):
        for parameter, limit in _MALLOC.items():
            mallopt(parameter, limit)


def trim_memory() -> None:
    """Return freed memory to the operating system; takes milliseconds."""
    if trim := _libc("malloc_trim"):
        trim(0)


def _libc(name: str) -> Callable[..., int] | None:
    """Return a function of the C library, or None if this is not Linux with glibc."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
