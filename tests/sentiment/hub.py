"""A Hugging Face hub on loopback, for the requests of its client for a model's files.

As there, small files come from the hub itself and weights from a second host, which the hub's answer points to.
"""

import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import unquote

_RESOLVE = re.compile(r"/(?P<id>[^/]+(?:/[^/]+)?)/resolve/(?P<revision>[^/]+)/(?P<file>.+)")


def commit_of(folder: Path) -> str:
    """Return the hash of a folder's files, used as their commit."""
    digest = hashlib.sha1(usedforsecurity=False)
    for path in sorted(folder.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


class Hub:
    """`models` maps an id to its revisions' folders. `requests` holds what was asked. `silent_from` makes the hub
    accept that request (counted from 0), and all later ones, and never answer; `slow` brings weights bit by bit."""

    def __init__(
        self, models: dict[str, dict[str, Path]], *, gated: str = "", silent_from: int | None = None, slow: bool = False
    ) -> None:
        self.models, self.gated, self.silent_from = models, gated, silent_from
        self.slow = slow
        self.requests: list[str] = []
        self.stopped = threading.Event()
        handler = type("Handler", (_Handler,), {"hub": self})
        self._servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for _ in range(2)]
        self.url, self.files_url = (f"http://127.0.0.1:{server.server_port}" for server in self._servers)
        self._threads = [
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}) for server in self._servers
        ]

    def __enter__(self) -> "Hub":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stopped.set()
        for server, thread in zip(self._servers, self._threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()

    def find(self, model: str, revision: str) -> Path | None:
        """Return the folder of a revision by its name or commit."""
        revisions = self.models[model]
        return revisions.get(revision) or next((at for at in revisions.values() if commit_of(at) == revision), None)


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self) -> None:
        hub = self.hub
        aside = self.path == "/api/agent-harnesses"  # an optional request of the client
        hub.requests += [] if aside else [f"{self.command} {self.path}"]
        if hub.silent_from is not None and len(hub.requests) + aside > hub.silent_from:
            hub.stopped.wait()
            self.close_connection = True
        elif self.path.startswith("/cdn/"):
            self._send(200, None, Path(self.path.removeprefix("/cdn")).read_bytes(), 9.0 if hub.slow else 0.0)
        elif match := _RESOLVE.fullmatch(self.path):
            self._resolve(match["id"], unquote(match["revision"]), match["file"])
        else:
            self._send(404)

    def _resolve(self, model: str, revision: str, name: str) -> None:
        if model == self.hub.gated:
            return self._send(401, {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted."})
        if model not in self.hub.models:
            return self._send(401, {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Invalid username or password."})
        folder = self.hub.find(model, revision)
        if folder is None:
            return self._send(404, {"X-Error-Code": "RevisionNotFound"})
        headers = {"X-Repo-Commit": commit_of(folder)}
        path = folder / name
        if not path.is_file():
            return self._send(404, {**headers, "X-Error-Code": "EntryNotFound"})
        etag = hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()
        if name.endswith((".bin", ".safetensors")):  # large files are on another host
            linked = {"X-Linked-ETag": f'"{etag}"', "X-Linked-Size": str(path.stat().st_size)}
            return self._send(302, {**headers, **linked, "Location": f"{self.hub.files_url}/cdn{path}"})
        return self._send(200, {**headers, "ETag": f'"{etag}"'}, path.read_bytes())

    def _send(
        self, status: int, headers: dict[str, str] | None = None, body: bytes = b"", seconds: float = 0.0
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        for start in range(0, len(body), len(body) // 9 + 1):
            self.wfile.write(body[start : start + len(body) // 9 + 1])
            self.hub.stopped.wait(seconds / 9)
