# SPDX-License-Identifier: Apache-2.0
"""The processes that drive in simulated rooms and play games beside each other."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from vla_train.errors import TrainError


@contextlib.contextmanager
def driving_processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of fresh processes: an OpenGL context does not survive a fork.

    They end with the process that asked, even where it was killed.

    Raises:
        TrainError: one of them was killed.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, context, _end_with_parent) as pool:
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


def _end_with_parent() -> None:
    # Who waits for work holds both ends of its queue: it never reads that nobody asks any more.
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_wait_and_end, args=(parent,), daemon=True).start()


def _wait_and_end(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)  # in the middle of its work: files are written whole or not at all
