# SPDX-License-Identifier: Apache-2.0
"""The node that speaks to the gate in a fault run, and takes down what it hears.

Its callbacks run in a thread of their own; who reads what they took down does so from the main
thread.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry
from rclpy.node import Node
from std_msgs.msg import Bool, UInt32
from std_srvs.srv import SetBool, Trigger

from vla_bringup import qos, topics
from vla_bringup.demo.messages import stamp_ns, to_truth
from vla_bringup.demo.sightings import Truth
from vla_bringup.errors import BringupError

E_STOP = "hardware/e_stop"
EVENTS = "vla_safety/events"
POLL_S = 0.002


class FaultError(BringupError):
    """The stack does not come to the point at which something could be broken."""


class Heard(NamedTuple):
    """A command on its way, when it was heard [s, monotonic] and the age of its stamp [s]."""

    at_s: float
    linear: float
    angular: float
    finite: bool = True
    age_s: float = 0.0


class State(NamedTuple):
    """What the gate said of itself, and when that was heard [s, monotonic]."""

    at_s: float
    level: int
    message: str


class Probe(Node):
    """Hears commands, states, events and ground truth; presses, resets, arms and commands."""

    def __init__(self) -> None:
        super().__init__("vla_faults")
        self.outputs: list[Heard] = []
        self.inputs: list[Heard] = []
        self.states: list[State] = []
        self.events: list[State] = []
        self.truths: list[Truth] = []
        self.collisions = 0
        hear = self.create_subscription
        hear(Twist, topics.COMMAND, self._on_output, qos.COMMAND)
        self._input: Any = hear(TwistStamped, topics.POLICY_COMMAND, self._on_input, qos.COMMAND)
        hear(DiagnosticStatus, topics.GATE_STATE, self._on_state, qos.LATCHED)
        hear(DiagnosticStatus, EVENTS, self._on_event, qos.DIAGNOSTICS)
        hear(Odometry, topics.GROUND_TRUTH, self._on_truth, qos.GROUND_TRUTH)
        hear(UInt32, topics.COLLISIONS, self._on_collisions, qos.LATCHED)
        self._commands = self.create_publisher(TwistStamped, topics.POLICY_COMMAND, 1)
        self._button = self.create_publisher(Bool, E_STOP, 10)

    def command(self, linear: float, angular: float = 0.0, ahead_s: float = 0.0) -> None:
        """Send one command as the policy would, with a stamp `ahead_s` in the future."""
        message = TwistStamped()
        stamp = self.get_clock().now().nanoseconds + round(ahead_s * 1e9)
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, 10**9)
        message.twist.linear.x, message.twist.angular.z = linear, angular
        self._commands.publish(message)

    def press(self, active: bool) -> None:
        """Press the e-stop, or release it."""
        self._button.publish(Bool(data=active))

    def arm(self, armed: bool = True) -> None:
        """Arm the gate or disarm it; FaultError when it refuses."""
        answer = self._call(SetBool, topics.GATE_ARM, SetBool.Request(data=armed))
        if not answer.success:
            raise FaultError(f"the gate refused: {answer.message}")

    def reset(self) -> bool:
        """Ask for a reset of the e-stop; whether it was granted."""
        return bool(self._call(Trigger, topics.ESTOP_RESET, Trigger.Request()).success)

    def ignore_inputs(self) -> None:
        """Hear no more commands on their way in: a flood of them would delay all else here."""
        self.destroy_subscription(self._input)

    def state(self) -> str:
        """What the gate said last; empty before it said anything."""
        return self.states[-1].message if self.states else ""

    def speed(self) -> float:
        """The linear velocity that the gate last told the base [m/s]; NaN before that."""
        return self.outputs[-1].linear if self.outputs else math.nan

    def _call(self, kind: Any, name: str, request: Any) -> Any:
        client: Any = self.create_client(kind, name)
        try:
            if not client.wait_for_service(timeout_sec=20.0):
                raise FaultError(f"nobody offers {name}")
            future = client.call_async(request)
            wait_until(future.done, 20.0, f"an answer of {name}")
            return future.result()
        finally:
            self.destroy_client(client)

    def _on_output(self, twist: Twist) -> None:
        self.outputs.append(_heard(twist))

    def _on_input(self, command: TwistStamped) -> None:
        age_ns = self.get_clock().now().nanoseconds - stamp_ns(command.header)
        self.inputs.append(_heard(command.twist)._replace(age_s=age_ns * 1e-9))

    def _on_state(self, status: DiagnosticStatus) -> None:
        self.states.append(_state(status))

    def _on_event(self, status: DiagnosticStatus) -> None:
        self.events.append(_state(status))

    def _on_truth(self, odometry: Odometry) -> None:
        self.truths.append(to_truth(odometry, time.monotonic(), self.collisions))

    def _on_collisions(self, total: UInt32) -> None:
        self.collisions = int(total.data)


def wait_until(condition: Callable[[], bool], limit_s: float, what: str) -> float:
    """Wait for `condition`, called `what`; the seconds that took. FaultError when too long."""
    started_s = time.monotonic()
    while not condition():
        if time.monotonic() - started_s > limit_s:
            raise FaultError(f"{what} did not come within {limit_s:g} s")
        time.sleep(POLL_S)
    return time.monotonic() - started_s


def _heard(twist: Twist) -> Heard:
    fields = [getattr(v, axis) for v in (twist.linear, twist.angular) for axis in "xyz"]
    finite = all(map(math.isfinite, fields)) and fields[1:5] == [0.0] * 4
    return Heard(time.monotonic(), twist.linear.x, twist.angular.z, finite)


def _state(status: DiagnosticStatus) -> State:
    level = status.level[0] if isinstance(status.level, bytes) else status.level
    return State(time.monotonic(), int(level), str(status.message))
