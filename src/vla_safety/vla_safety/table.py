# SPDX-License-Identifier: Apache-2.0
"""Every parameter of a gate, by name."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from vla_safety.axis_table import axis_rows
from vla_safety.check import Check
from vla_safety.checks import BUILTIN_CHECKS, DEFAULT_CHECKS
from vla_safety.errors import ParameterError
from vla_safety.fallback import Fallback
from vla_safety.fallbacks import BUILTIN_FALLBACKS
from vla_safety.finding import Severity
from vla_safety.source_table import SOURCES, source_rows
from vla_safety.specification import Specification
from vla_safety.surroundings import SCAN_PARAMETERS

# Keys of the fallback policies for what is not a check.
E_STOP = "e_stop"
DISARMED = "disarmed"

AXES = Specification(
    "axes",
    list,
    ["linear.x", "angular.z"],
    "Axes that the robot has; the others are always zero",
    read_only=True,
)
CHECKS = Specification(
    "checks",
    list,
    list(DEFAULT_CHECKS),
    "Checks that run; of several that find something the first decides",
    read_only=True,
)
GENERAL = (
    Specification(
        "robot_name",
        str,
        "robot",
        "Name of the robot, as hardware_id in the diagnostics",
        read_only=True,
    ),
    Specification(
        "enable_stamped_cmd_vel",
        bool,
        False,
        "Publish TwistStamped, stamped with the time of publication, instead of Twist",
        read_only=True,
    ),
    Specification(
        "base_frame_id", str, "base_link", "Frame of the stamped output", read_only=True
    ),
    Specification(
        "state_directory",
        str,
        "",
        "Where the latch of the e-stop is kept over a restart; empty: $ROS_HOME or ~/.ros",
        read_only=True,
    ),
    Specification(
        "audit_log.directory",
        str,
        "",
        "Where the events are logged as JSON lines; empty: with the logs of ROS",
        read_only=True,
    ),
    Specification(
        "audit_log.max_megabytes",
        int,
        10,
        "Size at which a log file is put aside and a new one begun",
        unit="MB",
        low=1,
        high=10_000,
        read_only=True,
    ),
    Specification(
        "audit_log.files",
        int,
        5,
        "How many log files are kept, the present one included",
        low=2,
        high=1000,
        read_only=True,
    ),
    AXES,
    CHECKS,
    SOURCES,
    Specification(
        "robot_radius",
        float,
        0.18,
        "Radius of the robot around base_link",
        unit="m",
        low=0.01,
        high=5.0,
        looser="lower",
    ),
    *SCAN_PARAMETERS,
    Specification(
        "preserve_curvature",
        bool,
        False,
        "Let all axes hold back in proportion where one has to, so that the arc stays the same",
    ),
    Specification(
        "slow_share",
        float,
        0.3,
        "What a check that slows the robot leaves of the velocity limits",
        low=0.01,
        high=1.0,
        looser="higher",
    ),
    Specification(
        "faults_to_latch",
        int,
        3,
        "Commands within a second that no healthy source sends, before the e-stop latches",
        low=1,
        high=1000,
        looser="higher",
    ),
    Specification(
        "fresh_commands_to_resume",
        int,
        3,
        "Good commands in a row that end a stop for silence or age",
        low=1,
        high=1000,
        looser="lower",
    ),
    Specification(
        "e_stop.heartbeat",
        bool,
        False,
        "Whether the e-stop input has to be sent again and again, and its silence latches",
        read_only=True,
    ),
    Specification(
        "e_stop.heartbeat_timeout",
        float,
        0.5,
        "Silence of the e-stop input after which it latches, with e_stop.heartbeat",
        unit="s",
        low=0.05,
        high=10.0,
        looser="higher",
    ),
)


def build_table(
    axes: Iterable[str],
    sources: Iterable[str],
    checks: Iterable[type[Check]],
    fallbacks: Iterable[type[Fallback]],
) -> dict[str, Specification]:
    """The parameters of a gate with these axes, sources, checks and fallback policies.

    The gate's own checks and policies have theirs whether they run or not: whoever takes one from
    the list need not look for its numbers.
    """
    rows = [*GENERAL]
    rows += chain.from_iterable(axis_rows(axis) for axis in axes)
    rows += chain.from_iterable(source_rows(name) for name in sources)
    rows += fallback_rows(checks)
    rows += chain.from_iterable(check.parameters for check in _with_builtin(checks))
    policies = dict.fromkeys([*BUILTIN_FALLBACKS.values(), *fallbacks])
    rows += chain.from_iterable(policy.parameters for policy in policies)
    table: dict[str, Specification] = {}
    for row in rows:
        if row.name in table:
            raise ParameterError(f"two checks or policies declare the parameter {row.name}")
        table[row.name] = row
    return table


def fallback_rows(checks: Iterable[type[Check]]) -> list[Specification]:
    """Which fallback policy drives, for every reason that there can be."""
    rows = [_fallback_row(E_STOP, "brake"), _fallback_row(DISARMED, "stop")]
    for check in _with_builtin(checks):
        if check.severity is not Severity.CLAMP:
            rows.append(_fallback_row(check.name, check.fallback))
    return rows


def _with_builtin(checks: Iterable[type[Check]]) -> Iterable[type[Check]]:
    return dict.fromkeys([*checks, *BUILTIN_CHECKS.values()])


def _fallback_row(reason: str, default: str) -> Specification:
    return Specification(
        f"fallbacks.{reason}",
        str,
        default,
        f"Fallback policy that drives while the reason is {reason}",
        read_only=True,
    )
