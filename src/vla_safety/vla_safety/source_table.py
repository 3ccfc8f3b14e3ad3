# SPDX-License-Identifier: Apache-2.0
"""The parameters of the sources, laid out as twist_mux does: `topics.<name>.<something>`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vla_safety.checks.command_timeout import TIMEOUT, timeout_name
from vla_safety.errors import ParameterError
from vla_safety.instant import nanoseconds
from vla_safety.source import Profile
from vla_safety.specification import Specification
from vla_safety.topics import COMMAND, POLICY_COMMAND, TELEOP_COMMAND

SOURCES = Specification(
    "sources",
    list,
    ["policy", "teleop"],
    "Who may send commands; each has parameters under topics",
    read_only=True,
)
_TOPICS = {"policy": POLICY_COMMAND, "teleop": TELEOP_COMMAND}
_PRIORITIES = {"policy": 10, "teleop": 100}


def source_names(names: list[str]) -> tuple[str, ...]:
    """`names` of sources, or ParameterError."""
    wrong = [name for name in names if not re.fullmatch("[a-z][a-z0-9_]*", name)]
    if wrong or not names or len(set(names)) != len(names):
        raise ParameterError(f"sources must name each source once, in small letters (got {names})")
    return tuple(names)


def source_rows(name: str) -> list[Specification]:
    """The parameters of the source called `name`."""
    prefix = f"topics.{name}."
    return [
        Specification(
            f"{prefix}topic",
            str,
            _TOPICS.get(name, f"cmd_vel_{name}"),
            f"Where the commands of {name} come from",
            read_only=True,
        ),
        Specification(
            f"{prefix}priority",
            int,
            _PRIORITIES.get(name, 50),
            "Of several that send, the one with the highest priority has the word",
            low=0,
            high=255,
            read_only=True,
        ),
        Specification(
            f"{prefix}stamped",
            bool,
            name == "policy",
            "TwistStamped instead of Twist",
            read_only=True,
        ),
        Specification(
            f"{prefix}learned",
            bool,
            name == "policy",
            "The commands are a model's, stamped with the time of its image: the checks of "
            "models apply",
            read_only=True,
        ),
        Specification(
            timeout_name(name),
            float,
            None,
            f"Longest silence of {name} before the robot stops; absent: {TIMEOUT.name}",
            unit="s",
            low=TIMEOUT.low,
            high=TIMEOUT.high,
            looser="higher",
            otherwise=TIMEOUT.name,
        ),
    ]


def source_profiles(names: tuple[str, ...], values: Mapping[str, Any]) -> tuple[Profile, ...]:
    """What `values` say about the sources; ParameterError where two of them collide."""
    profiles = tuple(_profile(name, values) for name in names)
    for what in ("topic", "priority"):
        chosen = [getattr(profile, what) for profile in profiles]
        if len(set(chosen)) != len(chosen):
            raise ParameterError(
                f"topics: each source must have a {what} of its own (got {chosen})"
            )
    for profile in profiles:
        if profile.topic.lstrip("/") == COMMAND:
            raise ParameterError(
                f"topics.{profile.name}.topic must not be {COMMAND}, the gate's own output"
            )
    return profiles


def _profile(name: str, values: Mapping[str, Any]) -> Profile:
    own = {what: values[f"topics.{name}.{what}"] for what in ("topic", "priority", "stamped")}
    timeout_s = values[timeout_name(name)]
    if timeout_s is None:
        timeout_s = values[TIMEOUT.name]
    return Profile(
        name,
        own["topic"],
        own["priority"],
        own["stamped"],
        learned=values[f"topics.{name}.learned"],
        timeout_ns=nanoseconds(timeout_s),
    )
