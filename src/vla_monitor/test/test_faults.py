# SPDX-License-Identifier: Apache-2.0
"""Faults of a running robot, told in made-up time: seen, named, and gone when mended."""

import itertools
from dataclasses import dataclass, replace

import pytest

from vla_monitor.levels import Level
from vla_monitor.measure_inference import InferenceSample
from vla_monitor.monitor import Monitor
from vla_monitor.parameters import make_settings
from vla_monitor.resources import ProcessSample

START_S = 1000.0
STEP_S = 0.005
WITHIN_S = 2.0
TOPIC = "/camera/image_raw"
GOOD = InferenceSample(2.0, 12.0, 5.0, 30.0, 0.8, 0, 0, 0)


@dataclass
class Robot:
    """A robot whose parts can be spoilt: periods in s, None for silence."""

    image_s: float | None = 1 / 30
    inference_s: float | None = 0.1
    command_s: float | None = 0.02
    inference_ms: float = 12.0
    stamp_moves: bool = True
    action_norm: float = 0.8
    gate_level: int = 0
    gate_state: str = "passing"
    picture_moves: bool = True
    moving: bool = True
    processes: tuple = ("vla_node", "vla_safety")


class Run:
    """Drives a Monitor with what a Robot does; keeps the levels of every subject."""

    def __init__(self, instruction="go to the red ball"):
        self.monitor = Monitor(make_settings({}), START_S)
        self.step = 0
        self.stamp_ns = 0
        self.repeated = 0
        self.history = {}
        self.reports = {}
        if instruction is not None:
            self.monitor.instruction(instruction, START_S)

    def drive(self, robot, seconds):
        for _ in range(int(seconds / STEP_S)):
            self.step += 1
            self._advance(robot, START_S + self.step * STEP_S)
        return self

    def _due(self, period_s):
        if period_s is None:
            return False
        return int(self.step * STEP_S / period_s) != int((self.step - 1) * STEP_S / period_s)

    def _advance(self, robot, now_s):
        now_ns = int(now_s * 1e9)
        if self._due(robot.image_s):
            self.stamp_ns = now_ns if robot.stamp_moves else self.stamp_ns
            self.monitor.image(self.stamp_ns, now_ns, now_s)
        if self._due(robot.inference_s):
            self.repeated += not robot.picture_moves
            sample = replace(
                GOOD,
                inference_ms=robot.inference_ms,
                action_norm=robot.action_norm,
                images_repeated=self.repeated,
            )
            self.monitor.inference(sample, now_s)
            image_ns = now_ns - int(1e6 * robot.inference_ms)
            self.monitor.policy_command(image_ns, now_ns, now_s)
        if self._due(robot.command_s):
            state = {"state": robot.gate_state}
            self.monitor.gate_state(robot.gate_level, robot.gate_state, state, now_s)
            self.monitor.command(now_ns, now_s, robot.moving)
        if self._due(0.5):
            running = [ProcessSample(name, 7, 10.0, 100.0) for name in robot.processes]
            self.monitor.processes(running)
        if self._due(0.2):
            for report in self.monitor.reports(now_s, TOPIC):
                self.reports[report.subject] = report
                self.history.setdefault(report.subject, []).append(report.level)

    def changes(self, subject):
        return sum(a != b for a, b in itertools.pairwise(self.history[subject]))


@pytest.fixture
def run():
    run = Run().drive(Robot(), 10.0)
    run.history.clear()
    return run


def test_a_healthy_robot_is_ok_in_every_subject(run):
    run.drive(Robot(), 10.0)
    assert {report.level for report in run.reports.values()} == {Level.OK}
    assert run.reports["Inference"].values["p50_ms"] == 12.0
    assert run.reports["Camera"].values["rate_hz"] == pytest.approx(30.0, abs=1.0)
    assert run.reports["Policy Command"].values["age_p95_ms"] == pytest.approx(12.0, abs=0.1)
    assert run.reports["Command"].values["age_p95_ms"] == pytest.approx(12.0, abs=25.0)


FAULTS = {
    "slow policy": (Robot(inference_ms=312.0, inference_s=0.35), "Inference", "vla_node"),
    "camera at half rate": (Robot(image_s=1 / 15), "Camera", "camera"),
    "camera stands still": (Robot(stamp_moves=False), "Camera", "camera"),
    "camera dead": (Robot(image_s=None), "Camera", "camera"),
    "policy dead": (Robot(inference_s=None), "Inference", "vla_node"),
    "no policy commands": (Robot(inference_s=None), "Policy Command", "vla_node"),
    "gate dead": (Robot(command_s=None), "Command", "vla_safety"),
    "gate clamps every command": (
        Robot(gate_level=1, gate_state="clamping"),
        "Gate",
        "vla_safety",
    ),
    "picture frozen": (Robot(picture_moves=False), "Camera", "camera: frozen"),
    "process killed": (Robot(processes=("vla_safety",)), "Processes", "vla_node: its process"),
    "gate in error": (Robot(gate_level=2), "Gate", "vla_safety"),
    "action too large": (Robot(action_norm=7.0), "Action", "vla_node"),
    "action not a number": (Robot(action_norm=float("nan")), "Action", "vla_node"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_seen_within_two_seconds_and_named(run, fault):
    robot, subject, culprit = FAULTS[fault]
    run.drive(robot, WITHIN_S)
    report = run.reports[subject]
    assert report.level > Level.OK
    assert culprit in report.message


@pytest.mark.parametrize("fault", FAULTS)
def test_a_mended_fault_is_gone_without_flapping(run, fault):
    robot, subject, _ = FAULTS[fault]
    run.drive(robot, 6.0).drive(Robot(), 8.0)
    assert run.reports[subject].level is Level.OK
    assert max(run.history[subject]) > Level.OK
    assert run.changes(subject) == 2  # up once, and down once
    assert {r.level for r in run.reports.values()} == {Level.OK}


def test_a_robot_without_instruction_may_be_silent():
    run = Run(instruction=None).drive(Robot(inference_s=None), 30.0)
    assert run.reports["Inference"].level is Level.OK
    assert "no instruction" in run.reports["Inference"].message
    assert run.reports["Policy Command"].level is Level.OK


def test_a_policy_that_does_not_answer_a_new_instruction_is_bad():
    run = Run(instruction="").drive(Robot(inference_s=None), 30.0)
    run.monitor.instruction("go to the red ball", START_S + 30.0)
    run.drive(Robot(inference_s=None), 0.8)
    assert run.reports["Inference"].level is Level.OK
    run.drive(Robot(inference_s=None), 2.0)
    assert run.reports["Inference"].level is Level.ERROR


def test_a_policy_that_ran_before_the_monitor_is_watched_without_instruction():
    run = Run(instruction=None).drive(Robot(), 5.0).drive(Robot(inference_s=None), 3.0)
    assert run.reports["Inference"].level is Level.ERROR


def test_what_was_never_seen_is_a_warning_at_first_and_an_error_later():
    silent = Robot(image_s=None, inference_s=None, command_s=None)
    run = Run().drive(silent, 5.0)
    assert run.reports["Camera"].level is Level.WARN
    run.drive(silent, 17.0)
    assert run.reports["Camera"].level is Level.ERROR
    assert run.reports["Gate"].level is Level.WARN
    assert "no state" in run.reports["Gate"].message
