# SPDX-License-Identifier: Apache-2.0
"""`vla log`: what people read of the event log."""

import pytest
import typer
from typer.testing import CliRunner

from vla_monitor.event_log import EventLog, Moment, encode
from vla_monitor.journal import Event
from vla_monitor.levels import Level
from vla_monitor.reading import history, log_files, parse
from vla_monitor.verbs import log


@pytest.fixture
def folder(tmp_path):
    """A folder with two robots' logs, one of them in several files, and a torn line."""
    for robot, count in (("a", 30), ("b", 3)):
        file = EventLog(tmp_path, robot, max_bytes=1500, files=5)
        for number in range(count):
            level = Level.WARN if number % 10 == 0 else Level.OK
            event = Event("level", "vla_node", level, f"{robot}{number}")
            file.write(encode(event, robot, Moment(1e9 + number, 0.0, float(number))), 0.0)
        file.close()
    with (tmp_path / "events_a.jsonl").open("a") as file:
        file.write('{"time": "2001')
    return tmp_path


def run(*arguments):
    app = typer.Typer()
    app.command()(log)
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})


def test_all_files_are_one_history_oldest_first(folder):
    assert len(log_files(folder)) > 3
    events = history(log_files(folder))
    assert len(events) == 33
    assert [event["time"] for event in events] == sorted(event["time"] for event in events)


@pytest.mark.parametrize("text", ['{"time": "20', "[]", "3", "", '{"time": "x"}'])
def test_a_line_that_is_no_event_is_left_out(text):
    assert parse(text) is None


def test_the_newest_events_are_shown(folder):
    shown = run("--folder", str(folder), "--last", "2")
    assert shown.exit_code == 0
    assert "a29" in shown.output and "a28" in shown.output
    assert "a27" not in shown.output


def test_only_warnings_are_shown_when_asked_for(folder):
    shown = run("--folder", str(folder), "--warnings").output
    assert "a20" in shown
    assert "a19" not in shown


def test_a_folder_without_log_is_told(tmp_path):
    result = run("--folder", str(tmp_path))
    assert result.exit_code == 2
    assert "no event log in" in result.output
