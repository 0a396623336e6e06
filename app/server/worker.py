"""gunicorn's gthread worker, but a thread is given whole requests only.

gthread lets a thread wait for what its client sends, so sixteen clients that send a byte a second hold sixteen threads.
Here the loop that watches all connections also reads from them, without waiting, until a request is there with its
body; only then a thread takes it. A client that sends nothing, or slowly, holds a socket for a while, and nothing else.
"""

import errno
import math
import resource
import selectors
import socket
import time
from concurrent.futures import Future
from functools import partial
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from app.server.connection import Connection
from app.server.inbox import Refused

LINGER = 2.0
"""Seconds a connection that we close is still listened to, so that our last words arrive (RFC 9112, 9.6)."""
_LINGERING_MOST = 256
_FILES = 4_096
_NO_DESCRIPTORS = (errno.EMFILE, errno.ENFILE)
_NOTHING_TO_ACCEPT = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED)


class PatientWorker(ThreadWorker):
    """Watches over all connections in one loop; `threads` serve whole requests."""

    def init_process(self) -> None:
        self.gathering: dict[Connection, None] = {}
        self.lingering: dict[Connection, float] = {}
        self.next_look = 0.0
        self.ends = math.inf
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < _FILES:
            soft = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        self.worker_connections: int = min(self.cfg.worker_connections, max(64, soft - _LINGERING_MOST - 128))
        super().init_process()

    # ---- Connections come, ask again, and go ---------------------------------------------------------------------

    def accept(self, listener: socket.socket) -> None:
        if self.cfg.is_ssl:  # what comes then is not the request yet; what stands in front had better do that
            super().accept(listener)
        else:
            self.take(listener)

    def take(self, listener: socket.socket) -> bool:
        """Takes the next client that waits; whether there was one."""
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in _NO_DESCRIPTORS:
                self.make_room()
            elif error.errno not in _NOTHING_TO_ACCEPT:
                raise
            return False
        self.nr_conns += 1
        if self.nr_conns >= self.worker_connections:
            self.make_room()
        self.gather(Connection(self, client, address, listener.getsockname()))
        return True

    def set_accept_enabled(self, enabled: bool) -> None:
        """Whether clients are taken; a worker that is to end takes those that wait, whom closing would cut off."""
        super().set_accept_enabled(enabled)
        if not self.alive and not self.cfg.is_ssl:
            for listener in self.sockets:
                while self.take(listener):
                    pass

    def on_client_socket_readable(self, conn: Any, client: socket.socket) -> None:
        if not isinstance(conn, Connection):
            super().on_client_socket_readable(conn, client)
            return
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self.gather(conn)

    def finish_request(self, conn: Any, fs: "Future[Any]") -> None:
        super().finish_request(conn, fs)
        if isinstance(conn, Connection) and conn.sock.inbox.has_more and conn in self.keepalived_conns:
            self.on_client_socket_readable(conn, conn.sock)

    def linger(self, conn: Connection) -> None:
        """Says that no more comes, and lets the client say the same, so that it reads our last answer first."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
            if len(self.lingering) >= _LINGERING_MOST:
                raise OSError
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.discard, conn))
        except (OSError, ValueError):
            conn.sock.close()
            return
        self.lingering[conn] = time.monotonic() + LINGER

    def discard(self, conn: Connection, _sock: socket.socket) -> None:
        try:
            if conn.sock.receive():
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self.end_lingering(conn)

    def end_lingering(self, conn: Connection) -> None:
        del self.lingering[conn]
        self.poller.unregister(conn.sock)
        conn.sock.close()

    # ---- Requests are gathered -----------------------------------------------------------------------------------

    def gather(self, conn: Connection) -> None:
        """Waits for the next request on the connection; much of the time it is there."""
        self.gathering[conn] = None
        try:
            conn.begin()
        except Refused as error:
            return self.refuse(conn, error.status)
        return self.receive(conn, conn.sock)

    def receive(self, conn: Connection, _sock: socket.socket) -> None:
        """Takes what has come, and serves the request if that was the rest of it."""
        inbox = conn.sock.inbox
        try:
            if not inbox.is_whole and not inbox.feed(conn.sock.receive()):
                return self.drop(conn)
        except BlockingIOError:
            return self.watch(conn)
        except Refused as error:
            return self.refuse(conn, error.status)
        except OSError:
            return self.drop(conn)
        if inbox.is_whole:
            return self.serve(conn)
        if inbox.wants_word:
            inbox.wants_word = False
            self.say(conn, b"HTTP/1.1 100 Continue\r\n\r\n")
        return self.watch(conn)

    def watch(self, conn: Connection) -> None:
        if not conn.is_watched:
            conn.is_watched = True
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.receive, conn))

    def serve(self, conn: Connection) -> None:
        """Gives the request, which is whole, to a thread."""
        self.leave(conn)
        self.enqueue_req(conn)

    def leave(self, conn: Connection) -> None:
        del self.gathering[conn]
        if conn.is_watched:
            conn.is_watched = False
            self.poller.unregister(conn.sock)

    def drop(self, conn: Connection) -> None:
        self.leave(conn)
        self.nr_conns -= 1
        conn.close()

    def refuse(self, conn: Connection, status: str) -> None:
        """Answers without asking the site, and closes."""
        body = b'{"detail":"%s"}' % status.encode()
        head = (
            f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: application/json\r\n"
            f"X-Content-Type-Options: nosniff\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.say(conn, head.encode() + body)
        self.leave(conn)
        self.nr_conns -= 1
        conn.close(graceful=True)

    def say(self, conn: Connection, words: bytes) -> None:
        """A few words that fit any buffer; who takes not even those does not get them."""
        try:
            conn.sock.send(words)
        except OSError:
            pass

    # ---- Nobody waits for ever -----------------------------------------------------------------------------------

    def make_room(self) -> None:
        """Closes the connection that has been idle longest, or else the one that has been sending longest."""
        if self.keepalived_conns:
            conn = self.keepalived_conns.popleft()
            self.poller.unregister(conn.sock)
            self.nr_conns -= 1
            conn.close()
        elif self.gathering:
            self.drop(next(iter(self.gathering)))

    def murder_pending(self) -> None:
        """Called after every event, looks once a second; a worker that is to end waits a little for what is coming."""
        super().murder_pending()
        now = time.monotonic()
        if not self.alive:
            self.ends = min(self.ends, now + LINGER)
        if now < self.next_look:
            return
        self.next_look = now + (1 if self.alive else 0.1)
        for conn in [conn for conn in self.gathering if min(conn.deadline, self.ends) < now]:
            if conn.sock.inbox.received:
                self.refuse(conn, "408 Request Timeout")
            else:
                self.drop(conn)
        for conn in [conn for conn, end in self.lingering.items() if end < now]:
            self.end_lingering(conn)
