"""Threads of which one at a time leads: it waits for work and does it, and another takes over when it has to wait.

Known as leader/followers (Schmidt and others, 2000, https://www.dre.vanderbilt.edu/~schmidt/PDF/lf.pdf). Python runs
one thread at a time, so as long as nothing waits, work that is handed about only costs the handing.
"""

import logging
import threading
import time
from collections.abc import Callable

from app.aside import listen

_log = logging.getLogger("gunicorn.error")


class Crew:
    """Up to `most` threads, made when they are needed."""

    def __init__(self, most: int, lead: Callable[[], None], leave: Callable[[], None]) -> None:
        """`lead` is called by each thread whose turn it is, and returns soon after it `leads` no more. `leave` is
        called when a leader with work in hand is about to be followed: nobody else may come across that work."""
        self._most, self._lead, self._leave = most, lead, leave
        self._changed = threading.Condition()
        self._leader: int | None = None
        self._working_since: float | None = None
        self._idle = self._count = 0

    def start(self) -> None:
        with self._changed:
            self._call()

    @property
    def leads(self) -> bool:
        """Whether this thread does."""
        return self._leader == threading.get_ident()

    def begin(self) -> None:
        """The leader has work in hand."""
        self._working_since = time.monotonic()

    def end(self) -> bool:
        """The work is done; whether this thread still leads."""
        with self._changed:
            if not self.leads:
                return False
            self._working_since = None
            return True

    def step_aside(self) -> None:
        """The leader, with work in hand, is about to wait. From another thread: nothing."""
        if self.leads:
            with self._changed:
                if self.leads and self._working_since is not None:
                    self._follow()

    def relieve(self, seconds: float) -> None:
        """Lets another thread lead if the leader's work has taken so long already, whatever it is about."""
        since = self._working_since
        if since is None or time.monotonic() - since < seconds:
            return
        with self._changed:
            if self._working_since == since:
                self._follow()

    def _follow(self) -> None:
        self._leave()
        self._leader = self._working_since = None
        self._call()

    def _call(self) -> None:
        """Has somebody lead. Where all threads are at work, the first that is done will."""
        if self._idle:
            self._changed.notify()
        elif self._count < self._most:
            self._count += 1
            threading.Thread(target=self._run, name=f"web-{self._count}", daemon=True).start()

    def _run(self) -> None:
        listen(self.step_aside)
        while True:
            with self._changed:
                self._idle += 1
                while self._leader is not None:
                    self._changed.wait()
                self._idle -= 1
                self._leader = threading.get_ident()
            try:
                self._lead()
            except BaseException:  # noqa: BLE001 - a thread that dies while it leads would take the site with it
                _log.exception("A thread that looks after connections failed.")
            with self._changed:
                if self.leads:
                    self._leader = self._working_since = None
