"""gunicorn's gthread worker with a loop of its own: threads get whole requests only, and pass none about.

gthread lets a thread wait for what its client sends, so sixteen clients that send a byte a second hold sixteen threads,
and it hands every request from the thread that watches to one that serves, and back. Here the thread that leads
(`crew`) watches all connections, reads from them without waiting, and serves a request when the whole of it is there. A
client that sends nothing, or slowly, holds a socket for a while, and nothing else.
"""

import errno
import math
import os
import resource
import select
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from threading import RLock
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from app.server.connection import Connection
from app.server.crew import Crew
from app.server.inbox import BUSY, Refused

LINGER = 2.0
"""Seconds a connection that we close is still listened to, so that our last words arrive (RFC 9112, 9.6)."""
LATE = 0.1
"""Seconds after which a request that has not said it would wait is taken to do so."""
_LINGERING_MOST = 256
_LATER = {BUSY: "Retry-After: 5\r\n"}
_ACCEPTED_MOST = 64
_FILES = 4_096
_NO_DESCRIPTORS = (errno.EMFILE, errno.ENFILE)
_NOTHING_TO_ACCEPT = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED)


class PatientWorker(ThreadWorker):
    """Its first thread stands by; those of the crew serve. A connection is the leader's, or is being served."""

    alive: bool

    def init_process(self) -> None:
        self.crew = Crew(self.cfg.threads, self.lead, self.set_apart)
        self.connections: set[Connection] = set()
        self.gathering: dict[Connection, None] = {}
        self.lingering: dict[Connection, float] = {}
        self.changing = RLock()
        """Held where a connection changes hands: one that was served while others led goes back to the leader."""
        self.ready: deque[Callable[[], None]] = deque()
        self.round = 0
        """How many of those that are ready come before anybody is asked again what else there is."""
        self.serving: Connection | None = None
        """What the leader has in hand."""
        self.next_look = 0.0
        self.ends = math.inf
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < _FILES:
            soft = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        self.worker_connections: int = min(self.cfg.worker_connections, max(64, soft - _LINGERING_MOST - 128))
        self.waker, self.alarm = os.pipe()
        os.set_blocking(self.waker, False)
        os.set_blocking(self.alarm, False)
        super().init_process()

    # ---- The first thread -----------------------------------------------------------------------------------------

    def run(self) -> None:
        """Stands by until the end; then lets those finish who have been let in."""
        if self.cfg.is_ssl:  # what comes then is not the request yet; what stands in front had better do that
            super().run()
            return
        self.poller.register(self.waker, selectors.EVENT_READ, self.hear)
        for listener in self.sockets:
            listener.setblocking(False)
            self.poller.register(listener, selectors.EVENT_READ, partial(self.accept, listener))
        self.crew.start()
        while self.alive and self.is_parent_alive():
            self.stand_by()
        self.alive = False
        self.ends = time.monotonic() + LINGER
        until = time.monotonic() + self.cfg.graceful_timeout
        self.wake()
        while (self.sockets or self.connections) and time.monotonic() < until:
            self.stand_by()

    def stand_by(self) -> None:
        """Waits a moment, a signal's length at most, and has a leader relieved who does not get on."""
        self.notify()
        select.select([self.PIPE[0]], [], [], LATE)
        try:
            os.read(self.PIPE[0], 4_096)
        except BlockingIOError:
            pass
        self.crew.relieve(LATE)

    # ---- The leader -----------------------------------------------------------------------------------------------

    def lead(self) -> None:
        """Does what there is to do, one thing after another, until somebody else leads.

        In rounds: a client that sends many requests at once has one of them answered before others have their turn.
        """
        while self.crew.leads:
            if self.round:
                self.round -= 1
                self.ready.popleft()()
                continue
            patience = 0 if self.ready else 1.0 if self.alive else LATE
            self.ready.extend(key.data for key, _ in self.poller.select(patience))
            self.look()
            self.round = len(self.ready)

    def set_apart(self) -> None:
        """What the leader has in hand is no business of the next one's."""
        conn, self.serving = self.serving, None
        if conn:
            with self.changing:
                self.unwatch(conn)

    def wake(self) -> None:
        """Has the leader look what there is to do."""
        try:
            os.write(self.alarm, b"!")
        except BlockingIOError:
            pass

    def hear(self) -> None:
        try:
            os.read(self.waker, 4_096)
        except BlockingIOError:
            pass

    # ---- Connections come and go ----------------------------------------------------------------------------------

    def accept(self, listener: socket.socket) -> None:
        """Takes who waits, some at a time: what they ask is served before the next come."""
        if self.cfg.is_ssl:
            super().accept(listener)
            return
        if listener not in self.sockets:
            return
        for _ in range(_ACCEPTED_MOST):
            if not self.take(listener):
                return

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
        if len(self.connections) >= self.worker_connections:
            self.make_room()
        conn = Connection(self, client, address, listener.getsockname())
        self.connections.add(conn)
        self.gather(conn)
        return True

    def close(self, conn: Connection, graceful: bool = False) -> None:
        """Ends a connection; gracefully: says that no more comes, and lets the client say the same, so that it reads
        our last answer first."""
        with self.changing:
            self.gathering.pop(conn, None)
            self.unwatch(conn)
            if graceful and len(self.lingering) < _LINGERING_MOST:
                try:
                    conn.sock.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
                else:
                    self.lingering[conn] = time.monotonic() + LINGER
                    self.watch(conn, self.discard)
                    return
            self.connections.discard(conn)
            conn.sock.close()

    def discard(self, conn: Connection) -> None:
        try:
            if conn.sock.receive():
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self.end_lingering(conn)

    def end_lingering(self, conn: Connection) -> None:
        if self.lingering.pop(conn, None):
            self.close(conn)

    def watch(self, conn: Connection, heed: Callable[[Connection], None]) -> None:
        if not conn.is_watched:
            conn.is_watched = True
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(heed, conn))

    def unwatch(self, conn: Connection) -> None:
        if conn.is_watched:
            conn.is_watched = False
            self.poller.unregister(conn.sock)

    # ---- Requests are gathered and served -------------------------------------------------------------------------

    def gather(self, conn: Connection) -> None:
        """Waits for the next request on the connection, a part of which may have come with the last."""
        try:
            conn.begin()
        except Refused as error:
            self.refuse(conn, error.status)
            return
        with self.changing:
            self.gathering[conn] = None
            if conn.sock.inbox.is_whole or not conn.is_kept:  # a new one's is there, much of the time
                self.unwatch(conn)  # or it would come twice a round, and more often in the next
                self.ready.append(partial(self.receive, conn))
                if not self.crew.leads:
                    self.wake()
            else:
                self.watch(conn, self.receive)

    def receive(self, conn: Connection) -> None:
        """Takes what has come, and serves the request if that was the rest of it."""
        if conn not in self.gathering:
            return
        inbox = conn.sock.inbox
        try:
            if not inbox.is_whole and not inbox.feed(conn.sock.receive()):
                return self.close(conn)
        except BlockingIOError:
            return self.watch(conn, self.receive)
        except Refused as error:
            return self.refuse(conn, error.status)
        except OSError:
            return self.close(conn)
        if inbox.is_whole:
            return self.serve(conn)
        if inbox.wants_word:
            inbox.wants_word = False
            self.say(conn, b"HTTP/1.1 100 Continue\r\n\r\n")
        return self.watch(conn, self.receive)

    def serve(self, conn: Connection) -> None:
        """Answers the request, which is whole. Another thread may lead when that is done."""
        del self.gathering[conn]
        self.serving = conn
        self.crew.begin()
        try:
            is_kept = self.handle(conn)
            conn.sock.flush()
        except (OSError, SystemExit):
            is_kept = False
        if self.crew.end():
            self.serving = None
        if not is_kept:
            self.close(conn, graceful=True)
        else:
            conn.is_kept = True
            self.gather(conn)

    def refuse(self, conn: Connection, status: str) -> None:
        """Answers without asking the site, and closes."""
        body = b'{"detail":"%s"}' % status.encode()
        head = (
            f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: application/json\r\n"
            f"X-Content-Type-Options: nosniff\r\nContent-Length: {len(body)}\r\n{_LATER.get(status, '')}\r\n"
        )
        self.say(conn, head.encode() + body)
        self.close(conn, graceful=True)

    def say(self, conn: Connection, words: bytes) -> None:
        """A few words that fit any buffer; who takes not even those does not get them."""
        try:
            conn.sock.send(words)
        except OSError:
            pass

    # ---- Nobody waits for ever ------------------------------------------------------------------------------------

    def make_room(self) -> None:
        """Closes the connection that has been idle longest, or else the one that has been sending longest."""
        waiting = list(self.gathering)
        for conn in [conn for conn in waiting if conn.is_idle][:1] or waiting[:1]:
            self.close(conn)

    def look(self) -> None:
        """Once a second, ends what has waited too long. When the site is to end, takes who has come so far (closing the
        listeners would cut them off), and gives them, and what is half sent, a little time."""
        if not self.alive:
            self.stop_accepting()
        now = time.monotonic()
        if now < self.next_look:
            return
        self.next_look = now + (1 if self.alive else LATE)
        for conn in [conn for conn in list(self.gathering) if min(conn.deadline, self.ends) < now]:
            if conn.sock.inbox.received:
                self.refuse(conn, "408 Request Timeout")
            else:
                self.close(conn)
        for conn in [conn for conn, end in list(self.lingering.items()) if end < now]:
            self.end_lingering(conn)

    def stop_accepting(self) -> None:
        for listener in self.sockets:
            while self.take(listener):
                pass
            self.poller.unregister(listener)
            listener.close()
        self.sockets: list[Any] = []
