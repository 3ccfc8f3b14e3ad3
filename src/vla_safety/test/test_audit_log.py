# SPDX-License-Identifier: Apache-2.0
import json
import time

import pytest

from vla_safety.audit_log import AuditLog

EVENT = {"message": "a sentence of about the length that is usual", "command_in.linear.x": "0.5"}


def lines(path):
    """Every event in the files, oldest first."""
    numbered = sorted(path.parent.glob(f"{path.name}.*"), key=lambda p: -int(p.suffix[1:]))
    files = [*numbered, path]
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_event_is_one_line_of_json(tmp_path):
    log = AuditLog(tmp_path / "sub" / "events.jsonl", 1_000_000, 3)
    log.write({"message": "two\nlines", "level": "WARN"})
    log.close()
    assert lines(log.path) == [{"message": "two\nlines", "level": "WARN"}]


def test_ten_thousand_in_a_second_are_all_there_in_order(tmp_path):
    log = AuditLog(tmp_path / "events.jsonl", 200_000, 20)
    started = time.process_time()
    for number in range(10_000):
        log.write(EVENT | {"number": number})
    taken_s = time.process_time() - started
    log.close(60.0)
    assert [event["number"] for event in lines(log.path)] == list(range(10_000))
    assert taken_s < 1.0
    assert log.lost == 0


def test_oldest_file_goes_first(tmp_path):
    log = AuditLog(tmp_path / "events.jsonl", 1000, 3)
    for number in range(30):
        log.write(EVENT | {"number": number, "padding": "x" * 1000})
        while not log._waiting.empty() or log._batch:
            time.sleep(0.001)
    log.close()
    assert len(list(tmp_path.iterdir())) == 3
    assert [event["number"] for event in lines(log.path)] == [27, 28, 29]


def test_file_of_an_earlier_run_is_continued(tmp_path):
    for number in range(2):
        log = AuditLog(tmp_path / "events.jsonl", 1_000_000, 3)
        log.write({"number": number})
        log.close()
    assert [event["number"] for event in lines(log.path)] == [0, 1]


def test_disk_that_refuses_is_told_and_nothing_is_lost(tmp_path):
    blocker = tmp_path / "folder"
    blocker.write_text("")
    log = AuditLog(blocker / "events.jsonl", 1_000_000, 3)
    log.write({"number": 1})
    until(lambda: "cannot be written" in log.trouble)
    log.write({"number": 2})
    blocker.unlink()
    until(lambda: not log.trouble)
    log.close()
    assert lines(log.path) == [{"number": 1}, {"number": 2}]


def test_patience_has_an_end_and_what_is_lost_is_counted(tmp_path):
    (tmp_path / "folder").write_text("")
    log = AuditLog(tmp_path / "folder" / "events.jsonl", 1_000_000, 3, patience=10)
    until(lambda: log.write(EVENT) or log.lost > 0)
    log.close()


def until(condition):
    end = time.monotonic() + 60.0
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


@pytest.mark.parametrize("events", [0, 1])
def test_close_ends_the_thread(tmp_path, events):
    log = AuditLog(tmp_path / "events.jsonl", 1_000_000, 3)
    for _ in range(events):
        log.write(EVENT)
    log.close()
    assert not log._thread.is_alive()
