# SPDX-License-Identifier: Apache-2.0
"""The measures one by one, where the faults of a whole robot do not reach."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_monitor.levels import Level
from vla_monitor.measure_action import ActionMeasure, training_distance
from vla_monitor.measure_camera import CameraMeasure, PictureWatch
from vla_monitor.measure_command import CommandMeasure, PolicyCommandMeasure
from vla_monitor.measure_gate import (
    MAX_REASONS,
    MAX_STATES,
    MAX_VALUES,
    OTHER,
    GateMeasure,
    InterventionMeasure,
)
from vla_monitor.measure_inference import InferenceMeasure, InferenceSample
from vla_monitor.measure_instruction import MAX_SHOWN, InstructionMeasure
from vla_monitor.monitor import Cadence
from vla_monitor.parameters import make_settings
from vla_monitor.report import Report
from vla_monitor.settings import TrainingActions

SETTINGS = make_settings({})
MS = 1_000_000


def settled(measure, now_s):
    """The report of a measure that was asked twice, so that a level had time to rise."""
    measure.report(now_s)
    return measure.report(now_s + SETTINGS.patience.raise_after_s + 0.01)


GOOD = InferenceSample(2.0, 12.0, 5.0, 30.0, 0.8, 30, 10, 0)


def test_only_the_first_command_of_an_image_has_an_age():
    measure = PolicyCommandMeasure(SETTINGS, 0.0)
    assert measure.command(100 * MS, at_ns=130 * MS, now_s=0.13) == 30.0
    assert measure.command(100 * MS, at_ns=180 * MS, now_s=0.18) is None
    assert measure.command(200 * MS, at_ns=240 * MS, now_s=0.24) == 40.0
    values = measure.report(0.3, expected=True).values
    assert (values["count"], values["age_max_ms"]) == (3, 40.0)


def test_the_first_command_after_a_new_image_carries_its_age():
    measure = CommandMeasure(SETTINGS, 0.0)
    assert measure.age_ms(90 * MS, 0.09) is None
    measure.policy_command(stamp_ns=100 * MS)
    assert measure.age_ms(145 * MS, 0.145) == pytest.approx(45.0)
    assert measure.age_ms(165 * MS, 0.165) is None


def test_of_two_images_between_two_commands_the_newer_counts():
    measure = CommandMeasure(SETTINGS, 0.0)
    measure.policy_command(stamp_ns=100 * MS)
    measure.policy_command(stamp_ns=110 * MS)
    assert measure.age_ms(120 * MS, 0.12) == pytest.approx(10.0)


def test_a_stamp_from_the_future_is_counted_and_not_measured():
    measure = PolicyCommandMeasure(SETTINGS, 0.0)
    measure.command(500 * MS, at_ns=100 * MS, now_s=0.1)
    values = measure.report(0.2, expected=True).values
    assert values["future_stamps"] == 1
    assert values["age_max_ms"] != values["age_max_ms"]  # NaN: nothing was measured


@given(st.lists(st.integers(0, 5), min_size=1))
def test_images_are_the_changes_of_the_stamp(stamps):
    measure = CameraMeasure(SETTINGS, 0.0)
    for i, stamp in enumerate(stamps):
        measure.image(stamp, at_ns=stamp, now_s=0.03 * i)
    values = measure.report(0.03 * len(stamps)).values
    changes = 1 + sum(a != b for a, b in itertools.pairwise(stamps))
    assert values["count"] == changes
    assert values["count"] + values["repeated_stamps"] == len(stamps)


def test_failures_and_drops_of_the_policy_are_told():
    measure = InferenceMeasure(SETTINGS, 0.0)
    for i in range(30):
        totals = {"images_received": 20 * i, "images_dropped": 19 * i, "failures": i // 26}
        measure.sample(replace(GOOD, **totals, chunk_overruns=i // 3), 0.1 * i)
        report = measure.report(0.1 * i, expected=True)
    assert report.level is Level.WARN
    for words in ("failed inferences", "images dropped", "chunks that ran out"):
        assert words in report.message
    assert report.values["images_dropped"] == 19 * 29
    assert report.values["chunk_overruns"] == 9


def test_what_a_policy_did_before_the_monitor_listened_is_not_held_against_it():
    measure = InferenceMeasure(SETTINGS, 0.0)
    for i in range(10):
        measure.sample(replace(GOOD, failures=500, chunk_overruns=70), 0.1 * i)
        report = measure.report(0.1 * i, expected=True)
    assert report.level is Level.OK
    assert report.values["failures"] == 500


def test_an_unreadable_message_is_counted():
    measure = InferenceMeasure(SETTINGS, 0.0)
    measure.unreadable()
    assert measure.report(0.0, expected=False).values["unreadable_messages"] == 1


def test_norms_that_are_not_finite_are_counted_and_bad():
    measure = ActionMeasure(SETTINGS)
    measure.action(float("inf"), {"linear.x": float("inf")}, 0.0)
    assert settled(measure, 0.1).level is Level.ERROR
    assert measure.report(0.5).values["not_finite"] == 1


def test_actions_are_measured_along_each_axis():
    measure = ActionMeasure(SETTINGS)
    for i in range(10):
        measure.action(0.5, {"linear.x": -0.4, "angular.z": 0.3, "odd": 5.0}, 0.1 * i)
    values = measure.report(1.0).values
    assert (values["linear.x.p50"], values["angular.z.p50"]) == (0.4, 0.3)
    assert "odd.p50" not in values


@given(st.lists(st.floats(-1.0, 1.0), min_size=2, max_size=2))
def test_distance_is_measured_in_deviations_of_the_training(action):
    training = TrainingActions(("linear.x", "angular.z"), (0.1, -0.2), (0.5, 0.25))
    named = dict(zip(training.axes, action, strict=True))
    scores = (np.array(action) - training.mean) / training.std
    expected = np.sqrt(np.mean(scores**2))
    assert training_distance(named, training) == pytest.approx(expected)


def test_there_is_no_distance_where_the_axes_are_others():
    training = TrainingActions(("linear.x",), (0.0,), (1.0,))
    assert training_distance({"linear.y": 0.1}, training) is None
    unknown = ActionMeasure(make_settings({"action.training.axes": [""]}))
    assert unknown.action(0.1, {"linear.x": 0.1}, 0.0) is None


def test_an_action_far_from_the_training_is_a_warning():
    measure = ActionMeasure(SETTINGS)
    for i in range(10):
        measure.action(2.0, {"linear.x": 1.9, "angular.z": -1.0}, 0.1 * i)
        report = measure.report(0.1 * i)
    assert report.level is Level.WARN
    assert "distance of the actions from the training" in report.message


def test_the_gate_speaks_through_with_its_values():
    measure = GateMeasure(SETTINGS)
    measure.state(1, "disarmed", {"clamped": "3"}, 0.0)
    report = settled(measure, 0.0)
    assert (report.level, report.message) == (Level.WARN, "vla_safety: disarmed")
    assert report.values["clamped"] == "3"


@pytest.mark.parametrize("level", [1, 3, 77])
def test_a_gate_level_of_another_kind_is_a_warning(level):
    measure = GateMeasure(SETTINGS)
    measure.state(level, "odd", {}, 0.0)
    assert settled(measure, 0.0).level is Level.WARN


def test_only_so_many_values_of_the_gate_are_passed_on():
    measure = GateMeasure(SETTINGS)
    measure.state(0, "armed", {f"k{i}": "1" for i in range(1000)}, 0.0)
    assert len(measure.report(0.0).values) <= MAX_VALUES + 4


def test_the_present_state_is_one_among_those_that_were_seen():
    measure = GateMeasure(SETTINGS)
    for state in ("disarmed", "passing"):
        measure.state(0, state, {"state": state}, 0.0)
    values = measure.report(0.0).values
    assert (values["in_state.disarmed"], values["in_state.passing"]) == (0, 1)


def test_states_without_end_are_not_all_kept():
    measure = GateMeasure(SETTINGS)
    for number in range(100):
        measure.state(0, "", {"state": str(number)}, 0.0)
    kept = [key for key in measure.report(0.0).values if key.startswith("in_state.")]
    assert len(kept) == MAX_STATES


def test_clip_ratio_is_the_share_of_commands_while_the_gate_clamps():
    measure = GateMeasure(SETTINGS)
    for i in range(40):
        state = "clamping" if i >= 30 else "passing"
        measure.state(0, state, {"state": state}, 0.03 * i)
        measure.policy_command(0.03 * i)
    assert measure.report(1.2).values["clip_ratio"] == 0.25


def test_a_gate_that_falls_silent_is_an_error():
    measure = GateMeasure(SETTINGS)
    measure.state(0, "passing", {"state": "passing"}, 0.0)
    assert settled(measure, 2.0).level is Level.OK
    report = settled(measure, 3.0)
    assert report.level is Level.ERROR
    assert "vla_safety/state silent for" in report.message


def test_interventions_are_counted_by_reason_and_their_rate_is_judged():
    measure = InterventionMeasure(SETTINGS)
    for i in range(12):
        measure.intervention("obstacle" if i % 3 else "linear.x", 0.1 * i)
    report = settled(measure, 2.0)
    assert report.values["count"] == 12
    assert (report.values["count.obstacle"], report.values["count.linear.x"]) == (8, 4)
    assert report.values["rate_per_min"] == 24.0
    assert report.level is Level.WARN


@given(st.lists(st.text(max_size=3)))
def test_reasons_without_end_are_counted_and_not_kept(reasons):
    measure = InterventionMeasure(SETTINGS)
    many = [*reasons, *map(str, range(3 * MAX_REASONS))]
    for reason in many:
        measure.intervention(reason, 0.0)
    values = measure.report(0.0).values
    counts = {key: n for key, n in values.items() if key.startswith("count.")}
    assert len(counts) <= MAX_REASONS + 1
    assert sum(counts.values()) == values["count"] == len(many)
    assert counts[f"count.{OTHER}"] > 0


def test_a_still_picture_is_a_fault_only_while_the_robot_is_driven():
    pictures = PictureWatch()
    for i in range(20):
        pictures.command(moving=False)
        pictures.picture(repeated=True, now_s=0.1 * i)
    assert pictures.unchanged_s == 0.0
    for i in range(20, 40):
        pictures.command(moving=True)
        pictures.picture(repeated=True, now_s=0.1 * i)
    assert pictures.unchanged_s == pytest.approx(2.0)
    pictures.command(moving=False)  # the gate has stopped it: that mends nothing
    pictures.picture(repeated=True, now_s=4.0)
    assert pictures.unchanged_s == pytest.approx(2.0)
    pictures.picture(repeated=False, now_s=4.1)
    assert pictures.unchanged_s == 0.0


def test_pictures_that_were_not_seen_do_not_count_as_unchanged():
    pictures = PictureWatch()
    pictures.command(moving=True)
    for now_s in (0.0, 0.1, 60.0):
        pictures.picture(repeated=True, now_s=now_s)
    assert pictures.unchanged_s < 1.0


def test_the_camera_topic_has_the_keys_of_greenwave():
    measure = CameraMeasure(SETTINGS, 0.0)
    for i in range(100):
        measure.image(i * 33 * MS, at_ns=i * 33 * MS + 4 * MS, now_s=0.033 * i)
    measure.image(50 * 33 * MS, at_ns=100 * 33 * MS, now_s=3.3)
    report = measure.topic_report("/camera/image_raw", measure.report(3.3), 3.3)
    assert (report.subject, report.prefixed) == ("/camera/image_raw", False)
    assert report.values["frame_rate_node"] == pytest.approx(30.0, abs=1.0)
    assert report.values["expected_frequency"] == 30.0
    assert report.values["tolerance"] == pytest.approx(20.0)
    assert report.values["num_non_increasing_msg"] == 1
    assert report.values["mean_abs_jitter_node"] == pytest.approx(0.0, abs=1.0)


def test_a_delay_between_two_clocks_is_not_a_delay():
    measure = CameraMeasure(SETTINGS, 0.0)
    measure.image(5 * MS, at_ns=10**18, now_s=0.0)
    report = measure.topic_report("/camera/image_raw", measure.report(0.0), 0.0)
    assert report.values["current_delay_from_realtime_ms"] == "N/A"


def test_an_uneven_camera_is_a_warning():
    measure = CameraMeasure(SETTINGS, 0.0)
    now_s = 0.0
    for i in range(60):
        now_s += 0.001 if i % 2 else 0.065
        measure.image(i, at_ns=0, now_s=now_s)
        report = measure.report(now_s)
    assert report.level is Level.WARN
    assert "mean deviation of intervals" in report.message


def test_the_same_instruction_again_is_no_change():
    measure = InstructionMeasure()
    for now_s in (1.0, 2.0, 3.0):
        measure.instruction("go to the red ball", now_s)
    values = measure.report(5.0).values
    assert (values["count"], values["changes"], values["since_s"]) == (3, 1, 4.0)


@given(st.text(max_size=40))
def test_any_instruction_is_shown_short_and_on_one_line(text):
    measure = InstructionMeasure()
    measure.instruction(text * 20, 0.0)
    shown = measure.report(0.0).values["text"]
    assert len(shown) <= MAX_SHOWN
    assert shown.isprintable()


def test_an_empty_instruction_means_stop():
    measure = InstructionMeasure()
    assert measure.wants_motion is None
    measure.instruction("  ", 0.0)
    assert measure.wants_motion is False
    assert "stop" in measure.report(0.0).message
    measure.instruction("turn left", 0.0)
    assert measure.wants_motion is True


def reports(*levels):
    return [Report("a", level, "", {}) for level in levels]


def test_reports_are_told_once_a_period_and_when_a_level_changes():
    cadence = Cadence(period_s=1.0, early_s=0.1)
    ok, bad = reports(Level.OK), reports(Level.ERROR)
    assert cadence.due(ok, 0.0)
    assert not cadence.due(ok, 0.2)
    assert cadence.due(bad, 0.4)
    assert not cadence.due(bad, 0.6)
    assert cadence.due(ok, 0.8)
    assert cadence.due(ok, 1.75)
