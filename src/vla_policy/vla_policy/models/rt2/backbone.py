# SPDX-License-Identifier: Apache-2.0
"""A vision-language model of the transformers library, taken apart where RT-2 has to reach in."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from transformers import AutoConfig, AutoModelForImageTextToText, DynamicCache, PreTrainedModel

from vla_policy.errors import CheckpointError
from vla_policy.models.rt2.attention import TEXTS, attend_as_ours, takes_texts
from vla_policy.models.rt2.behind import TextsBehind

COORDINATES = 2
"""Further channels of images for towers that take five: how far to the right and how far down a
pixel is. A convolution is the same everywhere and cannot tell by itself (arXiv 1807.03247)."""


class Backbone(nn.Module):
    """Any model that `AutoModelForImageTextToText` knows and that puts images among its words.

    That is: it makes embeddings of images ``[B, 3, H, W]``, and has a decoder that takes
    embeddings, a mask ``[B, 1, L, L]`` and places ``[B, L]``, as LLaVA (arXiv 2304.08485), its
    like and PaliGemma do.

    Attributes:
        text_config: configuration of the language model.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        check_backbone(model)
        attend_as_ours(model.get_decoder())
        self.model = model
        self.text_config: Any = model.config.get_text_config()
        self._cache_name = _cache_name(model.get_decoder())
        # Such attention adds what the others take as a choice.
        self._adds_mask = self.text_config._attn_implementation == "eager"

    @property
    def channels(self) -> int:
        """Channels of the images that the vision tower takes: 3, or 3 + `COORDINATES`."""
        return int(getattr(self.model.config.vision_config, "num_channels", 3))

    @property
    def table(self) -> torch.Tensor:
        """The embeddings of all tokens ``[V, width]``."""
        weight = self.model.get_input_embeddings().weight
        assert isinstance(weight, torch.Tensor)
        return weight

    @property
    def width(self) -> int:
        """Length of an embedding."""
        return self.table.shape[1]

    def image_embeddings(self, pixels: torch.Tensor) -> torch.Tensor:
        """Normalised images ``[B, 3, H, W]`` to embeddings ``[B, P, width]``."""
        if self.channels == 3 + COORDINATES:
            pixels = torch.cat([pixels, _coordinates(pixels)], dim=1)
        model: Any = self.model
        features = model.get_image_features(pixel_values=pixels, return_dict=True)
        found = features.pooler_output if hasattr(features, "pooler_output") else features
        if isinstance(found, (tuple, list)):
            found = torch.stack(tuple(found))
        return found.reshape(len(pixels), -1, self.width)

    def token_embeddings(self, tokens: torch.Tensor) -> torch.Tensor:
        """Tokens ``[...]`` to embeddings ``[..., width]``; any, where there is no token."""
        embeddings: torch.Tensor = self.model.get_input_embeddings()(tokens.clamp(min=0))
        return embeddings

    def states(
        self,
        embeddings: torch.Tensor,
        mask: torch.Tensor,
        positions: torch.Tensor,
        cache: DynamicCache | None = None,
    ) -> torch.Tensor:
        """Last states ``[B, L, width]`` of the language model.

        Args:
            mask: ``[B, 1, L, K]``, True where a place may look; K counts what is in the cache.
            positions: ``[B, L]``.
            cache: keys and values of what came before; those of the present places are added.
        """
        further: dict[str, Any] = {"use_cache": False}
        if cache is not None:
            further = {self._cache_name: cache, "use_cache": True}
        states: torch.Tensor = self._run(embeddings, mask, positions, further).last_hidden_state
        return states

    def states_within(
        self,
        embeddings: torch.Tensor,
        mask: torch.Tensor,
        positions: torch.Tensor,
        texts: TextsBehind,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Last states, as `states`, and those in the middle of the layers.

        Args:
            texts: what the mask is made of; to know it saves work.
        """
        further: dict[str, Any] = {"use_cache": False, "output_hidden_states": True}
        if takes_texts(self.model.get_decoder()):
            further[TEXTS] = texts
        outputs = self._run(embeddings, mask, positions, further)
        every = outputs.hidden_states
        return outputs.last_hidden_state, every[(len(every) - 1) // 2]

    def _run(
        self,
        embeddings: torch.Tensor,
        mask: torch.Tensor,
        positions: torch.Tensor,
        further: dict[str, Any],
    ) -> Any:
        if self._adds_mask:
            mask = torch.where(mask, 0.0, torch.finfo(embeddings.dtype).min).to(embeddings.dtype)
        return self.model.get_decoder()(
            inputs_embeds=embeddings, attention_mask=mask, position_ids=positions, **further
        )

    def compile_decoder(self) -> None:
        """Let PyTorch's compiler have the language model, at its next call."""
        decoder: Any = self.model.get_decoder()
        decoder.forward = torch.compile(decoder.forward, dynamic=False)

    def logits(
        self, states: torch.Tensor, tokens: torch.Tensor | slice | None = None
    ) -> torch.Tensor:
        """States ``[..., width]`` to logits of all tokens, or of some alone.

        A model that bends its logits (Gemma 2 does) bends them upwards all: those of some tokens
        are left straight, and their order is the same.
        """
        head = self.model.get_output_embeddings()
        if tokens is None:
            logits: torch.Tensor = head(states)
            return logits
        bias = None if head.bias is None else head.bias[tokens]
        return F.linear(states, head.weight[tokens], bias)

    def new_cache(self) -> DynamicCache:
        """An empty cache."""
        return DynamicCache(config=self.text_config)


def check_backbone(model: PreTrainedModel) -> None:
    """Whether RT-2 can reach into a model.

    Raises:
        CheckpointError: it cannot; the text says what is missing.
    """
    kind = type(model).__name__
    text = model.config.get_text_config()
    rope = getattr(text, "rope_parameters", None) or {}
    reason = ""
    if not hasattr(model, "get_image_features"):
        reason = "does not put images among its words"
    elif model.config.is_encoder_decoder:
        reason = "reads with one network and speaks with another"
    elif "mrope_section" in rope:
        reason = "counts places in three directions, which texts behind one image do not"
    if reason:
        raise CheckpointError(
            f"{kind} {reason}: take one such as FastVLM, LLaVA, PaliGemma, Gemma 3 or InternVL"
        )


def open_backbone(source: str | Path) -> Backbone:
    """A model from a directory or from the Hugging Face Hub, with the weights that are there.

    A directory with a configuration alone gives a model with weights drawn at random. Weights are
    read from safetensors, and no code that comes with a model is run.

    Raises:
        CheckpointError: it is missing, damaged, or nothing that RT-2 can use.
    """
    path = Path(source)
    try:
        if path.is_dir() and not any(path.glob("*.safetensors")):
            config = AutoConfig.from_pretrained(path, trust_remote_code=False)
            model = AutoModelForImageTextToText.from_config(config, trust_remote_code=False)
            return Backbone(model.float())
        model = AutoModelForImageTextToText.from_pretrained(
            source, dtype=torch.float32, use_safetensors=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(f"no vision-language model in {source}: {error}") from error
    return Backbone(model)


def normalised_pixels(
    images: torch.Tensor, mean: torch.Tensor, std: torch.Tensor, size: tuple[int, int] | None
) -> torch.Tensor:
    """Images ``[B, 3, H, W]``, uint8 or float in [0, 1], as a vision tower takes them.

    Args:
        mean, std: ``[1, 3, 1, 1]``.
        size: height and width to resize to.
    """
    pixels = images.float() / 255.0 if images.dtype == torch.uint8 else images
    if size is not None and tuple(pixels.shape[-2:]) != size:
        pixels = F.interpolate(
            pixels, size=size, mode="bilinear", align_corners=False, antialias=True
        )
    return (pixels - mean) / std


def _coordinates(pixels: torch.Tensor) -> torch.Tensor:
    """Column and row of each pixel in [-1, 1]: ``[B, 2, H, W]``."""
    batch, _, height, width = pixels.shape
    columns = torch.linspace(-1, 1, width, device=pixels.device, dtype=pixels.dtype)
    rows = torch.linspace(-1, 1, height, device=pixels.device, dtype=pixels.dtype)
    across = columns.expand(batch, 1, height, width)
    return torch.cat([across, rows[:, None].expand(batch, 1, height, width)], dim=1)


def _cache_name(language_model: nn.Module) -> str:
    """What a language model calls the keys and values of what came before."""
    names = inspect.signature(language_model.forward).parameters
    return "cache" if "cache" in names else "past_key_values"
