# SPDX-License-Identifier: Apache-2.0
"""A ROS domain that nobody else on this machine uses."""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO

from vla_bringup.errors import BringupError

VARIABLE = "ROS_DOMAIN_ID"

CANDIDATES = range(101, 0, -1)
"""Domains whose ports lie below Linux' ephemeral ones; 0 is left to the user's own nodes."""


class ClaimedDomain:
    """A domain id that is ours until `release`, or until this process ends in any way."""

    def __init__(self, number: int, lock: IO[str]) -> None:
        self.number = number
        self._lock = lock

    def release(self) -> None:
        """Let others have it."""
        self._lock.close()

    def __enter__(self) -> ClaimedDomain:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def claim_free_domain(
    candidates: Iterable[int] = CANDIDATES, folder: Path | None = None
) -> ClaimedDomain:
    """Claim the first domain that no other caller has claimed and no participant listens in.

    Raises:
        BringupError: all are taken.
    """
    for number in candidates:
        lock = _lock_file((folder or Path(tempfile.gettempdir())) / f"vla_domain_{number}.lock")
        if lock is None:
            continue
        if not _is_silent(number):
            lock.close()
            continue
        return ClaimedDomain(number, lock)
    raise BringupError(
        f"every ROS domain is taken by another run: end one, or choose with {VARIABLE}=N"
    )


def _lock_file(path: Path) -> IO[str] | None:
    """The locked file, or None if another process holds it or it is another user's."""
    try:
        # Opened for appending, so that it is made if missing and never truncated.
        file = path.open("a", encoding="utf-8")
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def _is_silent(number: int) -> bool:
    """True if the port of a domain's first participant is free (DDSI-RTPS 2.5, 9.6.2)."""
    port = 7400 + 250 * number + 10
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def chosen_domain() -> int | None:
    """The domain that the user has set, or None.

    Raises:
        BringupError: it is no number from 0 to 232.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return None
    if not text.isdigit() or int(text) > 232:
        raise BringupError(f"{VARIABLE} must be a number from 0 to 232 (got {text!r})")
    return int(text)
