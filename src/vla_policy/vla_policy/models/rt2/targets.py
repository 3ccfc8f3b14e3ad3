# SPDX-License-Identifier: Apache-2.0
"""The loss of words, of which those that stand for numbers have neighbours."""

from __future__ import annotations

import torch

from vla_policy.models.rt2.numbers import BINS, SPOKEN

REACH = 3
"""Standard deviations to each side over which a number leaks into its neighbours."""


def word_loss(
    logits: torch.Tensor, targets: torch.Tensor, vocabulary: int, smoothing: float = 0.0
) -> torch.Tensor:
    """Cross-entropy of each word ``[...]``, in float32.

    Args:
        logits: ``[..., V]``.
        targets: ``[...]`` tokens; where there is none (negative), what comes out means nothing.
        vocabulary: number of tokens; numbers are the last `SPOKEN`, in ranges of `BINS`.
        smoothing: standard deviation over which a number shares its target with its neighbours in
            its range [bins]; 0: plain cross-entropy.
    """
    targets = targets.clamp(min=0)
    chances = logits.float().log_softmax(dim=-1)
    if smoothing == 0.0:
        return -chances.gather(-1, targets[..., None])[..., 0]
    most = round(REACH * smoothing)
    off = torch.arange(-most, most + 1, device=logits.device)
    first = vocabulary - SPOKEN
    place = targets - first
    tokens = targets[..., None] + off  # [..., 2 * most + 1]
    within = (place[..., None] // BINS) == torch.div(
        place[..., None] + off, BINS, rounding_mode="floor"
    )
    # Of a word that is no number only its own token counts.
    allowed = torch.where((place >= 0)[..., None], within, off == 0)
    weights = torch.exp(-0.5 * (off / smoothing) ** 2) * allowed
    weights = weights / weights.sum(dim=-1, keepdim=True)
    near = chances.gather(-1, tokens.clamp(0, logits.shape[-1] - 1))
    return -(weights * near).sum(dim=-1)
