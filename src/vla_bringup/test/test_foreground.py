# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import time

import pytest

from vla_bringup.foreground import Lines, Pipes, run_until_ended
from vla_bringup.procfile import Program
from vla_bringup.supervisor import Supervisor


@pytest.fixture
def output():
    return io.StringIO()


@pytest.fixture
def lines(output):
    return Lines(["vla", "vla_sim"], output)


def printed(output):
    """What was printed, without the time of day in front of each line."""
    return re.sub(r"(?m)^\d\d:\d\d:\d\d ", "", output.getvalue())


def supervisor(*programs):
    return Supervisor(programs, os.environ)


def test_line_is_printed_with_the_name_of_its_process(lines, output):
    lines.take("vla", b"hello\n")
    assert printed(output) == "vla     | hello\n"


def test_line_is_printed_once_it_is_whole(lines, output):
    lines.take("vla_sim", b"good")
    assert printed(output) == ""
    lines.take("vla_sim", b" day\nagain")
    assert printed(output) == "vla_sim | good day\n"


def test_last_words_of_a_process_are_printed(lines, output):
    lines.take("vla_sim", b"hello")
    lines.close("vla_sim")
    assert printed(output) == "vla_sim | hello\n"


def test_output_of_a_process_is_read_to_its_end(lines, output):
    talker = supervisor(Program("vla_sim", "echo one; echo two"))
    talker.start(lambda _: subprocess.PIPE)
    pipes = Pipes(talker, lines)
    while pipes.open:
        pipes.read(0.1)
    assert printed(output) == "vla_sim | one\nvla_sim | two\n"


def test_process_that_ends_by_itself_ends_all_with_its_status(lines, output):
    robot = supervisor(Program("failing", "exit 3"), Program("sleeper", "exec sleep 60"))
    assert run_until_ended([robot], lines) == 3
    assert robot.pids == {}
    assert "failing ended (exit status 3)" in printed(output)


def test_killed_process_leaves_the_others_up(lines, output):
    node = Program("node", "sleep 0.3; kill -9 $$")
    gate = Program("gate", "sleep 1; exit 4")
    assert run_until_ended([supervisor(node, gate)], lines) == 4
    assert "node died (signal 9); gate still up" in printed(output)


def test_interruption_ends_all_with_status_zero(lines):
    robot = supervisor(Program("sleeper", f"kill -INT {os.getpid()}; exec sleep 60"))
    before = signal.getsignal(signal.SIGINT)
    started = time.monotonic()
    assert run_until_ended([robot], lines) == 0
    assert robot.pids == {}
    assert time.monotonic() - started < 30
    assert signal.getsignal(signal.SIGINT) is before


def test_helper_that_ends_ends_nothing(lines, output):
    robot = supervisor(Program("worker", "sleep 0.5; exit 5"))
    helper = supervisor(Program("helper", "echo done"))
    assert run_until_ended([robot, helper], lines) == 5
    assert "helper" in printed(output)
