# SPDX-License-Identifier: Apache-2.0
"""Which parts of the robot are not there yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class Signs:
    """What has been seen of each part so far.

    Attributes:
        images: how many images have come.
        room_seed: seed of the room that the simulation says it is in; None before that.
        located: ground truth comes.
        gate_answers: the gate offers to be armed.
        gate_commands: the gate's commands to the base come.
        node_listens: the inference node takes instructions.
        node_says: what the inference node reports while it is not well; empty when it is.
        monitor_reports: the monitor has reported.
    """

    images: int = 0
    room_seed: int | None = None
    located: bool = False
    gate_answers: bool = False
    gate_commands: bool = False
    node_listens: bool = False
    node_says: str = "loading"
    monitor_reports: bool = False


ENOUGH_IMAGES = 10
"""The first images of a simulation take longer than the rest."""


class Part(NamedTuple):
    """A part that is missing, in words, and the process that it belongs to."""

    words: str
    process: str


def missing(signs: Signs) -> list[Part]:
    """The parts that are still missing; nothing when all is ready."""
    parts = []
    if signs.room_seed is None or not signs.located:
        parts.append(Part("the room", "vla_sim"))
    if signs.images < ENOUGH_IMAGES:
        parts.append(Part("camera images", "vla_sim"))
    if not (signs.gate_answers and signs.gate_commands):
        parts.append(Part("the gate", "vla_safety"))
    if not signs.node_listens or signs.node_says:
        words = f"the policy ({signs.node_says})" if signs.node_says else "the policy"
        parts.append(Part(words, "vla_node"))
    if not signs.monitor_reports:
        parts.append(Part("the monitor", "vla_monitor"))
    return parts
