# SPDX-License-Identifier: Apache-2.0
"""What an action of a launch finds around it: the environment, and the arguments that hold there.

Both end with the group that an included launch file stands in, so whatever starts later than
that, for something else has started or ended, has to take them along.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from launch.action import Action
from launch.actions import (
    LogInfo,
    OpaqueFunction,
    PopEnvironment,
    PopLaunchConfigurations,
    PushEnvironment,
    PushLaunchConfigurations,
    RegisterEventHandler,
    SetEnvironmentVariable,
)
from launch.event_handlers import OnProcessStart
from launch.launch_context import LaunchContext

from vla_bringup.environment import with_defaults
from vla_bringup.shared_memory import clear_half_made_ports


@dataclass(frozen=True)
class Surroundings:
    """The launch arguments and the environment of one place in a launch."""

    configurations: Mapping[str, Any]
    environment: Mapping[str, str]

    @classmethod
    def of(cls, context: LaunchContext) -> Surroundings:
        """Those of the action that is being executed."""
        return cls(dict(context.launch_configurations), dict(context.environment))

    def around(self, *actions: Action) -> list[Action]:
        """The actions, to be executed as if they stood in that place."""
        return [
            PushLaunchConfigurations(),
            PushEnvironment(),
            OpaqueFunction(function=self._restore),
            *actions,
            PopEnvironment(),
            PopLaunchConfigurations(),
        ]

    def _restore(self, context: LaunchContext) -> list[Action]:
        context.launch_configurations.update(self.configurations)
        context.environment.update(self.environment)
        return []


def after_start(first: Action, then: Action) -> OpaqueFunction:
    """Start one process, and another action as soon as it runs."""

    def start(context: LaunchContext) -> list[Action]:
        later = Surroundings.of(context).around(then)
        return [
            RegisterEventHandler(OnProcessStart(target_action=first, on_start=later)),
            first,
        ]

    return OpaqueFunction(function=start)


def environment() -> list[Action]:
    """Set our defaults where the user has set nothing, and clear the way for the nodes."""
    missing = with_defaults(os.environ).items() - os.environ.items()
    variables = [SetEnvironmentVariable(name, value) for name, value in sorted(missing)]
    return [*variables, *(LogInfo(msg=sentence) for sentence in clear_half_made_ports())]
