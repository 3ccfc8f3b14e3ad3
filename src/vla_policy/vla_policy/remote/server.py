# SPDX-License-Identifier: Apache-2.0
"""Offers a policy to one robot at a time, over a websocket."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from vla_policy.errors import PolicyError, RemoteError
from vla_policy.observation import Observation
from vla_policy.policy import Policy
from vla_policy.remote.wire import MAX_BYTES, packed, unpacked

TRY_AGAIN_LATER = 1013
"""Close code of RFC 6455's registry for a server that is busy."""

HEALTH = "/healthz"


class PolicyServer:
    """Answers the observations of one robot at a time with the actions of a policy.

    A policy may remember what it saw since a task began: two robots at once would mix that up, so
    the second one is told to come back later.

    Args:
        policy: that answers.
        host: address to listen at; anybody who reaches it may use the policy.
        port: to listen at; 0 for any free one.
        log: is told in a sentence what happens.

    Raises:
        RemoteError: the address cannot be listened at.
    """

    def __init__(
        self,
        policy: Policy,
        host: str = "127.0.0.1",
        port: int = 8000,
        log: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self._policy = policy
        self._log = log
        self._busy = threading.Lock()
        try:
            self._server: Server = serve(
                self._attend,
                host,
                port,
                compression=None,
                max_size=MAX_BYTES,
                process_request=_answer_health,
            )
        except OSError as error:
            raise RemoteError(f"cannot listen at {host}:{port} ({error.strerror})") from error

    @property
    def address(self) -> str:
        """Where a client on this machine finds the server."""
        host, port = self._server.socket.getsockname()[:2]
        return f"ws://{host}:{port}"

    def run(self) -> None:
        """Serve until `close` is called."""
        self._server.serve_forever()

    def close(self) -> None:
        """End, with all connections."""
        self._server.shutdown()

    def _attend(self, connection: ServerConnection) -> None:
        who = "{}:{}".format(*connection.remote_address[:2])
        if not self._busy.acquire(blocking=False):
            self._log(f"{who} is sent away: another robot is served")
            connection.close(TRY_AGAIN_LATER, "another robot is served")
            return
        try:
            self._log(f"{who} is served")
            connection.send(packed(self._greeting()))
            for data in connection:
                connection.send(packed(self._answer(data)))
        except ConnectionClosed:
            pass
        finally:
            self._busy.release()
            self._log(f"{who} has gone")

    def _greeting(self) -> dict[str, Any]:
        return {
            "name": self._policy.name,
            "action_spec": self._policy.spec.to_dict(),
            "history": self._policy.history,
        }

    def _answer(self, data: bytes | str) -> dict[str, Any]:
        """The answer to a message; what is wrong with it is an answer, too."""
        try:
            message = unpacked(data)
            if "prepare" in message:
                self._policy.prepare(str(message["prepare"]))
                return {"prepared": True}
            observation = _observation(message)
            began_s = time.perf_counter()
            actions = self._policy.act(observation).actions
            infer_ms = (time.perf_counter() - began_s) * 1e3
            return {"actions": actions, "server_timing": {"infer_ms": infer_ms}}
        except PolicyError as error:
            self._log(f"refused: {error}")
            return {"error": str(error)}
        except Exception as error:  # the policy's own: the robot has to learn of it
            self._log(f"failed: {error!r}")
            return {"error": f"the policy failed: {error!r}"}


def _observation(message: dict[str, Any]) -> Observation:
    missing = [name for name in ("images", "prompt", "state") if name not in message]
    if missing:
        raise RemoteError(f"an observation needs {', '.join(missing)}")
    return Observation(
        images=np.array(message["images"]),  # copies: what was read cannot be written to
        instruction=str(message["prompt"]),
        # Who remembers for how long something has been so, counts the robot's time.
        stamp=int(message.get("stamp", time.monotonic_ns())),
        state=np.array(message["state"]),
    )


def _answer_health(connection: ServerConnection, request: Request) -> Response | None:
    """What a container's health check asks for."""
    if request.path == HEALTH:
        return connection.respond(HTTPStatus.OK, "OK\n")
    return None
