# SPDX-License-Identifier: Apache-2.0
"""Keeps the event log fed and tells how it does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from vla_monitor.check import Fact, summarise
from vla_monitor.event_log import EventLog, Moment, default_folder, encode
from vla_monitor.journal import Event
from vla_monitor.report import Report
from vla_monitor.settings import Settings


class Recorder:
    """Writes events down with the present moment on every clock."""

    SUBJECT = "Event Log"

    def __init__(self, settings: Settings, moment: Callable[[], Moment]) -> None:
        self._settings = settings
        self._moment = moment
        self._failing = Fact("vla_monitor: the event log cannot be written", settings)
        given = settings.event_log_directory
        self._log = EventLog(
            Path(given).expanduser() if given else default_folder(os.environ),
            settings.robot_name,
            round(1e6 * settings.event_log_max_size_mb),
            settings.event_log_files,
        )

    @property
    def error(self) -> str:
        """Why it cannot write just now; empty where it can."""
        return self._log.error

    def write(self, events: Iterable[Event]) -> None:
        """Appends the events, in their order."""
        for event in events:
            moment = self._moment()
            line = encode(event, self._settings.robot_name, moment)
            self._log.write(line, moment.steady_s)

    def report(self, now_s: float) -> Report:
        """Level and values now."""
        self._failing.update(bool(self._log.error), now_s)
        level, message = summarise([self._failing], "events are written down")
        if self._log.error:
            message = self._log.error
        return Report(self.SUBJECT, level, message, self._log.values())

    def close(self) -> None:
        """Closes the file."""
        self._log.close()
