# SPDX-License-Identifier: Apache-2.0
"""The ROS node of the gate: declares, converts, asks the gate, publishes."""

from __future__ import annotations

import signal
import sys
import time
import traceback
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import Twist, TwistStamped
from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import LaserScan
from std_msgs.msg import Bool
from std_srvs.srv import SetBool, Trigger

from vla_safety import messages, parameters, qos, topics
from vla_safety.answer import Answer
from vla_safety.audit import Audit, Event
from vla_safety.errors import ParameterError, SafetyError, ScanError
from vla_safety.gate import RATE_HZ, Decision, Gate
from vla_safety.instant import SECOND_NS
from vla_safety.settings import Settings
from vla_safety.status import (
    LEVELS,
    Level,
    Status,
    event_status,
    failure_status,
    gate_status,
)
from vla_safety.velocity import ZERO, Velocity

NAME = "vla_safety"
# A scanner that sends nonsense does so ten times a second.
SCAN_LOG_PERIOD_S = 5.0


class SafetyNode(Node):
    """Publishes a velocity 50 times a second, in every state, on the steady clock."""

    def __init__(self) -> None:
        try:
            super().__init__(NAME, automatically_declare_parameters_from_overrides=True)
        except ValueError as error:  # rclpy's word for `checks: []`, which names nothing
            raise ParameterError(f"a parameter has an empty list or no value: {error}") from error
        settings = parameters.declare(self)
        parameters.guard(self, self._allow, self._configure)
        self._gate = Gate(settings)
        self._audit = Audit()
        self._stamped: bool = settings.values["enable_stamped_cmd_vel"]
        self._frame_id: str = settings.values["base_frame_id"]
        self._robot_name: str = settings.values["robot_name"]
        self._told: tuple[Any, ...] = ()
        self._told_ns = 0
        self._create_outputs()
        self._create_inputs()
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = self.create_timer(1.0 / RATE_HZ, self._tick, clock=steady)

    def _create_outputs(self) -> None:
        kind = TwistStamped if self._stamped else Twist
        self._commands = self.create_publisher(kind, topics.COMMAND, qos.COMMAND)
        self._states = self.create_publisher(DiagnosticStatus, topics.STATE, qos.STATE)
        self._events = self.create_publisher(DiagnosticStatus, topics.EVENTS, qos.EVENTS)
        self._diagnostics = self.create_publisher(
            DiagnosticArray, topics.DIAGNOSTICS, qos.DIAGNOSTICS
        )

    def _create_inputs(self) -> None:
        self.create_subscription(
            TwistStamped, topics.POLICY_COMMAND, self._on_command, qos.COMMAND
        )
        self.create_subscription(LaserScan, topics.SCAN, self._on_scan, qos.SCAN)
        self.create_subscription(
            Bool,
            topics.E_STOP,
            self._on_e_stop,
            qos.E_STOP,
            event_callbacks=SubscriptionEventCallbacks(incompatible_qos=self._on_deaf_e_stop),
        )
        self.create_service(Trigger, topics.E_STOP_TRIGGER, self._on_e_stop_trigger)
        self.create_service(Trigger, topics.E_STOP_RESET, self._on_e_stop_reset)
        self.create_service(SetBool, topics.ARM, self._on_arm)

    def _clock_ns(self) -> int:
        return int(self.get_clock().now().nanoseconds)

    def _on_command(self, message: TwistStamped) -> None:
        self._gate.receive(
            messages.velocity_from(message.twist),
            messages.nanoseconds_from(message.header.stamp),
            time.monotonic_ns(),
            self._clock_ns(),
        )

    def _on_scan(self, message: LaserScan) -> None:
        try:
            points = messages.points_from(message)
        except ScanError as error:
            self.get_logger().warning(
                f"a scan is refused: {error}", throttle_duration_sec=SCAN_LOG_PERIOD_S
            )
            return
        self._gate.receive_scan(
            points,
            messages.nanoseconds_from(message.header.stamp),
            time.monotonic_ns(),
            self._clock_ns(),
        )

    def _on_e_stop(self, message: Bool) -> None:
        self._gate.estop.set_input(message.data, topics.E_STOP)

    def _on_deaf_e_stop(self, _: Any) -> None:
        """An e-stop that cannot be heard is a pressed e-stop."""
        self._gate.estop.latch(
            f"a publisher of {topics.E_STOP} is best-effort, which the gate cannot rely on; "
            "make it reliable"
        )

    def _on_e_stop_trigger(
        self, _: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        self._gate.estop.latch(f"{topics.E_STOP_TRIGGER} was called")
        return self._answered(response, Answer(True, "e-stop latched"))

    def _on_e_stop_reset(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        return self._answered(response, self._gate.reset_estop(time.monotonic_ns()))

    def _on_arm(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        return self._answered(response, self._gate.arm(request.data))

    def _answered(self, response: Any, answer: Answer) -> Any:
        response.success, response.message = answer
        self.get_logger().info(answer.sentence)
        return response

    def _allow(self, proposed: dict[str, Any]) -> Settings:
        settings = self._gate.settings.changed(proposed)
        self._gate.allow(settings)
        return settings

    def _configure(self, settings: Settings) -> None:
        self._gate.configure(settings)
        self.get_logger().info("parameters changed")

    def _tick(self) -> None:
        now_ns, clock_ns = time.monotonic_ns(), self._clock_ns()
        decision = self._gate.tick(now_ns, clock_ns)
        self._publish_command(decision.command, clock_ns)
        for event in self._audit.observe(decision, now_ns):
            self._tell(event, decision)
        self._publish_state(decision, now_ns, clock_ns)

    def _publish_command(self, velocity: Velocity, clock_ns: int) -> None:
        if self._stamped:
            message = messages.stamped_twist_from(velocity, clock_ns, self._frame_id)
        else:
            message = messages.twist_from(velocity)
        self._commands.publish(message)

    def _tell(self, event: Event, decision: Decision) -> None:
        status = event_status(event, decision, self._gate.settings.values["axes"])
        self._events.publish(self._diagnostic(status))
        if event.kind == "state" and LEVELS[event.state] is not Level.OK:
            self.get_logger().warning(f"state: {event.text}")
        else:
            self.get_logger().info(f"{event.kind}: {event.text}")

    def _publish_state(self, decision: Decision, now_ns: int, clock_ns: int) -> None:
        """State and diagnostics, on each change and once a second."""
        told = (
            *self._audit.shown(decision),
            self._gate.arming.armed,
            self._gate.estop.latched,
            self._gate.estop.input_active,
            self._audit.active(),
        )
        if told == self._told and now_ns - self._told_ns < SECOND_NS:
            return
        self._told, self._told_ns = told, now_ns
        diagnostic = self._diagnostic(gate_status(self._gate, decision, self._audit, clock_ns))
        self._states.publish(diagnostic)
        self._diagnostics.publish(messages.diagnostics_from(diagnostic, clock_ns))

    def _diagnostic(self, status: Status) -> DiagnosticStatus:
        return messages.diagnostic_from(status, self._robot_name)

    def end(self, failure: str | None = None) -> None:
        """Say zero once more before the process ends, and why when it is not by request."""
        self._timer.cancel()
        self._publish_command(ZERO, self._clock_ns())
        if failure is not None:
            diagnostic = self._diagnostic(failure_status(failure))
            self._events.publish(diagnostic)
            self._states.publish(diagnostic)
            self._diagnostics.publish(messages.diagnostics_from(diagnostic, self._clock_ns()))
        self._commands.wait_for_all_acked(Duration(seconds=0.1))


class _Quit:
    """Set by SIGINT or SIGTERM. The context stays alive, so that a last zero can be sent."""

    def __init__(self) -> None:
        self.requested = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._request)

    def _request(self, *_: Any) -> None:
        self.requested = True


def _spin(node: SafetyNode, quit_: _Quit) -> int:
    """Run `node` until asked to quit (0) or until one of its callbacks fails (1)."""
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        while rclpy.ok() and not quit_.requested:
            executor.spin_once(timeout_sec=0.1)
        if rclpy.ok():
            node.end()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except Exception as error:  # whatever went wrong: zero, a word, and the end
        sentence = f"the gate sent zero and ends, because a callback failed: {_where(error)}"
        print(f"{NAME}: {sentence}", file=sys.stderr)
        node.end(sentence)
        return 1
    return 0


def _where(error: Exception) -> str:
    """`error` in one line with the place that raised it."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{error!r} ({frame.filename}:{frame.lineno})"


def main(args: list[str] | None = None) -> int:
    """Run the gate; 0 after Ctrl-C or SIGTERM, 1 with one line on stderr after a failure."""
    quit_ = _Quit()
    node: SafetyNode | None = None
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
        node = SafetyNode()
        return _spin(node, quit_)
    except (SafetyError, RuntimeError) as error:  # RuntimeError: rcl, of arguments and files
        print(f"{NAME}: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    finally:
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()


if __name__ == "__main__":
    sys.exit(main())
