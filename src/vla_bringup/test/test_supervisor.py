# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import psutil
import pytest

from vla_bringup.procfile import Program
from vla_bringup.supervisor import Exit, Supervisor

SLEEP = Program("sleeper", "exec sleep 60")
LIMIT_S = 20.0

DEAF = Program("deaf", "trap '' TERM; echo ready; while :; do sleep 0.1; done")


@pytest.fixture
def supervise():
    supervisors = []

    def start(*programs):
        supervisor = Supervisor(programs, os.environ)
        supervisors.append(supervisor)
        supervisor.start(lambda _: subprocess.PIPE)
        return supervisor

    yield start
    for supervisor in supervisors:
        supervisor.stop(grace_s=0.0)


def wait_for_exit(supervisor):
    until = time.monotonic() + LIMIT_S
    while time.monotonic() < until:
        exits = supervisor.exits()
        if exits:
            return exits[0]
        time.sleep(0.01)
    raise AssertionError("nothing has ended")


def test_exit_status_is_noticed(supervise):
    ended = wait_for_exit(supervise(Program("failing", "exit 3")))
    assert (ended.name, ended.returncode, ended.killed) == ("failing", 3, False)


def test_killed_process_is_told_by_its_signal(supervise):
    supervisor = supervise(SLEEP)
    os.kill(supervisor.pids["sleeper"], signal.SIGKILL)
    ended = wait_for_exit(supervisor)
    assert ended.killed
    assert str(ended) == "sleeper died (signal 9)"


def test_exit_is_told_once(supervise):
    supervisor = supervise(Program("short", "exit 0"))
    wait_for_exit(supervisor)
    assert supervisor.exits() == []
    assert supervisor.pids == {}


def test_shell_gives_way_to_the_process_that_it_execs(supervise):
    supervisor = supervise(SLEEP)
    process = psutil.Process(supervisor.pids["sleeper"])
    until = time.monotonic() + LIMIT_S
    while process.name() != "sleep" and time.monotonic() < until:
        time.sleep(0.01)
    assert process.cmdline() == ["sleep", "60"]


def test_stop_ends_everything_that_listens(supervise):
    supervisor = supervise(SLEEP, Program("other", "exec sleep 60"))
    ended = supervisor.stop()
    assert {(each.name, each.returncode) for each in ended} == {("sleeper", -15), ("other", -15)}


def test_stop_ends_a_stopped_process(supervise):
    supervisor = supervise(SLEEP)
    os.kill(supervisor.pids["sleeper"], signal.SIGSTOP)
    (ended,) = supervisor.stop()
    assert ended.returncode == -signal.SIGTERM


def test_stop_kills_what_does_not_listen(supervise):
    supervisor = supervise(DEAF)
    assert supervisor.pipe("deaf").readline() == b"ready\n"
    (ended,) = supervisor.stop(grace_s=0.3)
    assert ended.returncode == -signal.SIGKILL


def test_grandchildren_end_with_their_parent(supervise):
    supervisor = supervise(Program("parent", "sleep 61 & echo $!; wait"))
    grandchild = int(supervisor.pipe("parent").readline())
    supervisor.stop()
    assert is_gone(grandchild)


def test_children_do_not_outlive_a_killed_supervisor():
    script = textwrap.dedent(
        """
        import os, subprocess, time
        from vla_bringup.procfile import Program
        from vla_bringup.supervisor import Supervisor
        supervisor = Supervisor([Program("sleeper", "exec sleep 62")], os.environ)
        supervisor.start(lambda _: subprocess.DEVNULL)
        print(supervisor.pids["sleeper"], flush=True)
        time.sleep(60)
        """
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        child = int(parent.stdout.readline())
        parent.kill()
    assert is_gone(child)


def is_gone(pid):
    until = time.monotonic() + LIMIT_S
    while time.monotonic() < until:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True  # ended; who has to collect it is not ours
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def test_exit_reads_as_a_sentence():
    assert str(Exit("vla_node", 1, 0.0)) == "vla_node ended (exit status 1)"
    assert str(Exit("vla_node", -9, 0.0)) == "vla_node died (signal 9)"
