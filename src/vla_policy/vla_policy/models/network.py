# SPDX-License-Identifier: Apache-2.0
"""What every network is to those who train it, run it and export it."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

import torch
from torch import nn

from vla_policy.architectures import ModelConfig
from vla_policy.models.config import memory_dim
from vla_policy.models.fusion import Fused
from vla_policy.pose import STATE_DIM


class LanguageEncoder(Protocol):
    """Sentences, or what `embed` made of them, to ``[B, slots, dim]``."""

    dim: int
    slots: int

    def __call__(
        self, instructions: list[str] | torch.Tensor, stage: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Encode the sentences, each for the part of it that is to be done now (``[B]``)."""
        ...

    def embed(self, instructions: list[str]) -> torch.Tensor:
        """The part that depends on the text alone, to be kept while the text stays."""
        ...


class ActionDecoder(Protocol):
    """What `Network.fuse` gave, ``[B, ...]``, to ``[B, horizon, action_dim]`` in [-1, 1]."""

    def __call__(self, vector: torch.Tensor) -> torch.Tensor:
        """Decode the actions."""
        ...

    def loss(self, vector: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """What training makes small: a scalar."""
        ...


class Look(NamedTuple):
    """What the network makes of one look.

    Attributes:
        actions: ``[B, horizon, action_dim]`` in [-1, 1].
        mode: ``[B, len(MODES)]`` logits.
        spot: ``[B, 2]`` where the named thing is: m ahead and to the left of the robot.
        more: ``[B]`` logit of: another part of the sentence follows this one.
        ranges: ``[N, RANGES]`` how far it is free in the images [m], see
            `vla_policy.surroundings`; None of networks that do not say it.
    """

    actions: torch.Tensor
    mode: torch.Tensor
    spot: torch.Tensor
    more: torch.Tensor
    ranges: torch.Tensor | None = None


class AnyNetwork(nn.Module, abc.ABC):
    """Images, a sentence and the robot's own state in, a chunk of actions and a look out.

    Attributes:
        config: its sizes.
    """

    config: ModelConfig

    @abc.abstractmethod
    def embed(self, instructions: list[str]) -> torch.Tensor:
        """The part of reading sentences that depends on their text alone, a row each."""

    def fitted(
        self, weights: Mapping[str, torch.Tensor], checkpoint: Path
    ) -> dict[str, torch.Tensor]:
        """The weights of a checkpoint as they belong into this network; here just as they are."""
        return dict(weights)

    def forward(
        self,
        images: torch.Tensor,
        instructions: list[str] | torch.Tensor,
        state: torch.Tensor | None = None,
        memory: torch.Tensor | None = None,
        stage: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Actions ``[B, horizon, action_dim]`` in [-1, 1].

        Args:
            images: ``[B, T, 3, H, W]``, uint8 or float in [0, 1], oldest first.
            instructions: B sentences, or what the network's own `embed` made of them.
            state: ``[B, 3]`` pose since the present part of the sentence began; zeros where None.
            memory: ``[B, 3]`` see `vla_policy.memory.MEMORY_NAMES`, and ``[B, 3 + SECTORS]`` for a
                network that is told of its `vla_policy.surroundings`; nothing known where None.
            stage: ``[B]`` which part of the sentence is to be done; the first where None.

        Raises:
            ObservationError: the images have another shape, or there are no B instructions.
        """
        return self.look(images, instructions, state, memory, stage).actions

    @abc.abstractmethod
    def look(
        self,
        images: torch.Tensor,
        instructions: list[str] | torch.Tensor,
        state: torch.Tensor | None = None,
        memory: torch.Tensor | None = None,
        stage: torch.Tensor | None = None,
    ) -> Look:
        """The actions, and what is to be remembered; arguments and errors as in `forward`."""

    def body_of(
        self,
        count: int,
        like: torch.Tensor,
        state: torch.Tensor | None,
        memory: torch.Tensor | None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """State and memory of `forward` for `count` sentences; what is None made of zeros.

        Args:
            like: on whose device these are, and of which type.
        """
        if state is None:
            state = like.new_zeros(count, STATE_DIM)
        if memory is None:
            memory = like.new_zeros(count, memory_dim(self.config))
        return state, memory

    def compile_for_training(self) -> None:
        """Let PyTorch's compiler have what most of a step is spent in, where it does that faster.

        The weights and their names stay the same; here nothing is compiled.
        """

    def save_beside(self, checkpoint: Path) -> ModelConfig:
        """Write what a checkpoint needs besides the weights; gives the sizes as it says them."""
        return self.config


class Network(AnyNetwork):
    """A network that fuses all that it is given, and decodes actions from that.

    Attributes:
        language: reads the sentences.
        decoder: decodes actions from what `fuse` gives.
    """

    language: LanguageEncoder
    decoder: ActionDecoder

    def embed(self, instructions: list[str]) -> torch.Tensor:
        """See `AnyNetwork.embed`."""
        return self.language.embed(instructions)

    def look(
        self,
        images: torch.Tensor,
        instructions: list[str] | torch.Tensor,
        state: torch.Tensor | None = None,
        memory: torch.Tensor | None = None,
        stage: torch.Tensor | None = None,
    ) -> Look:
        """The actions, and what is to be remembered; arguments and errors as in `forward`."""
        fused = self.fuse(images, instructions, state, memory, stage)
        return Look(self.decoder(fused.vector), *self.see(fused), fused.ranges)

    @abc.abstractmethod
    def fuse(
        self,
        images: torch.Tensor,
        instructions: list[str] | torch.Tensor,
        state: torch.Tensor | None = None,
        memory: torch.Tensor | None = None,
        stage: torch.Tensor | None = None,
    ) -> Fused:
        """All but the decoder: the fused vector, and where the named thing is seen.

        There may be several instructions to an image: Q times as many as images, each image's
        after the other.
        """

    @abc.abstractmethod
    def see(self, fused: Fused) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Mode logits ``[B, M]``, spots ``[B, 2]`` and logits of more to come ``[B]``."""
