# SPDX-License-Identifier: Apache-2.0
"""openpi's websocket server and client, in a process each, with our network in the server."""

from __future__ import annotations

import multiprocessing
import socket
import time
from typing import Any

import numpy as np
from openpi_client.base_policy import BasePolicy
from openpi_client.websocket_client_policy import WebsocketClientPolicy
from openpi_server import WebsocketPolicyServer

from benchmarks.foreign.network import INSTRUCTION, Job, report
from vla_policy.observation import Observation

HOST = "127.0.0.1"


class OurPolicy(BasePolicy):
    """Our policy as openpi has them: a dictionary in, a dictionary out."""

    def __init__(self, job: Job) -> None:
        self._policy, self._watch = job.policy()

    def infer(self, obs: dict[str, Any]) -> dict[str, Any]:
        """The chunk for an image, a state and a prompt."""
        image = np.asarray(obs["observation/image"])[None]
        chunk = self._policy.act(Observation(image, obs["prompt"], 0, obs["observation/state"]))
        return {"actions": chunk.actions, "network_ms": self._watch.last_ms}


def serve(job: Job, port: int) -> None:
    """Run the server until it is ended."""
    WebsocketPolicyServer(OurPolicy(job), HOST, port).serve_forever()


def main() -> None:
    """Measure."""
    job = Job.from_arguments()
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(job, port))
    server.start()
    try:
        report(job, asking(connected(port), job))
    finally:
        server.terminate()
        server.join()


def connected(port: int, patience_s: float = 60.0) -> WebsocketClientPolicy:
    """The client, as soon as the server is up."""
    end = time.monotonic() + patience_s
    while True:
        try:
            return WebsocketClientPolicy(HOST, port)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def asking(client: WebsocketClientPolicy, job: Job) -> Any:
    """What `report` asks with."""
    observation = {
        "observation/image": job.picture(),
        "observation/state": np.zeros(3, dtype=np.float32),
        "prompt": INSTRUCTION,
    }

    def ask(call: int) -> tuple[float, list[float]]:
        answer = client.infer(observation)
        return float(answer["network_ms"]), answer["actions"][0].tolist()

    return ask


if __name__ == "__main__":
    main()
