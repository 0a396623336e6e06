"""gunicorn's gevent worker with bounds that it lacks.

Added are a minimum rate for request bodies, a timeout for sending, turns between pipelined requests and other clients,
and a stop that does not wait for idle connections. The time for a request's head is gunicorn's `keepalive`.
"""

import socket
import time
from contextlib import suppress
from typing import Any

import gevent
from gunicorn.http.errors import ParseException
from gunicorn.workers.ggevent import GeventWorker
from werkzeug.exceptions import BadRequest, RequestTimeout

BODY_SECONDS = 20
"""Time to receive a body, plus one second for each `BODY_MIN_RATE` bytes received (as Apache's RequestReadTimeout)."""
BODY_MIN_RATE = 4_096
BODY_PIECE = 65_536  # bytes received at once
TURN = 0.0001  # seconds in which other clients are served; gevent polls sockets only after 50 sleeps of 0 seconds
SEND_SECONDS = 60
"""Time for a client to receive one piece of a response."""


class BodyReader:
    """Reads a request's body until its deadline; raises werkzeug's errors, which the site answers with 408 or 400."""

    def __init__(self, reader: Any) -> None:
        self.reader = reader
        self.deadline = time.monotonic() + BODY_SECONDS

    def read(self, size: int) -> bytes:
        with gevent.Timeout(max(0.0, self.deadline - time.monotonic()), RequestTimeout):
            try:
                data: bytes = self.reader.read(min(size, BODY_PIECE))
            except (ParseException, OSError) as error:
                raise BadRequest("the request body is malformed or incomplete") from error
        self.deadline += len(data) / BODY_MIN_RATE
        if len(data) == BODY_PIECE:
            gevent.sleep(TURN)
        return data


class SiteWorker(GeventWorker):
    """Serves each connection in a greenlet."""

    def init_process(self) -> None:
        self.idle: set[Any] = set()
        super().init_process()

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        self.idle.add(client)
        try:
            super().handle(listener, client, addr)
        finally:
            self.idle.discard(client)

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
            gevent.sleep(TURN)

    def notify(self) -> None:
        """Close idle connections when the worker is to stop; gunicorn calls this each second."""
        super().notify()
        for client in [] if self.alive else list(self.idle):
            with suppress(OSError):  # closed by the client
                client.shutdown(socket.SHUT_RD)  # a request that has arrived is still read and answered
