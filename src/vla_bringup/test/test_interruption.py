# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import signal
import time

import pytest

from vla_bringup.interruption import SIGNALS, Interruption, interruptible


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_interrupts_with_its_name_and_status(number):
    with pytest.raises(Interruption, match=number.name) as interruption, interruptible():
        os.kill(os.getpid(), number)
        time.sleep(5)
    assert interruption.value.exit_status == 128 + number


def test_time_limit_interrupts():
    with pytest.raises(Interruption, match="not done after") as interruption, interruptible(0.05):
        time.sleep(5)
    assert interruption.value.exit_status == 1


def test_second_signal_does_not_interrupt_the_clean_up():
    cleaned = False
    with pytest.raises(Interruption), interruptible():
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
            cleaned = True
    assert cleaned


def test_handlers_are_as_before_afterwards():
    before = [signal.getsignal(number) for number in SIGNALS]
    with interruptible(10.0):
        pass
    assert [signal.getsignal(number) for number in SIGNALS] == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
