# SPDX-License-Identifier: Apache-2.0
"""LeRobot's asynchronous inference: its PolicyServer and RobotClient, in a process each.

The server runs our network in place of a policy of LeRobot's; everything around it is LeRobot's
own: pickled observations, gRPC, its resizing, its loop over the actions of a chunk, its queue.
Its settings favour it: the wait that holds its inference to 30 a second is off
(``inference_latency=0``), and every observation is one that it must look at.
"""

from __future__ import annotations

import multiprocessing
import pickle
import socket
import threading
import time
from concurrent import futures
from types import SimpleNamespace
from typing import Any

from benchmarks.foreign.without_vision_ops import declare_missing

declare_missing()  # before anything of LeRobot's is imported

import grpc
import numpy as np
import torch
from lerobot.async_inference import robot_client
from lerobot.async_inference.configs import PolicyServerConfig, RobotClientConfig
from lerobot.async_inference.helpers import TimedObservation
from lerobot.async_inference.policy_server import PolicyServer
from lerobot.configs.types import FeatureType, PolicyFeature
from lerobot.transport import services_pb2, services_pb2_grpc

from benchmarks.foreign.network import INSTRUCTION, Job, report
from vla_policy.model_policy import ModelPolicy
from vla_policy.observation import Observation

HOST = "127.0.0.1"
STATE = ("x", "y", "heading")
WORKERS = 4
"""As LeRobot's own `serve` has it."""


class OurPolicy:
    """Our network behind the interface of LeRobot's policies.

    The time of the network travels as one more number beside each action.
    """

    def __init__(self, job: Job) -> None:
        policy, self._watch = job.policy()
        assert isinstance(policy, ModelPolicy)
        self._policy = policy
        height, width = policy.image_size
        feature = PolicyFeature(FeatureType.VISUAL, (3, height, width))
        self.config = SimpleNamespace(image_features={"observation.images.front": feature})

    def predict_action_chunk(self, batch: dict[str, Any]) -> torch.Tensor:
        """``[1, horizon, action_dim + 1]`` for images ``[1, 3, H, W]`` in [0, 1]."""
        scaled = batch["observation.images.front"][0] * 255.0
        image = scaled.round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
        state = batch["observation.state"][0].to(torch.float32).numpy()
        chunk = self._policy.act(Observation(image[None], batch["task"], 0, state))
        times = np.full((len(chunk.actions), 1), self._watch.last_ms, dtype=np.float32)
        return torch.from_numpy(np.concatenate([chunk.actions, times], axis=1))[None]


class OurServer(PolicyServer):
    """LeRobot's server, whose policy is there already."""

    def __init__(self, config: PolicyServerConfig, policy: OurPolicy) -> None:
        super().__init__(config)
        self._ours = policy

    def SendPolicyInstructions(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Take the names of the features, and our policy in place of a checkpoint."""
        wanted = pickle.loads(request.data)  # of our own client
        self.lerobot_features = wanted.lerobot_features
        self.actions_per_chunk = wanted.actions_per_chunk
        self.policy = self._ours
        self.preprocessor = self.postprocessor = lambda value: value
        return services_pb2.Empty()


class StillRobot:
    """A robot that stands before a picture."""

    def __init__(self, job: Job) -> None:
        self.action_features = {"linear.x": float, "angular.z": float, "network_ms": float}
        self.observation_features = {
            **dict.fromkeys(STATE, float),
            "front": (job.height, job.width, 3),
        }

    def connect(self) -> None:
        """There is nothing to connect to."""

    def disconnect(self) -> None:
        """There is nothing to let go."""


def serve(job: Job, port: int) -> None:
    """Run the server until it is ended."""
    torch.set_num_threads(1)
    config = PolicyServerConfig(host=HOST, port=port, inference_latency=0.0)
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=WORKERS))
    services_pb2_grpc.add_AsyncInferenceServicer_to_server(
        OurServer(config, OurPolicy(job)), server
    )
    server.add_insecure_port(f"{HOST}:{port}")
    server.start()
    server.wait_for_termination()


class Asking:
    """Sends an observation and waits until the client's queue holds the actions for it."""

    def __init__(self, client: Any, job: Job) -> None:
        self._client = client
        self._come = threading.Event()
        self._state = {"front": job.picture(), **dict.fromkeys(STATE, 0.0), "task": INSTRUCTION}
        queue = client._aggregate_action_queues

        def aggregate(actions: Any, function: Any = None) -> None:
            queue(actions, function)
            self._come.set()

        client._aggregate_action_queues = aggregate

    def __call__(self, call: int) -> tuple[float, list[float]]:
        """See `report`."""
        self._come.clear()
        self._client.latest_action = call - 1  # what was driven before has been driven
        observation = TimedObservation(
            timestamp=time.time(), timestep=call, observation=self._state, must_go=True
        )
        self._client.send_observation(observation)
        if not self._come.wait(10.0):
            raise TimeoutError("LeRobot's client got no actions within 10 s")
        first = self._client.action_queue.queue[0].get_action().tolist()
        return first[-1], first[:-1]


def main() -> None:
    """Measure."""
    job = Job.from_arguments()
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(job, port))
    server.start()
    robot_client.make_robot_from_config = lambda config: StillRobot(job)
    client = robot_client.RobotClient(
        RobotClientConfig(
            policy_type="act",
            pretrained_name_or_path="ours",
            robot=None,
            actions_per_chunk=8,
            task=INSTRUCTION,
            server_address=f"{HOST}:{port}",
        )
    )
    try:
        grpc.channel_ready_future(client.channel).result(timeout=60.0)
        if not client.start():
            raise RuntimeError("LeRobot's client found no server")
        receiver = threading.Thread(target=client.receive_actions, daemon=True)
        receiver.start()
        client.start_barrier.wait()
        report(job, Asking(client, job))
    finally:
        client.stop()
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()
