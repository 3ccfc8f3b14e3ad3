# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from vla_bringup.demo.outputs import Outputs, last_lines, last_words
from vla_bringup.errors import RefusedError


def test_folder_is_made(tmp_path):
    with Outputs(tmp_path / "out" / "demo") as outputs:
        assert outputs.logs.is_dir()


def test_files_of_an_earlier_demo_are_gone(tmp_path):
    for name in ("report.json", "path.png", "camera.gif"):
        (tmp_path / name).write_text("old")
    with Outputs(tmp_path) as outputs:
        assert not outputs.report.exists()
        assert not outputs.picture.exists()
        assert not outputs.video.exists()


def test_files_of_the_user_stay(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with Outputs(tmp_path):
        assert (tmp_path / "notes.txt").read_text() == "mine"


def test_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(RefusedError, match="--out"):
        Outputs(tmp_path / "out")


def test_folder_below_a_file_is_refused(tmp_path):
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(RefusedError, match="--out"):
        Outputs(tmp_path / "out" / "demo")


def test_file_system_that_cannot_be_written_is_refused():
    with pytest.raises(RefusedError, match="--out"):
        Outputs(Path("/proc/vla_demo"))


@pytest.mark.parametrize("name", ["report.json", "path.png"])
def test_folder_in_the_place_of_a_file_is_refused(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(RefusedError, match=name):
        Outputs(tmp_path)


def test_file_in_the_place_of_the_logs_is_refused(tmp_path):
    (tmp_path / "log").write_text("in the way")
    with pytest.raises(RefusedError, match="log"):
        Outputs(tmp_path)


def test_folder_of_a_running_demo_is_refused(tmp_path):
    with Outputs(tmp_path), pytest.raises(RefusedError, match="another demo"):
        Outputs(tmp_path)


def test_folder_is_free_after_the_demo(tmp_path):
    with Outputs(tmp_path):
        pass
    with Outputs(tmp_path):
        pass


def test_refused_folder_is_not_kept(tmp_path):
    (tmp_path / "path.png").mkdir()
    with pytest.raises(RefusedError):
        Outputs(tmp_path)
    (tmp_path / "path.png").rmdir()
    with Outputs(tmp_path):
        pass


def test_last_lines_of_a_log(tmp_path):
    log = tmp_path / "a.log"
    log.write_text("one\n\ntwo\nthree\n")
    assert last_lines(log, 2) == ["two", "three"]


def test_missing_log_has_no_lines(tmp_path):
    assert last_lines(tmp_path / "a.log") == []


@pytest.mark.parametrize(
    "line",
    ["[ERROR] [1795340759.800161065] [vla_node]: no checkpoint 'x'", "no checkpoint 'x'"],
)
def test_last_words_come_without_the_prefix_of_ros(tmp_path, line):
    log = tmp_path / "a.log"
    log.write_text(f"something else\n{line}\n")
    assert last_words(log) == "no checkpoint 'x'"


def test_silent_process_has_no_last_words(tmp_path):
    assert last_words(tmp_path / "a.log") == ""
