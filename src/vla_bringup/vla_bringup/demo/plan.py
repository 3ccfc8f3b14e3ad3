# SPDX-License-Identifier: Apache-2.0
"""What the robot will be told, decided before anything is started."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_bringup.errors import RefusedError
from vla_policy.instruction import InstructionError, clean_instruction
from vla_sim.errors import SimulatorError, TaskError
from vla_sim.parameters import MAX_SEED
from vla_sim.phrasebook import Phrasebook
from vla_sim.room import Room, generate_room
from vla_sim.splits import train_side
from vla_sim.task import Task, parse_task

SPLIT = "demo"
TURNS = ("turn_left", "turn_right", "turn_around")


@dataclass(frozen=True)
class Plan:
    """A room, and the tasks that follow one another in it."""

    room: Room
    tasks: tuple[Task, ...]


def make_plan(seed: int, instruction: str | None = None) -> Plan:
    """The plan of a seed: its three tasks, or the one that `instruction` names.

    Raises:
        RefusedError: the seed has no room, or the instruction makes no sense in it.
    """
    if seed > MAX_SEED:
        raise RefusedError(f"a seed must be at most {MAX_SEED} (got {seed})")
    try:
        room = generate_room(seed, SPLIT)
    except SimulatorError as error:
        raise RefusedError(str(error)) from error
    if instruction is None:
        return Plan(room, choose_tasks(room))
    return Plan(room, (understand(instruction, room),))


def choose_tasks(room: Room) -> tuple[Task, ...]:
    """Go to one thing, turn, go to another: things and wordings drawn from the room's seed."""
    rng = np.random.default_rng(room.seed)
    book = Phrasebook.of(train_side())
    first, second = (room.things[i] for i in rng.choice(len(room.things), 2, replace=False))
    turn = TURNS[int(rng.integers(len(TURNS)))]
    return (
        book.go_to(rng, first),
        book.move_by(rng, turn, None),
        book.go_to(rng, second),
    )


def understand(instruction: str, room: Room) -> Task:
    """The task that a user's sentence names.

    Raises:
        RefusedError: the sentence cannot be followed or judged; the text says what could be.
    """
    try:
        sentence = clean_instruction(instruction)
        if not sentence:
            raise RefusedError(
                "an empty instruction means stop, and the robot stands still already: "
                f"tell it where to go ({contents(room)})"
            )
        return parse_task(sentence, room)
    except InstructionError as error:
        raise RefusedError(str(error)) from error
    except TaskError as error:
        raise RefusedError(f"{error}; {contents(room)}") from error


def contents(room: Room) -> str:
    """What a sentence can name in a room, in words."""
    return f"the room of seed {room.seed} has: {', '.join(s.name for s in room.things)}"
