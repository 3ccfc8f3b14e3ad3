# SPDX-License-Identifier: Apache-2.0
"""The camera goes on sending, but always the same picture."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from rclpy.qos import qos_profile_sensor_data
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import Image

from vla_bringup import topics
from vla_bringup.demo.aftermath import SIMULATOR
from vla_bringup.faults.measurement import Measurement, at_least, at_most
from vla_bringup.faults.probe import Probe, wait_until
from vla_bringup.faults.stage import Stage

LIVE = "faults/live_image"
SLOW_AFTER_S = 0.5
STOP_AFTER_S = 1.0
# From one image to the next, and two ticks of the gate.
SLACK_S = 1 / 30 + 0.04
TURN = 0.5


class _Relay:
    """Hands the simulator's images on, and from `freeze` on the same one with new stamps."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._frozen: Image | None = None
        self._lock = threading.Lock()
        self._freeze = False
        self._images = probe.create_publisher(Image, topics.IMAGE, 5)
        probe.create_subscription(Image, LIVE, self._on_image, qos_profile_sensor_data, raw=True)
        self.count = 0
        self.frozen_s = 0.0

    def freeze(self) -> None:
        """From now on show nothing new."""
        with self._lock:
            self._freeze = True

    def _on_image(self, serialized: bytes) -> None:
        with self._lock:
            image = self._frozen or deserialize_message(serialized, Image)
            if self._freeze and self._frozen is None:
                self._frozen, self.frozen_s = image, time.monotonic()
            image.header.stamp = self._probe.get_clock().now().to_msg()
            self._images.publish(image)
            self.count += 1


def run(folder: Path) -> list[Measurement]:
    """A frozen camera while the robot turns."""
    remap = {SIMULATOR: f"-r {topics.IMAGE}:={LIVE}"}
    with Stage(folder, arguments=remap) as stage:
        probe = stage.probe
        relay = _Relay(probe)
        wait_until(lambda: relay.count > 30, 30.0, "images")
        probe.arm()
        with stage.source(linear=0.0, angular=TURN):
            wait_until(lambda: probe.outputs[-1].angular == TURN, 20.0, "the turn")
            time.sleep(1.0)
            states = len(probe.states)
            relay.freeze()
            wait_until(lambda: probe.outputs[-1].angular == 0.0, 10.0, "zero")
        slow = next(h for h in probe.outputs if h.at_s > relay.frozen_s and h.angular < TURN)
        stop = next(s for s in probe.states[states:] if s.level == 2)
    slow_s, stop_s = slow.at_s - relay.frozen_s, stop.at_s - relay.frozen_s
    return [
        at_most("frozen camera: slow after", SLOW_AFTER_S + SLACK_S, slow_s, "s"),
        at_least("frozen camera: not slow before", SLOW_AFTER_S - SLACK_S, slow_s, "s"),
        at_most("frozen camera: stop after", STOP_AFTER_S + SLACK_S, stop_s, "s"),
        at_least("frozen camera: not stopped before", STOP_AFTER_S - SLACK_S, stop_s, "s"),
    ]
