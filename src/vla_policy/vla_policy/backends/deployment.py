# SPDX-License-Identifier: Apache-2.0
"""The network as a robot runs it: from camera pixels to decoded actions, in one graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from vla_policy.backends.backend import Array, Images, Options
from vla_policy.checkpoint import load_model
from vla_policy.errors import BackendError
from vla_policy.models.end_to_end import EndToEndVLA


class Deployment(nn.Module):
    """An `EndToEndVLA` that takes pixels as a camera gives them."""

    def __init__(self, model: EndToEndVLA) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, images: torch.Tensor, embedding: torch.Tensor, state: torch.Tensor
    ) -> torch.Tensor:
        """``[B, T, H, W, 3]`` uint8, ``[B, 384]``, ``[B, 3]`` to ``[B, horizon, action_dim]``."""
        # TensorRT takes bytes as an input only where they are turned into numbers at once.
        pixels = images.to(embedding.dtype).permute(0, 1, 4, 2, 3) / 255.0  # [B, T, 3, H, W]
        actions: torch.Tensor = self.model(pixels, embedding, state)
        return actions


def load_deployment(directory: Path, options: Options) -> Deployment:
    """The network of a checkpoint on the device, for evaluation.

    Raises:
        CheckpointError: the checkpoint is damaged.
        BackendError: the device cannot be used.
    """
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    deployment = Deployment(load_model(directory)).eval()
    try:
        return deployment.to(options.device)
    except (RuntimeError, AssertionError) as error:
        raise BackendError(f"device {options.device!r} cannot be used: {error}") from error


def to_tensors(
    images: Images, embedding: Array, state: Array, device: str
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The inputs on the device."""
    arrays = (images, embedding, state)
    image, sentence, pose = (torch.from_numpy(array).to(device) for array in arrays)
    return image, sentence, pose


def to_array(actions: torch.Tensor) -> Array:
    """Actions as NumPy has them, float32."""
    return np.asarray(actions.float().cpu().numpy())
