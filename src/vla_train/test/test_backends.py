# SPDX-License-Identifier: Apache-2.0
"""The shipped policy on every backend that runs here, over recorded drives."""

import dataclasses
import json

import pytest
import torch
from rich.console import Console

from vla_policy.action import TWIST_FIELDS, ActionSpec
from vla_policy.backends import graphs
from vla_policy.backends.backend import Options
from vla_policy.backends.export import export
from vla_policy.backends.registry import KINDS, find_kind
from vla_policy.backends.trial import Trial, run_trial
from vla_policy.checkpoint import CheckpointConfig, find_checkpoint, save_checkpoint
from vla_policy.errors import BackendError
from vla_policy.models.config import EndToEndConfig
from vla_policy.models.end_to_end import EndToEndVLA
from vla_train.comparing import report_of
from vla_train.exporting import CALIBRATION_SPLIT, REFERENCE_SPLIT, record_reference
from vla_train.progress import ProgressBar

OBSERVATIONS = 500
CALIBRATION = 128
OPTIONS = Options(threads=1)
TRIAL = Trial("torch", 0.0, 0.0, 0.0, 1.0, 12.0, 13.0, 14.0, 100.0, 20.0, 300.0, 500)
FULL_PRECISION = [kind.name for kind in KINDS if kind.tolerance <= 1e-3 and not kind.gpu]


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """What backends keep, of this test alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def checkpoint():
    return find_checkpoint("end_to_end")


@pytest.fixture(scope="module")
def reference(checkpoint):
    with ProgressBar(Console(quiet=True)) as bar:
        return record_reference(checkpoint, REFERENCE_SPLIT, OBSERVATIONS, bar)


@pytest.fixture(scope="module")
def exported(checkpoint, reference, tmp_path_factory):
    for module in ("onnx", "onnxscript", "onnxruntime", "openvino", "nncf"):
        pytest.importorskip(module, reason="a file of requirements/ is not installed")
    folder = tmp_path_factory.mktemp("export")
    with ProgressBar(Console(quiet=True)) as bar:
        calibration = record_reference(checkpoint, CALIBRATION_SPLIT, CALIBRATION, bar)
    export(checkpoint, folder, reference, calibration, ("onnx", "onnx-int8", "openvino-int8"))
    return folder


def attempt(name, checkpoint, exported, reference):
    directory = exported if find_kind(name).graph else checkpoint
    obstacle = find_kind(name).obstacle(directory, OPTIONS)
    if obstacle:
        pytest.skip(obstacle)
    return run_trial(name, directory, OPTIONS, reference)


def test_what_a_policy_with_a_history_is_asked_can_be_recorded():
    source = find_checkpoint("rt1_mini")
    with ProgressBar(Console(quiet=True)) as bar:
        recorded = record_reference(source, REFERENCE_SPLIT, 4, bar)
    assert len(recorded) >= 4
    assert recorded.inputs["past"].any()


def test_what_a_policy_that_commands_all_of_a_twist_is_asked_can_be_recorded(tmp_path):
    action = ActionSpec(TWIST_FIELDS, (-1.0,) * 6, (1.0,) * 6, dt=0.1, horizon=1)
    model = EndToEndVLA(EndToEndConfig(action_dim=action.action_dim, horizon=action.horizon))
    save_checkpoint(tmp_path, model, CheckpointConfig(model=model.config, action=action))
    with ProgressBar(Console(quiet=True)) as bar:
        recorded = record_reference(tmp_path, REFERENCE_SPLIT, 4, bar)
    assert recorded.actions.shape[1:] == (1, 6)


@pytest.mark.parametrize("name", FULL_PRECISION)
def test_full_precision_gives_the_actions_of_eager_float32(name, checkpoint, exported, reference):
    if find_kind(name).slow_start:
        pytest.skip("compiles for a minute; `vla bench` covers it")
    trial = attempt(name, checkpoint, exported, reference)
    assert trial.calls == OBSERVATIONS
    assert trial.max_error <= 1e-3


@pytest.mark.parametrize("name", ["torch-int8", "onnx-int8", "openvino-int8"])
def test_eight_bits_give_nearly_all_actions_of_eager_float32(
    name, checkpoint, exported, reference
):
    """Where two ways are nearly as good, the rounding decides: only nearly all can be the same."""
    trial = attempt(name, checkpoint, exported, reference)
    assert trial.within >= 0.9
    assert trial.flips <= 0.05


def test_the_report_has_a_figure_for_each_bar():
    fast = dataclasses.replace(TRIAL, backend="openvino", p50_ms=2.0, max_error=1e-6)
    wrong = dataclasses.replace(TRIAL, backend="onnx-int8", p50_ms=1.0, max_error=0.4)
    report = report_of("end_to_end", [TRIAL, fast, wrong], {"tensorrt": "no GPU"}, OPTIONS)
    assert json.loads(json.dumps(report)) == report
    figures = {figure["name"]: figure for figure in report["figures"]}
    speed = figures["speed of openvino in times of eager float32"]
    assert (speed["value"], speed["bar"], speed["better"], speed["passed"]) == (
        6.0,
        4.0,
        "higher",
        True,
    )
    assert not figures["largest error of onnx-int8"]["passed"]
    assert figures["largest error of openvino"]["passed"]
    assert report["not_run"] == {"tensorrt": "no GPU"}


def test_without_eager_float32_no_speed_is_claimed():
    report = report_of("end_to_end", [dataclasses.replace(TRIAL, backend="onnx")], {}, OPTIONS)
    assert [figure["name"] for figure in report["figures"]] == ["largest error of onnx"]


def test_a_network_that_is_no_graph_is_refused_and_the_old_graphs_stay(
    checkpoint, exported, reference, monkeypatch
):
    before = (exported / graphs.FOLDER / graphs.MANIFEST).read_bytes()

    def fail(*arguments, **settings):
        raise torch.onnx.OnnxExporterError("Could not trace\nand a long story about it")

    monkeypatch.setattr(torch.onnx, "export", fail)
    with pytest.raises(BackendError, match=r"no graph of EndToEndConfig: Could not trace$"):
        export(checkpoint, exported, reference, reference, ("onnx",))
    assert (exported / graphs.FOLDER / graphs.MANIFEST).read_bytes() == before
    assert [path.name for path in exported.glob(".export-*")] == []
