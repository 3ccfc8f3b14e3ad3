# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
import json
import signal

import pytest
from rich.console import Console
from typer.testing import CliRunner

from vla_bringup.cli import build_app, installed_verbs
from vla_bringup.demo.plan import make_plan
from vla_bringup.demo.report import Episode
from vla_bringup.demo.report import Report as DemoReport
from vla_bringup.errors import RefusedError
from vla_bringup.parity import run
from vla_bringup.parity.reading import UnplayedError, read_verdicts
from vla_bringup.parity.report import Report, conclusion, episode_table
from vla_bringup.verbs.parity import parity
from vla_train.agreement import Pair, Verdict


def verdict(success=True, instruction="turn [left]"):
    return Verdict(instruction, success, "stands" if success else "collided with a wall", 7.5)


def report(with_ros, without_ros, rooms=(1,)):
    """A report of 30 episodes with so many successes each way, all of them of room 1."""
    pairs = [Pair(1, verdict(i < with_ros), verdict(i < without_ros)) for i in range(30)]
    return Report("tiny", rooms, 0.06, pairs)


def write_demo(path, plan, reason="", successes=(True, False, True)):
    """What a demo writes that played so many episodes of its plan."""
    written = DemoReport(seed=plan.room.seed, policy="tiny", planned=3, reason=reason)
    written.episodes = [
        Episode.judged(
            instruction=task.instruction,
            family=task.family,
            success=success,
            reason="stands" if success else "gave up",
            time_s=4.0,
            path_length_m=1.0,
            collisions=0,
            latencies_ms=[],
        )
        for task, success in zip(plan.tasks, successes, strict=False)
    ]
    written.write(path)
    return path


def shown(renderable):
    console = Console(file=io.StringIO(), width=200)
    console.print(renderable)
    return console.file.getvalue()


def test_a_demo_that_was_played_gives_a_verdict_for_each_task(tmp_path):
    plan = make_plan(3)
    verdicts = read_verdicts(write_demo(tmp_path / "report.json", plan), plan)
    assert [each.instruction for each in verdicts] == [task.instruction for task in plan.tasks]
    assert [each.success for each in verdicts] == [True, False, True]
    assert verdicts[1] == Verdict(plan.tasks[1].instruction, False, "gave up", 4.0)


@pytest.mark.parametrize("successes", [(), (True, False), (True, False, True)])
def test_a_demo_that_broke_off_is_an_error_and_no_episode(tmp_path, successes):
    plan = make_plan(3)
    path = write_demo(tmp_path / "report.json", plan, "vla_node died", successes)
    with pytest.raises(UnplayedError, match="vla_node died"):
        read_verdicts(path, plan)


def test_a_demo_without_all_of_its_episodes_is_an_error(tmp_path):
    plan = make_plan(3)
    path = write_demo(tmp_path / "report.json", plan, successes=(True, True))
    with pytest.raises(UnplayedError, match="must have the episodes"):
        read_verdicts(path, plan)


@pytest.mark.parametrize("text", [None, "", "{"])
def test_a_report_that_cannot_be_read_is_an_error(tmp_path, text):
    path = tmp_path / "report.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UnplayedError, match="cannot be read"):
        read_verdicts(path, make_plan(3))


def test_rates_that_agree_are_the_verdict(tmp_path):
    same = report(28, 27)
    assert same.agrees
    assert conclusion(same)[-1].startswith("they agree")
    assert "28 of 30 episodes, 93.3% (95 % interval 78.7% to 98.2%)" in conclusion(same)[0]


def test_rates_that_do_not_agree_are_the_verdict():
    other = report(28, 15)
    assert not other.agrees
    assert conclusion(other)[-1].startswith("they do not agree")


def test_a_room_that_was_not_played_is_no_agreement():
    part = report(28, 28, rooms=(1, 2))
    part.unplayed[2] = "not ready after 180 s"
    assert not part.agrees
    assert conclusion(part)[0] == "room 2 was not played: not ready after 180 s"
    assert conclusion(part)[-1].startswith("not shown")


def test_nothing_played_is_no_agreement():
    nothing = Report("tiny", (1,), 0.06, unplayed={1: "not ready"})
    assert not nothing.agrees
    assert conclusion(nothing)[-1].startswith("no episode was played")
    assert nothing.to_dict()["with_ros"] is None


def test_the_report_is_json_with_both_verdicts_of_every_episode(tmp_path):
    path = tmp_path / "parity.json"
    report(28, 27).write(path)
    read = json.loads(path.read_text())
    assert read["agrees"] is True
    assert (read["with_ros"]["successes"], read["without_ros"]["successes"]) == (28, 27)
    assert len(read["episodes"]) == 30
    assert read["episodes"][27] == {
        "room": 1,
        "instruction": "turn [left]",
        "with_ros": {"success": True, "reason": "stands", "time_s": 7.5},
        "without_ros": {"success": False, "reason": "collided with a wall", "time_s": 7.5},
    }


def test_the_table_has_a_row_for_each_episode():
    text = shown(episode_table(report(1, 0).pairs[:2]))
    assert text.count("turn [left]") == 2
    assert text.count("success") == 1
    assert text.count("collided with a wall") == 3


def invoke(*arguments):
    verbs = [verb for verb in installed_verbs() if verb.name == "parity"]
    app = build_app(verbs or [_Parity()], ["parity"])
    # With a second verb it stays a command of its own.
    app.command("other")(lambda: None)
    return CliRunner().invoke(app, ["parity", *arguments])


class _Parity:
    name = "parity"

    @staticmethod
    def load():
        return parity


def test_no_rooms_are_a_usage_error():
    assert invoke("--rooms", "0").exit_code == 2


@pytest.mark.parametrize(("rooms", "seed"), [("1", "-1"), ("2", str(2**31 - 1))])
def test_a_seed_without_a_room_is_refused_before_anything_starts(rooms, seed, tmp_path):
    result = invoke("--rooms", rooms, "--seed", seed, "--out", str(tmp_path / "out"))
    assert isinstance(result.exception, RefusedError)
    assert "seed" in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_an_unknown_policy_is_refused_before_anything_starts(tmp_path):
    result = invoke("--rooms", "1", "--policy", "nobody", "--out", str(tmp_path / "out"))
    assert isinstance(result.exception, RefusedError)
    assert "no checkpoint 'nobody'" in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_a_file_is_refused(tmp_path, checkpoint):
    (tmp_path / "file").touch()
    out = str(tmp_path / "file")
    result = invoke("--rooms", "1", "--policy", str(checkpoint), "--out", out)
    assert isinstance(result.exception, RefusedError)
    assert "choose another folder with --out" in str(result.exception)


@pytest.fixture
def play(tmp_path, checkpoint, monkeypatch):
    """Runs the comparison of two rooms with a demo and a drive that only say what came of them."""

    def run_both(demo, drive=lambda plan: [True] * 3):
        def run_demo(seed, instruction, policy, folder, console):
            assert (instruction, policy) == (None, str(checkpoint))
            folder.mkdir(parents=True)
            return demo(folder / "report.json", make_plan(seed))

        def drive_room(plan, policy, console):
            verdicts = zip(plan.tasks, drive(plan), strict=True)
            return [verdict(success, task.instruction) for task, success in verdicts]

        monkeypatch.setattr(run, "run_demo", run_demo)
        monkeypatch.setattr(run, "load_policy", lambda name, threads: None)
        monkeypatch.setattr(run, "_drive", drive_room)
        console = Console(file=io.StringIO(), width=200)
        out = tmp_path / "out"
        out.mkdir()
        (out / "parity.json").write_text("that of an earlier run")
        status = run.run_parity(2, 5, str(checkpoint), out, console)
        return status, out / "parity.json", console.file.getvalue()

    return run_both


def succeed(path, plan):
    write_demo(path, plan, successes=(True, True, True))
    return 0


def test_two_rooms_that_agree_end_with_0(play):
    status, path, text = play(succeed)
    assert status == 0
    assert [each["room"] for each in json.loads(path.read_text())["episodes"]] == [5] * 3 + [6] * 3
    assert "they agree" in text
    assert "room 2 of 2" in text


def test_two_rooms_that_do_not_agree_end_with_1(play):
    status, path, text = play(succeed, drive=lambda plan: [False] * 3)
    assert status == 1
    assert json.loads(path.read_text())["agrees"] is False
    assert "they do not agree" in text


def test_a_room_whose_processes_failed_is_told_and_the_others_go_on(play):
    def fail_first(path, plan):
        if plan.room.seed == 6:
            return succeed(path, plan)
        write_demo(path, plan, reason="not ready after 180 s", successes=())
        return 1

    status, path, text = play(fail_first)
    read = json.loads(path.read_text())
    assert status == 1
    assert read["errors"] == [{"room": 5, "reason": "not ready after 180 s"}]
    assert {each["room"] for each in read["episodes"]} == {6}
    assert "room 5 was not played: not ready after 180 s" in text


def test_an_interrupted_demo_ends_it_and_leaves_no_comparison(play):
    def interrupted(path, plan):
        assert plan.room.seed == 5, "no further room is begun"
        return 128 + signal.SIGINT

    status, path, _ = play(interrupted)
    assert status == 130
    assert not path.exists()


def test_a_signal_without_ros_ends_it_and_leaves_no_comparison(play):
    def signalled(plan):
        signal.raise_signal(signal.SIGTERM)
        return [True] * 3

    status, path, text = play(succeed, drive=signalled)
    assert status == 128 + signal.SIGTERM
    assert not path.exists()
    assert "interrupted (SIGTERM)" in text
