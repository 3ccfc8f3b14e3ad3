# SPDX-License-Identifier: Apache-2.0
"""The network as a robot runs it: from camera pixels to decoded actions, in one graph.

Whatever depends on the architecture of the network stands here and in `model_policy`, or where
`vla_policy.architectures` says; backends take inputs and outputs by the names that these agree on.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from vla_policy.architectures import architecture_of
from vla_policy.backends.backend import (
    ACTIONS,
    MODE,
    MORE,
    RANGES,
    SPOT,
    Arrays,
    Options,
    Outputs,
)
from vla_policy.checkpoint import load_model
from vla_policy.errors import BackendError
from vla_policy.models.config import keeps_off
from vla_policy.models.continuing import ContinuingDecoder
from vla_policy.models.network import AnyNetwork, Look, Network


class Deployment(nn.Module):
    """A network that takes pixels as a camera gives them.

    Attributes:
        input_names: the arguments of `forward`, in their order.
        output_names: what it returns.
        further_outputs: the last of these.
    """

    further_outputs: tuple[str, ...] = ()

    def __init__(self, model: AnyNetwork) -> None:
        super().__init__()
        self.model = model
        self.input_names = tuple(architecture_of(model.config).make_inputs(model.config))
        ranges = (RANGES,) if keeps_off(model.config) else ()
        self.output_names = (ACTIONS, MODE, SPOT, MORE, *ranges, *self.further_outputs)

    def forward(
        self,
        images: torch.Tensor,
        language: torch.Tensor,
        state: torch.Tensor,
        memory: torch.Tensor,
        stage: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        """``images`` [B, T, H, W, 3] uint8, the others as in `Network.look`; what it gives."""
        return said(self.look(pixels(images, state), language, state, memory, stage))

    def look(self, *inputs: torch.Tensor) -> Look:
        """What the network says; `inputs` as `AnyNetwork.look` takes them."""
        return self.model.look(*inputs)

    def as_graph(self) -> Deployment:
        """The same as a single graph: nothing that is done depends on what comes in."""
        return self

    def obstacle_to_continuing(self) -> str:
        """Why its decoder cannot go on from a plan; empty where it can."""
        assert isinstance(self.model, Network)
        decoder = self.model.decoder
        if isinstance(decoder, ContinuingDecoder):
            return ""
        return (
            f"its {type(decoder).__name__} gives all actions of a chunk at once; "
            "only a decoder that moves noise to actions step by step (a flow) can be led"
        )

    def continued(
        self,
        images: torch.Tensor,
        language: torch.Tensor,
        state: torch.Tensor,
        memory: torch.Tensor,
        stage: torch.Tensor,
        plan: torch.Tensor,
        weights: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        """As `forward`, with actions that go on from a plan; see `ContinuingDecoder`."""
        assert isinstance(self.model, Network)
        decoder = self.model.decoder
        assert isinstance(decoder, ContinuingDecoder)
        fused = self.model.fuse(pixels(images, state), language, state, memory, stage)
        actions = decoder.continued(fused.vector, plan, weights)
        return said(Look(actions, *self.model.see(fused), fused.ranges))


def said(look: Look) -> tuple[torch.Tensor, ...]:
    """What the network says of a look, without what it never says."""
    return tuple(value for value in look if value is not None)


def pixels(images: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """``[B, T, H, W, 3]`` uint8 to ``[B, T, 3, H, W]`` in [0, 1], in the type of `like`."""
    # TensorRT takes bytes as an input only where they are turned into numbers at once.
    return images.to(like.dtype).permute(0, 1, 4, 2, 3) / 255.0  # [B, T, 3, H, W]


def load_deployment(directory: Path, options: Options) -> Deployment:
    """The network of a checkpoint on the device, for evaluation.

    Raises:
        CheckpointError: the checkpoint is damaged.
        BackendError: the device cannot be used.
    """
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    model = load_model(directory)
    deployment = architecture_of(model.config).make_deployment(model).eval()
    try:
        return deployment.to(options.device)
    except (RuntimeError, AssertionError) as error:
        raise BackendError(f"device {options.device!r} cannot be used: {error}") from error


def load_graph(directory: Path, options: Options) -> Deployment:
    """As `load_deployment`, for who runs the whole network as a single graph."""
    return load_deployment(directory, options).as_graph().eval()


def to_tensors(inputs: Arrays, names: tuple[str, ...], device: str) -> tuple[torch.Tensor, ...]:
    """The named inputs on the device, in the order of the names."""
    return tuple(torch.from_numpy(inputs[name]).to(device) for name in names)


def to_outputs(values: tuple[torch.Tensor, ...], names: tuple[str, ...]) -> Outputs:
    """Outputs as NumPy has them, float32, by name."""
    return {name: value.float().cpu().numpy() for name, value in zip(names, values, strict=True)}
