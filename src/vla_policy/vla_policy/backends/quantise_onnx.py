# SPDX-License-Identifier: Apache-2.0
"""Static int8 for ONNX Runtime: ranges measured on recorded observations, written as Q/DQ."""

from __future__ import annotations

import logging
import math
import tempfile
from pathlib import Path
from typing import Any

import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from vla_policy.backends.reference import Reference
from vla_policy.backends.widths import narrow


class ObservationReader(CalibrationDataReader):  # type: ignore[misc]
    """Hands observations to the calibration, one by one."""

    def __init__(self, calibration: Reference) -> None:
        self._rows = calibration.rows()

    def get_next(self) -> dict[str, Any] | None:
        """The next inputs by name; None at the end."""
        return next(self._rows, None)


def quantise(source: Path, target: Path, calibration: Reference) -> None:
    """Write the graph in `source` with int8 convolutions to `target`.

    Only the widest ones: most of the weights are theirs. In eight bits, too, the narrow ones
    before them made every tenth action another one, and the layers after them most.
    """
    logging.getLogger().setLevel(max(logging.ERROR, logging.getLogger().level))
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / source.name
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        graph = onnx.load(prepared).graph
        sizes = {tensor.name: math.prod(tensor.dims) for tensor in graph.initializer}
        weights = {
            node.name: sizes[node.input[1]] for node in graph.node if node.op_type == "Conv"
        }
        quantize_static(
            str(prepared),
            str(target),
            ObservationReader(calibration),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=narrow(weights),
            per_channel=True,
            # Without VNNI a processor adds two products in 16 bits: eight-bit weights overflow.
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
