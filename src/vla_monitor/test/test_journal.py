# SPDX-License-Identifier: Apache-2.0
"""What becomes an event, and what does not because it only repeats itself."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from vla_monitor.journal import MAX_STATUSES, MAX_WAITING, Journal, Status
from vla_monitor.levels import Level
from vla_monitor.measure_inference import InferenceSample
from vla_monitor.report import Report

GOOD = InferenceSample(2.0, 12.0, 5.0, 30.0, 0.8, 0, 0, 0)


def kinds(journal):
    return [event.kind for event in journal.take()]


def test_an_instruction_is_an_event_and_the_same_again_is_none():
    journal = Journal()
    for text in ("go to the red ball", "go to the red ball", "", "turn left"):
        journal.instruction(text)
    events = journal.take()
    assert [event.message for event in events] == [
        "instruction: go to the red ball",
        "instruction: stop",
        "instruction: turn left",
    ]
    assert events[1].values == {"text": "", "before": "go to the red ball"}


def test_events_of_the_gate_are_kept_as_it_tells_them():
    journal = Journal()
    values = {"event": "intervention started", "check": "obstacle", "value": "0.2"}
    journal.gate_event(1, "obstacle ahead", values)
    (event,) = journal.take()
    assert (event.kind, event.subject, event.level) == (
        "intervention started",
        "vla_safety",
        Level.WARN,
    )
    assert event.values == values


def test_a_state_of_the_gate_is_one_event_on_whichever_topic_it_comes_first():
    journal = Journal()
    journal.gate_state(1, "disarmed", {"state": "disarmed", "age_ms": "1"})
    journal.gate_state(1, "disarmed", {"state": "disarmed", "age_ms": "2"})
    journal.gate_event(0, "passing", {"event": "state", "state": "passing"})
    journal.gate_state(0, "passing", {"state": "passing"})
    journal.gate_state(2, "e-stop", {"state": "latched"})
    events = journal.take()
    assert [event.message for event in events] == ["disarmed", "passing", "e-stop"]
    assert {event.kind for event in events} == {"gate state"}


def test_an_event_of_a_gate_that_names_no_kind_is_an_intervention():
    journal = Journal()
    journal.gate_event(2, "stop", {})
    assert kinds(journal) == ["intervention"]


def test_a_policy_that_fails_is_an_event_when_it_begins_and_when_it_ends():
    journal = Journal()
    for error in ("", "boom", "boom", "bang", "", ""):
        journal.inference(replace(GOOD, error=error))
    events = journal.take()
    assert [event.level for event in events] == [Level.ERROR, Level.OK]
    assert events[0].message == "boom"


def test_changes_of_a_level_are_events_and_its_first_ok_is_none():
    journal = Journal()
    for level in (Level.OK, Level.OK, Level.WARN, Level.WARN, Level.ERROR, Level.OK):
        journal.reports([Report("Camera", level, "text", {})])
    events = journal.take()
    assert [event.level for event in events] == [Level.WARN, Level.ERROR, Level.OK]
    assert {event.subject for event in events} == {"vla_monitor: Camera"}


def test_a_report_under_another_name_is_not_told_twice():
    journal = Journal()
    journal.reports([Report("/camera/image_raw", Level.ERROR, "", {}, prefixed=False)])
    assert kinds(journal) == []


def test_a_level_that_no_living_node_has_is_an_error():
    journal = Journal()
    journal.statuses([Status("vla_sim: Simulation", 3, "stale")])
    (event,) = journal.take()
    assert event.level is Level.ERROR


@given(st.integers(0, 3 * MAX_WAITING))
def test_what_waits_to_be_written_is_bounded(count):
    journal = Journal()
    for number in range(count):
        journal.gate_event(1, str(number), {})
    events = journal.take()
    assert len(events) == min(count, MAX_WAITING)
    assert not events or events[-1].message == str(count - 1)


def test_names_without_end_are_not_all_followed():
    journal = Journal()
    for number in range(3 * MAX_STATUSES):
        journal.statuses([Status(f"vla_{number}", 2, "")])
    assert len(journal.take()) == MAX_STATUSES
