"""Answers kept as long as the store says that nothing changed."""

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """The last few things made from one version of the store. Safe under threads."""

    def __init__(self, most: int = 32) -> None:
        self._most = most
        self._lock = Lock()
        self._version: int | None = None
        self._things: dict[Hashable, T] = {}

    def get(self, version: int, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` returned for this `key` at this `version`, made now if it is not kept.

        Read `version` before the data: what is made from newer data then only counts as older than it is.
        """
        with self._lock:
            if version == self._version and key in self._things:
                return self._things[key]
        thing = make()
        with self._lock:
            if version != self._version:
                self._version, self._things = version, {}
            if len(self._things) >= self._most:
                self._things.pop(next(iter(self._things)))
            self._things[key] = thing
        return thing
