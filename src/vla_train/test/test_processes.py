# SPDX-License-Identifier: Apache-2.0
import os
import signal

import pytest

from vla_train.errors import TrainError
from vla_train.processes import driving_processes


def test_a_killed_process_is_told_in_words():
    with pytest.raises(TrainError, match="was killed"), driving_processes(1) as pool:
        pool.submit(os.kill, pool.submit(os.getpid).result(), signal.SIGKILL).result()


def test_results_come_back():
    with driving_processes(1) as pool:
        assert pool.submit(abs, -3).result() == 3
