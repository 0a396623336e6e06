"""gunicorn's gevent worker with protection from slow clients.

It adds a minimum rate for request bodies, a timeout for sending, a yield between pipelined requests, and the closing of
idle connections at a stop. The timeout for a request's head is gunicorn's `keepalive`.
"""

import socket
import time
from contextlib import suppress
from typing import Any
from weakref import WeakSet

import gevent
from gunicorn.http.errors import ParseException
from gunicorn.workers.ggevent import GeventWorker
from werkzeug.exceptions import BadRequest, RequestTimeout

BODY_SECONDS = 20
"""Timeout for a body, plus a second for each `BODY_MIN_RATE` bytes received (like Apache's RequestReadTimeout)."""
BODY_MIN_RATE = 4_096
SEND_SECONDS = 60
"""Timeout for a client to receive a chunk of a response."""
YIELD_SECONDS = 0.0001  # not 0: gevent polls sockets only after 50 sleeps of 0 seconds


class BodyReader:
    """Reader of a request's body with a deadline. It raises Werkzeug's errors for 408 and 400."""

    def __init__(self, reader: Any) -> None:
        self.reader = reader
        self.deadline = time.monotonic() + BODY_SECONDS

    def read(self, size: int) -> bytes:
        with gevent.Timeout(max(0.0, self.deadline - time.monotonic()), RequestTimeout):
            try:
                data: bytes = self.reader.read(size)
            except ParseException as error:
                raise BadRequest("the request body is malformed") from error
        self.deadline += len(data) / BODY_MIN_RATE
        if len(data) == size:  # more may have arrived
            gevent.sleep(YIELD_SECONDS)
        return data


class SiteWorker(GeventWorker):
    """gunicorn worker that serves each connection in a greenlet."""

    idle: WeakSet[Any] = WeakSet()
    """Sockets without a request in progress."""

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        self.idle.add(client)
        super().handle(listener, client, addr)

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> None:
        self.idle.discard(sock)
        reader, req.body.reader = req.body.reader, BodyReader(req.body.reader)
        sock.settimeout(SEND_SECONDS)
        try:
            super().handle_request(listener_name, req, sock, addr)
        except TimeoutError as error:
            raise StopIteration from error  # gunicorn closes the connection
        finally:
            sock.settimeout(None)
            req.body.reader = reader
            self.idle.add(sock)
        if req.unreader.buf.tell():  # the next request has arrived
            gevent.sleep(YIELD_SECONDS)

    def notify(self) -> None:
        """Close idle connections while the worker stops; gunicorn calls this every second."""
        super().notify()
        for client in [] if self.alive else list(self.idle):
            # Of a duplicate, because gevent raises an error in the greenlet that waits for the socket itself. The
            # greenlet reads the end of the stream, after a request that has arrived.
            with suppress(OSError), client.dup() as duplicate:  # OSError: closed by the client
                duplicate.shutdown(socket.SHUT_RD)
