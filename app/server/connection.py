"""A client's connection: its socket, its inbox, and how long it may take."""

import errno
import socket
import time
from typing import Any

from gunicorn.workers.gthread import TConn

from app.server.inbox import Inbox

SENT_WITHIN = 20.0
"""Seconds a request must be sent in, and a further one for each `SLOWEST` bytes of it."""
SLOWEST = 4_096
TAKEN_WITHIN = 20.0
"""Seconds, in all, that a thread waits for a client to take an answer."""
_PIECE = 64 * 1024


class ClientSocket(socket.socket):
    """A client's socket as gunicorn's parser and response use it: it gives what is in the inbox and never waits."""

    def __init__(self, accepted: socket.socket) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, accepted.detach())
        self.inbox = Inbox()
        self.patience = TAKEN_WITHIN

    def receive(self) -> bytes:
        """What has come. Raises `BlockingIOError` for nothing; empty when the client is gone."""
        return super().recv(_PIECE)

    def recv(self, size: int, flags: int = 0) -> bytes:
        data = self.inbox.read(size)
        if not data:
            raise ConnectionResetError(errno.ECONNRESET, "more was read than the request has")
        return data

    def sendall(self, data: Any, flags: int = 0) -> None:
        started = time.monotonic()
        self.settimeout(max(self.patience, 0.01))
        try:
            super().sendall(data, flags)
        except TimeoutError as error:
            raise ConnectionResetError(errno.ECONNRESET, "the client does not take its answer") from error
        finally:
            self.patience -= time.monotonic() - started

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
        """Whether the worker's loop waits for it to say something."""

    def begin(self) -> None:
        """The next request may come."""
        self.since = time.monotonic()
        self.sock.setblocking(False)
        self.sock.patience = TAKEN_WITHIN
        self.sock.inbox.start()

    @property
    def deadline(self) -> float:
        """As of `time.monotonic()`."""
        return self.since + SENT_WITHIN + self.sock.inbox.received / SLOWEST

    def close(self, graceful: bool = False) -> None:
        if graceful:
            self.worker.linger(self)
        else:
            self.sock.close()
