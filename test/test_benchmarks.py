# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks compute, and that the README claims nothing else."""

from __future__ import annotations

import importlib
import json
import math
import sys
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

from benchmarks import __main__ as command  # noqa: E402
from benchmarks import ablations, policies, rates, readme  # noqa: E402
from benchmarks.figures import RESULTS, Figure, Report, at_least, at_most, write  # noqa: E402
from benchmarks.graph import Recording  # noqa: E402
from benchmarks.spread import over_rounds, percentiles, slope  # noqa: E402
from benchmarks.virtual import Base, Synchronous  # noqa: E402
from vla_node.pilot import Command  # noqa: E402
from vla_policy.action import ActionChunk, ActionSpec  # noqa: E402

MS = 1_000_000
WRITTEN = sorted([*RESULTS.glob("*.json"), *readme.WITHOUT_AMX.glob("*.json")])


@pytest.mark.parametrize(
    ("figure", "passed"),
    [
        (at_most("a", 1.3, 1.3), True),
        (at_most("a", 1.31, 1.3), False),
        (at_least("a", 8.0, 8.0), True),
        (at_least("a", 7.9, 8.0), False),
        (at_most("a", math.nan, 1.0), False),
        (at_least("a", math.nan, 1.0), False),
    ],
)
def test_figure_is_held_against_its_bar(figure, passed):
    assert figure.passed is passed
    assert figure.to_dict()["passed"] is passed


def test_benchmark_that_lacks_something_has_not_passed():
    good = at_most("a", 1.0, 2.0)
    assert Report([good]).passed
    assert not Report([good, at_most("b", 3.0, 2.0)]).passed
    assert not Report([]).passed
    assert not Report([good], not_run={"lerobot": "not installed"}).passed


def test_report_is_written_with_its_command(tmp_path):
    report = Report([at_most("a", 1.23456, 2.0)], {"b": [1]}, {"c": "why"})
    path = write(report, "textbook", {"cores": 2}, tmp_path)
    assert json.loads(path.read_text()) == {
        "benchmark": "textbook",
        "command": "make bench ONLY=textbook",
        "machine": {"cores": 2},
        "passed": False,
        "figures": [{"name": "a", "value": 1.23, "bar": 2.0, "better": "lower", "passed": True}],
        "not_run": {"c": "why"},
        "measured": {"b": [1]},
    }


@given(st.floats(0.1, 3.0), st.floats(0.1, 100.0))
def test_slope_is_the_exponent_of_a_power(exponent, factor):
    sizes = [1, 2, 4, 8, 16]
    assert slope(sizes, [factor * size**exponent for size in sizes]) == pytest.approx(exponent)


@given(st.floats(0.0, 50.0), st.floats(0.1, 5.0))
def test_what_has_a_fixed_part_and_a_linear_one_grows_at_most_linearly(fixed, each):
    sizes = [1, 2, 3, 4, 8, 64]
    assert slope(sizes, [fixed + each * size for size in sizes]) <= 1.0 + 1e-9


def test_rounds_are_given_by_median_and_spread():
    rounds = [{"p50": value} for value in (3.0, 1.0, 2.0)]
    assert over_rounds(rounds) == {"p50": {"median": 2.0, "low": 1.0, "high": 3.0}}
    assert percentiles([1.0, 2.0, 3.0])["p50"] == 2.0
    assert math.isnan(percentiles([])["p99"])


def recording(stamps):
    return Recording(
        stamps=np.array(stamps, dtype=np.int64),
        values=np.zeros((len(stamps), 2)),
        inference_ms={},
        answer_ms={},
        cpu_s=0.1,
        memory_mb=np.zeros(1),
    )


def test_latency_is_that_of_the_first_command_of_each_image():
    """The same image is answered anew at each control tick until the next chunk."""
    heard = recording([(0, 5 * MS), (0, 38 * MS), (40 * MS, 47 * MS), (0, 50 * MS)])
    assert heard.latencies_ms().tolist() == [5.0, 7.0]
    assert heard.gaps_ms().tolist() == [33.0, 9.0, 3.0]
    assert heard.answers_per_s() == pytest.approx(1 / 0.045)


@pytest.mark.parametrize("name", [*command.NAMES, *command.FURTHER])
def test_every_benchmark_can_be_named(name):
    needed = {
        "textbook": ["vla_train"],
        "slow_model": ["vla_sim"],
        "closed_loop": ["vla_train"],
        "rt1_b3": ["vla_train"],
        "rt2_cache": ["vla_train", "transformers"],
    }
    for module in needed.get(name, ["rclpy"]):
        pytest.importorskip(module)
    assert callable(importlib.import_module(f"benchmarks.{name}").measure)


def test_architectures_stand_side_by_side_with_their_fastest_exact_backend(tmp_path):
    def trial(backend, p50_ms, error=1e-6):
        ms = dict.fromkeys(("p95_ms", "p99_ms", "load_ms", "first_call_ms"), 1.0)
        errors = {"max_error": error, "p99_error": error, "flips": 0.0, "within": 1.0}
        return {
            "backend": backend,
            **errors,
            "p50_ms": p50_ms,
            **ms,
            "memory_mb": 1.0,
            "calls": 9,
        }

    trials = [trial("torch", 40.0), trial("openvino", 20.0), trial("openvino-bf16", 10.0, 0.9)]
    size = {"parameters": 4_980_000, "megabytes": 19.97}
    measured = {name: {"trials": trials, **size} for name in ("rt2_mini", "end_to_end")}
    path = tmp_path / "backends.json"
    path.write_text(json.dumps({"machine": {"processor": "X"}, "measured": measured}))
    rows = rates.table(path).splitlines()
    assert rows[2] == (
        "| end_to_end | 4.98 million | 20.0 MB | 40.0 ms | 20.0 ms, `openvino` | 50 |"
    )
    assert rows[3].startswith("| rt2_mini |")
    assert "measures them" in rates.table(tmp_path / "none.json")


def test_rate_of_the_papers_rt1_is_that_of_the_fastest_on_any_number_of_threads():
    pytest.importorskip("vla_train")
    from benchmarks.rt1_b3 import report_of

    one = [{"backend": "torch", "p50_ms": 200.0}, {"backend": "openvino", "p50_ms": 50.0}]
    two = [{"backend": "torch", "p50_ms": 110.0}, {"backend": "openvino", "p50_ms": 25.0}]
    [figure] = report_of({"1": one, "2": two}).figures
    assert (figure.name, figure.value) == ("looks a second, openvino, threads: 2", 40.0)
    assert figure.passed
    assert not report_of({"1": one}).passed


def test_what_rt2_keeps_is_measured_against_the_same_words_read_anew():
    pytest.importorskip("vla_train")
    pytest.importorskip("transformers")
    from benchmarks import rt2_cache

    rounds = [
        {"kept": [20.0, 25.0, 90.0], "anew": [50.0, 50.0, 60.0], "same": [1.0, 1.0, 1.0]},
        {"kept": [20.0, 20.0, 20.0], "anew": [60.0, 60.0, 60.0], "same": [1.0, 1.0, 0.0]},
    ]
    report = rt2_cache.report_of(rounds)
    rate, ratio, same = report.figures
    assert (rate.value, ratio.value) == (pytest.approx(1e3 / 22.5), 2.5)
    assert report.measured["ratio"] == {"median": 2.5, "low": 2.0, "high": 3.0}
    assert rate.passed and ratio.passed and not same.passed
    assert rt2_cache.measure(rounds=1, observations=2).figures[2].value == 1.0


def test_unknown_benchmark_is_refused(capsys):
    assert command.main(["speed"]) == 2
    assert "no benchmark speed: expected node_overhead" in capsys.readouterr().out


def test_textbooks_node_answers_as_the_policy_does():
    rclpy = pytest.importorskip("rclpy")
    for module in ("cv_bridge", "torch"):
        pytest.importorskip(module)
    from benchmarks.programs.camera import picture
    from benchmarks.programs.operator import INSTRUCTION
    from benchmarks.programs.textbook import TextbookNode
    from vla_node.messages import from_rgb
    from vla_policy.checkpoint import find_checkpoint, load_policy
    from vla_policy.observation import Observation

    checkpoint = find_checkpoint("end_to_end")
    policy, image = load_policy(checkpoint), picture(640, 480)
    policy.prepare(INSTRUCTION)
    rclpy.init()
    try:
        node = TextbookNode(checkpoint, INSTRUCTION)
        heard: list = []
        node._output = SimpleNamespace(publish=heard.append)
        for number in range(3):
            stamp = number * 33 * MS
            node._on_image(from_rgb(image, stamp))
            twist = heard[-1].twist
            wanted = policy.act(Observation(image[None], INSTRUCTION, stamp)).actions[0]
            assert [twist.linear.x, twist.angular.z] == pytest.approx(wanted.tolist(), abs=1e-4)
        node.destroy_node()
    finally:
        rclpy.try_shutdown()


def test_peer_that_is_not_installed_is_named(monkeypatch, tmp_path):
    from benchmarks import peers

    monkeypatch.setattr(peers, "ENVIRONMENTS", tmp_path)
    monkeypatch.setattr(peers, "exported", lambda name: tmp_path)
    ours = peers.Ours([1.0, 2.0], [3.0, 4.0], [0.1, 0.2])
    monkeypatch.setattr(peers, "_ours", lambda export, seconds: ours)
    report = peers.measure(rounds=1)
    assert set(report.not_run) == {"lerobot", "openpi"}
    assert "scripts/peers.sh lerobot" in report.not_run["lerobot"]
    assert not report.passed


def test_backends_are_held_against_eager_float32_on_the_same_episodes():
    evaluation = pytest.importorskip("vla_train.evaluation")
    from benchmarks import closed_loop

    def driven(successes):
        return [
            evaluation.EpisodeResult(0, "move", "move", "go", each, "", False, 9.0, 2.0, 0.8, 0)
            for each in successes
        ]

    eager = [True] * 98 + [False] * 2
    faster = [True] * 96 + [False] * 3 + [True]
    results = {"torch": driven(eager), "onnx": driven(eager), "onnx-int8": driven(faster)}
    report = closed_loop.report_of(results, {})
    assert [figure.value for figure in report.figures] == [0.0, 1.0]
    assert report.passed
    assert report.measured["onnx-int8"]["otherwise_than_eager"] == 3
    worse = {"torch": driven(eager), "onnx": driven([False] * 5 + [True] * 95)}
    assert not closed_loop.report_of(worse, {}).passed
    assert not closed_loop.report_of(results, {"tensorrt": "needs a GPU"}).passed


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_every_result_holds_its_figures_against_their_bars(path):
    result = json.loads(path.read_text())
    assert result["benchmark"] == path.stem
    for each in result["figures"]:
        figure = Figure(each["name"], each["value"], each["bar"], each["better"])
        assert figure.to_dict() == each


def test_each_variant_of_rt1_is_the_whole_but_for_what_it_lacks():
    pytest.importorskip("vla_train")
    from vla_train.config import load_config

    whole = load_config(ablations.CONFIG, ablations.changes_of(ablations.WHOLE))
    data = str(ablations.folder_of(ablations.WHOLE) / "data" / "round_0")
    seen = set()
    for variant in set(ablations.VARIANTS) - {ablations.WHOLE}:
        config = load_config(ablations.CONFIG, ablations.changes_of(variant))
        [learnt], [of_whole] = config.rounds, whole.rounds
        assert (learnt.shards, learnt.glance_shards) == (0, 0)
        assert [source.path for source in learnt.datasets] == [data]
        assert learnt.samples == of_whole.samples
        sizes, wholes = asdict(config.model), asdict(whole.model)
        lacking = frozenset(name for name in sizes if sizes[name] != wholes[name])
        assert lacking, variant
        seen.add(lacking)
    assert len(seen) == len(ablations.VARIANTS) - 1


def test_ablations_stand_in_their_order(tmp_path):
    assert ablations.table(tmp_path) == ablations.NOTHING
    report = {"success_rate": 0.805, "count": 200, "wilson_low": 0.7446, "wilson_high": 0.854}
    report |= {"collision_rate": 0.01, "wrong_object_rate": 0.12}
    for variant in ("no FiLM", ablations.WHOLE):
        ablations.kept_in(tmp_path, variant).write_text(json.dumps(report))
    first, second = ablations.table(tmp_path).splitlines()[2:]
    assert first == "| all of it | 80.5% of 200 | 74.5% to 85.4% | 1.0% | 12.0% |"
    assert second.startswith("| no FiLM |")
    assert ablations.main(["no wheels"]) == 2


def test_each_ablation_is_kept_in_a_file_of_its_own(tmp_path, monkeypatch):
    report = {"success_rate": 0.5, "count": 2, "wilson_low": 0.1, "wilson_high": 0.9}
    report |= {"collision_rate": 0.0, "wrong_object_rate": 0.5}
    monkeypatch.setattr(ablations, "FOLDER", tmp_path / "runs")
    monkeypatch.setattr(ablations, "KEPT", tmp_path / "kept")
    for variant in ("no FiLM", "autoregressive"):
        folder = ablations.folder_of(variant) / "eval"
        folder.mkdir(parents=True)
        (folder / "seen.json").write_text(json.dumps(report | {"episodes": [], "families": {}}))
        assert ablations.main([variant]) == 0
    kept = {file.name: json.loads(file.read_text()) for file in ablations.KEPT.iterdir()}
    assert kept.keys() == {"no_film.json", "autoregressive.json"}
    assert all(each.pop("machine")["cores"] and each == report for each in kept.values())


def test_ablations_without_what_the_whole_collected_say_so(tmp_path, monkeypatch, capsys):
    pytest.importorskip("vla_train")
    monkeypatch.setattr(ablations, "FOLDER", tmp_path)
    monkeypatch.setattr(ablations, "KEPT", tmp_path / "kept")
    assert ablations.main(["no FiLM"]) == 1
    assert "all learn from what 'all of it' collects" in capsys.readouterr().out
    assert not ablations.KEPT.exists()


@pytest.mark.parametrize("place", readme.PLACES, ids=lambda each: f"{each.make.__name__}")
def test_documents_show_the_results_and_nothing_else(place):
    assert place.shown() == place.wanted(), "run: python -m benchmarks.readme"


def test_table_of_speed_has_a_row_for_each_figure(tmp_path):
    assert readme.speed(tmp_path) == readme.NOTHING
    figures = [at_least("latency p50 lower by", 9.87654, 8.0), at_most("gap", 2.0, 1.5)]
    write(Report(figures), "textbook", {}, tmp_path)
    assert readme.speed(tmp_path).splitlines()[2:] == [
        "| textbook: latency p50 lower by | 9.88 | at least 8 | `make bench ONLY=textbook` |",
        "| textbook: gap | 2 (not reached) | at most 1.5 | `make bench ONLY=textbook` |",
    ]


def test_table_is_written_between_its_marks_and_nowhere_else(tmp_path):
    document = tmp_path / "document.md"
    begin = "<!-- results of something -->"
    document.write_text(f"before\n{begin}\nold\n{readme.END}\nafter\n{readme.END}\n")
    place = readme.Place(document, begin, lambda: "new\n")
    place.write()
    assert document.read_text() == (f"before\n{begin}\nnew\n{readme.END}\nafter\n{readme.END}\n")
    assert place.shown() == place.wanted()
    document.write_text("no marks")
    with pytest.raises(ValueError, match="something"):
        place.shown()


RATES = {"count": 500, "success_rate": 0.982, "wilson_low": 0.966, "wilson_high": 0.99}


def evaluated(folder, policy, split):
    report = {"policy": policy, "split": split, "seed": 0, **RATES, "collision_rate": 0.004}
    report |= {"wrong_object_rate": 0.0, "spl": 0.91, "families": {}, "failures": {}}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{split}.json").write_text(json.dumps({**report, "episodes": [{"path": []}]}))


def test_what_was_evaluated_is_kept_without_its_episodes(tmp_path):
    folder = tmp_path / "kept"
    for policy, split in (("deaf", "seen"), ("end_to_end", "latency"), ("end_to_end", "seen")):
        evaluated(tmp_path / "eval" / policy, policy, split)
        policies.keep(tmp_path / "eval" / policy, folder)
    kept = policies.kept(folder)
    assert [(each["split"], each["policy"]) for each in kept] == [
        ("seen", "end_to_end"),
        ("seen", "deaf"),
        ("latency", "end_to_end"),
    ]
    assert not any("episodes" in each for each in kept)
    assert policies.summary(folder).splitlines()[2:] == [
        "| seen | 98.2% of 500 | 96.6% to 99.0% | 97 % | 0.4% | "
        "`make eval SPLIT=seen EPISODES=500 SEED=0` |",
        "| latency | 98.2% of 500 | 96.6% to 99.0% |  | 0.4% | "
        "`make eval SPLIT=latency EPISODES=500 SEED=0` |",
    ]
    assert len(policies.families(folder).splitlines()) == 5


def test_folder_without_an_evaluation_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"seen\.json"):
        policies.keep(tmp_path)
    assert policies.summary(tmp_path) == policies.families(tmp_path) == policies.NOTHING


class StoppedClock:
    """Stands for the simulator where only its clock and its commands matter."""

    def __init__(self):
        self.time = 0.0
        self.commands = []

    def command(self, linear, angular):
        self.commands.append((linear, angular))


def test_base_of_the_slow_model_holds_a_command_and_then_stops():
    simulation = StoppedClock()
    base = Base(simulation)
    base.take(Command(0, {"linear.x": 0.5}))
    for _ in range(30):
        simulation.time += 1 / 30
        base.take(None)
    assert simulation.commands[15] == (0.5, 0.0)
    assert simulation.commands[-1] == (0.0, 0.0)
    moving = sum(command != (0.0, 0.0) for command in simulation.commands)
    assert moving / 30 == pytest.approx(0.5, abs=0.05)


def test_jerk_is_that_of_the_commands():
    simulation, period = StoppedClock(), 0.1
    base = Base(simulation)
    for speed in (0.0, 0.0, 0.1, 0.1):
        base.take(Command(0, {"linear.x": speed}))
    assert base.jerk(period) == pytest.approx(np.sqrt((10.0**2 + 10.0**2) / 2))


def test_synchronous_node_sends_each_first_action_once():
    spec = ActionSpec(("linear.x",), (-1.0,), (1.0,), dt=0.1, horizon=2)
    node = Synchronous()
    assert node.command(0) is None
    node.take(ActionChunk(np.float32([[0.25], [0.5]]), 7, spec), 0, 9)
    assert node.command(9) == Command(7, {"linear.x": 0.25})
    assert node.command(10) is None
