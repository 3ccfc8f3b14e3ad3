# SPDX-License-Identifier: Apache-2.0
"""The measures one by one, where the faults of a whole robot do not reach."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_monitor.levels import Level
from vla_monitor.measure_action import ActionMeasure
from vla_monitor.measure_camera import CameraMeasure
from vla_monitor.measure_command import CommandMeasure, PolicyCommandMeasure
from vla_monitor.measure_gate import MAX_VALUES, GateMeasure
from vla_monitor.measure_inference import InferenceMeasure, InferenceSample
from vla_monitor.measure_instruction import MAX_SHOWN, InstructionMeasure
from vla_monitor.monitor import Cadence
from vla_monitor.parameters import make_settings
from vla_monitor.report import Report

SETTINGS = make_settings({})
MS = 1_000_000
GOOD = InferenceSample(2.0, 12.0, 5.0, 30.0, 0.8, 30, 10, 0)


def test_only_the_first_command_of_an_image_has_an_age():
    measure = PolicyCommandMeasure(SETTINGS, 0.0)
    assert measure.command(100 * MS, at_ns=130 * MS, now_s=0.13)
    assert not measure.command(100 * MS, at_ns=180 * MS, now_s=0.18)
    assert measure.command(200 * MS, at_ns=240 * MS, now_s=0.24)
    values = measure.report(0.3, expected=True).values
    assert (values["count"], values["max_ms"]) == (3, 40.0)


def test_the_first_command_after_a_new_image_carries_its_age():
    measure = CommandMeasure(SETTINGS, 0.0)
    assert measure.command(90 * MS, 0.09) is None
    measure.policy_command(stamp_ns=100 * MS)
    assert measure.command(145 * MS, 0.145) == pytest.approx(45.0)
    assert measure.command(165 * MS, 0.165) is None


def test_of_two_images_between_two_commands_the_newer_counts():
    measure = CommandMeasure(SETTINGS, 0.0)
    measure.policy_command(stamp_ns=100 * MS)
    measure.policy_command(stamp_ns=110 * MS)
    assert measure.command(120 * MS, 0.12) == pytest.approx(10.0)


def test_a_stamp_from_the_future_is_counted_and_not_measured():
    measure = PolicyCommandMeasure(SETTINGS, 0.0)
    measure.command(500 * MS, at_ns=100 * MS, now_s=0.1)
    values = measure.report(0.2, expected=True).values
    assert values["future_stamps"] == 1
    assert values["max_ms"] != values["max_ms"]  # NaN: nothing was measured


@given(st.lists(st.integers(0, 5), min_size=1))
def test_images_are_the_changes_of_the_stamp(stamps):
    measure = CameraMeasure(SETTINGS, 0.0)
    for i, stamp in enumerate(stamps):
        measure.image(stamp, 0.03 * i)
    values = measure.report(0.03 * len(stamps)).values
    changes = 1 + sum(a != b for a, b in itertools.pairwise(stamps))
    assert values["count"] == changes
    assert values["count"] + values["repeated_stamps"] == len(stamps)


def test_failures_and_drops_of_the_policy_are_told():
    measure = InferenceMeasure(SETTINGS, 0.0)
    for i in range(30):
        totals = {"images_received": 20 * i, "images_dropped": 19 * i, "failures": i // 29}
        measure.sample(replace(GOOD, **totals), 0.1 * i)
    report = measure.report(3.0, expected=True)
    assert report.level is Level.WARN
    assert "failed inferences" in report.message
    assert "images dropped" in report.message
    assert report.values["images_dropped"] == 19 * 29


def test_an_unreadable_message_is_counted():
    measure = InferenceMeasure(SETTINGS, 0.0)
    measure.unreadable()
    assert measure.report(0.0, expected=False).values["unreadable_messages"] == 1


def test_norms_that_are_not_finite_are_counted_and_bad():
    measure = ActionMeasure(SETTINGS)
    measure.norm(float("inf"), 0.0)
    report = measure.report(0.1)
    assert report.level is Level.ERROR
    assert report.values["not_finite"] == 1


def test_the_gate_speaks_through_with_its_values():
    measure = GateMeasure(SETTINGS)
    measure.state(1, "disarmed", {"clamped": "3"})
    report = measure.report(0.0)
    assert (report.level, report.message) == (Level.WARN, "vla_safety: disarmed")
    assert report.values["clamped"] == "3"


@pytest.mark.parametrize("level", [1, 3, 77])
def test_a_gate_level_of_another_kind_is_a_warning(level):
    measure = GateMeasure(SETTINGS)
    measure.state(level, "odd", {})
    assert measure.report(0.0).level is Level.WARN


def test_only_so_many_values_of_the_gate_are_passed_on():
    measure = GateMeasure(SETTINGS)
    measure.state(0, "armed", {f"k{i}": "1" for i in range(1000)})
    assert len(measure.report(0.0).values) <= MAX_VALUES + 2


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
