"""A client's connection: its socket, its inbox, and how long it may take."""

import errno
import selectors
import socket
import time
from typing import Any

from gunicorn.workers.gthread import TConn

from app.aside import step_aside
from app.server.inbox import Inbox

SENT_WITHIN = 20.0
"""Seconds a request must be sent in, and a further one for each `SLOWEST` bytes of it."""
SLOWEST = 4_096
TAKEN_WITHIN = 20.0
"""Seconds, in all, that a thread waits for a client to take an answer."""
_PIECE = 64 * 1024
_PIECES = 16
"""What is sent without being put together first; a system takes a thousand at most."""


class ClientSocket(socket.socket):
    """A client's socket as gunicorn's parser and response use it: what is read is in the inbox, what is written is
    gathered until it is much or `flush` is called, so that an answer is sent at once, and nothing waits unasked."""

    def __init__(self, accepted: socket.socket) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, accepted.detach())
        super().setblocking(False)
        self.inbox = Inbox()
        self.patience = TAKEN_WITHIN
        self._unsent: list[bytes] = []
        self._size = 0

    def setblocking(self, flag: bool) -> None:
        """Nothing: gunicorn would have a thread wait for its client."""

    def receive(self) -> bytes:
        """What has come. Raises `BlockingIOError` for nothing; empty when the client is gone."""
        return super().recv(_PIECE)

    def recv(self, size: int, flags: int = 0) -> bytes:
        data = self.inbox.read(size)
        if not data:
            raise ConnectionResetError(errno.ECONNRESET, "more was read than the request has")
        return data

    def sendall(self, data: Any, flags: int = 0) -> None:
        self._unsent.append(bytes(data))
        self._size += len(data)
        if self._size >= _PIECE:
            self.flush()

    def flush(self) -> None:
        """Sends what is gathered; waits `patience` seconds at most, all waits together, for a client to take it."""
        pieces, self._unsent, size, self._size = self._unsent, [], self._size, 0
        sent = self._send(pieces if len(pieces) <= _PIECES else [b"".join(pieces)]) if pieces else 0
        if sent < size:
            rest = memoryview(b"".join(pieces))[sent:]
            while rest:
                self._wait_until_taken()
                rest = rest[self._send([rest]) :]

    def _send(self, pieces: "list[bytes] | list[memoryview]") -> int:
        """How much of them the client's side of the connection had room for."""
        try:
            return self.sendmsg(pieces)
        except BlockingIOError:
            return 0

    def _wait_until_taken(self) -> None:
        step_aside()
        started = time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(self, selectors.EVENT_WRITE)
            taken = selector.select(max(self.patience, 0.01))
        self.patience -= time.monotonic() - started
        if not taken:
            raise ConnectionResetError(errno.ECONNRESET, "the client does not take its answer")

    def close(self) -> None:
        self.inbox.close()
        super().close()


class Connection(TConn):
    """What gunicorn passes about; it knows until when the next request must be there."""

    sock: ClientSocket

    def __init__(self, worker: Any, client: socket.socket, address: Any, server: Any) -> None:
        super().__init__(worker.cfg, ClientSocket(client), address, server)
        self.worker = worker
        self.data_ready = True
        self.since = 0.0
        self.is_watched = False
        """Whether the worker's selector knows it."""
        self.is_kept = False
        """Whether it has been answered before."""

    def begin(self) -> None:
        """The next request may come. Raises `Refused`."""
        self.since = time.monotonic()
        self.sock.patience = TAKEN_WITHIN
        self.sock.inbox.start()

    @property
    def is_idle(self) -> bool:
        """Whether it is kept for a request that has not begun."""
        return self.is_kept and not self.sock.inbox.received

    @property
    def deadline(self) -> float:
        """When the next request must be there, as of `time.monotonic()`."""
        if self.is_idle:
            return self.since + float(self.cfg.keepalive)
        return self.since + SENT_WITHIN + self.sock.inbox.received / SLOWEST

    def close(self, graceful: bool = False) -> None:
        self.worker.close(self, graceful)
