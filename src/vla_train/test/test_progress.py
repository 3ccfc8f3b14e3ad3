# SPDX-License-Identifier: Apache-2.0
"""How far long work is, where nobody sees a bar."""

import io

import pytest
from rich.console import Console

from vla_train import progress
from vla_train.progress import ProgressBar

COUNT = 20


def lines_of(console):
    with ProgressBar(console) as bar:
        task = bar.add_task("drive", total=COUNT)
        for done in range(COUNT):
            bar.advance(task)
            bar.update(task, description=f"drive: {done + 1}")
    return console.file.getvalue().splitlines()


@pytest.fixture
def clock(monkeypatch):
    """One that goes on by a second with each look at it."""
    seconds = iter(range(10_000))
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(seconds)))


def test_a_file_gets_a_line_now_and_then(clock):
    lines = lines_of(Console(file=io.StringIO(), width=200))
    assert "drive: 15: 15 of 20" in lines
    assert len([line for line in lines if " of 20" in line]) == 2 * COUNT // 30


def test_a_terminal_gets_the_bar_alone(clock):
    lines = lines_of(Console(file=io.StringIO(), width=200, force_terminal=True))
    assert not [line for line in lines if " of 20" in line]


def test_work_of_no_known_length_counts(clock, monkeypatch):
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
    console = Console(file=io.StringIO(), width=200)
    with ProgressBar(console) as bar:
        bar.advance(bar.add_task("read", total=None), 3)
    assert "read: 3" in console.file.getvalue().splitlines()
