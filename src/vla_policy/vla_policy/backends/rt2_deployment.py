# SPDX-License-Identifier: Apache-2.0
"""RT-2 as a robot runs it: from camera pixels to the actions that it says."""

from __future__ import annotations

from vla_policy.backends.deployment import Deployment


class RT2Deployment(Deployment):
    """Says one word after the other, which no single graph does: PyTorch alone runs it."""

    def obstacle_to_continuing(self) -> str:
        """Why it cannot go on from a plan."""
        return "it says its actions one after the other; only a flow can be led"
