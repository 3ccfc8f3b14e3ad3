# SPDX-License-Identifier: Apache-2.0
import math

import pytest

from vla_safety.checks.command_timeout import CommandTimeout
from vla_safety.checks.finite import Finite
from vla_safety.checks.observation_age import ObservationAge
from vla_safety.finding import Severity
from vla_safety.instant import Instant
from vla_safety.situation import Situation
from vla_safety.source import Command
from vla_safety.velocity import AXES, ZERO, Velocity

MS = 1_000_000
HOUR_MS = 3_600_000


def situation(command, steady_ms=0, clock_ms=0):
    return Situation(Instant(steady_ms * MS, clock_ms * MS), command, ZERO)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("axis", range(6))
def test_finite_refuses_every_field_by_name(axis, bad):
    velocity = Velocity(*(bad if i == axis else 0.0 for i in range(6)))
    finding = Finite().admit(Command(velocity, 0, 0), Instant(0, 0))
    assert finding.reason == "not finite"
    assert f"{AXES[axis]} is {bad}" in finding.detail


def test_finite_admits_numbers_of_any_size():
    assert Finite().admit(Command(Velocity(1e300), 0, 0), Instant(0, 0)) is None


def timeout(seconds=0.25):
    check = CommandTimeout()
    check.configure({"cmd_vel_timeout": seconds})
    return check


def test_timeout_begins_right_after_its_time():
    command = Command(ZERO, 0, arrived_ns=1000 * MS)
    assert timeout().watch(situation(command, steady_ms=1250)) is None
    finding = timeout().watch(situation(command, steady_ms=1251))
    assert finding.reason == "command timeout"
    assert finding.value == pytest.approx(0.251)
    assert finding.limit == 0.25
    assert finding.severity is Severity.STOP


def test_stamp_in_the_future_delays_no_timeout():
    command = Command(ZERO, stamp_ns=HOUR_MS * MS, arrived_ns=0)
    assert timeout().watch(situation(command, steady_ms=251)) is not None


def age():
    check = ObservationAge()
    check.configure({"observation_age.max_age": 0.5, "observation_age.max_ahead": 0.1})
    return check


@pytest.mark.parametrize(
    ("age_ms", "reason"),
    [
        (0, None),
        (500, None),
        (501, "observation too old"),
        (HOUR_MS, "observation too old"),
        (-100, None),
        (-101, "stamp in the future"),
        (-HOUR_MS, "stamp in the future"),
    ],
)
def test_observation_age_bounds_both_sides_on_arrival_and_later(age_ms, reason):
    command = Command(ZERO, stamp_ns=10 * HOUR_MS * MS, arrived_ns=0)
    now = Instant(0, 10 * HOUR_MS * MS + age_ms * MS)
    for finding in (age().admit(command, now), age().watch(Situation(now, command, ZERO))):
        assert (finding.reason if finding else None) == reason


def test_silence_and_age_need_fresh_commands_but_not_a_number_that_is_none():
    assert CommandTimeout.needs_fresh_commands
    assert ObservationAge.needs_fresh_commands
    assert not Finite.needs_fresh_commands
