# SPDX-License-Identifier: Apache-2.0
"""What the user sees while the demo runs."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vla_bringup.demo.report import Episode, Report

PLAIN_EVERY_S = 5.0
"""Without a terminal the passing line is printed so often, at most."""


class Display:
    """Lasting lines, and below them one passing line that says what is going on."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = console.status("", spinner="dots")
        self._live = console.is_terminal
        self._printed_s = 0.0
        self._printed = ""

    def __enter__(self) -> Display:
        if self._live:
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._status.stop()

    def line(self, text: str, style: str = "") -> None:
        """A line that stays."""
        self._console.print(escape(text), style=style, highlight=False, soft_wrap=True)

    def passing(self, text: str) -> None:
        """What is going on right now."""
        if self._live:
            self._status.update(escape(text))
            return
        now_s = time.monotonic()
        if text != self._printed and now_s - self._printed_s >= PLAIN_EVERY_S:
            self._printed, self._printed_s = text, now_s
            self.line(f"  {text}")

    def log(self, process: str, lines: Iterable[str]) -> None:
        """The last lines that a process has written."""
        for line in lines:
            self.line(f"  {process} | {line}", style="dim")

    def episode(self, episode: Episode) -> None:
        """How an episode ended."""
        mark, style = ("+", "green") if episode.success else ("-", "red")
        self.line(f"  {mark} {episode.reason} ({_numbers(episode)})", style=style)


def result_table(report: Report) -> Table:
    """The episodes of a report, one a row."""
    table = Table()
    for column in ("instruction", "result", "time", "path", "collisions", "latency p50 / p95"):
        table.add_column(column)
    for episode in report.episodes:
        table.add_row(
            escape(episode.instruction),
            "[green]success[/]" if episode.success else f"[red]{escape(episode.reason)}[/]",
            f"{episode.time_s:.1f} s",
            f"{episode.path_length_m:.2f} m",
            str(episode.collisions),
            f"{_ms(episode.latency_ms_p50)} / {_ms(episode.latency_ms_p95)}",
        )
    return table


def file_names(paths: Iterable[Path]) -> str:
    """Existing files in one line."""
    return ", ".join(str(path) for path in paths if path.exists())


def _numbers(episode: Episode) -> str:
    return (
        f"{episode.time_s:.1f} s, {episode.path_length_m:.2f} m, "
        f"latency {_ms(episode.latency_ms_p50)}"
    )


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} ms"
