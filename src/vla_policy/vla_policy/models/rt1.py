# SPDX-License-Identifier: Apache-2.0
"""RT-1 (arXiv 2212.06817): a history of images and a sentence to tokens, these to action tokens.

    sentence -> LanguageEncoder ----------+
    images   -> EfficientNet with FiLM  <-+  -> TokenLearner -> tokens of each image --+
    pose since the sentence, memory -> one token of the newest step ------------------+
                                   causal transformer -> a token for each value of the action

Beside the paper stand the token of the robot's own state, and what the network says of the thing
that the sentence names: `vla_policy.memory` needs it. Neither touches the tokens of the images.
"""

from __future__ import annotations

import math

import torch
from torch import nn

from vla_policy.errors import ObservationError
from vla_policy.memory import MODES
from vla_policy.models.attention import attend, silence
from vla_policy.models.causal_transformer import SequenceLayout
from vla_policy.models.free_space import RangeReader, Told
from vla_policy.models.fusion import BODY_DIM, BODY_FEATURES, Fused, body_features, cell_positions
from vla_policy.models.image_tokenizer import ImageTokenizer, Seen
from vla_policy.models.language import LANGUAGE_ENCODERS
from vla_policy.models.network import Look, Network
from vla_policy.models.rt1_config import RT1Config
from vla_policy.models.token_decoder import TokenDecoder

SPOT_SCALE_M = 2.0


class RT1(Network):
    """The network; see the module's text for its parts.

    Args:
        vision: another module than `ImageTokenizer` that makes tokens of images.
    """

    config: RT1Config
    decoder: TokenDecoder

    def __init__(self, config: RT1Config, vision: nn.Module | None = None) -> None:
        super().__init__()
        self.config = config
        dim = config.token_dim
        self.language = LANGUAGE_ENCODERS[config.language](config.language_dim)
        told = self.language.slots * self.language.dim
        film = config.conditioning == "film"
        self.vision = vision or ImageTokenizer(config, told if film else None)
        self.tell = None if film else nn.Linear(told, dim)
        self.body = nn.Sequential(nn.Linear(BODY_FEATURES, dim), nn.GELU(), nn.Linear(dim, dim))
        layout = SequenceLayout(
            config.history,
            config.tokens_per_image,
            config.action_dim,
            told=0 if film else 1,
            own=1,
        )
        self.decoder = TokenDecoder(config, layout)
        self.pointer = Pointer(dim, config.grid)
        self.glimpses = Glimpses(dim, config.grid, config.glimpses) if config.glimpses else None
        self.sight = nn.Linear(dim, len(MODES) + 3)
        if config.surroundings:
            self.ranges = RangeReader(dim, config.grid)
            self.told = Told(dim)

    def fuse(
        self,
        images: torch.Tensor,
        instructions: list[str] | torch.Tensor,
        state: torch.Tensor | None = None,
        memory: torch.Tensor | None = None,
        stage: torch.Tensor | None = None,
    ) -> Fused:
        """See `Network`; the vector is ``[B, N, dim]``, as `TokenDecoder` and `see` take it.

        A single image stands for a history of copies of it, at a fraction of the cost.
        """
        images = self._checked(images)
        language = self.language(instructions, stage).flatten(1)  # [B, slots * D]
        if len(language) == 0 or len(language) % len(images):
            raise ObservationError(
                f"expected one instruction an image or a multiple of that, got "
                f"{len(language)} instructions for {len(images)} images"
            )
        body = torch.cat(self.body_of(len(language), images, state, memory), dim=1)
        seen = self.encode(images, language)
        tokens = seen.tokens.expand(-1, self.config.history, -1, -1)  # [B, T, K, dim]
        return self.decide(Seen(tokens, seen.cells), language, body)

    def encode(self, images: torch.Tensor, language: torch.Tensor) -> Seen:
        """The tokens of the images ``[N, T, 3, H, W]`` in [0, 1], T as it comes.

        Args:
            language: ``[B, slots * D]``, B a multiple of N.
        """
        if self.tell is None:
            seen: Seen = self.vision(images, language)
            return seen
        seen = self.vision(images, None)
        sentences = len(language) // len(images)
        return Seen(*(each.repeat_interleave(sentences, dim=0) for each in seen))

    def decide(self, seen: Seen, language: torch.Tensor, body: torch.Tensor) -> Fused:
        """What follows from the tokens of a whole history.

        Args:
            seen: of B histories, see `encode`.
            language: ``[B, slots * D]``.
            body: ``[B, BODY_DIM]``, and what stands about after it.
        """
        tokens = self._sequence(seen.tokens, language, body)  # [B, length, dim]
        read = self.decoder.transformer(tokens, self.decoder.layout.readings)  # [B, A, dim]
        # The first one is read where the robot's own state stands: it has looked at everything.
        looked, attention = self.pointer(read[:, 0], seen.cells)
        if self.glimpses is not None:
            looked = looked + self.glimpses(read[:, 0], seen.cells)
        parts = [read, (read[:, 0] + looked)[:, None]]
        if self.config.autoregressive:
            parts.append(tokens)
        ranges = None
        if self.config.surroundings:
            cells = seen.cells.transpose(1, 2).unflatten(2, self.config.grid)  # [B, dim, h, w]
            ranges = self.ranges(cells)
        return Fused(torch.cat(parts, dim=1), attention, ranges)

    def see(self, fused: Fused) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """See `Network`."""
        values = self.sight(fused.vector[:, self.config.action_dim])
        modes = len(MODES)
        return values[:, :modes], SPOT_SCALE_M * values[:, modes : modes + 2], values[:, -1]

    def look_again(
        self,
        newest: torch.Tensor,
        instructions: torch.Tensor,
        state: torch.Tensor,
        memory: torch.Tensor,
        stage: torch.Tensor,
        past: torch.Tensor | None,
        known: torch.Tensor | None,
    ) -> tuple[Look, torch.Tensor]:
        """As `look`, of an image whose past was encoded at the looks before: the image's tokens.

        Args:
            newest: ``[B, 1, 3, H, W]`` in [0, 1].
            past: ``[B, T - 1, K, dim]`` tokens of the images before it, oldest first; None
                where the history is one image long.
            known: ``[B, T - 1]`` 1 where there was such an image, 0 where the newest one stands
                for it.

        Returns:
            What the network makes of it, and the newest image's tokens ``[B, K, dim]``.
        """
        language = self.language(instructions, stage).flatten(1)
        seen = self.encode(newest, language)
        tokens = seen.tokens  # [B, 1, K, dim]
        if past is not None and known is not None:
            before = torch.where(known[:, :, None, None] > 0.5, past, tokens)
            tokens = torch.cat([before, tokens], dim=1)
        body = torch.cat([state, memory], dim=1)
        fused = self.decide(Seen(tokens, seen.cells), language, body)
        look = Look(self.decoder(fused.vector), *self.see(fused), fused.ranges)
        return look, seen.tokens[:, 0]

    def _sequence(
        self, tokens: torch.Tensor, language: torch.Tensor, body: torch.Tensor
    ) -> torch.Tensor:
        """The transformer's inputs, see `SequenceLayout`.

        Actions are zero, as in the paper's code: so it makes no difference whether they are
        known, and one pass gives all values of an action.
        """
        actions = tokens.new_zeros(len(tokens), self.config.action_dim, tokens.shape[-1])
        every = actions[:, None].expand(-1, tokens.shape[1] - 1, -1, -1)
        past = torch.cat([tokens[:, :-1], every], dim=2).flatten(1, 2)
        own = self.body(body_features(body[:, :BODY_DIM]))
        if self.config.surroundings:
            own = self.told(own, body[:, BODY_DIM:])
        parts = [past, tokens[:, -1], own[:, None].to(tokens.dtype), actions]
        if self.tell is not None:
            parts.insert(0, self.tell(language)[:, None])
        return torch.cat(parts, dim=1)

    def _checked(self, images: torch.Tensor) -> torch.Tensor:
        c = self.config
        expected = (c.history, 3, c.image_height, c.image_width)
        alone = (1, *expected[1:])
        if images.ndim != 5 or tuple(images.shape[1:]) not in (expected, alone):
            raise ObservationError(
                f"expected images of shape [B, {', '.join(map(str, expected))}], "
                f"got {list(images.shape)}"
            )
        return images.float() / 255.0 if images.dtype == torch.uint8 else images


class Pointer(nn.Module):
    """Says in which cell of the newest image's map the named thing is."""

    positions: torch.Tensor

    def __init__(self, dim: int, grid: tuple[int, int]) -> None:
        super().__init__()
        self.register_buffer("positions", cell_positions(*grid), persistent=False)  # [h * w, 2]
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim)
        self.score = nn.Linear(dim, 1)
        self.absent = nn.Linear(dim, 1)
        self.read = nn.Linear(dim + 3, dim)

    def forward(
        self, asking: torch.Tensor, cells: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """``[B, dim]`` and ``[B, h * w, dim]`` to what is there ``[B, dim]``, and logits.

        The logits ``[B, h * w + 1]`` are those of `Fused.attention`.
        """
        query = self.query(asking)[:, :, None]  # [B, dim, 1]
        match = (self.key(cells) @ query)[..., 0] / math.sqrt(cells.shape[-1])
        logits = match + self.score(cells)[..., 0]  # [B, h * w]
        attention = torch.cat([logits, self.absent(asking)], dim=1)
        weights = logits.softmax(dim=1)[:, None].to(cells.dtype)  # [B, 1, h * w]
        unseen = attention.softmax(dim=1)[:, -1:].to(cells.dtype)
        there = [(weights @ cells)[:, 0], (weights @ self.positions.to(cells.dtype))[:, 0], unseen]
        looked: torch.Tensor = self.read(torch.cat(there, dim=1))
        return looked, attention


class Glimpses(nn.Module):
    """What stands at several places of the newest image's map, and where these are.

    Nobody says which places: attention of several heads (arXiv 1706.03762, section 3.2.2) whose
    values have the positions beside them. It begins by adding nothing.
    """

    positions: torch.Tensor

    def __init__(self, dim: int, grid: tuple[int, int], count: int) -> None:
        super().__init__()
        self.register_buffer("positions", cell_positions(*grid), persistent=False)  # [h * w, 2]
        self.count, self.width = count, dim // count
        self.query = nn.Linear(dim, count * self.width)
        self.key_value = nn.Linear(dim, 2 * count * self.width)
        self.read = nn.Linear(count * (self.width + 2), dim)
        silence(self.read)

    def forward(self, asking: torch.Tensor, cells: torch.Tensor) -> torch.Tensor:
        """``[B, dim]`` and ``[B, h * w, dim]`` to ``[B, dim]``."""
        shape = (self.count, self.width)
        query = self.query(asking).unflatten(1, shape)[:, :, None]  # [B, heads, 1, width]
        mixed = self.key_value(cells).unflatten(2, (2, *shape))
        key, value = mixed.permute(2, 0, 3, 1, 4).unbind(0)  # [B, heads, h * w, width]
        where = self.positions.to(value.dtype).expand(*value.shape[:2], -1, -1)
        there = attend(query, key, torch.cat([value, where], dim=3))  # [B, heads, 1, width + 2]
        read: torch.Tensor = self.read(there.flatten(1))
        return read
