# SPDX-License-Identifier: Apache-2.0
"""The one exception family of training and evaluation."""

from __future__ import annotations


class TrainError(ValueError):
    """A run that cannot be started or gone on with; its text says what to mend."""
