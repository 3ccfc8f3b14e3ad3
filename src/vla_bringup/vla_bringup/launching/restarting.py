# SPDX-License-Identifier: Apache-2.0
"""A node that is started again when it dies, while everything else stays up."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from launch.action import Action
from launch.actions import LogInfo, TimerAction
from launch.events.process import ProcessExited
from launch.launch_context import LaunchContext

from vla_bringup.back_off import BackOff
from vla_bringup.launching.surroundings import Surroundings

OnExit = Callable[[ProcessExited, LaunchContext], list[Action]]


class Restarted(Action):
    """What `make` makes is started, and again after each death; the waits between them grow.

    A launch action runs once only, so each life is an action of its own.

    Args:
        name: for the log.
        make: makes the action that starts the process, given what to call when it ends.
        back_off: how long to wait.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[OnExit], Action],
        back_off: BackOff | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._name = name
        self._make = make
        self._back_off = back_off or BackOff()

    def execute(self, context: LaunchContext) -> list[Action]:
        """The first life."""
        self._surroundings = Surroundings.of(context)
        return [self._alive()]

    def _alive(self) -> Action:
        self._born_s = time.monotonic()
        return self._make(self._on_exit)

    def _on_exit(self, event: ProcessExited, context: LaunchContext) -> list[Action]:
        if context.is_shutdown:
            return []
        wait_s = self._back_off.wait_after(time.monotonic() - self._born_s)
        told = f"{self._name} ended with status {event.returncode}, next start in {wait_s:g} s"
        return [LogInfo(msg=told), TimerAction(period=wait_s, actions=[_Later(self)])]

    def again(self) -> list[Action]:
        """The next life."""
        return self._surroundings.around(self._alive())


class _Later(Action):
    """Makes the next life when its time has come, so that its age is counted from then."""

    def __init__(self, restarted: Restarted) -> None:
        super().__init__()
        self._restarted = restarted

    def execute(self, context: LaunchContext) -> list[Action]:
        return self._restarted.again()
