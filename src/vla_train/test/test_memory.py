# SPDX-License-Identifier: Apache-2.0
"""Memory that a process frees stays its own, unless the user has said something of it."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
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


def run(how, **further):
    """Whether it keeps memory, and how many pages it asked for to do the same once more."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, how],
        env={**environment, **further},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return map(int, done.stdout.split())


def test_memory_is_asked_for_once():
    _, usual = run("leave")
    kept, pages = run("keep")
    if not kept:
        pytest.skip("this C library cannot be told")
    assert pages < usual / 10


def test_what_the_user_says_of_memory_stays():
    kept, _ = run("keep", MALLOC_TRIM_THRESHOLD_="1000000")
    assert not kept
