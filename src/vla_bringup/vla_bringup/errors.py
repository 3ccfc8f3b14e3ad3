# SPDX-License-Identifier: Apache-2.0
"""The one exception family of this package, each with the exit status it leads to."""

from __future__ import annotations


class BringupError(RuntimeError):
    """Base of everything that a verb gives up on; its text is one sentence for the user."""

    exit_status = 1


class RefusedError(BringupError):
    """What was asked for makes no sense; nothing was started."""

    exit_status = 2


class InstallationError(BringupError):
    """Something that should be installed or built is not there."""


class NobodyThereError(BringupError):
    """No running node answers to what was asked for."""
