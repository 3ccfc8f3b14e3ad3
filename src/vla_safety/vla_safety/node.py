# SPDX-License-Identifier: Apache-2.0
"""The ROS node of the gate: puts the parts together and lets the gate tick."""

from __future__ import annotations

import time
from typing import Any

from geometry_msgs.msg import Twist, TwistStamped
from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.node import Node

from vla_safety import messages, parameters, places, qos, topics
from vla_safety.audit import Event
from vla_safety.decision import Decision
from vla_safety.errors import ParameterError
from vla_safety.gate import RATE_HZ, Gate
from vla_safety.inputs import Inputs
from vla_safety.latch_file import LatchFile
from vla_safety.latch_keeper import LatchKeeper
from vla_safety.reporting import Reporter
from vla_safety.settings import Settings
from vla_safety.velocity import ZERO, Velocity

NAME = "vla_safety"
RIVALS_PERIOD_S = 0.2


class SafetyNode(Node):
    """Publishes a velocity 50 times a second, in every state, on the steady clock."""

    def __init__(self) -> None:
        try:
            super().__init__(NAME, automatically_declare_parameters_from_overrides=True)
        except ValueError as error:  # rclpy's word for `checks: []`, which names nothing
            raise ParameterError(f"a parameter has an empty list or no value: {error}") from error
        settings = parameters.declare(self)
        parameters.guard(self, self._allow, self._configure)
        values = settings.values
        self._stamped: bool = values["enable_stamped_cmd_vel"]
        self._frame_id: str = values["base_frame_id"]
        self._latch = LatchKeeper(
            LatchFile(
                places.latch_path(values["state_directory"], self.get_fully_qualified_name())
            )
        )
        self._gate = Gate(settings, latched_because=self._latch.cause)
        kind = TwistStamped if self._stamped else Twist
        self._commands = self.create_publisher(kind, topics.COMMAND, qos.COMMAND)
        self._reporter = Reporter(self, self._gate)
        self._inputs = Inputs(self, self._gate, self._reporter)
        self._decision: Decision | None = None
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = self.create_timer(1.0 / RATE_HZ, self._tick, clock=steady)
        self._rivals_timer = self.create_timer(RIVALS_PERIOD_S, self._look_around, clock=steady)

    def _clock_ns(self) -> int:
        return int(self.get_clock().now().nanoseconds)

    def _allow(self, proposed: dict[str, Any]) -> Settings:
        settings = self._gate.settings.changed(proposed)
        self._gate.allow(settings)
        return settings

    def _configure(self, settings: Settings) -> None:
        before, after = self._gate.settings.values, settings.values
        self._gate.configure(settings)
        changes = [
            f"{name} {before[name]} -> {value}"
            for name, value in after.items()
            if value != before[name]
        ]
        if changes and self._decision is not None:
            event = Event("parameters", self._decision.state, "changed: " + ", ".join(changes))
            self._reporter.tell(event, self._decision, self._clock_ns())

    def _tick(self) -> None:
        now_ns, clock_ns = time.monotonic_ns(), self._clock_ns()
        decision = self._decision = self._gate.tick(now_ns, clock_ns)
        self._publish_command(decision.command, clock_ns)  # before anything that may be slow
        trouble = self._latch.keep(self._gate.estop, now_ns)
        if trouble:
            self.get_logger().error(trouble)
        self._reporter.report(decision, now_ns, clock_ns)

    def _look_around(self) -> None:
        """See who else publishes what the base listens to."""
        infos = self.get_publishers_info_by_topic(self._commands.topic_name)
        names = [f"{info.node_namespace.rstrip('/')}/{info.node_name}" for info in infos]
        if self.get_fully_qualified_name() in names:
            names.remove(self.get_fully_qualified_name())  # once: a second gate is a rival, too
        self._gate.senses.rivals = tuple(sorted(names))

    def _publish_command(self, velocity: Velocity, clock_ns: int) -> None:
        if self._stamped:
            message = messages.stamped_twist_from(velocity, clock_ns, self._frame_id)
        else:
            message = messages.twist_from(velocity)
        self._commands.publish(message)

    def end(self, failure: str | None = None) -> None:
        """Say zero once more before the process ends, and why when it is not by request."""
        self._timer.cancel()
        self._rivals_timer.cancel()
        self._publish_command(ZERO, self._clock_ns())
        if failure is not None:
            self._reporter.fail(failure, self._clock_ns())
        self._commands.wait_for_all_acked(Duration(seconds=0.1))
        self._reporter.close()
