# SPDX-License-Identifier: Apache-2.0
"""The one exception family of the inference node."""

from __future__ import annotations


class InferenceNodeError(ValueError):
    """Base of everything that this node refuses; its text says what to mend."""


class ParameterError(InferenceNodeError):
    """A parameter out of its range, of another type, or contradicting the checkpoint."""


class ImageError(InferenceNodeError):
    """An image message that cannot be turned into an RGB array."""


class WarmUpError(InferenceNodeError):
    """The policy failed on the first, artificial observations that it was given."""
