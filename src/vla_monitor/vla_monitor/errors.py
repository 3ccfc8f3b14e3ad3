# SPDX-License-Identifier: Apache-2.0
"""The exceptions that this package raises."""

from __future__ import annotations


class MonitorError(Exception):
    """Base of every error of the monitor: its text is a sentence for the user."""


class ParameterError(MonitorError, ValueError):
    """A parameter is unknown, of the wrong type or out of range."""
