# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from vla_node.instruction import Heard
from vla_node.pilot import Phase, Pilot
from vla_policy.action import ActionChunk, ActionSpec

MS = 1_000_000
EPOCH = 1_000_000 * MS
TIMEOUT = 500 * MS


class Clocked:
    """A pilot together with both clocks, in ms since the start."""

    def __init__(self):
        self.pilot = Pilot(TIMEOUT)

    def see(self, ms):
        self.pilot.see(EPOCH + ms * MS, ms * MS)

    def hear(self, text, ms):
        return self.pilot.hear(text, ms * MS)

    def due(self, ms):
        return self.pilot.due(EPOCH + ms * MS, ms * MS)


@pytest.fixture
def driving(make_chunk):
    """Drives since 50 ms with the chunk of the image at 0 ms."""
    clocked = Clocked()
    clocked.hear("go", 0)
    clocked.see(0)
    chunk = make_chunk(EPOCH, actions=np.tile([0.3, 0.1], (8, 1)))
    assert clocked.pilot.accept(chunk, clocked.pilot.instruction.task, 0, 0)
    assert clocked.due(50).values["linear.x"] == pytest.approx(0.3)
    return clocked


def test_silent_before_the_first_instruction():
    clocked = Clocked()
    clocked.see(0)
    assert clocked.due(10) is None
    assert clocked.pilot.phase is Phase.SILENT


def test_command_carries_the_stamp_of_its_image(driving):
    driving.see(60)
    assert driving.due(70).stamp == EPOCH


def test_chunk_that_runs_out_is_followed_by_zeros_and_then_silence(driving):
    for ms in range(100, 5000, 50):
        driving.see(ms)
        command = driving.due(ms)
        if ms < 800:
            assert command.values["linear.x"] == pytest.approx(0.3)
        elif ms <= 3000:
            assert command.values == {}
            assert driving.pilot.phase is Phase.RAN_OUT
        else:
            assert command is None, "a policy that was not heard of for three seconds is lost"


def test_policy_that_is_slow_leaves_no_gap_in_the_commands(make_chunk):
    """Each chunk is past its end as it comes: the robot is held still, not left alone."""
    clocked = Clocked()
    clocked.see(0)
    clocked.hear("go", 0)
    for ms in range(0, 20_000, 50):
        clocked.see(ms)
        if ms % 2000 == 0:
            chunk = make_chunk(EPOCH + (ms - 2000) * MS)
            task = clocked.pilot.instruction.task
            assert clocked.pilot.accept(chunk, task, (ms - 2000) * MS, ms * MS)
        assert clocked.due(ms).values == {}


def test_policy_that_never_answers_is_waited_for_and_then_given_up():
    clocked = Clocked()
    clocked.hear("go", 0)
    for ms in range(0, 5000, 50):
        clocked.see(ms)
        command = clocked.due(ms)
        assert clocked.pilot.phase is Phase.THINKING
        assert (command is None) == (ms > 3000)


def test_missing_images_stop_the_robot_before_the_chunk_ends(driving):
    assert driving.due(500).values
    assert driving.due(501).values == {}
    assert driving.pilot.phase is Phase.BLIND


def test_empty_instruction_commands_zero_for_as_long_as_it_holds(driving):
    assert driving.hear(" ", 100) is Heard.STOP
    assert all(driving.due(ms).values == {} for ms in range(100, 10_000, 100))
    assert driving.pilot.phase is Phase.STOPPED


def test_refused_instruction_commands_zero(driving):
    assert driving.hear("a" * 10_000, 100) is Heard.REFUSED
    assert driving.due(101).values == {}


def test_new_instruction_drops_the_old_chunk(driving, make_chunk):
    old_task = driving.pilot.instruction.task
    assert driving.hear("come back", 100) is Heard.NEW
    assert driving.due(101).values == {}
    assert driving.pilot.phase is Phase.THINKING
    assert not driving.pilot.accept(make_chunk(EPOCH), old_task, 0, 102 * MS)
    assert driving.due(102).values == {}
    assert driving.pilot.accept(make_chunk(EPOCH), old_task + 1, 0, 103 * MS)
    assert driving.due(150).values


def test_repeated_instruction_changes_nothing(driving):
    assert driving.hear("go", 100) is Heard.REPEAT
    assert driving.due(101).values


def test_chunk_that_arrives_after_a_stop_is_not_driven(driving, make_chunk):
    driving.hear("", 100)
    task = driving.pilot.instruction.task
    assert not driving.pilot.accept(make_chunk(EPOCH), task, 0, 110 * MS)


def test_zero_before_any_image_is_stamped_with_the_present():
    clocked = Clocked()
    clocked.hear("", 5)
    assert clocked.due(7).stamp == EPOCH + 7 * MS


class PilotMachine(RuleBasedStateMachine):
    """Whatever happens, motion needs a task, a fresh image and an action that is due."""

    def __init__(self):
        super().__init__()
        self.pilot = Pilot(TIMEOUT)
        self.spec = ActionSpec(("linear.x",), (-1.0,), (1.0,), dt=0.1, horizon=3)
        self.now = 0
        self.image = None
        self.loaded = None

    @rule(ms=st.integers(1, 400))
    def wait(self, ms):
        self.now += ms * MS

    @rule()
    def see(self):
        self.image = self.now
        self.pilot.see(EPOCH + self.now, self.now)

    @rule(text=st.sampled_from(["go", "turn", "", "x" * 600]))
    def hear(self, text):
        if self.pilot.hear(text, self.now) is not Heard.REPEAT:
            self.loaded = None

    @rule(late=st.booleans())
    def answer(self, late):
        if self.image is None:
            return
        task = self.pilot.instruction.task - late
        chunk = ActionChunk(np.ones((3, 1), np.float32), EPOCH + self.image, self.spec)
        if self.pilot.accept(chunk, task, self.image, self.now):
            assert not late
            self.loaded = self.image

    @invariant()
    def moves_only_with_reason(self):
        command = self.pilot.due(EPOCH + self.now, self.now)
        if command is not None and command.values:
            assert self.pilot.instruction.active
            assert self.now - self.image <= TIMEOUT
            assert self.loaded is not None
            assert self.now - self.loaded < 300 * MS
            assert command.stamp == EPOCH + self.loaded


PilotMachine.TestCase.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
TestPilotMachine = PilotMachine.TestCase
