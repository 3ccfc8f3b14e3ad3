# SPDX-License-Identifier: Apache-2.0
"""What the robot is told to do, and whether a sentence is a new task."""

from __future__ import annotations

from enum import Enum

from vla_policy.instruction import InstructionError, clean_instruction

REPEAT_WINDOW_NS = 2_000_000_000
"""``ros2 topic pub`` repeats a sentence every second; a person who means it anew waits longer."""


class Heard(Enum):
    """What a sentence changes."""

    NEW = "a task begins"
    REPEAT = "nothing: the same sentence again"
    STOP = "the robot stops"
    REFUSED = "the sentence is not followed, and the robot stops"


class InstructionState:
    """Holds the sentence that is followed, and numbers the tasks.

    An empty sentence means: stop. So does one that is refused: who speaks wants something else
    than what the robot does now. A sentence that is repeated at least every two seconds, as
    ``ros2 topic pub`` without ``--once`` does, is one task and begins once; the same sentence
    after a longer silence, or after a stop, begins the task again.

    Attributes:
        text: the sentence that is followed; empty while there is none.
        task: number of the present task; each change of mind raises it.
        spoken: whether anything was ever said.
        refusal: why the last sentence is not followed; empty where it is.
    """

    def __init__(self, first_task: int = 0) -> None:
        self.text = ""
        self.task = first_task
        self.spoken = False
        self.refusal = ""
        self._heard_ns = 0

    @property
    def active(self) -> bool:
        """Whether there is a sentence to follow."""
        return bool(self.text)

    def hear(self, said: str, steady_ns: int) -> Heard:
        """Take a sentence that arrived at steady time `steady_ns`."""
        try:
            text = clean_instruction(said)
        except InstructionError as error:
            return self._begin("", str(error), Heard.REFUSED)
        silence_ns, self._heard_ns = steady_ns - self._heard_ns, steady_ns
        if not text:
            return self._begin("", "", Heard.STOP)
        if text == self.text and silence_ns <= REPEAT_WINDOW_NS:
            return Heard.REPEAT
        return self._begin(text, "", Heard.NEW)

    def _begin(self, text: str, refusal: str, heard: Heard) -> Heard:
        self.text, self.refusal = text, refusal
        self.task += 1
        self.spoken = True
        return heard
