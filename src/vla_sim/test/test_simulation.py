# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math
import os
import subprocess
import sys

import numpy as np
import pytest

from vla_sim import headless
from vla_sim.errors import SimulationError
from vla_sim.geometry import Pose
from vla_sim.outcome import gap_to
from vla_sim.robot import CAMERA, LIDAR, ROBOT
from vla_sim.room import Solid, generate_room
from vla_sim.shapes import SHAPE_PARTS
from vla_sim.simulation import Simulation

SOLID = Solid("red", "cylinder", 2.0, 0.0, 0.2, 0.45, 0.0, (0.9, 0.0, 0.0))
ROOM = dataclasses.replace(
    generate_room(0), width=6.0, depth=6.0, objects=(SOLID,), start=Pose(0.0, 0.0, 0.0)
)


@pytest.fixture
def simulation():
    made = Simulation(ROOM, render=False)
    yield made
    made.close()


def run(simulation, linear, angular, seconds):
    simulation.command(linear, angular)
    simulation.step(seconds)


def test_wheels_drive_straight_at_the_commanded_speed(simulation):
    run(simulation, 0.4, 0.0, 3.0)
    assert simulation.speed[0] == pytest.approx(0.4, abs=0.02)
    assert simulation.pose.x == pytest.approx(1.17, abs=0.06)
    assert abs(simulation.pose.y) < 0.08


def test_the_base_turns_at_the_commanded_rate(simulation):
    run(simulation, 0.0, 1.0, 2.0)
    assert simulation.speed[1] == pytest.approx(1.0, abs=0.1)
    assert abs(simulation.pose.x) < 0.05


@pytest.mark.parametrize(("linear", "angular"), [(0.4, 0.6), (0.3, -1.0), (-0.3, 0.5), (0.6, 1.5)])
def test_wheels_keep_their_grip_when_it_starts_into_a_turn(simulation, linear, angular):
    run(simulation, linear, angular, 0.8)
    turned, told = simulation.pose.yaw, simulation.odometry.yaw
    assert abs(turned) > 0.2
    assert told == pytest.approx(turned, abs=0.04)


@pytest.mark.parametrize(("linear", "angular"), [(0.4, 0.6), (0.0, 1.3), (0.6, 1.5)])
def test_it_stands_still_soon_after_it_is_told_to(simulation, linear, angular):
    run(simulation, linear, angular, 1.0)
    run(simulation, 0.0, 0.0, 0.3)
    for _ in range(25):
        simulation.step(0.02)
        assert np.abs(simulation.speed).max() < 0.005


def test_odometry_follows_the_truth(simulation):
    run(simulation, 0.3, 0.4, 4.0)
    odometry, pose = simulation.odometry, simulation.pose
    assert (odometry.x, odometry.y) == pytest.approx((pose.x, pose.y), abs=0.06)
    assert odometry.yaw == pytest.approx(pose.yaw, abs=0.06)
    assert odometry.linear == pytest.approx(0.3, abs=0.02)


def test_the_base_ramps_and_does_not_jump(simulation):
    simulation.command(0.6, 0.0)
    simulation.step(0.1)
    assert simulation.speed[0] < ROBOT.max_linear_acceleration * 0.1 + 0.05


def test_a_target_beyond_the_base_is_clamped(simulation):
    run(simulation, 50.0, 0.0, 1.0)
    assert simulation.speed[0] <= ROBOT.max_linear + 0.05


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_command_that_is_not_finite_is_refused_and_nothing_changes(simulation, bad):
    with pytest.raises(SimulationError, match="must be finite"):
        simulation.command(bad, 0.0)
    simulation.step(0.5)
    assert abs(simulation.pose.x) < 1e-3


def test_driving_into_a_solid_is_one_collision_and_the_solid_stays(simulation):
    run(simulation, 0.6, 0.0, 6.0)
    assert simulation.collisions == 1
    assert gap_to(simulation.pose, SOLID) == pytest.approx(0.0, abs=0.03)


def test_driving_in_the_open_is_no_collision(simulation):
    run(simulation, -0.4, 0.0, 3.0)
    assert simulation.collisions == 0


def test_time_less_than_a_slice_is_not_lost(simulation):
    for _ in range(100):
        simulation.step(0.013)
    assert simulation.time == pytest.approx(1.3, abs=0.021)


def test_the_scan_measures_walls_and_solids(simulation):
    scan = simulation.scan()
    assert scan.shape == (LIDAR.rays,)
    ahead, left, behind = scan[180], scan[270], scan[0]
    assert ahead == pytest.approx(1.8, abs=0.02)
    assert left == pytest.approx(3.0, abs=0.02)
    assert behind == pytest.approx(3.0, abs=0.02)


def test_the_scan_turns_with_the_robot(simulation):
    simulation.teleport(Pose(0.0, 0.0, math.pi / 2))
    assert simulation.scan()[90] == pytest.approx(1.8, abs=0.02)


def test_the_same_commands_lead_to_the_same_place():
    def end():
        made = Simulation(ROOM, render=False)
        run(made, 0.4, 0.3, 2.0)
        return made.pose

    assert end() == end()


def test_the_camera_sees_the_solid_where_geometry_says():
    simulation = Simulation(ROOM)
    try:
        simulation.teleport(Pose(0.3, 0.4, 0.1))
        image = simulation.render().astype(int)
        ahead, left = simulation.pose.local(SOLID.x, SOLID.y)
    finally:
        simulation.close()
    assert image.shape == (CAMERA.height, CAMERA.width, 3)
    red = (image[..., 0] > 60) & (image[..., 0] > 3 * image[..., 1])
    rows, columns = np.nonzero(red)
    expected = CAMERA.project(ahead, left, SOLID.height / 2)
    assert expected is not None
    assert columns.mean() == pytest.approx(expected[0], abs=3)
    assert rows.mean() == pytest.approx(expected[1], abs=8)


def test_no_camera_no_image(simulation):
    with pytest.raises(SimulationError, match="without a camera"):
        simulation.render()


def test_a_machine_without_egl_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(headless, "MISSING_EGL", True)
    with pytest.raises(SimulationError, match="apt-get install libegl1"):
        Simulation(ROOM)


def test_without_egl_the_package_still_imports_and_steps():
    program = (
        "import ctypes.util; ctypes.util.find_library = lambda name: None\n"
        "from vla_sim.room import generate_room\n"
        "from vla_sim.simulation import Simulation\n"
        "Simulation(generate_room(0), render=False).step(0.1)\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "MUJOCO_GL"}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)


BALL = Solid("blue", "ball", -1.0, 1.0, 0.2, 0.4, 0.0, (0.1, 0.1, 0.9))


@pytest.fixture
def with_ball():
    room = dataclasses.replace(ROOM, objects=(SOLID, BALL))
    made = Simulation(room, render=False)
    yield made
    made.close()


def test_a_ball_can_be_moved_and_is_there_then(with_ball):
    moved = with_ball.move(BALL, 1.0, 0.0)
    assert with_ball.room.find("blue", "ball") == moved
    run(with_ball, 0.0, 0.0, 0.1)
    assert with_ball.scan()[180] == pytest.approx(0.8, abs=0.02)
    run(with_ball, 0.5, 0.0, 4.0)
    assert with_ball.collisions == 1
    assert gap_to(with_ball.pose, moved) == pytest.approx(0.0, abs=0.03)


@pytest.mark.parametrize("solid", [SOLID, dataclasses.replace(BALL, colour="red")])
def test_what_is_no_ball_of_the_room_stays_where_it_is(with_ball, solid):
    with pytest.raises(SimulationError, match="cannot be moved"):
        with_ball.move(solid, 1.0, 0.0)


@pytest.mark.parametrize("shape", sorted(SHAPE_PARTS))
def test_every_shape_stands_within_its_footprint_and_can_be_hit(shape):
    solid = Solid("red", shape, 1.5, 0.0, 0.22, 0.44, 0.0, (0.9, 0.0, 0.0))
    made = Simulation(dataclasses.replace(ROOM, objects=(solid,)), render=False)
    try:
        rays = made.scan()[150:211]
        near = float(rays.min())
        run(made, 0.5, 0.0, 5.0)
        assert made.collisions == 1
        assert gap_to(made.pose, solid) > -0.23
    finally:
        made.close()
    assert near > 1.5 - 0.22 - 0.01


def test_the_camera_may_be_mounted_a_little_off():
    high = dataclasses.replace(CAMERA, z=0.9, pitch_deg=30.0)
    images = []
    for camera in (CAMERA, high):
        made = Simulation(ROOM, camera=camera)
        images.append(made.render().astype(int))
        made.close()
    assert np.abs(images[0] - images[1]).mean() > 1.0
