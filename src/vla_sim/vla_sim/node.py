# SPDX-License-Identifier: Apache-2.0
"""The node vla_sim: a room in real time, as the topics of a robot."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import rclpy
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry
from rclpy.clock import Clock, ClockType
from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock as ClockMessage
from sensor_msgs.msg import CameraInfo, Image, LaserScan
from std_msgs.msg import String, UInt32

from vla_sim import messages, qos, topics
from vla_sim.errors import SimulatorError
from vla_sim.parameters import Settings, read_settings
from vla_sim.process import EndSignals, run, start
from vla_sim.realtime import CommandWatch, Pace, PaceMeter, Pacer, Schedule
from vla_sim.robot import CAMERA, LIDAR
from vla_sim.room import Room, generate_room

if TYPE_CHECKING:
    from vla_sim.simulation import Simulation

# Twice as often as the physics takes a slice: a slice is late by at most half of its length.
PHYSICS_RATE_HZ = 100.0
GROUND_TRUTH_RATE_HZ = 30.0
DIAGNOSTICS_PERIOD_S = 1.0


class SimulatorNode(Node):
    """Drives a Simulation by the steady clock and publishes what it senses.

    Everything runs in the one thread that also draws: an OpenGL context belongs to a thread.

    Raises:
        SimulatorError: a parameter is bad, or the machine cannot draw.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("vla_sim", automatically_declare_parameters_from_overrides=True, **kwargs)
        self._settings = read_settings(self)
        room = generate_room(self._settings.seed, self._settings.split)
        self._simulation = _simulate(room)
        self._simulation.render()  # the first one takes far longer than the rest
        self._make_publishers()
        self._make_messages()
        self._listen_to_commands()
        self._start()
        self._rooms.publish(messages.room_message(room))
        self.get_logger().info(f"room {room.seed} of split {room.split!r}: {_contents(room)}")

    def _make_publishers(self) -> None:
        self._images = self._publisher(Image, topics.IMAGE, qos.SENSOR)
        self._infos = self._publisher(CameraInfo, topics.CAMERA_INFO, qos.SENSOR)
        self._scans = self._publisher(LaserScan, topics.SCAN, qos.SENSOR)
        self._odometries = self._publisher(Odometry, topics.ODOMETRY, qos.SENSOR)
        self._truths = self._publisher(Odometry, topics.GROUND_TRUTH, qos.SENSOR)
        self._collisions = self._publisher(UInt32, topics.COLLISIONS, qos.LATCHED)
        self._rooms = self._publisher(String, topics.ROOM, qos.LATCHED)
        self._diagnostics = self._publisher(DiagnosticArray, topics.DIAGNOSTICS, qos.DIAGNOSTICS)
        self._clocks: Publisher | None = None
        if self._settings.publish_clock:
            self._clocks = self._publisher(ClockMessage, topics.CLOCK, qos.CLOCK)

    def _publisher(self, kind: type, topic: str, profile: QoSProfile) -> Publisher:
        # rclpy's default event callbacks would be looked through at every turn of the executor;
        # what they warn of, an incompatible QoS, the subscriber's side warns of too.
        events = PublisherEventCallbacks(use_default_callbacks=False)
        return self.create_publisher(kind, topic, profile, event_callbacks=events)

    def _make_messages(self) -> None:
        frame_id = self._settings.camera_frame_id
        self._image = messages.ImageMessage(CAMERA.width, CAMERA.height, frame_id)
        self._info = messages.camera_info(CAMERA, frame_id)

    def _listen_to_commands(self) -> None:
        stamped = self._settings.enable_stamped_cmd_vel
        callback: Callable[[Any], None] = self._on_stamped_command if stamped else self._on_command
        self.create_subscription(
            TwistStamped if stamped else Twist,
            topics.COMMAND,
            callback,
            qos.COMMAND,
            event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False),
        )

    def _start(self) -> None:
        """Real time begins here: everything slow has been done."""
        settings, now_s = self._settings, time.monotonic()
        self._pacer = Pacer(now_s)
        self._pace = PaceMeter(settings.camera_rate_hz, now_s)
        self._watch = CommandWatch(settings.cmd_vel_timeout)
        self._odometry_schedule = Schedule(settings.odom_rate_hz)
        self._scan_schedule = Schedule(settings.scan_rate_hz)
        self._truth_schedule = Schedule(GROUND_TRUTH_RATE_HZ)
        self._told_collisions: int | None = None
        self._image_count = 0
        self._refused_commands = 0
        self._was_late = False
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0 / PHYSICS_RATE_HZ, self._on_physics, clock=steady)
        self.create_timer(1.0 / settings.camera_rate_hz, self._on_camera, clock=steady)
        self.create_timer(DIAGNOSTICS_PERIOD_S, self._on_diagnostics, clock=steady)

    def _on_stamped_command(self, message: TwistStamped) -> None:
        self._on_command(message.twist)

    def _on_command(self, twist: Twist) -> None:
        target = messages.target_from_twist(twist)
        if target is None:
            self._refused_commands += 1
            self.get_logger().error(
                f"a command on {topics.COMMAND} is ignored: all of its numbers must be finite",
                throttle_duration_sec=5.0,
            )
            return
        self._watch.take(target, time.monotonic())

    def _on_physics(self) -> None:
        self._advance()
        simulated_s, stamp = self._simulation.time, self._stamp()
        if self._clocks is not None:
            self._clocks.publish(ClockMessage(clock=stamp))
        if self._odometry_schedule.due(simulated_s):
            self._publish_odometry(stamp)
        if self._scan_schedule.due(simulated_s):
            self._publish_scan(stamp)
        if self._truth_schedule.due(simulated_s):
            self._publish_truth(stamp)

    def _advance(self) -> None:
        """Brings the physics up to the present, under the newest command."""
        now_s = time.monotonic()
        target = self._watch.target(now_s)
        self._simulation.command(target.linear, target.angular)
        self._simulation.step(self._pacer.advance(now_s))

    def _publish_odometry(self, stamp: Time) -> None:
        settings, wheels = self._settings, self._simulation.odometry
        self._odometries.publish(
            messages.odometry(wheels, settings.odom_frame_id, settings.base_frame_id, stamp)
        )

    def _publish_scan(self, stamp: Time) -> None:
        settings, ranges = self._settings, self._simulation.scan()
        self._scans.publish(
            messages.laser_scan(
                ranges, LIDAR, settings.scan_rate_hz, settings.scan_frame_id, stamp
            )
        )

    def _publish_truth(self, stamp: Time) -> None:
        simulation, collisions = self._simulation, self._simulation.collisions
        self._truths.publish(
            messages.ground_truth(
                simulation.pose, simulation.speed, self._settings.base_frame_id, stamp
            )
        )
        if collisions != self._told_collisions:
            self._told_collisions = collisions
            self._collisions.publish(UInt32(data=collisions))

    def _on_camera(self) -> None:
        self._advance()
        stamp, started_s = self._stamp(), time.monotonic()
        frame = self._simulation.render()
        rendered_s = time.monotonic()
        self._images.publish(self._image.fill(frame, stamp))
        self._info.header.stamp = stamp
        self._infos.publish(self._info)
        self._image_count += 1
        self._pace.image(rendered_s - started_s, rendered_s)

    def _on_diagnostics(self) -> None:
        pace = self._pace.measure(self._simulation.time, time.monotonic())
        level = DiagnosticStatus.WARN if pace.late else DiagnosticStatus.OK
        sentence = _sentence(pace, self._settings)
        if pace.late and not self._was_late:
            self.get_logger().warning(sentence)
        self._was_late = pace.late
        self._diagnostics.publish(
            messages.diagnostics(
                level,
                sentence,
                self._values(pace),
                self._settings.robot_name,
                self.get_clock().now().to_msg(),
            )
        )

    def _values(self, pace: Pace) -> dict[str, float | int]:
        return {
            "count": self._image_count,
            "rate_hz": pace.image_rate_hz,
            "render_p50_ms": pace.render_p50_ms,
            "render_p95_ms": pace.render_p95_ms,
            "real_time_factor": pace.real_time_factor,
            "slipped_s": self._pacer.slipped_s,
            "simulated_s": self._simulation.time,
            "collisions": self._simulation.collisions,
            "refused_commands": self._refused_commands,
        }

    def _stamp(self) -> Time:
        """The node clock's time, or the simulated time where that is what /clock tells."""
        if self._clocks is None:
            return self.get_clock().now().to_msg()
        return rclpy.time.Time(nanoseconds=round(1e9 * self._simulation.time)).to_msg()

    def close(self) -> None:
        """Gives back what the node holds, the renderer included."""
        self._simulation.close()
        self.destroy_node()


def _simulate(room: Room) -> Simulation:
    """The simulation of a room; imported here, where a machine that cannot draw is told so."""
    from vla_sim.simulation import Simulation

    return Simulation(room)


def _contents(room: Room) -> str:
    return ", ".join(solid.name for solid in room.objects)


def _sentence(pace: Pace, settings: Settings) -> str:
    if not pace.late:
        return "real time is kept"
    return (
        f"real time is not kept: {pace.image_rate_hz:.1f} of {settings.camera_rate_hz:g} images/s,"
        f" real-time factor {pace.real_time_factor:.2f}, drawing p95 {pace.render_p95_ms:.0f} ms"
    )


def main(args: list[str] | None = None) -> int:
    """Runs the node until it is told to end; 1 when it cannot start, else 0."""
    node = None
    with EndSignals() as end:
        try:
            start(args)
            node = SimulatorNode()
            run(node, end)
        except (KeyboardInterrupt, ExternalShutdownException):
            pass
        except SimulatorError as error:
            print(f"vla_sim: {error}", file=sys.stderr)
            return 1
        finally:
            if node is not None:
                node.close()
            rclpy.try_shutdown()
    return 0
