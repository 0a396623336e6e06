"""One line of JSON a request on standard error: never what was written or searched for, only where and how it went."""

import contextlib
import json
import sys
from datetime import UTC, datetime

from app.http.watching import Answered
from app.settings import LOG_LEVELS

_PATH_MOST = 300  # characters


class RequestLog:
    """Writes the requests of `level` and above."""

    def __init__(self, level: str) -> None:
        """`level` is one of `app.settings.LOG_LEVELS`."""
        self._least = LOG_LEVELS.index(level)

    def write(self, answered: Answered) -> None:
        level = "error" if answered.status >= 500 else "warning" if answered.status >= 400 else "info"
        if LOG_LEVELS.index(level) < self._least:
            return
        line = json.dumps(
            {
                "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "level": level,
                "request": answered.request_id,
                "client": answered.client,
                "method": answered.method,
                "path": answered.path[:_PATH_MOST],
                "route": answered.route,
                "status": answered.status,
                "ms": round(answered.seconds * 1_000, 2),
                "bytes": answered.size,
            }
        )  # escaped to ASCII: a path can neither end the line nor speak to a terminal
        with contextlib.suppress(OSError, ValueError):  # nobody reads the log any more: no reason to fail
            sys.stderr.write(line + "\n")
            sys.stderr.flush()
