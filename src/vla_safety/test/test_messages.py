# SPDX-License-Identifier: Apache-2.0
import math

from diagnostic_msgs.msg import DiagnosticStatus
from hypothesis import given
from hypothesis import strategies as st
from vla_safety.status import Level, Status
from vla_safety.velocity import Velocity

from vla_safety import messages

FIELD = st.floats(allow_nan=False)


@given(st.builds(Velocity, FIELD, FIELD, FIELD, FIELD, FIELD, FIELD))
def test_velocity_survives_the_round_trip(velocity):
    assert messages.velocity_from(messages.twist_from(velocity)) == velocity


def test_not_finite_fields_arrive_as_they_are():
    twist = messages.twist_from(Velocity(angular_z=1.0))
    twist.linear.y = math.nan
    assert math.isnan(messages.velocity_from(twist).linear_y)


@given(st.integers(0, 2**31 * 1_000_000_000 - 1))
def test_stamp_survives_the_round_trip(clock_ns):
    assert messages.nanoseconds_from(messages.time_from(clock_ns)) == clock_ns


def test_stamped_output_has_stamp_and_frame():
    message = messages.stamped_twist_from(Velocity(0.5), 7_000_000_003, "base_link")
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (7, 3)
    assert message.header.frame_id == "base_link"
    assert message.twist.linear.x == 0.5


def test_levels_are_those_of_diagnostic_status():
    assert bytes([Level.OK]) == DiagnosticStatus.OK
    assert bytes([Level.WARN]) == DiagnosticStatus.WARN
    assert bytes([Level.ERROR]) == DiagnosticStatus.ERROR


def test_status_becomes_a_diagnostic():
    diagnostic = messages.diagnostic_from(Status(Level.ERROR, "why", {"k": "v"}), "r2")
    assert (diagnostic.name, diagnostic.hardware_id) == ("vla_safety: Gate", "r2")
    assert (diagnostic.level, diagnostic.message) == (DiagnosticStatus.ERROR, "why")
    assert [(pair.key, pair.value) for pair in diagnostic.values] == [("k", "v")]
    array = messages.diagnostics_from(diagnostic, 1_000_000_000)
    assert array.status == [diagnostic]
    assert array.header.stamp.sec == 1
