# SPDX-License-Identifier: Apache-2.0
"""Our node's decisions over the simulator in the simulator's own time, with a model of any speed.

The pilot, the chunks and the rate limit are those of `vla_node`; threads and DDS are left out.
A model that takes a second takes a second of the robot's time and none of ours.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from vla_node.blending import make_blending
from vla_node.chunk import ChunkPlayer
from vla_node.pilot import Command, Pilot
from vla_node.rate import RateLimiter
from vla_policy.action import ActionChunk
from vla_policy.policy import Policy
from vla_sim.room import generate_room
from vla_sim.simulation import Simulation
from vla_train.benchmark import Split
from vla_train.rollout import LATENCY_S
from vla_train.scenario import Scenario, draw_scenario
from vla_train.world import World

SYNCHRONOUS = "synchronous"
"""A node that does nothing while its model runs: one command an inference, held by the base."""
BASE_TIMEOUT_S = 0.5
"""Without a command for so long a base stops by itself."""
JUDGED_EVERY_S = 0.1


@dataclass(frozen=True)
class Stack:
    """How images become commands.

    Attributes:
        delay_s: what an inference takes beyond `LATENCY_S`.
        blending: one of `vla_node.blending.BLENDINGS`, or `SYNCHRONOUS`.
    """

    delay_s: float
    blending: str
    control_rate_hz: float
    inference_rate_hz: float
    image_timeout_s: float
    ramp_down_s: float


@dataclass(frozen=True)
class Drive:
    """How an episode went.

    Attributes:
        jerk: root mean square of the commanded jerk along the way [m/s^3].
    """

    success: bool
    collided: bool
    time_s: float
    jerk: float


@dataclass
class Inference:
    """One that is under way."""

    chunk: ActionChunk
    seen_ns: int
    ready_ns: int


class Asynchronous:
    """Our node."""

    def __init__(self, policy: Policy, stack: Stack, instruction: str, now_ns: int) -> None:
        player = ChunkPlayer(make_blending(stack.blending), round(stack.ramp_down_s * 1e9))
        self._pilot = Pilot(round(stack.image_timeout_s * 1e9), player=player)
        self._pilot.hear(instruction, now_ns)
        self._limiter = RateLimiter(stack.inference_rate_hz)

    def see(self, now_ns: int) -> None:
        """An image has come."""
        self._pilot.see(now_ns, now_ns)

    def begins(self, now_ns: int) -> bool:
        """Whether the policy is to look at the image of now."""
        return self._limiter.admit(now_ns)

    def take(self, chunk: ActionChunk, seen_ns: int, now_ns: int) -> None:
        """The policy has answered."""
        self._pilot.accept(chunk, self._pilot.instruction.task, seen_ns, now_ns)

    def command(self, now_ns: int) -> Command | None:
        """What is sent now."""
        return self._pilot.due(now_ns, now_ns)


class Synchronous:
    """A node that publishes the first action of each chunk as it comes, and nothing else."""

    def __init__(self) -> None:
        self._command: Command | None = None

    def see(self, now_ns: int) -> None:
        """Nothing is done with an image until the model is free."""

    def begins(self, now_ns: int) -> bool:
        """Always: it looks at the next image as soon as it is free."""
        return True

    def take(self, chunk: ActionChunk, seen_ns: int, now_ns: int) -> None:
        """The policy has answered."""
        values = dict(zip(chunk.spec.names, chunk.actions[0].tolist(), strict=True))
        self._command = Command(chunk.observation_stamp, values)

    def command(self, now_ns: int) -> Command | None:
        """What is sent now: each command once."""
        command, self._command = self._command, None
        return command


def drive(policy: Policy, stack: Stack, room: int, split: Split, episodes: int) -> list[Drive]:
    """Episodes in one room; the same ones whatever the stack."""
    rng = np.random.default_rng([zlib.crc32(b"slow model"), room])
    place, book = generate_room(room, split.rooms), split.phrasebook()
    simulation = Simulation(place)
    try:
        scenarios = [
            draw_scenario(rng, place, book, preferred=split.preferred) for _ in range(episodes)
        ]
        return [_episode(simulation, policy, stack, scenario) for scenario in scenarios]
    finally:
        simulation.close()


def _episode(simulation: Simulation, policy: Policy, stack: Stack, scenario: Scenario) -> Drive:
    world = World(simulation, scenario)
    start_s, instruction = simulation.time, scenario.task.instruction
    node: Asynchronous | Synchronous = (
        Synchronous()
        if stack.blending == SYNCHRONOUS
        else Asynchronous(policy, stack, instruction, _now_ns(simulation))
    )
    policy.prepare(instruction)
    base = Base(simulation)
    pending: Inference | None = None
    period_s, judged_s, outcome, tick = 1.0 / stack.control_rate_hz, start_s, None, 0
    while outcome is None:
        now_ns = _now_ns(simulation)
        node.see(now_ns)
        if pending is not None and now_ns >= pending.ready_ns:
            node.take(pending.chunk, pending.seen_ns, now_ns)
            pending = None
        if pending is None and node.begins(now_ns):
            ready_ns = now_ns + round((LATENCY_S + stack.delay_s) * 1e9)
            pending = Inference(policy.act(world.look()), now_ns, ready_ns)
        base.take(node.command(now_ns))
        tick += 1
        world.run_until(start_s + tick * period_s)
        if simulation.time - judged_s >= JUDGED_EVERY_S - 1e-9:
            judged_s = simulation.time
            outcome = world.outcome()
    return Drive(
        success=outcome.success,
        collided=outcome.collided,
        time_s=world.time_s,
        jerk=base.jerk(period_s),
    )


class Base:
    """Drives as it was last told, and stops where it is told nothing for too long."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._heard_s = simulation.time
        self._speed = (0.0, 0.0)
        self._linear: list[float] = []

    def take(self, command: Command | None) -> None:
        """What came in this control period, if anything."""
        now_s = self._simulation.time
        if command is not None:
            values = command.values
            self._speed = (values.get("linear.x", 0.0), values.get("angular.z", 0.0))
            self._heard_s = now_s
        elif now_s - self._heard_s > BASE_TIMEOUT_S:
            self._speed = (0.0, 0.0)
        self._linear.append(self._speed[0])
        self._simulation.command(*self._speed)

    def jerk(self, period_s: float) -> float:
        """Root mean square of the second difference of what was driven [m/s^3]."""
        if len(self._linear) < 3:
            return 0.0
        jerk = np.diff(self._linear, 2) / period_s**2
        return float(np.sqrt(np.mean(np.square(jerk))))


def _now_ns(simulation: Simulation) -> int:
    return round(simulation.time * 1e9)
