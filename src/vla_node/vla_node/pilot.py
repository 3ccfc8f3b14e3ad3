# SPDX-License-Identifier: Apache-2.0
"""Which command is due now: the one place where it is decided that the robot moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from vla_node.chunk import ChunkPlayer
from vla_node.instruction import Heard, InstructionState
from vla_policy.action import ActionChunk

ZERO_BURST_NS = 500_000_000
"""Zeros for half a second survive a lost message; after that silence lets every watchdog see."""

PATIENCE_NS = 3_000_000_000
"""A policy that answered within so long is slow, not lost: the robot is held still meanwhile."""


class Phase(Enum):
    """Why the present command is what it is."""

    SILENT = "waiting for the first instruction"
    STOPPED = "stopped, as told"
    THINKING = "waiting for the first inference of this instruction"
    DRIVING = "driving"
    BLIND = "stopped: no image"
    RAN_OUT = "stopped: the last chunk has run out and no new one has come"


@dataclass(frozen=True)
class Command:
    """What the robot is to do until the next command.

    Attributes:
        stamp: stamp of the newest image that it follows from [ns]; for a stop that follows from
            none, of the newest image that came (the present time before the first).
        values: m/s and rad/s by field of a Twist; what is absent is zero.
    """

    stamp: int
    values: Mapping[str, float] = field(default_factory=dict)


class Pilot:
    """Turns instructions, images and chunks into the command of each instant.

    It moves the robot only with an action that is due now, from a chunk of the present task,
    while images keep coming. Else it commands zero: for as long as somebody wants the robot
    stopped, for `PATIENCE_NS` where the policy has nothing for now, and for `ZERO_BURST_NS` where
    images are missing; then it is silent.
    """

    def __init__(
        self, image_timeout_ns: int, first_task: int = 0, player: ChunkPlayer | None = None
    ) -> None:
        """Tasks are counted from `first_task` on; `player` says how chunks follow each other."""
        self.instruction = InstructionState(first_task)
        self.player = player or ChunkPlayer()
        self.phase = Phase.SILENT
        self._image_timeout_ns = image_timeout_ns
        self._image_stamp: int | None = None
        self._image_ns: int | None = None
        self._missing_since_ns: int | None = None
        self._hoped_ns = 0  # when the policy was last heard of, or given a task

    def hear(self, said: str, steady_ns: int) -> Heard:
        """Take a sentence; any change of mind drops the chunk of what was said before."""
        heard = self.instruction.hear(said, steady_ns)
        if heard is not Heard.REPEAT:
            self.player.drop()
            self._missing_since_ns = None
            self._hoped_ns = steady_ns
        return heard

    def see(self, stamp: int, steady_ns: int) -> None:
        """An image of this stamp has arrived."""
        self._image_stamp, self._image_ns = stamp, steady_ns

    def image_age_s(self, steady_ns: int) -> float | None:
        """Time since the last image arrived [s]; None before the first."""
        return None if self._image_ns is None else (steady_ns - self._image_ns) * 1e-9

    def accept(self, chunk: ActionChunk, task: int, seen_ns: int, steady_ns: int) -> bool:
        """Play `chunk` unless it answers an earlier task than the present one.

        Its image arrived at steady time `seen_ns`, the chunk itself at `steady_ns`.
        """
        if task != self.instruction.task or not self.instruction.active:
            return False
        self.player.load(chunk, seen_ns)
        self._hoped_ns = steady_ns
        return True

    def due(self, now_ns: int, steady_ns: int) -> Command | None:
        """The command for this instant; None means that none is sent."""
        action = self._action(now_ns, steady_ns)
        self.phase = self._judge(action is not None, steady_ns)
        if action is not None and self.phase is Phase.DRIVING:
            self._missing_since_ns = None
            return action
        if self.phase is Phase.SILENT:
            return None
        if self.phase is Phase.STOPPED or self._within_burst(steady_ns):
            return self.zero(now_ns)
        waiting = self.phase in (Phase.THINKING, Phase.RAN_OUT)
        if waiting and steady_ns - self._hoped_ns <= PATIENCE_NS:
            return self.zero(now_ns)
        return None

    def zero(self, now_ns: int) -> Command:
        """The command to stop."""
        return Command(stamp=now_ns if self._image_stamp is None else self._image_stamp)

    def _action(self, now_ns: int, steady_ns: int) -> Command | None:
        action = self.player.due(now_ns, steady_ns)
        chunk = self.player.chunk
        if action is None or chunk is None:
            return None
        values = dict(zip(chunk.spec.names, action.tolist(), strict=True))
        return Command(stamp=chunk.observation_stamp, values=values)

    def _judge(self, has_action: bool, steady_ns: int) -> Phase:
        if not self.instruction.active:
            return Phase.STOPPED if self.instruction.spoken else Phase.SILENT
        if self._image_ns is None or steady_ns - self._image_ns > self._image_timeout_ns:
            return Phase.BLIND
        if has_action:
            return Phase.DRIVING
        return Phase.THINKING if self.player.chunk is None else Phase.RAN_OUT

    def _within_burst(self, steady_ns: int) -> bool:
        if self._missing_since_ns is None:
            self._missing_since_ns = steady_ns
        return steady_ns - self._missing_since_ns <= ZERO_BURST_NS
