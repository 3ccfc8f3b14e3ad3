# SPDX-License-Identifier: Apache-2.0
"""The inference node: wires images, instructions and the policy to commands."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from nav_msgs.msg import Odometry, Path
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.logging import get_logger
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String

from vla_node import executors, messages, parameters, qos, topics
from vla_node.errors import ImageError, InferenceNodeError
from vla_node.health import Health, Level, judge_instruction
from vla_node.instruction import Heard
from vla_node.motion import PoseSource
from vla_node.output import CommandOutput
from vla_node.path import integrate
from vla_node.pilot import Phase
from vla_node.process import EndSignals
from vla_node.session import Session
from vla_node.worker import Result
from vla_policy.errors import PolicyError
from vla_policy.policy import Policy, further_cameras

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE
DIAGNOSTICS_PERIOD_S = 1.0
THROTTLE_S = 2.0

Pixels = npt.NDArray[np.uint8]
See = Callable[[Pixels, int, int, int], None]
"""Takes an image, its stamp [ns], when it arrived [ns, steady], and how long reading took [ns]."""
Read = Callable[[Any], tuple[Pixels, int]]
"""Makes an image and its stamp [ns] of a message."""


def load_policy(name: str, device: str, threads: int | None, backend: str) -> Policy:
    """The policy of a checkpoint, or at an address; what runs it is imported here, not before."""
    from vla_policy.remote import connect_policy, is_address

    if is_address(name):
        return connect_policy(name)
    from vla_policy import checkpoint

    return checkpoint.load_policy(name, device=device, threads=threads, backend=backend)


class InferenceNode(LifecycleNode):
    """Managed node: configuring loads and warms the policy, activating lets it drive.

    Raises:
        ParameterError: a parameter has another type or is out of range.
    """

    def __init__(self, policy_loader: Callable[..., Policy] = load_policy, **options: Any) -> None:
        """`policy_loader` is called with a name or directory, `device`, `threads`, `backend`."""
        super().__init__(topics.NODE, **options)
        parameters.declare(self)
        self.settings = parameters.read(self)
        for sentence in parameters.unknown(self):
            self.get_logger().warning(sentence)
        self.add_on_set_parameters_callback(self._on_parameters)

        self._load_policy = policy_loader
        self._session: Session | None = None
        self._output: CommandOutput | None = None
        # Held by whoever looks at the session: callbacks and the policy's thread, both briefly.
        self._lock = threading.RLock()
        self._results: deque[tuple[Result, bool]] = deque()
        self._while_active: list[Callable[[], Any]] = []
        self._while_configured: list[Callable[[], Any]] = []
        self._logged_phase = Phase.SILENT
        self._logged_source: PoseSource | None = None
        self._told: list[tuple[Level, str]] = []
        self._steady_clock = Clock(clock_type=ClockType.STEADY_TIME)
        self._diagnostics = self.create_publisher(DiagnosticArray, topics.DIAGNOSTICS, qos.REPORT)
        self.create_timer(
            DIAGNOSTICS_PERIOD_S, self._publish_diagnostics, clock=self._steady_clock
        )

    # Life: every transition leaves one line, and none lets an exception out.

    def autostart(self) -> bool:
        """Configure and activate from within the process; False where that fails."""
        return self.trigger_configure() == SUCCESS and self.trigger_activate() == SUCCESS

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the policy, check it against the parameters and warm it up."""
        return self._transition("configure", self._configure, super().on_configure, state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Begin to listen; what was said before does not count."""
        return self._transition("activate", self._activate, super().on_activate, state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop the robot, then be silent."""
        return self._transition("deactivate", self._deactivate, super().on_deactivate, state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give the policy back."""
        return self._transition("clean up", self._release, super().on_cleanup, state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop the robot and give everything back."""
        return self._transition("shut down", self._release, super().on_shutdown, state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Fall back to unconfigured with nothing held."""
        return self._transition("recover", self._release, super().on_error, state)

    def close(self) -> bool:
        """Stop the robot and end; False where the policy hangs and its thread lives on."""
        ended = self._release()
        self.destroy_node()
        return ended

    def _transition(
        self,
        verb: str,
        ours: Callable[[], object],
        theirs: Callable[[LifecycleState], TransitionCallbackReturn],
        state: LifecycleState,
    ) -> TransitionCallbackReturn:
        try:
            ours()
            return theirs(state)
        except (InferenceNodeError, PolicyError) as error:
            self.get_logger().error(f"cannot {verb}: {error}")
        except Exception as error:  # rclpy would swallow it without a word
            self.get_logger().error(f"cannot {verb}: {type(error).__name__}: {error}")
        if verb == "configure":
            self._release()
        return FAILURE

    def _configure(self) -> None:
        self.settings = settings = parameters.read(self)
        self.get_logger().info(f"loading policy {settings.policy!r}")
        started = time.monotonic()
        policy = self._load_policy(
            settings.policy,
            device=settings.device,
            threads=settings.threads or None,
            backend=settings.backend,
        )
        settings.check_policy(policy)
        self._session = Session(policy, settings, self._deliver, self._now_ns)
        self._session.worker.start()
        self._output = CommandOutput(self, settings)
        self._task = self.create_lifecycle_publisher(String, topics.TASK, qos.TASK)
        self._path = self.create_lifecycle_publisher(Path, topics.PATH, qos.PATH)
        self._inference = self.create_lifecycle_publisher(
            DiagnosticArray, topics.INFERENCE, qos.REPORT
        )
        for publisher in (self._output.publisher, self._task, self._path, self._inference):
            self._while_configured.append(partial(self.destroy_lifecycle_publisher, publisher))
        self.get_logger().info(
            f"policy {policy.name!r} is loaded and warm after {time.monotonic() - started:.1f} s: "
            f"{', '.join(policy.spec.names)}, {policy.spec.horizon} steps of {policy.spec.dt} s"
        )

    def _activate(self) -> None:
        assert self._session is not None and self._output is not None
        self._session.restart()
        subscriptions = (
            *self._subscribe_to_cameras(self._session),
            self.create_subscription(
                String, topics.INSTRUCTION, self._on_instruction, qos.INSTRUCTION
            ),
            self.create_subscription(Odometry, topics.ODOMETRY, self._on_odometry, qos.ODOMETRY),
        )
        for subscription in subscriptions:
            self._while_active.append(partial(self.destroy_subscription, subscription))
        self._timer = self.create_timer(
            1.0 / self.settings.control_rate_hz, self._on_timer, clock=self._steady_clock
        )
        self._while_active.append(partial(self.destroy_timer, self._timer))
        self.get_logger().info(f"ready: commands go to {self._output.publisher.topic_name}")

    def _subscribe_to_cameras(self, session: Session) -> list[Any]:
        further = zip(
            further_cameras(session.policy), self.settings.camera_further_topics, strict=True
        )
        return [
            self._subscribe_to_images(topics.IMAGE, session.see),
            *(
                self._subscribe_to_images(topic, partial(session.see_further, name))
                for name, topic in further
            ),
        ]

    def _subscribe_to_images(self, topic: str, see: See) -> Any:
        settings = self.settings
        profile = qos.image(settings.camera_reliability, settings.camera_depth)
        if settings.camera_transport == "compressed":
            return self.create_subscription(
                CompressedImage,
                topic + topics.COMPRESSED,
                partial(self._on_image, see, messages.from_compressed),
                profile,
            )
        # Serialised, so that the pixels are looked at where they lie.
        read = partial(self._on_image, see, messages.from_serialised)
        return self.create_subscription(Image, topic, read, profile, raw=True)

    def _deactivate(self) -> None:
        if not self._while_active:
            return
        assert self._session is not None and self._output is not None
        _undo(self._while_active)
        with self._lock:
            # What the policy answers from now on belongs to a task that is over.
            stop = self._session.pilot.zero(self._now_ns())
            self._session.restart()
            if self.context.ok():
                self._output.publish(stop, self._now_ns())
                self._output.flush()

    def _release(self) -> bool:
        self._deactivate()
        # Not under the lock, which a policy that ends just now needs to deliver its answer.
        ended = self._session is None or self._session.worker.close()
        if not ended:
            self.get_logger().error("the policy hangs: its thread is left behind")
        with self._lock:
            self._session = self._output = None
            self._results.clear()
        _undo(self._while_configured)
        return ended

    # What comes in.

    def _on_image(self, see: See, read: Read, message: Any) -> None:
        arrived_ns = time.monotonic_ns()
        if self._session is None:
            return
        try:
            image, stamp = read(message)
        except ImageError as error:
            self._session.statistics.images_refused += 1
            self.get_logger().error(f"image refused: {error}", throttle_duration_sec=THROTTLE_S)
            return
        with self._lock:
            see(image, stamp, arrived_ns, time.monotonic_ns() - arrived_ns)

    def _on_instruction(self, message: String) -> None:
        if self._session is None:
            return
        with self._lock:
            heard = self._session.hear(message.data, time.monotonic_ns())
            if heard is not Heard.REPEAT:
                self._send_due()
        if heard is Heard.REPEAT:
            return
        instruction = self._session.pilot.instruction
        if heard is Heard.REFUSED:
            self.get_logger().error(f"instruction refused, stopping: {instruction.refusal}")
        elif heard is Heard.STOP:
            self.get_logger().info("instruction is empty: stopping")
        else:
            self.get_logger().info(f"instruction: {instruction.text!r}")
        self._tell_changes(self._session)
        self._task.publish(String(data=instruction.text if instruction.active else ""))

    def _on_odometry(self, message: Odometry) -> None:
        if self._session is None:
            return
        try:
            pose = messages.to_planar_pose(message)
            with self._lock:
                self._session.motion.observe(*pose, time.monotonic_ns())
        except ValueError as error:
            self.get_logger().error(f"odometry refused: {error}", throttle_duration_sec=THROTTLE_S)

    def _on_parameters(self, changes: list[Parameter[Any]]) -> SetParametersResult:
        current = {row.name: self.get_parameter(row.name).value for row in parameters.TABLE}
        wanted = {change.name: change.value for change in changes}
        reason = parameters.refusal(current, wanted, configured=self._session is not None)
        return SetParametersResult(successful=not reason, reason=reason)

    def _deliver(self, result: Result) -> None:
        """Called in the policy's thread, which publishes the command that follows by itself.

        Waking the executor's thread first takes longer than all else between an answer and its
        command.
        """
        rest: Callable[[], None] = self._on_results
        try:
            self._results.append((result, self._drive(result)))
        except Exception as error:  # the end of the node, not of a thread that nobody looks at
            rest = partial(_raise, error)
        executor = self.executor
        if executor is not None:
            executor.create_task(rest)

    def _drive(self, result: Result) -> bool:
        with self._lock:
            if self._session is None or not self._session.take(result, time.monotonic_ns()):
                return False
            self._send_due()
            return True

    def _on_results(self) -> None:
        while self._results and self._session is not None:
            result, driven = self._results.popleft()
            self._session.statistics.record(result, time.monotonic_ns())
            if driven:
                if self._while_active:
                    # The next command is due a whole period after the one just sent.
                    self._timer.reset()
                self._tell_changes(self._session)
                self._publish_path(self._session, result)
            self._publish_inference(self._session, result)

    # What goes out.

    def _on_timer(self) -> None:
        if self._session is not None:
            self._send_due()
            self._tell_changes(self._session)

    def _send_due(self) -> None:
        with self._lock:
            if self._session is None or self._output is None:
                return
            now_ns = self._now_ns()
            command = self._session.due(now_ns, time.monotonic_ns())
            if command is not None:
                self._output.publish(command, now_ns)

    def _tell_changes(self, session: Session) -> None:
        self._log_changes(session)
        if self._judgements() != self._told:
            self._publish_diagnostics()

    def _publish_inference(self, session: Session, result: Result) -> None:
        stamp = result.request.stamp
        if result.error:
            self.get_logger().error(
                f"inference on the image of stamp {stamp * 1e-9:.6f} failed, "
                f"no command follows from it: {result.error}",
                throttle_duration_sec=THROTTLE_S,
            )
        if self._inference.get_subscription_count() == 0:
            return
        level = Level.ERROR if result.error else Level.OK
        health = Health(level, result.error or "done", session.values(result))
        self._inference.publish(
            messages.to_diagnostics(
                {topics.INFERENCE_STATUS: health}, stamp, self.settings.robot_name
            )
        )

    def _publish_path(self, session: Session, result: Result) -> None:
        if result.chunk is None or self._path.get_subscription_count() == 0:
            return
        now_ns = self._now_ns()
        with self._lock:
            step = session.pilot.player.step(now_ns, time.monotonic_ns())
        poses = integrate(result.chunk, first_step=step)
        self._path.publish(
            messages.to_path(poses, now_ns, result.chunk.spec.dt, self.settings.base_frame)
        )

    def _publish_diagnostics(self) -> None:
        health = self._health()
        self._told = [(each.level, each.message) for each in health.values()]
        self._diagnostics.publish(
            messages.to_diagnostics(health, self._now_ns(), self.settings.robot_name)
        )

    def _health(self) -> dict[str, Health]:
        if self._session is None:
            return {topics.INFERENCE_STATUS: Health(Level.ERROR, "no policy is loaded")}
        return {
            topics.INFERENCE_STATUS: self._session.health(self._state(), time.monotonic_ns()),
            topics.INSTRUCTION_STATUS: judge_instruction(self._session.pilot),
        }

    def _judgements(self) -> list[tuple[Level, str]]:
        """Levels and messages as in `_health`, without the numbers, which take longer."""
        if self._session is None:
            return []
        instruction = judge_instruction(self._session.pilot)
        return [
            self._session.judge(self._state(), time.monotonic_ns()),
            (instruction.level, instruction.message),
        ]

    def _state(self) -> str:
        return "active" if self._while_active else "inactive"

    def _log_changes(self, session: Session) -> None:
        phase, source = session.pilot.phase, session.motion.source
        if phase is not self._logged_phase and phase in (Phase.BLIND, Phase.RAN_OUT):
            self.get_logger().warning(phase.value, throttle_duration_sec=THROTTLE_S)
        if self._logged_phase is Phase.BLIND and phase in (Phase.THINKING, Phase.DRIVING):
            self.get_logger().info("images are back")
        self._logged_phase = phase
        if source is not self._logged_source and session.pilot.instruction.active:
            self.get_logger().info(f"pose since the instruction comes from {source.value}")
            self._logged_source = source

    def _now_ns(self) -> int:
        return int(self.get_clock().now().nanoseconds)


def _raise(error: Exception) -> None:
    raise error


def _undo(steps: list[Callable[[], Any]]) -> None:
    """Take back what was made, the last first."""
    while steps:
        steps.pop()()


def main(args: list[str] | None = None, policy_loader: Callable[..., Policy] = load_policy) -> int:
    """Run the node until it is told to end; 0 unless it could not start."""
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:  # of bad arguments, and of parameter files that are not there
        get_logger(topics.NODE).fatal(f"cannot start: {error}")
        return 1
    node, status, ended = None, 0, True
    with EndSignals() as end:
        try:
            end.interrupts = True
            node = InferenceNode(policy_loader)
            started = node.autostart() if node.settings.autostart else True
            end.interrupts = False
            if started:
                executors.spin(
                    node, node.settings.executor, until=lambda: end.asked or not rclpy.ok()
                )
            else:
                status = 1
        except (KeyboardInterrupt, ExternalShutdownException):
            pass
        except InferenceNodeError as error:
            get_logger(topics.NODE).fatal(str(error))
            status = 1
        finally:
            end.interrupts = False
            if node is not None:
                ended = node.close()
            rclpy.try_shutdown()
    if not ended:
        # A thread that hangs inside a model would keep the interpreter from ending in peace.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status
