# SPDX-License-Identifier: Apache-2.0
"""How far long work is: a bar in a terminal, a line now and then in a file."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

LINE_EVERY_S = 30.0


class ProgressBar(Progress):
    """Counts, the time gone and the time left.

    Where the console is no terminal, a bar would stay unseen until the end: there a line says
    how far the work is, no more often than `LINE_EVERY_S`.
    """

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        super().__init__(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console)
        self._said = time.monotonic()

    def update(self, task_id: TaskID, *args: Any, **changes: Any) -> None:
        """Change a task, as rich's own does."""
        super().update(task_id, *args, **changes)
        self._say(task_id)

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        """Go on in a task, as rich's own does."""
        super().advance(task_id, advance)
        self._say(task_id)

    def _say(self, task_id: TaskID) -> None:
        now = time.monotonic()
        if self.console.is_terminal or now < self._said + LINE_EVERY_S:
            return
        self._said = now
        task = next(task for task in self.tasks if task.id == task_id)
        total = "" if task.total is None else f" of {task.total:.0f}"
        self.console.print(f"{task.description}: {task.completed:.0f}{total}")
