# SPDX-License-Identifier: Apache-2.0
"""Writes the graphs of a checkpoint, for runtimes that need no torch."""

from __future__ import annotations

import json
import logging
import math
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from vla_policy.architectures import ModelConfig, WithFiles, architecture_of
from vla_policy.backends import graphs, packages
from vla_policy.backends.backend import Options
from vla_policy.backends.deployment import Deployment, load_graph
from vla_policy.backends.reference import Reference
from vla_policy.backends.widths import narrow
from vla_policy.checkpoint import CARD_FILE, CONFIG_FILE, WEIGHTS_FILE, read_config
from vla_policy.errors import BackendError

FORMATS = ("onnx", "onnx-fp16", "onnx-int8", "openvino-int8")
TOOLS = ("torch", "onnx", "onnxscript", "onnxruntime", "openvino", "nncf")


def export(
    source: Path,
    out: Path,
    reference: Reference,
    calibration: Reference,
    formats: tuple[str, ...] = FORMATS,
    begin: Callable[[str], None] = lambda step: None,
) -> None:
    """Write the checkpoint in `source` to `out` with graphs instead of weights.

    A reader sees the old graphs or the new ones, never half of them. Where `out` is `source`, the
    weights stay beside the graphs.

    Args:
        source: directory of a checkpoint with weights.
        out: directory to write; what else it holds stays.
        reference: what every backend must give; it travels along, so that a robot can check.
        calibration: observations that int8 ranges are measured on; none of the reference's.
        formats: which of `FORMATS` to write; ``onnx`` is always written.
        begin: called with the name of each step as it begins.

    Raises:
        BackendError: a format is unknown, a package is missing, or there is no such graph.
        CheckpointError: the checkpoint is damaged.
    """
    unknown = set(formats) - set(FORMATS)
    if unknown:
        raise BackendError(
            f"unknown formats {', '.join(sorted(unknown))}: expected {', '.join(FORMATS)}"
        )
    config = read_config(source)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".export-") as unfinished:
        folder = Path(unfinished) / graphs.FOLDER
        folder.mkdir()
        for name in FORMATS:
            if name == "onnx" or name in formats:
                begin(name)
                _WRITERS[name](source, folder, config.model, calibration)
        reference.save(folder / graphs.REFERENCE)
        _write_manifest(source, folder, formats)
        shutil.rmtree(out / graphs.FOLDER, ignore_errors=True)
        folder.rename(out / graphs.FOLDER)
    if out.resolve() != source.resolve():
        for name in (CONFIG_FILE, CARD_FILE):
            if (source / name).is_file():
                shutil.copyfile(source / name, out / name)
        if isinstance(config.model, WithFiles):
            config.model.copy_files(source, out)


def _write_float32(source: Path, folder: Path, sizes: ModelConfig, _: Reference) -> None:
    _write_graph(load_graph(source, Options()), sizes, folder / graphs.FLOAT32)


def _write_float16(source: Path, folder: Path, sizes: ModelConfig, _: Reference) -> None:
    network = HalfPrecision(load_graph(source, Options()))
    _write_graph(network, sizes, folder / graphs.FLOAT16)


def _write_onnx_int8(
    source: Path, folder: Path, sizes: ModelConfig, calibration: Reference
) -> None:
    packages.load("onnxruntime", "the format onnx-int8")
    from vla_policy.backends.quantise_onnx import quantise

    quantise(folder / graphs.FLOAT32, folder / graphs.INT8, calibration)


def _write_openvino_int8(
    source: Path, folder: Path, sizes: ModelConfig, calibration: Reference
) -> None:
    openvino = packages.load("openvino", "the format openvino-int8")
    nncf = packages.load("nncf", "the format openvino-int8")
    logging.getLogger("nncf").setLevel(logging.ERROR)
    inputs = list(calibration.rows())
    model = openvino.Core().read_model(folder / graphs.FLOAT32)
    quantised = nncf.quantize(
        model,
        nncf.Dataset(inputs),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(inputs),
        ignored_scope=nncf.IgnoredScope(
            types=_all_but_convolutions(model), names=narrow(_weights(model)), validate=False
        ),
    )
    openvino.save_model(quantised, folder / graphs.OPENVINO_INT8, compress_to_fp16=False)


def _all_but_convolutions(model: Any) -> list[str]:
    """The kinds of layers that stay in float32.

    What comes after the convolutions decides how exact an action is: with attention, sums and the
    decoder in eight bits, too, most actions were others.
    """
    present = {operation.get_type_name() for operation in model.get_ops()}
    return sorted(present - {"Convolution", "GroupConvolution", "Constant", "Parameter", "Result"})


def _weights(model: Any) -> dict[str, int]:
    """How many weights each convolution has."""
    return {
        operation.get_friendly_name(): math.prod(operation.input_value(1).get_shape())
        for operation in model.get_ordered_ops()
        if operation.get_type_name() == "Convolution"
    }


_WRITERS: dict[str, Callable[[Path, Path, ModelConfig, Reference], None]] = {
    "onnx": _write_float32,
    "onnx-fp16": _write_float16,
    "onnx-int8": _write_onnx_int8,
    "openvino-int8": _write_openvino_int8,
}


class HalfPrecision(torch.nn.Module):
    """A network in float16 that takes and gives float32: TensorRT has a graph's types explicit."""

    def __init__(self, network: Deployment) -> None:
        super().__init__()
        self.input_names, self.output_names = network.input_names, network.output_names
        self.network = network.half()

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """See `Deployment`."""
        halves = [each.half() if each.is_floating_point() else each for each in inputs]
        outputs: tuple[torch.Tensor, ...] = self.network(*halves)
        return tuple(each.float() for each in outputs)


def _write_graph(network: Deployment | HalfPrecision, sizes: ModelConfig, path: Path) -> None:
    """One observation a run: a robot has no more, and compilers do best with fixed shapes."""
    for module in ("onnx", "onnxscript"):
        packages.load(module, "an export to ONNX")
    blank = architecture_of(sizes).make_inputs(sizes)
    # It speaks of torchvision, which is not used, and of its own changes.
    logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            program = torch.onnx.export(
                network.eval(),
                tuple(torch.from_numpy(blank[name]) for name in network.input_names),
                input_names=list(network.input_names),
                output_names=list(network.output_names),
                dynamo=True,
                verbose=False,
            )
        except torch.onnx.OnnxExporterError as error:
            why = str(error).strip().partition("\n")[0]
            raise BackendError(
                f"PyTorch makes no graph of {type(sizes).__name__}: {why}"
            ) from error
    assert program is not None
    program.save(str(path), external_data=False)


def _write_manifest(source: Path, folder: Path, formats: tuple[str, ...]) -> None:
    manifest: dict[str, Any] = {
        "weights_sha256": graphs.file_hash(source / WEIGHTS_FILE),
        "formats": sorted({"onnx", *formats}),
        "files": {path.name: graphs.file_hash(path) for path in _files(folder)},
        "versions": packages.versions(TOOLS),
    }
    text = json.dumps(manifest, indent=2) + "\n"
    (folder / graphs.MANIFEST).write_text(text, encoding="utf-8")


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.iterdir()) if path.is_file())
