"""Configure the process for a model: environment variables, the allocator, the switch interval.

Call `configure_process` before torch or transformers are imported: they read these once. Variables that are set win.
"""

import ctypes
import os
import sys

_ENVIRONMENT = {
    # The hub: a hanging one is given up soon, nobody is told of the start, and nothing is converted over the network.
    "HF_HUB_ETAG_TIMEOUT": "3",
    "HF_HUB_DOWNLOAD_TIMEOUT": "5",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "HF_HUB_DISABLE_XET": "1",
    "DISABLE_SAFETENSORS_CONVERSION": "1",
    # Threads that load weights would be greenlets under gevent, and keep the process from ending.
    "HF_DEACTIVATE_ASYNC_LOAD": "1",
    # A start prints what is wrong in one line, or nothing.
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_VERBOSITY": "critical",
    "TRANSFORMERS_VERBOSITY": "critical",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    # One thread owns the tokenizer; a pool of its own would only take cores and memory.
    "TOKENIZERS_PARALLELISM": "false",
    # numpy's matrix products are small here; its pool of threads would only take memory.
    "OPENBLAS_NUM_THREADS": "1",
    # oneDNN keeps the code it makes for each shape: 1,024 shapes by default, which is some 100 MB.
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "8",
}

# The numbers of glibc's malloc.h, `mallopt` parameters.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -2, -3, -8


def configure_process() -> None:
    """Set the environment variables, the interpreter's switch interval and the allocator's limits."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    # A torch model's thread gives the interpreter up at each of its hundred operations. With the default of 5 ms a
    # busy web thread keeps it that long each time: three of them made a review take 430 ms, and with this 110 ms.
    sys.setswitchinterval(0.0005)
    if sys.platform == "linux":
        _bound_memory()


def _bound_memory() -> None:
    """Limit malloc to one arena that returns free memory: by default each thread has an arena that keeps it."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    mallopt(_M_ARENA_MAX, 1)
    mallopt(_M_MMAP_THRESHOLD, 1 << 20)
    mallopt(_M_TRIM_THRESHOLD, 4 << 20)
    mallopt(_M_TOP_PAD, 1 << 20)


def trim_memory() -> None:
    """Return freed memory to the system; takes milliseconds. An instance of 512 MB has little to spare."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
