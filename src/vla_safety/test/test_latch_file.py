# SPDX-License-Identifier: Apache-2.0
import pytest

from vla_safety.decision import State
from vla_safety.errors import LatchFileError
from vla_safety.estop import EStop
from vla_safety.gate import Gate
from vla_safety.latch_file import UNREADABLE, LatchFile
from vla_safety.latch_keeper import LatchKeeper
from vla_safety.places import latch_path, log_path
from vla_safety.settings import Settings

SECOND = 1_000_000_000


@pytest.fixture
def file(tmp_path):
    return LatchFile(tmp_path / "not" / "yet" / "robot.latched")


def test_no_file_is_no_latch(file):
    assert file.read() == ""


def test_cause_survives(file):
    file.write("somebody pressed it")
    assert LatchFile(file.path).read() == "somebody pressed it"
    file.clear()
    file.clear()
    assert file.read() == ""


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe\x00"])
def test_file_that_says_nothing_still_latches(file, content):
    file.path.parent.mkdir(parents=True)
    file.path.write_bytes(content)
    assert file.read() == UNREADABLE


def test_file_that_cannot_be_read_latches(file):
    file.path.mkdir(parents=True)
    assert file.read() == UNREADABLE


def test_disk_that_refuses_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    file = LatchFile(tmp_path / "file" / "robot.latched")
    with pytest.raises(LatchFileError, match="not kept over a restart"):
        file.write("cause")


def test_gate_that_ended_latched_begins_latched():
    gate = Gate(Settings.from_values(), latched_because="somebody pressed it")
    assert gate.tick(0, 0).state is State.LATCHED
    assert not gate.arm(True).granted
    assert "somebody pressed it" in gate.reset_estop(0).sentence
    assert gate.arm(True).granted


def test_keeper_follows_the_latch(file):
    estop, keeper = EStop(), LatchKeeper(file)
    assert keeper.keep(estop, 0) == ""
    assert file.read() == ""
    estop.latch("test")
    assert keeper.keep(estop, 0) == ""
    assert file.read() == "test"
    estop.reset(wants_to_move=False)
    assert keeper.keep(estop, 0) == ""
    assert file.read() == ""


def test_keeper_tries_again_each_second(tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("")
    file = LatchFile(blocker / "robot.latched")
    keeper, estop = LatchKeeper(file), EStop()
    keeper._kept, estop = False, EStop("test")
    assert "cannot be written" in keeper.keep(estop, 0)
    assert keeper.keep(estop, SECOND // 2) == ""
    assert "cannot be written" in keeper.keep(estop, SECOND)
    blocker.unlink()
    assert keeper.keep(estop, 2 * SECOND) == ""
    assert file.read() == "test"


def test_each_robot_has_files_of_its_own(tmp_path):
    environment = {"ROS_HOME": str(tmp_path / "home"), "ROS_LOG_DIR": str(tmp_path / "log")}
    assert latch_path("", "/robot1/vla_safety", environment) == (
        tmp_path / "home" / "robot1.vla_safety.latched"
    )
    assert log_path("", "/vla_safety", environment) == (
        tmp_path / "log" / "vla_safety.events.jsonl"
    )
    assert latch_path("/var/lib", "/vla_safety", environment).parent.as_posix() == "/var/lib"
