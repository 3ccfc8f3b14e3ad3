# SPDX-License-Identifier: Apache-2.0
"""The frozen sentence encoder in torch: for a GPU that has a hundred thousand sentences to read.

The network and its weights are those of `vla_policy.sentence`, which needs no torch.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from vla_policy.sentence import EMBEDDING_DIM, SentenceEncoder

BATCH = 2048


@torch.inference_mode()
def read_tokens(encoder: SentenceEncoder, texts: list[str], device: torch.device) -> torch.Tensor:
    """As `SentenceEncoder.tokens`, on a device: ``[len(texts), N, 384]`` float16."""
    ids = encoder.many_ids(texts)
    counts = np.array([len(each) for each in ids])
    longest = max(1, int(counts.max(initial=2)) - 2)
    result = torch.zeros(len(texts), longest, EMBEDDING_DIM, dtype=torch.float16, device=device)
    weights = {
        name: torch.from_numpy(value).to(device) for name, value in encoder.weights().items()
    }
    order = np.argsort(counts, kind="stable")
    for rows in np.split(order, range(BATCH, len(order), BATCH)):
        if not len(rows):
            continue
        width = int(counts[rows].max(initial=2))
        filled = [ids[row] + [0] * (width - len(ids[row])) for row in rows]
        lengths = torch.from_numpy(counts[rows]).to(device)
        states = _states(weights, encoder, torch.tensor(filled, device=device), lengths)
        inside = torch.arange(1, width - 1, device=device) < (lengths - 1)[:, None]
        result[torch.from_numpy(rows).to(device), : width - 2] = (
            states[:, 1:-1] * inside[..., None]
        ).half()
    return result


def _states(
    weights: dict[str, torch.Tensor],
    encoder: SentenceEncoder,
    ids: torch.Tensor,
    lengths: torch.Tensor,
) -> torch.Tensor:
    """Last states ``[B, N, 384]`` of tokens ``[B, N]``, of which the first ``[B]`` count."""

    def linear(x: torch.Tensor, name: str) -> torch.Tensor:
        return F.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def norm(x: torch.Tensor, name: str) -> torch.Tensor:
        scale, shift = weights[f"{name}.weight"], weights[f"{name}.bias"]
        return F.layer_norm(x, (EMBEDDING_DIM,), scale, shift, encoder.eps)

    count = ids.shape[1]
    there = (torch.arange(count, device=ids.device) < lengths[:, None])[:, None, None]
    x = weights["embeddings.word_embeddings.weight"][ids]
    x = x + weights["embeddings.position_embeddings.weight"][:count]
    x = norm(x + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for number in range(encoder.layers):
        name = f"encoder.layer.{number}"
        query, key, value = (
            linear(x, f"{name}.attention.self.{kind}")
            .unflatten(-1, (encoder.heads, -1))
            .transpose(1, 2)
            for kind in ("query", "key", "value")
        )
        attended = F.scaled_dot_product_attention(query, key, value, attn_mask=there)
        attended = linear(attended.transpose(1, 2).flatten(2), f"{name}.attention.output.dense")
        x = norm(x + attended, f"{name}.attention.output.LayerNorm")
        hidden = F.gelu(linear(x, f"{name}.intermediate.dense"))
        x = norm(x + linear(hidden, f"{name}.output.dense"), f"{name}.output.LayerNorm")
    return x
