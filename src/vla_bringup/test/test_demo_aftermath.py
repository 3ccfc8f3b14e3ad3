# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vla_bringup.demo.aftermath import GATE, GRACE_S, SIMULATOR, reconstruct, rest_after
from vla_bringup.demo.sightings import Sent, Truth
from vla_bringup.demo.watch import Trouble
from vla_sim.geometry import Pose


def truth(at_s, linear, angular=0.0):
    return Truth(at_s, at_s, Pose(0.0, 0.0, 0.0), linear, angular, 0)


def ramp_down(start_s, stop_s, end_s):
    """A robot that slows down from `start_s` to `stop_s` and stands until `end_s`."""
    steps = range(int((end_s - start_s) * 10) + 1)
    times = [start_s + step / 10 for step in steps]
    return [truth(t, 0.5 * max(0.0, (stop_s - t) / (stop_s - start_s))) for t in times]


def trouble(name="vla_node", since_s=10.0):
    return Trouble(name, f"{name} died (signal 9)", since_s)


def test_time_to_rest_counts_from_the_failure():
    assert rest_after(10.0, ramp_down(9.5, 10.5, 12.0)) == 0.5


def test_robot_that_moves_on_is_not_at_rest():
    assert rest_after(10.0, [truth(10.0 + i / 10, 0.3) for i in range(20)]) is None


def test_turning_robot_is_not_at_rest():
    assert rest_after(10.0, [truth(10.0 + i / 10, 0.0, 0.5) for i in range(20)]) is None


def test_robot_that_stood_before_the_failure_was_at_rest_already():
    assert rest_after(10.0, [truth(9.0 + i / 10, 0.0) for i in range(20)]) == 0.0


def test_pause_before_moving_on_is_no_rest():
    seen = [truth(10.1, 0.0), truth(10.2, 0.3), truth(10.3, 0.0), truth(10.4, 0.0)]
    assert abs(rest_after(10.0, seen) - 0.3) < 1e-9


def test_robot_that_nobody_saw_is_not_at_rest():
    assert rest_after(10.0, [truth(9.0, 0.0)]) is None


@given(st.lists(st.tuples(st.floats(0.0, 20.0), st.floats(-1.0, 1.0)), max_size=30))
def test_time_to_rest_is_never_negative(samples):
    seen = [truth(t, v) for t, v in sorted(samples)]
    after = rest_after(10.0, seen)
    assert after is None or after >= 0.0


def test_story_of_a_killed_node_names_the_gate_and_counts_zeros():
    sent = [Sent(9.9, 0.4, 0.0), Sent(10.1, 0.2, 0.0), Sent(10.3, 0.0, 0.0), Sent(10.5, 0.0, 0.0)]
    aftermath = reconstruct(trouble(), ramp_down(9.5, 10.5, 12.0), sent)
    assert aftermath.sentence == "vla_node died (signal 9); the gate stopped the robot in 0.50 s"
    assert (aftermath.commands, aftermath.zero_commands) == (3, 2)


def test_story_of_a_robot_at_rest():
    seen = [truth(9.0 + i / 10, 0.0) for i in range(20)]
    assert reconstruct(trouble(), seen, []).sentence.endswith("the robot was at rest already")


def test_story_of_a_robot_that_nobody_stopped():
    seen = [truth(10.0 + i / 10, 0.4) for i in range(20)]
    assert f"not at rest within {GRACE_S:.0f} s" in reconstruct(trouble(), seen, []).sentence


def test_story_of_a_killed_gate_does_not_praise_it():
    sentence = reconstruct(trouble(GATE), ramp_down(9.5, 10.5, 12.0), []).sentence
    assert sentence.endswith("its base stopped the robot in 0.50 s")


def test_story_without_a_simulation_claims_nothing():
    assert reconstruct(trouble(SIMULATOR), [], []).sentence.endswith(
        "nobody saw what the robot did"
    )


def test_story_of_a_process_that_moves_nothing_tells_nothing_of_the_robot():
    sentence = reconstruct(trouble("vla_monitor"), ramp_down(9.5, 10.5, 12.0), []).sentence
    assert sentence == "vla_monitor died (signal 9)"
