# SPDX-License-Identifier: Apache-2.0
"""Keeps the latch file in step with the latch, and tries again when the disk refuses."""

from __future__ import annotations

from vla_safety.errors import LatchFileError
from vla_safety.estop import EStop
from vla_safety.instant import SECOND_NS
from vla_safety.latch_file import LatchFile


class LatchKeeper:
    """Notes every change of a latch that began as the file said."""

    def __init__(self, file: LatchFile) -> None:
        self.cause = file.read()
        self._file = file
        self._kept = bool(self.cause)
        self._tried_ns: int | None = None

    def keep(self, estop: EStop, now_steady_ns: int) -> str:
        """Bring the file up to date; a sentence when that fails, at most once a second."""
        if estop.latched == self._kept:
            return ""
        if self._tried_ns is not None and now_steady_ns - self._tried_ns < SECOND_NS:
            return ""
        try:
            if estop.latched:
                self._file.write(estop.cause)
            else:
                self._file.clear()
        except LatchFileError as error:
            self._tried_ns = now_steady_ns
            return str(error)
        self._kept, self._tried_ns = estop.latched, None
        return ""
