# SPDX-License-Identifier: Apache-2.0
"""A queue with one place: who waits in it is always the newest."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class LatestQueue(Generic[T]):
    """Hands the newest item from one thread to another; an item that still waits is replaced.

    One thread at a time may put and clear, and one take: a queue in C is enough then, and wakes
    the other thread sooner than a condition in Python.

    Attributes:
        received: items ever put.
        dropped: items that were replaced or cleared before anybody took them.
    """

    def __init__(self) -> None:
        self.received = 0
        self.dropped = 0
        self._closed = False
        self._waiting: SimpleQueue[T | None] = SimpleQueue()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def put(self, item: T) -> None:
        """Let `item` wait, in place of the one that waits now. Never blocks."""
        self.received += 1
        self.clear()
        self._waiting.put(item)

    def take(self, timeout_s: float | None = None) -> T | None:
        """The newest item, as soon as there is one; None once closed or after `timeout_s`."""
        if self._closed:
            return None
        try:
            item = self._waiting.get(timeout=timeout_s)
        except Empty:
            return None
        return None if self._closed else item

    def clear(self) -> None:
        """Drop the item that waits, if one does."""
        if self._closed or self._waiting.empty():
            return
        try:
            self._waiting.get_nowait()
        except Empty:  # it was taken just now
            return
        self.dropped += 1

    def close(self) -> None:
        """Wake whoever takes, for good: from now on `take` returns None at once."""
        self.clear()
        self._closed = True
        self._waiting.put(None)
