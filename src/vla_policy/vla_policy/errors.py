# SPDX-License-Identifier: Apache-2.0
"""The one exception family of the policy library."""

from __future__ import annotations


class PolicyError(ValueError):
    """Base of everything that this library refuses; its text says what to mend."""


class ActionSpecError(PolicyError):
    """An action space that contradicts itself, or an array that does not fit it."""


class ObservationError(PolicyError):
    """An observation that the policy cannot look at."""


class InstructionError(PolicyError):
    """A sentence that the policy will not follow."""


class CheckpointError(PolicyError):
    """A checkpoint that is missing, damaged, or made for something else."""


class BackendError(PolicyError):
    """A way to run a network that is not to be had here; the text says what is missing."""


class RemoteError(PolicyError):
    """A policy elsewhere that cannot be reached, or messages that cannot be read."""
