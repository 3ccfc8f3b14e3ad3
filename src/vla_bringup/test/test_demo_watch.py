# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from vla_bringup.demo.watch import SILENCE_S, THINKING_S, Watch
from vla_bringup.supervisor import Exit


@pytest.fixture
def watch():
    watch = Watch()
    watch.expect("vla_node", 10.0)
    return watch


def test_silence_within_the_limit_is_no_trouble(watch):
    assert watch.trouble(10.0 + SILENCE_S, []) is None


def test_silence_is_trouble_that_began_with_the_last_sign(watch):
    watch.heard("vla_node", 11.0)
    trouble = watch.trouble(11.1 + SILENCE_S, [])
    assert (trouble.name, trouble.what) == ("vla_node", "vla_node silent for 2 s")
    assert trouble.since_s == 11.0


def test_talking_process_is_no_trouble(watch):
    for second in range(10, 20):
        watch.heard("vla_node", float(second))
        assert watch.trouble(second + 1.0, []) is None


def test_first_sign_may_take_longer(watch):
    watch.expect("vla_node", 10.0, first_s=THINKING_S)
    assert watch.trouble(10.0 + THINKING_S, []) is None
    watch.heard("vla_node", 11.0)
    assert watch.trouble(11.1 + SILENCE_S, []) is not None


def test_sign_from_before_is_no_sign(watch):
    watch.heard("vla_node", 9.0)
    assert watch.trouble(10.1 + SILENCE_S, []) is not None


def test_excused_process_may_be_silent(watch):
    watch.excuse("vla_node")
    assert watch.trouble(100.0, []) is None


def test_process_that_nothing_is_expected_of_may_be_silent(watch):
    watch.excuse("vla_node")
    watch.heard("vla_sim", 1.0)
    assert watch.trouble(100.0, []) is None


def test_longest_silence_is_the_trouble(watch):
    watch.expect("vla_sim", 9.0)
    assert watch.trouble(20.0, []).name == "vla_sim"


def test_death_goes_before_silence(watch):
    trouble = watch.trouble(20.0, [Exit("vla_sim", -9, 19.0)])
    assert (trouble.what, trouble.since_s) == ("vla_sim died (signal 9)", 19.0)
