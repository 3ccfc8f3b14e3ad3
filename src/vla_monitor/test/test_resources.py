# SPDX-License-Identifier: Apache-2.0
"""Which processes are ours, what they take, and what is said when one is gone."""

import ctypes
import os
import subprocess
import sys
import time

import pytest

from vla_monitor.gpu import Gpus, GpuSample
from vla_monitor.levels import Level
from vla_monitor.measure_resources import GpuMeasure, ProcessMeasure
from vla_monitor.parameters import make_settings
from vla_monitor.resources import DOMAIN, ProcessSample, ProcessTable, program_of

SETTINGS = make_settings({})
NAMES = ("vla_node", "vla_safety")
PYTHON = "/usr/bin/python3"


@pytest.mark.parametrize(
    ("arguments", "namespace", "name"),
    [
        ([PYTHON, "/ws/lib/vla_node/vla_node", "--ros-args"], "/", "vla_node"),
        (["/ws/lib/vla_safety/vla_safety"], "/", "vla_safety"),
        ([PYTHON, "/ws/vla_node", "--ros-args", "-r", "__ns:=/r1"], "/r1", "vla_node"),
        ([PYTHON, "/ws/vla_node", "--ros-args", "-r", "__ns:=/r1"], "/r2", None),
        ([PYTHON, "/ws/vla_node", "--ros-args", "-r", "__ns:=/"], "/", "vla_node"),
        (["/bin/sh", "-c", "exec vla_node --ros-args"], "/", None),
        (["grep", "-r", "vla_node"], "/", None),
        ([], "/", None),
    ],
)
def test_programs_are_told_by_their_command_line(arguments, namespace, name):
    assert program_of(arguments, NAMES, namespace) == name


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Starts programs of a given name in this ROS domain, and ends them."""
    monkeypatch.setenv(DOMAIN, "99")
    started = []

    def start(name, code="import time; time.sleep(60)", domain="99"):
        path = tmp_path / name
        path.write_text(code)
        environment = {**os.environ, DOMAIN: domain}
        process = subprocess.Popen([sys.executable, str(path)], env=environment)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def sampled(table, names, limit_s=30.0):
    """The samples by name, as soon as exactly these programs run."""
    until_s = time.monotonic() + limit_s
    while time.monotonic() < until_s:
        samples = {each.name: each for each in table.sample(time.monotonic())}
        if set(samples) == set(names):
            return samples
        time.sleep(0.05)
    raise AssertionError(f"{set(samples)} instead of {set(names)}")


def test_running_programs_are_found_measured_and_missed(program):
    busy = program("vla_node", "while True: pass")
    program("vla_safety")
    program("vla_safety_of_another_name")
    table = ProcessTable(NAMES, "/")
    sampled(table, NAMES)
    time.sleep(0.5)
    samples = sampled(table, NAMES)
    assert samples["vla_node"].pid == busy.pid
    assert samples["vla_node"].cpu_percent > samples["vla_safety"].cpu_percent
    assert samples["vla_safety"].memory_mb > 1.0
    busy.kill()  # and nobody waits for it: a zombie is gone too
    sampled(table, ["vla_safety"])
    program("vla_node")
    sampled(table, NAMES)


def test_programs_of_another_domain_are_another_robot(program):
    program("vla_node", domain="98")
    program("vla_safety")
    table = ProcessTable(NAMES, "/")
    sampled(table, ["vla_safety"])


def test_two_processes_of_one_program_are_added_up(program):
    program("vla_node")
    table = ProcessTable(NAMES, "/")
    one = sampled(table, ["vla_node"])["vla_node"].memory_mb
    second = program("vla_node")
    until_s = time.monotonic() + 30.0
    while sampled(table, ["vla_node"])["vla_node"].memory_mb < 1.5 * one:
        assert time.monotonic() < until_s
    assert sampled(table, ["vla_node"])["vla_node"].pid == second.pid


def test_processes_of_others_are_looked_at_once(monkeypatch):
    looked_at = []
    original = ProcessTable._look_at

    def look_at(table, pid, now_s):
        looked_at.append(pid)
        original(table, pid, now_s)

    monkeypatch.setattr(ProcessTable, "_look_at", look_at)
    table = ProcessTable(NAMES, "/", pids=lambda: [1])
    for i in range(5):
        table.sample(float(i))
    assert looked_at == [1]


def running(*names, memory_mb=100.0):
    return [ProcessSample(name, pid, 20.0, memory_mb) for pid, name in enumerate(names)]


def test_a_program_that_was_never_seen_is_not_missed():
    measure = ProcessMeasure(SETTINGS)
    measure.sample(running("vla_node"))
    assert measure.report(0.0).level is Level.OK
    assert measure.report(9.0).level is Level.OK


def test_a_program_that_is_gone_is_named_and_back_again_is_counted():
    measure = ProcessMeasure(SETTINGS)
    measure.sample(running("vla_safety", "vla_node"))
    measure.report(0.0)
    measure.sample(running("vla_safety"))
    measure.report(1.0)
    report = measure.report(1.2)
    assert report.level is Level.ERROR
    assert report.message == "vla_node: its process is gone"
    assert report.values["vla_node.running"] == 0
    measure.sample(running("vla_safety", "vla_other", "vla_node"))
    for now_s in (2.0, 4.1):
        report = measure.report(now_s)
    assert report.level is Level.OK
    assert report.values["vla_node.starts"] == 2
    assert report.values["memory_mb"] == 300.0


def test_a_program_that_grows_is_a_warning_with_its_name():
    measure = ProcessMeasure(SETTINGS)
    measure.sample(running("vla_safety", "vla_node", memory_mb=4000.0))
    measure.report(0.0)
    report = measure.report(1.0)
    assert report.level is Level.WARN
    assert "vla_node: memory 4000.0 MB (limit 3000 MB)" in report.message


class FakeNvml:
    """NVML with two GPUs, of which the second does not answer."""

    def nvmlInit_v2(self):  # noqa: N802 - named by NVML
        return 0

    def nvmlDeviceGetCount_v2(self, count):  # noqa: N802
        ctypes.cast(count, ctypes.POINTER(ctypes.c_uint))[0] = 2
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, index, handle):  # noqa: N802
        ctypes.cast(handle, ctypes.POINTER(ctypes.c_void_p))[0] = index + 1
        return 0

    def nvmlDeviceGetUtilizationRates(self, handle, use):  # noqa: N802
        numbers = ctypes.cast(use, ctypes.POINTER(ctypes.c_uint))
        numbers[0], numbers[1] = 37, 5
        return 0 if handle.value == 1 else 15

    def nvmlDeviceGetMemoryInfo(self, handle, memory):  # noqa: N802
        numbers = ctypes.cast(memory, ctypes.POINTER(ctypes.c_ulonglong))
        numbers[0], numbers[1], numbers[2] = 8_000_000_000, 500_000_000, 7_500_000_000
        return 0


def test_gpus_are_read_and_one_that_does_not_answer_is_left_out():
    assert Gpus(FakeNvml()).sample() == [GpuSample(0, 37.0, 7500.0, 8000.0)]


def test_a_machine_without_gpu_has_no_such_subject():
    measure = GpuMeasure(SETTINGS)
    assert measure.report(0.0) is None


def test_a_full_gpu_is_a_warning():
    measure = GpuMeasure(SETTINGS)
    measure.sample(Gpus(FakeNvml()).sample())
    measure.report(0.0)
    report = measure.report(1.0)
    assert (report.level, report.values["0.busy_percent"]) == (Level.WARN, 37.0)
