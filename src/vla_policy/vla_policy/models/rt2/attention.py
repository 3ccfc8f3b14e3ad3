# SPDX-License-Identifier: Apache-2.0
"""The project's own attention in a language model of the transformers library."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from vla_policy.models.attention import attend, attends_by_products
from vla_policy.models.rt2.behind import TextsBehind, attend_behind

NAME = "vla"
TEXTS = "texts_behind"
"""The argument that a language model hands on to its attention: `TextsBehind`."""
NOT_OURS = ("softcap", "position_bias")
"""What some models ask for besides: left to transformers, which does it or refuses."""


def attend_as_ours(model: PreTrainedModel) -> None:
    """Let a decoder that attends by PyTorch's fused kernel do so by `attend`."""
    if model.config._attn_implementation == "sdpa":
        AttentionInterface.register(NAME, _attention)
        AttentionMaskInterface.register(NAME, sdpa_mask)
        model.set_attn_implementation(NAME)


def takes_texts(decoder: PreTrainedModel) -> bool:
    """Whether `TextsBehind` that a decoder is given come to `_attention`."""
    parameters = inspect.signature(decoder.forward).parameters.values()
    hands_on = any(each.kind is each.VAR_KEYWORD for each in parameters)
    return hands_on and bool(decoder.config._attn_implementation == NAME)


def _attention(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **further: Any,
) -> tuple[torch.Tensor, None]:
    """As transformers asks: heads ``[B, heads, L, d]`` to ``[B, L, heads, d]``."""
    texts: TextsBehind | None = further.pop(TEXTS, None)
    asked_more = any(further.get(name) is not None for name in NOT_OURS)
    if attention_mask is None or asked_more or not attends_by_products(query):
        attended: tuple[torch.Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout, scaling, **further
        )
        return attended
    groups = getattr(module, "num_key_value_groups", 1)
    key, value = repeat_kv(key, groups), repeat_kv(value, groups)
    if texts is None or dropout:
        found = attend(query, key, value, attention_mask, dropout, scaling)
    else:
        found = attend_behind(query, key, value, attention_mask, texts, scaling)
    return found.transpose(1, 2).contiguous(), None
