# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_policy.action import ActionChunk, ActionSpec
from vla_policy.observation import Observation
from vla_policy.policy import Policy
from vla_policy.wrappers.chunked import ChunkedPolicy
from vla_policy.wrappers.recorded import RecordedPolicy, read_recorded
from vla_policy.wrappers.timed import TimedPolicy

SPEC = ActionSpec(("linear.x", "angular.z"), (-1.0, -1.0), (1.0, 1.0), 0.1, 8)
STEP = 100_000_000


class Counting:
    """Action i of the n-th answer is (n / 100, i / 10)."""

    name, spec, history = "counting", SPEC, 1

    def __init__(self):
        self.calls = 0
        self.prepared = []
        self.error = None

    def prepare(self, instruction):
        self.prepared.append(instruction)

    def act(self, observation):
        if self.error:
            raise self.error
        self.calls += 1
        actions = [[self.calls / 100, step / 10] for step in range(SPEC.horizon)]
        return ActionChunk(np.array(actions, dtype=np.float32), observation.stamp, SPEC)


def look(stamp=0, instruction="turn left"):
    images = np.full((1, 4, 5, 3), stamp // STEP, dtype=np.uint8)
    return Observation(images, instruction, stamp, np.float32([1, 2, 3]))


@pytest.mark.parametrize(
    "wrap",
    [
        TimedPolicy,
        lambda inner: ChunkedPolicy(inner, 4),
        lambda inner: TimedPolicy(ChunkedPolicy(inner, 2)),
    ],
)
def test_what_is_wrapped_is_still_a_policy(wrap):
    inner = Counting()
    policy = wrap(inner)
    assert isinstance(policy, Policy)
    policy.prepare("stop")
    assert inner.prepared == ["stop"]
    chunk = policy.act(look(5))
    assert chunk.spec == policy.spec
    assert chunk.observation_stamp == 5


def test_times_are_those_of_the_other_policy():
    ticks = iter([0, 5_000_000, 10_000_000, 12_000_000])
    policy = TimedPolicy(Counting(), clock_ns=lambda: next(ticks))
    policy.act(look())
    policy.act(look())
    assert policy.times_ms == pytest.approx((5.0, 2.0))
    assert policy.percentile_ms(50) == pytest.approx(3.5)


def test_only_so_many_times_are_kept():
    policy = TimedPolicy(Counting(), keep=3)
    assert np.isnan(policy.percentile_ms(50))
    for _ in range(5):
        policy.act(look())
    assert len(policy.times_ms) == 3


def test_a_call_that_fails_is_timed_too():
    inner = Counting()
    inner.error = RuntimeError("lost")
    policy = TimedPolicy(inner)
    with pytest.raises(RuntimeError, match="lost"):
        policy.act(look())
    assert len(policy.times_ms) == 1


def test_the_policy_is_asked_anew_after_so_many_steps():
    inner = Counting()
    policy = ChunkedPolicy(inner, steps=4)
    chunks = [policy.act(look(step * STEP)) for step in range(9)]
    assert inner.calls == 3
    assert [round(float(chunk.actions[0, 1]) * 10) for chunk in chunks] == [0, 1, 2, 3] * 2 + [0]


def test_a_new_sentence_asks_at_once():
    inner = Counting()
    policy = ChunkedPolicy(inner, steps=4)
    policy.act(look(0))
    policy.act(look(STEP, "turn right"))
    assert inner.calls == 2


def test_the_same_sentence_said_again_asks_at_once():
    inner = Counting()
    policy = ChunkedPolicy(inner, steps=4)
    policy.act(look(0))
    policy.prepare("turn left")
    policy.act(look(STEP))
    assert inner.calls == 2


def test_a_step_back_in_time_asks_at_once():
    inner = Counting()
    policy = ChunkedPolicy(inner, steps=4)
    policy.act(look(5 * STEP))
    assert policy.act(look(2 * STEP)).actions[0, 1] == 0
    assert inner.calls == 2


@pytest.mark.parametrize("steps", [0, 9])
def test_a_number_of_steps_that_the_chunk_lacks_is_refused(steps):
    with pytest.raises(ValueError, match=f"from 1 to the policy's horizon 8 .got {steps}"):
        ChunkedPolicy(Counting(), steps)


@given(st.integers(1, 8), st.lists(st.integers(-3, 12), max_size=20))
def test_every_action_is_one_that_the_policy_meant_for_its_time(steps, jumps):
    inner = Counting()
    policy = ChunkedPolicy(inner, steps)
    asked_at, now = {}, 100
    for jump in jumps:
        now += jump
        before = inner.calls
        chunk = policy.act(look(now * STEP))
        if inner.calls > before:
            asked_at[inner.calls] = now
        for index, (call, step) in enumerate(chunk.actions):
            assert asked_at[round(float(call) * 100)] + round(float(step) * 10) == now + index


def test_what_was_seen_and_answered_is_read_back(tmp_path):
    policy = RecordedPolicy(Counting(), tmp_path / "run")
    chunks = [policy.act(look(step * STEP, "go to the red ball")) for step in range(3)]
    files = sorted((tmp_path / "run").iterdir())
    assert [file.name for file in files] == ["000000.npz", "000001.npz", "000002.npz"]
    observation, actions = read_recorded(files[2])
    assert np.array_equal(actions, chunks[2].actions)
    assert np.array_equal(observation.images, look(2 * STEP).images)
    assert (observation.instruction, observation.stamp) == ("go to the red ball", 2 * STEP)
    assert observation.state.tolist() == [1, 2, 3]


def test_recording_goes_on_after_what_is_there(tmp_path):
    RecordedPolicy(Counting(), tmp_path).act(look())
    RecordedPolicy(Counting(), tmp_path).act(look(STEP))
    assert read_recorded(tmp_path / "000001.npz")[0].stamp == STEP
