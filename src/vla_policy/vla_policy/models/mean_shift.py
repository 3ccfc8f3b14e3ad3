# SPDX-License-Identifier: Apache-2.0
"""A distribution over bins of [-1, 1] to one value: the mean of what is likely together."""

from __future__ import annotations

import torch
import torch.nn.functional as F

NEAR = 0.05
"""How far apart two values are that make each other likely: a fortieth of [-1, 1]."""
REACH = 0.2
"""How far from a value what is taken into its mean fades; but at least `REACH_BINS`."""
REACH_BINS = 4
SHIFTS = 4


def mean_shift(chances: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """The value that is likeliest together with those around it, as fine as a regression's.

    Standing is one bin and driving is many: who mostly drives is not to stand because no single
    speed is as likely. So it begins where the most is near together. From there it goes to the
    mean about itself, and again (mean shift: Comaniciu and Meer, 2002, section 2). Of two
    neighbours, it does not matter which one begins: who computes with fewer digits and takes the
    other one comes to the same value.

    Args:
        chances: of each bin, ``[..., bins]``, summing to one.
        values: of the bins, ``[bins]``, evenly over [-1, 1].

    Returns:
        ``[...]`` in [-1, 1].
    """
    bins = len(values)
    reach = max(REACH, REACH_BINS * 2 / (bins - 1))
    radius = round(NEAR * (bins - 1) / 2)
    crowd = chances.reshape(-1, 1, bins)
    for _ in range(2):  # the nearer ones count more
        crowd = F.avg_pool1d(crowd, 2 * radius + 1, stride=1, padding=radius)
    value = values[crowd.view(chances.shape).argmax(dim=-1)]
    for _ in range(SHIFTS):
        away = (values - value.unsqueeze(-1)) / reach
        weights = chances * torch.exp(-(away**4))  # a window with a soft edge
        value = (weights * values).sum(dim=-1) / weights.sum(dim=-1)
    return value
