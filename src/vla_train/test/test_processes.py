# SPDX-License-Identifier: Apache-2.0
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from vla_train.errors import TrainError
from vla_train.processes import driving_processes


def test_a_killed_process_is_told_in_words():
    with pytest.raises(TrainError, match="was killed"), driving_processes(1) as pool:
        pool.submit(os.kill, pool.submit(os.getpid).result(), signal.SIGKILL).result()


def test_results_come_back():
    with driving_processes(1) as pool:
        assert pool.submit(abs, -3).result() == 3


def ask_and_be_killed(told):
    with driving_processes(1) as pool:
        told.write_text(str(pool.submit(os.getpid).result()))
        os.kill(os.getpid(), signal.SIGKILL)


def test_they_end_with_who_asked_even_where_it_was_killed(tmp_path):
    told = tmp_path / "process"
    asks = multiprocessing.get_context("spawn").Process(target=ask_and_be_killed, args=(told,))
    asks.start()
    asks.join()
    assert asks.exitcode == -signal.SIGKILL
    place = Path("/proc") / told.read_text()
    until = time.monotonic() + 30.0
    while time.monotonic() < until and _runs(place):
        time.sleep(0.05)
    assert not _runs(place)


def _runs(place):
    """Whether a process is more than a zombie."""
    try:
        return (place / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
