# SPDX-License-Identifier: Apache-2.0
"""The one exception family of the simulator."""

from __future__ import annotations


class SimulatorError(ValueError):
    """Base of everything that the simulator refuses; its text says what to mend."""


class RoomError(SimulatorError):
    """A room that cannot be built."""


class SimulationError(SimulatorError):
    """The simulation cannot run on this machine, or was asked for the impossible."""


class TaskError(SimulatorError):
    """A sentence that is no task in this room."""


class SplitError(SimulatorError):
    """A file of sentences that cannot be used."""
