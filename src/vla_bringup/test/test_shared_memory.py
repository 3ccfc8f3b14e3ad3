# SPDX-License-Identifier: Apache-2.0
import os
import struct
import time

import pytest

from vla_bringup.shared_memory import FINISHED, MAKING_TAKES_S, clear_half_made_ports

NOW_S = time.time()


def make(folder, name, content, age_s=MAKING_TAKES_S + 1):
    path = folder / name
    path.write_bytes(content)
    os.utime(path, (NOW_S - age_s, NOW_S - age_s))
    return path


def whole(word=FINISHED):
    return struct.pack("=I", word) + bytes(1000)


@pytest.mark.parametrize("content", [b"", b"\x01", whole(0), whole(1)])
def test_a_port_that_nobody_will_finish_is_removed(tmp_path, content):
    path = make(tmp_path, "fastdds_port7000", content)
    (sentence,) = clear_half_made_ports(tmp_path, NOW_S)
    assert str(path) in sentence
    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "content", "age_s"),
    [
        ("fastdds_port7000", whole(), 100),
        ("fastdds_port7000", b"", 1),  # perhaps it is being made
        ("fastdds_port7000_el", b"", 100),  # a lock: it is always empty
        ("fastdds_0017bb66250ada26", b"", 100),  # nobody else opens this one
        ("somebody_elses", b"", 100),
    ],
)
def test_everything_else_stays(tmp_path, name, content, age_s):
    path = make(tmp_path, name, content, age_s)
    assert clear_half_made_ports(tmp_path, NOW_S) == []
    assert path.exists()


def test_a_machine_without_the_folder_has_nothing_to_clear(tmp_path):
    assert clear_half_made_ports(tmp_path / "nothing", NOW_S) == []
