# SPDX-License-Identifier: Apache-2.0
"""The event log: what a line holds, and what is left after rotation, death and a full disk."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_monitor.event_log import MAX_TEXT, EventLog, Moment, default_folder, encode
from vla_monitor.journal import Event
from vla_monitor.levels import Level

MOMENT = Moment(wall_s=1_700_000_000.25, ros_s=12.5, steady_s=345.678)
EVENT = Event("intervention started", "vla_safety", Level.WARN, "too fast", {"limit": 0.6})


def log_in(folder, max_bytes=10_000, files=3, robot="robot"):
    return EventLog(folder, robot, max_bytes, files)


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_says_what_happened_on_both_clocks():
    line = json.loads(encode(EVENT, "r1", MOMENT))
    assert list(line)[:5] == ["time", "level", "event", "subject", "message"]
    assert line["time"] == "2023-11-14T22:13:20.250+00:00"
    assert (line["ros_time_s"], line["steady_time_s"]) == (12.5, 345.678)
    assert (line["level"], line["event"]) == ("WARN", "intervention started")
    assert line["values"] == {"limit": 0.6}
    assert line["robot"] == "r1"


@given(st.text(), st.one_of(st.floats(), st.text(), st.integers()))
def test_whatever_happens_is_one_line_of_strict_json(text, value):
    event = Event("level", text, Level.OK, text, {"x": value})
    line = encode(event, "robot", MOMENT)
    assert "\n" not in line
    read = json.loads(line.encode(), parse_constant=pytest.fail)
    if isinstance(value, float) and not math.isfinite(value):
        assert read["values"]["x"] is None


def test_a_text_without_end_is_cut_and_half_a_character_replaced():
    event = Event("level", "s", Level.OK, "x" * 10**6, {"text": "\ud800"})
    read = json.loads(encode(event, "robot", MOMENT).encode())
    assert len(read["message"]) == MAX_TEXT
    assert read["values"]["text"] == "?"


def test_a_file_is_closed_at_its_size_and_only_so_many_are_kept(tmp_path):
    log = log_in(tmp_path, max_bytes=1000, files=3)
    for number in range(100):
        assert log.write(json.dumps({"n": number, "pad": "x" * 80}), 0.0)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"events_robot.jsonl{end}" for end in ("", ".1", ".2")]
    assert all(path.stat().st_size <= 1000 for path in tmp_path.iterdir())
    oldest_first = [tmp_path / name for name in reversed(names)]
    numbers = [line["n"] for path in oldest_first for line in lines_of(path)]
    assert numbers == list(range(100 - len(numbers), 100))
    assert len(numbers) > 20


def test_one_file_alone_is_begun_anew_at_its_size(tmp_path):
    log = log_in(tmp_path, max_bytes=100, files=1)
    for number in range(50):
        log.write(json.dumps({"n": number}), 0.0)
    (path,) = tmp_path.iterdir()
    assert lines_of(path)[-1] == {"n": 49}
    assert path.stat().st_size <= 100


def test_a_line_larger_than_the_size_is_kept_whole(tmp_path):
    log = log_in(tmp_path, max_bytes=100, files=2)
    log.write(json.dumps({"x": "y" * 1000}), 0.0)
    log.write("{}", 0.0)
    assert len(lines_of(tmp_path / "events_robot.jsonl.1")[0]["x"]) == 1000


def test_a_second_start_goes_on_in_the_same_file(tmp_path):
    for number in range(3):
        log = log_in(tmp_path)
        log.write(json.dumps({"n": number}), 0.0)
        log.close()
    assert [line["n"] for line in lines_of(tmp_path / "events_robot.jsonl")] == [0, 1, 2]


def test_a_torn_last_line_does_not_spoil_the_next(tmp_path):
    path = tmp_path / "events_robot.jsonl"
    path.write_text('{"n": 1}\n{"n": 2, "te')
    log_in(tmp_path).write('{"n": 3}', 0.0)
    assert path.read_text().splitlines() == ['{"n": 1}', '{"n": 2, "te', '{"n": 3}']


def test_two_monitors_of_one_name_do_not_write_into_one_file(tmp_path):
    first, second = log_in(tmp_path), log_in(tmp_path)
    first.write("{}", 0.0)
    second.write("{}", 0.0)
    assert {first.path.name, second.path.name} == {"events_robot.jsonl", "events_robot-2.jsonl"}


def test_the_name_of_a_robot_never_leaves_the_folder(tmp_path):
    log = log_in(tmp_path, robot="../../évil /x")
    log.write("{}", 0.0)
    assert log.path.parent == tmp_path
    assert [path.name for path in tmp_path.iterdir()] == [log.path.name]


def test_what_cannot_be_written_is_told_counted_and_tried_again(tmp_path):
    blocked = tmp_path / "logs"
    blocked.write_text("a file where the folder should be")
    log = log_in(blocked)
    assert not log.write("{}", 0.0)
    assert str(blocked) in log.error
    blocked.unlink()
    assert not log.write("{}", 1.0)
    assert log.write("{}", 6.0)
    assert (log.error, log.values()["lines_lost"], log.values()["lines"]) == ("", 2, 1)


def test_a_full_disk_is_told_and_survived():
    log = log_in(Path("/dev"))
    log._open = lambda path: False  # every possible file is taken
    assert not log.write("{}", 0.0)
    assert "100 monitors write there already" in log.error


WRITER = """
import sys, time
from pathlib import Path
from vla_monitor.event_log import EventLog
log = EventLog(Path(sys.argv[1]), "robot", 10**6, 3)
number = 0
while True:
    log.write('{"n": %d}' % number, time.monotonic())
    print(number, flush=True)
    number += 1
    time.sleep(0.002)
"""


def test_a_killed_writer_loses_no_line_that_it_wrote(tmp_path):
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    told = [int(writer.stdout.readline()) for _ in range(100)]
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    told += [int(line) for line in writer.stdout.read().splitlines()]
    numbers = [line["n"] for line in lines_of(tmp_path / "events_robot.jsonl")]
    assert numbers[: len(told)] == told


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"ROS_LOG_DIR": "/a", "ROS_HOME": "/b"}, "/a"),
        ({"ROS_HOME": "/b"}, "/b/log"),
        ({"ROS_LOG_DIR": ""}, str(Path.home() / ".ros" / "log")),
    ],
)
def test_it_lies_where_ros_logs_lie(environment, folder):
    assert default_folder(environment) == Path(folder)


def test_writing_costs_little(tmp_path):
    """An order of magnitude only: a line takes tens of microseconds, not milliseconds."""
    log, line = log_in(tmp_path, max_bytes=10**7), "x" * 400
    started_s = time.process_time()
    for _ in range(2000):
        log.write(line, 0.0)
    assert time.process_time() - started_s < 1.0
