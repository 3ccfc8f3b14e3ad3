# SPDX-License-Identifier: Apache-2.0
"""A policy that runs elsewhere, behind the interface that every policy has."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import numpy as np
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from vla_policy.action import ActionChunk, ActionSpec
from vla_policy.errors import PolicyError, RemoteError
from vla_policy.observation import Observation
from vla_policy.remote.wire import MAX_BYTES, packed, unpacked

CONNECT_LIMIT_S = 10.0
ANSWER_LIMIT_S = 2.0
AGAIN_AFTER_S = 1.0


class RemotePolicy:
    """The policy that `vla serve` offers on another machine.

    A lost connection is an error of that one call; the next call connects again, at most once a
    second, and the policy begins the task anew. Whether that is in time for the robot is for its
    time limits to decide, not for this.

    Args:
        address: of the server, ``ws://host:port`` or ``wss://host:port``.
        connect_limit_s: how long the server may take to accept.
        answer_limit_s: how long it may take to answer.

    Raises:
        RemoteError: nobody answers there, or somebody else does.
    """

    def __init__(
        self,
        address: str,
        connect_limit_s: float = CONNECT_LIMIT_S,
        answer_limit_s: float = ANSWER_LIMIT_S,
    ) -> None:
        self.name = address
        self._connect_limit_s = connect_limit_s
        self._answer_limit_s = answer_limit_s
        self._connection: ClientConnection | None = None
        self._open = contextlib.ExitStack()  # what closes the connection
        self._again_s = -float("inf")
        self._instruction: str | None = None
        metadata = self._connect()
        self.spec, self.history = _described(metadata, address)

    def prepare(self, instruction: str) -> None:
        """Tell the server what to do from now on."""
        self._instruction = instruction
        self._ask({"prepare": instruction})

    def act(self, observation: Observation) -> ActionChunk:
        """The chunk of actions that the server answers.

        Raises:
            RemoteError: it does not answer, or not with such a chunk.
        """
        if observation.instruction != self._instruction:
            self.prepare(observation.instruction)
        answer = self._ask(
            {
                "images": observation.images,
                "prompt": observation.instruction,
                "state": observation.state,
                "stamp": observation.stamp,
            }
        )
        actions = answer.get("actions")
        expected = (self.spec.horizon, self.spec.action_dim)
        if not isinstance(actions, np.ndarray) or actions.shape != expected:
            raise RemoteError(
                f"{self.name}: expected actions of shape {list(expected)}, "
                f"got {getattr(actions, 'shape', type(actions).__name__)}"
            )
        return ActionChunk(actions.astype(np.float32), observation.stamp, self.spec)

    def close(self) -> None:
        """End the connection; it is made again when it is needed."""
        self._connection = None
        with contextlib.suppress(OSError, WebSocketException):
            self._open.close()

    def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        if self._connection is None:
            self._connect_again()
        assert self._connection is not None
        try:
            self._connection.send(packed(message))
            answer = unpacked(self._connection.recv(timeout=self._answer_limit_s))
        except TimeoutError as error:
            self.close()  # an answer that comes later would be taken for the next one
            raise RemoteError(
                f"{self.name}: no answer within {self._answer_limit_s:g} s"
            ) from error
        except (OSError, WebSocketException) as error:
            self.close()
            raise RemoteError(f"{self.name}: {_why(error)}") from error
        if "error" in answer:
            raise RemoteError(f"{self.name}: {answer['error']}")
        return answer

    def _connect_again(self) -> None:
        now_s = time.monotonic()
        if now_s < self._again_s:
            raise RemoteError(f"{self.name}: not connected")
        self._again_s = now_s + AGAIN_AFTER_S
        described = _described(self._connect(), self.name)
        if described != (self.spec, self.history):
            self.close()
            raise RemoteError(f"{self.name}: another policy is served there now; restart the node")
        if self._instruction is not None:
            self._ask({"prepare": self._instruction})

    def _connect(self) -> dict[str, Any]:
        try:
            connecting = connect(
                self.name,
                compression=None,  # images barely shrink, and time is what counts
                max_size=MAX_BYTES,
                open_timeout=self._connect_limit_s,
                close_timeout=1.0,
            )
            self._connection = self._open.enter_context(connecting)
            return unpacked(self._connection.recv(timeout=self._connect_limit_s))
        except (OSError, WebSocketException, RemoteError, ValueError) as error:
            self.close()
            raise RemoteError(
                f"{self.name}: {_why(error)} (is `vla serve` running there?)"
            ) from error


def _described(metadata: dict[str, Any], address: str) -> tuple[ActionSpec, int]:
    """What the server says of its policy when it greets."""
    try:
        history = int(metadata["history"])
        return ActionSpec.from_dict(metadata["action_spec"]), history
    except (KeyError, TypeError, ValueError, PolicyError) as error:
        raise RemoteError(
            f"{address}: the server does not say which actions its policy has ({error!r}): "
            "serve it with `vla serve`"
        ) from error


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__
