# SPDX-License-Identifier: Apache-2.0
"""Our nodes as launch actions: parameter file, arguments, topics, and what follows their end."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from launch.action import Action
from launch.actions import EmitEvent, LogInfo, OpaqueFunction
from launch.condition import Condition
from launch.events import Shutdown
from launch.events.process import ProcessExited
from launch.launch_context import LaunchContext
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterFile, ParameterValue

from vla_bringup.launching.arguments import config_file
from vla_bringup.launching.defaults import Chosen, Values
from vla_bringup.launching.packages import first_installed, missing
from vla_bringup.launching.restarting import Restarted
from vla_bringup.parameters import write_overrides
from vla_bringup.presets import CAMERA_INFO, IMAGE
from vla_bringup.trained import training_parameters

PARAMETER_TYPES: Mapping[str, type] = {
    "backend": str,
    "device": str,
    "enable_stamped_cmd_vel": bool,
    "metrics_port": int,
    "policy": str,
    "robot_name": str,
    "seed": int,
    "split": str,
    "use_sim_time": bool,
}
"""Arguments that are parameters of nodes."""

PARAMETER_NAMES: Mapping[str, str] = {"metrics_port": "prometheus.port"}
"""Where the parameter is not called as the argument."""

TOPICS: Mapping[str, str] = {
    "camera_topic": IMAGE,
    "camera_info_topic": CAMERA_INFO,
    "odom_topic": "odom",
    "scan_topic": "scan",
    "cmd_vel_topic": "cmd_vel",
    "e_stop_topic": "hardware/e_stop",
}
"""Arguments that say where a topic is, and the name that our nodes have for it."""

SIGKILL_AFTER_S = 1.0
"""[s] From SIGTERM to SIGKILL."""


@dataclass(frozen=True)
class OurNode:
    """A node of ours: package, executable and node have one name.

    Attributes:
        parameter_file: argument that names its parameter file.
        arguments: launch arguments that are parameters of it.
        topics: launch arguments that move its topics.
        parameters: further parameters.
        compares: whether it compares the policy's actions with those of its training, of which
            the checkpoint that the argument `policy` names tells.
        ending_s: how long it may take to end before it gets SIGTERM. A node that hangs is so gone
            before the 5 s in which a launch should end.
    """

    name: str
    parameter_file: str
    arguments: tuple[str, ...] = ("robot_name",)
    topics: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    compares: bool = False
    ending_s: float = 3.0

    def started(self, on_exit: Callable[..., Any] | None = None, **options: Any) -> Node:
        """A fresh action that starts it once."""
        return Node(
            package=self.name,
            executable=self.name,  # which names the node so: given here, a restart would warn
            namespace=LaunchConfiguration("namespace"),
            parameters=[
                ParameterFile(LaunchConfiguration(self.parameter_file)),
                *([ParameterFile(training_file(self))] if self.compares else []),
                {**self._from_arguments(), **self.parameters},
            ],
            remappings=moved_topics(*self.topics),
            output="screen",
            sigterm_timeout=str(self.ending_s),
            sigkill_timeout=str(SIGKILL_AFTER_S),
            on_exit=on_exit,
            **options,
        )

    def restarted(self, **options: Any) -> Restarted:
        """Started again when it dies."""
        return Restarted(self.name, self.started, **options)

    def indispensable(self, why: str, **options: Any) -> Node:
        """Its end is the end of the launch, for the reason that is given."""

        def end(event: ProcessExited, context: LaunchContext) -> list[Action]:
            if context.is_shutdown:
                return []
            reason = f"{self.name} ended with status {event.returncode}: {why}"
            return [LogInfo(msg=reason), EmitEvent(event=Shutdown(reason=reason))]

        return self.started(on_exit=end, **options)

    def _from_arguments(self) -> dict[str, ParameterValue]:
        return {
            PARAMETER_NAMES.get(name, name): ParameterValue(
                LaunchConfiguration(name), value_type=PARAMETER_TYPES[name]
            )
            for name in self.arguments
        }


def training_file(node: OurNode) -> Chosen:
    """A parameter file with what the checkpoint says; the node's own where it says nothing."""

    def write(values: Values) -> str:
        told = training_parameters(values["policy"]).get(node.name)
        if not told:
            return values[node.parameter_file]
        path = Path(tempfile.mkdtemp(prefix=f"{node.name}_")) / "training.yaml"
        write_overrides(path, {node.name: told})
        return str(path)

    return Chosen("what the checkpoint says of its training", write)


def moved_topics(*arguments: str) -> list[tuple[str, LaunchConfiguration]]:
    """Remappings of our topics to where the arguments say that they are."""
    return [(TOPICS[name], LaunchConfiguration(name)) for name in arguments]


def aggregator(*analyzers: str, condition: Condition | None = None) -> OpaqueFunction:
    """The node that makes a tree of /diagnostics, for rqt_robot_monitor, where it is installed.

    Args:
        analyzers: names of its parameter files.
        condition: on which it is started.
    """

    def start(context: LaunchContext) -> list[Action]:
        package = "diagnostic_aggregator"
        if first_installed([package]) is None:
            sentence = missing(package, "diagnostic-aggregator")
            return [LogInfo(msg=f"no tree of diagnostics: {sentence}")]
        node = Node(
            package=package,
            executable="aggregator_node",
            namespace=LaunchConfiguration("namespace"),
            parameters=[config_file(name) for name in analyzers],
            output="screen",
        )
        return [node]

    return OpaqueFunction(function=start, condition=condition)
