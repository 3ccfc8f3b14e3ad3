# SPDX-License-Identifier: Apache-2.0
"""The node that speaks to the robot and listens to everything that happens.

Its callbacks run in a thread of their own and only take down what they hear; who reads it
does so from the main thread, through the methods that start with `take` or end in `_seen`.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import Image
from std_msgs.msg import String, UInt32
from std_srvs.srv import SetBool

from vla_bringup import qos, topics
from vla_bringup.demo import video
from vla_bringup.demo.aftermath import DRIVER
from vla_bringup.demo.latency import LatencyMeter
from vla_bringup.demo.messages import stamp_ns, to_jpeg, to_sent, to_truth
from vla_bringup.demo.readiness import Signs
from vla_bringup.demo.sightings import Frame, Sent, Truth
from vla_bringup.talk import reached

INFERENCE_STATUS = "vla_node: Inference"
MONITOR = "vla_monitor"

MEMORY_S = 10.0
"""How far back single commands and poses are remembered."""


class Witness(Node):
    """Hears images, commands, ground truth and diagnostics; says instructions; arms the gate."""

    def __init__(self) -> None:
        super().__init__("vla_demo")
        self.latency = LatencyMeter()
        self.instruction = ""
        self.recording = False
        self.frames: list[Frame] = []
        self.images = 0
        self.policy_command_at_s = 0.0
        self.gate_command_at_s = 0.0
        self.truth_at_s = 0.0
        self.last_truth: Truth | None = None
        self._lock = threading.Lock()
        self._unread: deque[Truth] = deque()
        self._truths: deque[Truth] = deque(maxlen=int(MEMORY_S * 100))
        self._sent: deque[Sent] = deque(maxlen=int(MEMORY_S * 100))
        self._collisions = 0
        self._room_seed: int | None = None
        self._node_says = "loading"
        self._monitor_reports = False
        self._last_stamp = 0
        self._last_frame_s = 0.0
        self._listen()
        self._say = self.create_publisher(String, topics.INSTRUCTION, qos.INSTRUCTION)
        self._arm: Any = self.create_client(SetBool, topics.GATE_ARM)
        self._commands: Any = None

    def _listen(self) -> None:
        hear = self.create_subscription
        # An image is only unpacked when it is kept: most are merely counted.
        hear(Image, topics.IMAGE, self._on_image, qos.IMAGE, raw=True)
        hear(TwistStamped, topics.POLICY_COMMAND, self._on_policy_command, qos.COMMAND)
        hear(Odometry, topics.GROUND_TRUTH, self._on_truth, qos.GROUND_TRUTH)
        hear(UInt32, topics.COLLISIONS, self._on_collisions, qos.LATCHED)
        hear(String, topics.ROOM, self._on_room, qos.LATCHED)
        hear(DiagnosticArray, topics.DIAGNOSTICS, self._on_diagnostics, qos.DIAGNOSTICS)

    def say(self, instruction: str) -> None:
        """Tell the robot what to do."""
        self.instruction = instruction
        self._say.publish(String(data=instruction))

    def arm(self) -> Any:
        """Ask the gate to let commands pass; a future of its answer."""
        return self._arm.call_async(SetBool.Request(data=True))

    def signs(self) -> Signs:
        """What has been seen of each part so far."""
        self._listen_to_gate()
        return Signs(
            images=self.images,
            room_seed=self._room_seed,
            located=self.truth_at_s > 0.0,
            gate_answers=self._arm.service_is_ready(),
            gate_commands=self.gate_command_at_s > 0.0,
            node_listens=DRIVER in reached(self, self._say),
            node_says=self._node_says,
            monitor_reports=self._monitor_reports,
        )

    def take_truths(self) -> list[Truth]:
        """Ground truth since the last call, oldest first."""
        taken = []
        while self._unread:
            taken.append(self._unread.popleft())
        return taken

    def take_latencies(self) -> list[float]:
        """Latencies since the last call [ms]."""
        with self._lock:
            return self.latency.take()

    def truths_seen(self) -> list[Truth]:
        """Ground truth of the last seconds, oldest first."""
        with self._lock:
            return list(self._truths)

    def commands_seen(self) -> list[Sent]:
        """Commands of the gate in the last seconds, oldest first."""
        with self._lock:
            return list(self._sent)

    def _listen_to_gate(self) -> None:
        """Subscribe to the gate's commands once it is known which type it publishes."""
        if self._commands is not None:
            return
        infos = self.get_publishers_info_by_topic(self.resolve_topic_name(topics.COMMAND))
        if not infos:
            return
        stamped = infos[0].topic_type == "geometry_msgs/msg/TwistStamped"
        self._commands = self.create_subscription(
            TwistStamped if stamped else Twist, topics.COMMAND, self._on_command, qos.COMMAND
        )

    def _on_image(self, raw: bytes) -> None:
        self.images += 1
        now_s = time.monotonic()
        if not self.recording or now_s - self._last_frame_s < 1.0 / video.RATE_HZ:
            return
        self._last_frame_s = now_s
        last = self._sent[-1] if self._sent else Sent(now_s, 0.0, 0.0)
        jpeg = to_jpeg(deserialize_message(raw, Image))
        self.frames.append(Frame(now_s, jpeg, self.instruction, last.linear, last.angular))

    def _on_policy_command(self, command: TwistStamped) -> None:
        stamp = stamp_ns(command.header)
        if stamp <= self._last_stamp:
            return
        self._last_stamp = stamp
        self.policy_command_at_s = time.monotonic()
        # Outside an episode nobody waits for the wheels.
        if self.instruction:
            with self._lock:
                self.latency.policy_command(stamp, self._now_ns())

    def _on_command(self, command: Any) -> None:
        now_ns = self._now_ns()
        self.gate_command_at_s = time.monotonic()
        with self._lock:
            self.latency.command(now_ns)
            self._sent.append(to_sent(command, self.gate_command_at_s))

    def _on_truth(self, odometry: Odometry) -> None:
        truth = to_truth(odometry, time.monotonic(), self._collisions)
        self.truth_at_s = truth.at_s
        self.last_truth = truth
        self._unread.append(truth)
        with self._lock:
            self._truths.append(truth)

    def _on_collisions(self, total: UInt32) -> None:
        self._collisions = int(total.data)

    def _on_room(self, room: String) -> None:
        self._room_seed = int(json.loads(room.data)["seed"])

    def _on_diagnostics(self, array: DiagnosticArray) -> None:
        for status in array.status:
            if status.name == INFERENCE_STATUS:
                well = status.level == DiagnosticStatus.OK
                self._node_says = "" if well else str(status.message)
            elif status.name.startswith(MONITOR):
                self._monitor_reports = True

    def _now_ns(self) -> int:
        return int(self.get_clock().now().nanoseconds)


class Ear:
    """Runs the callbacks of a node in a thread, for as long as the block lasts."""

    def __init__(self, node: Node) -> None:
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(node)
        self._thread = threading.Thread(target=self._spin, name="witness", daemon=True)
        self._error: BaseException | None = None

    def check(self) -> None:
        """Raise here what a callback has raised there."""
        if self._error is not None:
            raise self._error

    def __enter__(self) -> Ear:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown(timeout_sec=1.0)
        self._thread.join(timeout=1.0)

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except ExternalShutdownException:
            pass
        except BaseException as error:
            self._error = error
