# SPDX-License-Identifier: Apache-2.0
"""The real processes over real DDS: images become commands, and the gate outlives the policy."""

from __future__ import annotations

import contextlib
import os
import signal
import time

import pytest
import rclpy
from rclpy.signals import SignalHandlerOptions

from vla_bringup.demo.aftermath import rest_after
from vla_bringup.demo.outputs import Outputs, last_lines
from vla_bringup.demo.readiness import missing
from vla_bringup.demo.witness import Ear, Witness
from vla_bringup.domain import VARIABLE, claim_free_domain
from vla_bringup.environment import PROFILE, TRANSPORT_PROFILES
from vla_bringup.nodes import simulated_robot

READY_LIMIT_S = 180.0
MOVE_LIMIT_S = 20.0
REST_LIMIT_S = 0.6
ZEROS_FOR_S = 1.0
SEED = 4


@pytest.fixture
def own_domain(monkeypatch, tmp_path):
    """A ROS domain of this test, for its own node and for the processes that it starts."""
    with claim_free_domain() as domain:
        monkeypatch.setenv(VARIABLE, str(domain.number))
        monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "ros"))
        monkeypatch.setenv("ROS_HOME", str(tmp_path / "home"))
        monkeypatch.setenv(TRANSPORT_PROFILES[0], str(PROFILE))
        yield


@pytest.fixture
def outputs(tmp_path):
    with Outputs(tmp_path / "robot") as outputs:
        yield outputs


@pytest.fixture
def supervisor(own_domain, outputs):
    supervisor = simulated_robot(outputs.logs, seed=SEED)
    with contextlib.ExitStack() as logs:
        supervisor.start(lambda each: logs.enter_context(outputs.log(each.name).open("wb")))
        yield supervisor
        supervisor.stop()


@pytest.fixture
def witness(own_domain):
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    witness = Witness()
    with Ear(witness):
        yield witness
    witness.destroy_node()
    rclpy.try_shutdown()


def wait_for(condition, limit_s, supervisor, outputs, what):
    """Wait until the condition is true; say what the processes said if it never is."""
    until = time.monotonic() + limit_s
    while not condition():
        ended = [str(each) for each in supervisor.exits()]
        if ended or time.monotonic() > until:
            logs = {path.name: last_lines(path) for path in outputs.logs.glob("*.log")}
            raise AssertionError(f"{what}: {ended or 'not in time'}; {logs}")
        time.sleep(0.02)


def test_images_become_commands_and_the_gate_stops_the_robot_without_its_policy(
    supervisor, outputs, witness
):
    def wait(condition, limit_s, what):
        wait_for(condition, limit_s, supervisor, outputs, what)

    wait(lambda: not missing(witness.signs()), READY_LIMIT_S, "ready")
    answer = witness.arm()
    wait(answer.done, 10.0, "armed")
    assert answer.result().success

    witness.say("go forward")
    wait(lambda: witness.last_truth.linear > 0.1, MOVE_LIMIT_S, "the robot moves")
    assert witness.take_latencies(), "commands carry the stamps of images"

    killed_s = time.time()
    os.kill(supervisor.pids["vla_node"], signal.SIGKILL)
    time.sleep(REST_LIMIT_S + ZEROS_FOR_S)

    # Judged by the stamps of the simulation, so that a slow listener makes no robot slow.
    truths = [truth._replace(at_s=truth.stamp_s) for truth in witness.truths_seen()]
    stopped_after_s = rest_after(killed_s, truths)
    assert stopped_after_s is not None, "the robot still moves"
    assert stopped_after_s <= REST_LIMIT_S

    last_second = time.monotonic() - ZEROS_FOR_S / 2
    zeros = [sent for sent in witness.commands_seen() if sent.at_s > last_second]
    assert len(zeros) >= 10, "the gate publishes on"
    assert all(sent.zero for sent in zeros)
    assert set(supervisor.pids) >= {"vla_sim", "vla_safety", "vla_monitor"}
