# SPDX-License-Identifier: Apache-2.0
"""What a checkpoint tells the gate and the monitor of the actions that it was trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vla_bringup.parameters import Overrides
from vla_policy.action import ActionSpec
from vla_policy.checkpoint import read_config, shipped_checkpoint
from vla_policy.errors import PolicyError
from vla_policy.statistics import ActionStatistics


def training_parameters(policy: str) -> Overrides:
    """Parameters of the gate and the monitor; none where the policy is not on this machine, or
    does not say.

    Args:
        policy: name of a shipped checkpoint, or a directory that holds one.
    """
    try:
        config = read_config(_folder(policy))
    except PolicyError:  # the node says what is wrong with its checkpoint
        return {}
    spec, statistics = config.action, config.action_statistics
    if statistics is None:
        return {}
    return {"vla_monitor": _of_monitor(spec, statistics), "vla_safety": _of_gate(spec, statistics)}


def _folder(policy: str) -> Path:
    """Where the checkpoint lies, if it is here: nothing is fetched before the node asks for it."""
    folder = Path(policy)
    return folder if folder.is_dir() else shipped_checkpoint(policy)


def _of_monitor(spec: ActionSpec, statistics: ActionStatistics) -> dict[str, Any]:
    return {
        "action.training.axes": list(spec.names),
        "action.training.mean": list(statistics.mean),
        "action.training.std": list(statistics.std),
    }


def _of_gate(spec: ActionSpec, statistics: ActionStatistics) -> dict[str, Any]:
    """The gate measures a command by the speeds that an action of 1.0 stands for."""
    highest = dict(zip(spec.names, spec.high, strict=True))
    linear, angular = highest.get("linear.x"), highest.get("angular.z")
    if set(highest) != {"linear.x", "angular.z"} or spec.low != tuple(-v for v in spec.high):
        return {}
    return {
        "action_drift.mean": statistics.norm_mean,
        "action_drift.deviation": statistics.norm_std,
        "action_drift.linear": linear,
        "action_drift.angular": angular,
    }
