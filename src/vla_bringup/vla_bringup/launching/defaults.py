# SPDX-License-Identifier: Apache-2.0
"""Defaults of launch arguments that depend on other arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from launch.launch_context import LaunchContext
from launch.substitution import Substitution

Values = Mapping[str, str]
"""The launch arguments that are set so far."""


class Chosen(Substitution):
    """A value that is computed from the other arguments when it is needed.

    Args:
        description: what `ros2 launch --show-args` says of it.
        choose: gives the value.
    """

    def __init__(self, description: str, choose: Callable[[Values], str]) -> None:
        super().__init__()
        self._description = description
        self.choose = choose

    def describe(self) -> str:
        """The description, in place of a value that depends on the other arguments."""
        return self._description

    def perform(self, context: LaunchContext) -> str:
        """The value."""
        return self.choose(context.launch_configurations)
