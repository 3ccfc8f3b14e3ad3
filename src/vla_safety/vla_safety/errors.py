# SPDX-License-Identifier: Apache-2.0
"""What the gate raises: one family, each with a sentence that says what, expected and got."""

from __future__ import annotations


class SafetyError(Exception):
    """Base of everything that this package raises on purpose."""


class ScanError(SafetyError, ValueError):
    """A scan says nothing: its geometry is nonsense, or it has not one valid range."""


class WireError(SafetyError, ValueError):
    """A message as it came over the wire cannot be read."""


class ParameterError(SafetyError, ValueError):
    """A parameter, or the parameters together, are not usable; the text names them."""


class LatchFileError(SafetyError, OSError):
    """The latch could not be noted on disk or removed from there."""
