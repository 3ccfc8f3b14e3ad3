# SPDX-License-Identifier: Apache-2.0
"""The processes that drive in simulated rooms beside each other."""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from vla_train.errors import TrainError


@contextlib.contextmanager
def driving_processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of fresh processes: an OpenGL context does not survive a fork.

    Raises:
        TrainError: one of them was killed.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        try:
            yield pool
        except BrokenProcessPool as error:
            raise TrainError(
                "a process that drives in the simulator was killed (is the memory full?); "
                "start the same command again: it goes on with what is missing"
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
