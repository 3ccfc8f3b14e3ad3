# SPDX-License-Identifier: Apache-2.0
"""A queue with one place: who waits in it is always the newest."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class LatestQueue(Generic[T]):
    """Hands the newest item from one thread to another; an item that still waits is replaced.

    Attributes:
        received: items ever put.
        dropped: items that were replaced or cleared before anybody took them.
    """

    def __init__(self) -> None:
        self.received = 0
        self.dropped = 0
        self._waiting: T | None = None
        self._closed = False
        self._changed = threading.Condition()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def put(self, item: T) -> None:
        """Let `item` wait, in place of the one that waits now. Never blocks."""
        with self._changed:
            self.received += 1
            self._drop()
            self._waiting = item
            self._changed.notify()

    def take(self, timeout_s: float | None = None) -> T | None:
        """The newest item, as soon as there is one; None once closed or after `timeout_s`."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or self._waiting is not None, timeout=timeout_s
            )
            item, self._waiting = self._waiting, None
            return None if self._closed else item

    def clear(self) -> None:
        """Drop the item that waits, if one does."""
        with self._changed:
            self._drop()

    def close(self) -> None:
        """Wake whoever takes, for good: from now on `take` returns None at once."""
        with self._changed:
            self._drop()
            self._closed = True
            self._changed.notify_all()

    def _drop(self) -> None:
        if self._waiting is not None:
            self.dropped += 1
            self._waiting = None
