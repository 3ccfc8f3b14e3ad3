# SPDX-License-Identifier: Apache-2.0
"""The checks that come with the gate, by name."""

from __future__ import annotations

from vla_safety.check import Check
from vla_safety.checks.action_drift import ActionDrift
from vla_safety.checks.bounds import Bounds
from vla_safety.checks.command_timeout import CommandTimeout
from vla_safety.checks.finite import Finite
from vla_safety.checks.frozen_camera import FrozenCamera
from vla_safety.checks.no_progress import NoProgress
from vla_safety.checks.observation_age import ObservationAge
from vla_safety.checks.obstacle import Obstacle
from vla_safety.checks.odometry_agreement import OdometryAgreement
from vla_safety.checks.oscillation import Oscillation
from vla_safety.checks.saturation import Saturation
from vla_safety.checks.sole_publisher import SolePublisher
from vla_safety.checks.uncertainty import Uncertainty
from vla_safety.checks.zones import Zones

# Those that need no numbers of the robot at hand, or whose defaults fit most.
_BY_DEFAULT = (
    Finite,
    Bounds,
    SolePublisher,
    CommandTimeout,
    ObservationAge,
    FrozenCamera,
    OdometryAgreement,
    NoProgress,
    Uncertainty,
    Oscillation,
    Obstacle,
)
BUILTIN_CHECKS: dict[str, type[Check]] = {
    check.name: check for check in (*_BY_DEFAULT, Zones, ActionDrift, Saturation)
}
DEFAULT_CHECKS = tuple(check.name for check in _BY_DEFAULT)
# Without these the other promises do not hold: no list of checks may leave them out.
ESSENTIAL_CHECKS = (Finite.name, CommandTimeout.name)
