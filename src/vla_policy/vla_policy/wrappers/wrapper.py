# SPDX-License-Identifier: Apache-2.0
"""What all policies around policies have in common."""

from __future__ import annotations

from vla_policy.policy import Policy, further_cameras, image_size, obstacle_to_continuing


class PolicyWrapper:
    """Another policy as it is, but for `act`, which belongs to who inherits."""

    def __init__(self, policy: Policy) -> None:
        self.name, self.spec, self.history = policy.name, policy.spec, policy.history
        self.image_size = image_size(policy)
        self.further_cameras = further_cameras(policy)
        self._policy = policy

    def prepare(self, instruction: str) -> None:
        """Begin a task, as the other policy does."""
        self._policy.prepare(instruction)

    def obstacle_to_continuing(self) -> str:
        """The other policy's."""
        return obstacle_to_continuing(self._policy)
