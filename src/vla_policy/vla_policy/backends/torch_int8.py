# SPDX-License-Identifier: Apache-2.0
"""Dynamic int8: linear layers hold int8 weights, and quantise what comes in as it comes.

torchao is where PyTorch keeps this up (`torch.ao.quantization` is deprecated in its favour).
Convolutions stay as they are, so a network of convolutions gains little. So do the layers behind
the transformers: they weigh one way against another, and rounding would choose for them.
"""

from __future__ import annotations

from pathlib import Path

from torch import nn

from vla_policy.backends.backend import Options
from vla_policy.backends.deployment import load_deployment
from vla_policy.backends.torch_eager import TorchBackend
from vla_policy.errors import BackendError

QUANTISED = ("model.vision.", "model.language.", "model.fusion.layers.")
"""Parts of `Deployment` that read the image and the sentence."""


def open_backend(name: str, variant: str, directory: Path, options: Options) -> TorchBackend:
    """The network of a checkpoint with its linear layers quantised.

    Raises:
        BackendError: torchao is missing, or none of the layers is to be quantised.
    """
    from vla_policy.backends.packages import load

    quantization = load("torchao", f"backend {name!r}").quantization
    network = load_deployment(directory, options)
    if not any(_may_be_coarse(module, part) for part, module in network.named_modules()):
        raise BackendError(
            f"backend {name!r} quantises linear layers in {', '.join(QUANTISED)}: the network of "
            f"{directory.name} has none there"
        )
    quantization.quantize_(
        network, quantization.Int8DynamicActivationInt8WeightConfig(), filter_fn=_may_be_coarse
    )
    return TorchBackend(name, network, network, options.device)


def _may_be_coarse(module: nn.Module, name: str) -> bool:
    return isinstance(module, nn.Linear) and name.startswith(QUANTISED)
