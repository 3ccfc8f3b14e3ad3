# SPDX-License-Identifier: Apache-2.0
import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from hypothesis import given
from hypothesis import strategies as st
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from vla_monitor import messages
from vla_monitor.levels import Level
from vla_monitor.measure_inference import InferenceSample
from vla_monitor.report import Report

VALUES = {
    "preprocess_ms": "1.5",
    "inference_ms": "12.25",
    "queue_wait_ms": "3.0",
    "age_ms": "31.0",
    "action_norm": "0.75",
    "images_received": "300",
    "images_dropped": "120",
    "failures": "1",
}


def array_of(values, name="vla_node: Inference"):
    pairs = [KeyValue(key=key, value=value) for key, value in values.items()]
    return DiagnosticArray(status=[DiagnosticStatus(name=name, values=pairs)])


def test_an_inference_is_read_back():
    sample = messages.inference_sample(array_of(VALUES))
    assert sample == InferenceSample(1.5, 12.25, 3.0, 31.0, 0.75, 300, 120, 1)


@pytest.mark.parametrize("key", VALUES)
def test_a_message_without_one_of_its_numbers_is_unreadable(key):
    assert messages.inference_sample(array_of({**VALUES, key: "fast"})) is None
    assert messages.inference_sample(array_of({k: VALUES[k] for k in VALUES if k != key})) is None


@pytest.mark.parametrize(("key", "value"), [("inference_ms", "nan"), ("failures", "-1")])
def test_a_message_with_an_impossible_number_is_unreadable(key, value):
    assert messages.inference_sample(array_of({**VALUES, key: value})) is None


def test_an_action_norm_may_be_anything():
    assert messages.inference_sample(array_of({**VALUES, "action_norm": "inf"})) is not None


def test_a_message_of_someone_else_is_unreadable():
    assert messages.inference_sample(array_of(VALUES, name="vla_node: Health")) is None
    assert messages.inference_sample(DiagnosticArray()) is None


@given(st.integers(0, 2**31 - 1), st.integers(0, 999_999_999))
def test_a_stamp_keeps_its_nanoseconds(sec, nanosec):
    stamp_ns = messages.stamp_to_ns(Time(sec=sec, nanosec=nanosec))
    assert divmod(stamp_ns, 1_000_000_000) == (sec, nanosec)


@given(st.integers(-(2**31), 2**31 - 1), st.integers(0, 999_999_999), st.text(max_size=9))
def test_a_stamp_is_read_off_the_wire(sec, nanosec, frame):
    info = CameraInfo(header=Header(stamp=Time(sec=sec, nanosec=nanosec), frame_id=frame))
    expected = messages.stamp_to_ns(info.header.stamp)
    assert messages.stamp_off_the_wire(serialize_message(info)) == expected


def test_a_stamp_in_the_other_byte_order_is_read():
    assert (
        messages.stamp_off_the_wire(bytes([0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 9])) == 7 * 10**9 + 9
    )


@pytest.mark.parametrize(
    "serialized", [b"", b"\x00\x01\x00\x00" + 7 * b"\x00", b"\x00\x07" + 20 * b"\x00"]
)
def test_what_is_no_stamped_message_has_no_stamp(serialized):
    assert messages.stamp_off_the_wire(serialized) is None


def test_a_report_becomes_a_status_with_plain_numbers():
    report = Report("Inference", Level.WARN, "slow", {"count": 3, "p95_ms": 1234567.8, "x": "y"})
    array = messages.diagnostic_array([report], "robot_7", Time(sec=5))
    (status,) = array.status
    assert array.header.stamp.sec == 5
    assert (status.name, status.message) == ("vla_monitor: Inference", "slow")
    assert status.hardware_id == "robot_7"
    assert messages.level_of(status) == Level.WARN
    assert messages.values_of(status) == {"count": "3", "p95_ms": "1234567.800", "x": "y"}
