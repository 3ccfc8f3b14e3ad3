# SPDX-License-Identifier: Apache-2.0
"""Memory that a process frees stays its own until it is given back, or as the user has said."""

import os
import subprocess
import sys

import pytest

ASKS_TWICE = """
import resource, sys
import numpy as np
from vla_train.memory import keep_memory

def work():
    kept = [np.ones(4_000_000) for _ in range(8)]
    return sum(each[0] for each in kept)

kept = sys.argv[1] == "keep" and keep_memory()
work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
work()
print(int(kept), resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def run(program, *arguments, **further):
    """The numbers that a program prints, to whom the environment says nothing of memory."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**environment, **further},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return map(int, done.stdout.split())


def test_memory_is_asked_for_once():
    _, usual = run(ASKS_TWICE, "leave")
    kept, pages = run(ASKS_TWICE, "keep")
    if not kept:
        pytest.skip("this C library cannot be told")
    assert pages < usual / 10


def test_what_the_user_says_of_memory_stays():
    kept, _ = run(ASKS_TWICE, "keep", MALLOC_TRIM_THRESHOLD_="1000000")
    assert not kept


GIVES_BACK = """
import numpy as np
import psutil
from vla_train.memory import keep_memory, release_memory

def held():
    return psutil.Process().memory_info().rss

kept = keep_memory()
work = [np.ones(4_000_000) for _ in range(16)]
full = held()
del work[1:]
freed = held()
release_memory()
print(int(kept), full - freed, freed - held())
"""


def test_what_is_kept_is_given_back_when_others_need_it():
    kept, at_once, later = run(GIVES_BACK)
    if not kept:
        pytest.skip("this C library cannot be told")
    assert at_once < 15 * 4_000_000 * 8 / 10
    assert later > 15 * 4_000_000 * 8 * 0.9
