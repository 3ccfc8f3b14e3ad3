# SPDX-License-Identifier: Apache-2.0
"""`vla say`: tell the robot what to do."""

from __future__ import annotations

from typing import Annotated

import typer

from vla_bringup import topics
from vla_bringup.errors import BringupError, NobodyThereError, RefusedError
from vla_bringup.options import Namespace, Timeout

DRIVER = "vla_node"
"""Listeners are discovered one by one, and this is the one that matters."""


def say(
    instruction: Annotated[str, typer.Argument(help='What to do; "" means stop.')],
    namespace: Namespace = "",
    timeout: Timeout = 5.0,
) -> None:
    """Tell the robot what to do, in plain English."""
    from rich.console import Console

    sentence = checked(instruction)
    listeners = publish(sentence, namespace, timeout)
    Console(highlight=False).print(spoken(sentence, listeners), markup=False)


def checked(instruction: str) -> str:
    """The sentence as it will be sent.

    Raises:
        RefusedError: the robot would not follow it.
    """
    from vla_policy.instruction import InstructionError, clean_instruction

    try:
        return clean_instruction(instruction)
    except InstructionError as error:
        raise RefusedError(str(error)) from error


def spoken(sentence: str, listeners: list[str]) -> str:
    """What to tell the user after the sentence was sent."""
    what = f'said "{sentence}"' if sentence else "said nothing, which means: stop"
    heard = f"{what} (heard by {', '.join(listeners)})"
    return heard if DRIVER in listeners else f"{heard}; {DRIVER} was not there to hear it"


def publish(sentence: str, namespace: str, timeout_s: float) -> list[str]:
    """Send the sentence to everyone who listens; their names.

    Waits for the node that drives; without it the others are told when the time is over.

    Raises:
        NobodyThereError: nobody listens.
        BringupError: a listener did not confirm that it got the sentence.
    """
    from rclpy.duration import Duration
    from std_msgs.msg import String

    from vla_bringup import qos
    from vla_bringup.talk import domain_name, passing_node, reached, wait_until

    with passing_node("say", namespace) as node:
        publisher = node.create_publisher(String, topics.INSTRUCTION, qos.INSTRUCTION)
        wait_until(lambda: DRIVER in reached(node, publisher), timeout_s)
        listeners = sorted(reached(node, publisher))
        if not listeners:
            raise NobodyThereError(
                f"nobody listens to {publisher.topic_name} in ROS domain {domain_name()}: "
                "start the robot first (`vla sim` starts a simulated one)"
            )
        publisher.publish(String(data=sentence))
        if not publisher.wait_for_all_acked(Duration(seconds=timeout_s)):
            raise BringupError(f"not everyone confirmed {publisher.topic_name} in time")
        return listeners
