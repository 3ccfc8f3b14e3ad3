# SPDX-License-Identifier: Apache-2.0
"""The thread in which the policy runs, so that nothing else ever waits for it."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from vla_node.continuing import Continuation
from vla_node.errors import WarmUpError
from vla_node.latest import LatestQueue
from vla_policy.action import ActionChunk
from vla_policy.observation import Observation
from vla_policy.policy import Policy, further_cameras

WARM_UP_ROUNDS = 3
"""The first call allocates, the second may still compile; from the third on times are steady."""

WARM_UP_SHAPE = (240, 320, 3)
"""Of the blank image for the warm-up; the policy resizes whatever it gets."""


@dataclass(frozen=True, eq=False)
class Request:
    """An observation that waits for the policy.

    Attributes:
        images: ``[H, W, 3]`` uint8 RGB each, oldest first.
        further_images: the same of each further camera, by name.
        instruction: the sentence to follow.
        task: number of the task that it belongs to.
        stamp: stamp of the newest image [ns].
        state: pose relative to the start of the task, ``[3]``.
        seen_ns: steady time at which the newest image arrived.
        conversion_ns: time that turning the message into an array took.
    """

    images: tuple[npt.NDArray[np.uint8], ...]
    instruction: str
    task: int
    stamp: int
    state: npt.NDArray[np.float32]
    seen_ns: int
    conversion_ns: int = 0
    further_images: Mapping[str, tuple[npt.NDArray[np.uint8], ...]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Result:
    """What became of a request: a chunk, or the reason why there is none.

    Attributes:
        request: the request.
        chunk: the policy's answer; None where it failed.
        error: what failed and where; empty where nothing did.
        queue_wait_ms: from the arrival of the image to the start of the work on it.
        preprocess_ms: conversion, stacking of the history, encoding of a new sentence.
        inference_ms: the policy's own time.
        age_ms: from the image's stamp to the chunk, on the node clock.
    """

    request: Request
    chunk: ActionChunk | None
    error: str
    queue_wait_ms: float
    preprocess_ms: float
    inference_ms: float
    age_ms: float


class InferenceWorker:
    """Runs the policy on whatever is newest in its queue and hands the results back.

    An exception of the policy becomes a `Result` without a chunk; the thread lives on.
    """

    def __init__(
        self,
        policy: Policy,
        deliver: Callable[[Result], None],
        now_ns: Callable[[], int],
        steady_ns: Callable[[], int] = time.monotonic_ns,
        continuation: Continuation | None = None,
    ) -> None:
        """`deliver` is called in the worker's thread; `now_ns` is the node clock.

        With a `continuation`, which is then this thread's alone, each chunk goes on from the one
        before.
        """
        self.queue: LatestQueue[Request] = LatestQueue()
        self._policy = policy
        self._deliver = deliver
        self._now_ns = now_ns
        self._steady_ns = steady_ns
        self._continuation = continuation
        self._prepared: int | None = None
        self._busy_since_ns: int | None = None
        self._ready = threading.Event()
        self._warm_up_error: Exception | None = None
        # A daemon, since nobody can end a model that hangs.
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)

    def start(self) -> None:
        """Start the thread and return when the policy is warm.

        Raises:
            WarmUpError: the policy failed on a blank image.
        """
        self._thread.start()
        self._ready.wait()
        if self._warm_up_error is not None:
            raise WarmUpError(
                f"the policy {self._policy.name!r} failed in its warm-up: "
                f"{_describe(self._warm_up_error)}"
            ) from self._warm_up_error

    def close(self, timeout_s: float = 2.0) -> bool:
        """End the thread; False where the policy did not come back within `timeout_s`."""
        self.queue.close()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def busy_s(self, steady_ns: int) -> float:
        """How long the policy has been at work on the present request [s]; 0 where on none."""
        since = self._busy_since_ns
        return 0.0 if since is None else max(0.0, (steady_ns - since) * 1e-9)

    def _run(self) -> None:
        try:
            self._warm_up()
        except Exception as error:  # whatever a model may raise
            self._warm_up_error = error
            return
        finally:
            self._ready.set()
        while (request := self.queue.take()) is not None:
            self._busy_since_ns = self._steady_ns()
            result = self._infer(request)
            self._busy_since_ns = None
            if not self.queue.closed:
                self._deliver(result)

    def _warm_up(self) -> None:
        # In this thread, since the threads that a library keeps belong to the one that calls it.
        blank = np.zeros((self._policy.history, *WARM_UP_SHAPE), dtype=np.uint8)
        further = dict.fromkeys(further_cameras(self._policy), blank)
        self._policy.prepare("stop")
        for _ in range(WARM_UP_ROUNDS):
            self._policy.act(Observation(blank, "stop", stamp=0, further_images=further))

    def _infer(self, request: Request) -> Result:
        started = prepared = self._steady_ns()
        chunk, error = None, ""
        cold = request.task != self._prepared
        try:
            observation = self._prepare(request)
            prepared = self._steady_ns()
            chunk = self._checked(self._policy.act(observation), request)
        except Exception as failure:  # whatever a model may raise: the robot must not care
            chunk, error = None, _describe(failure)
        ended = self._steady_ns()
        age_ns = self._now_ns() - request.stamp
        if chunk is not None and self._continuation is not None:
            elapsed_ns = max(age_ns, ended - request.seen_ns)
            self._continuation.note(chunk, request.task, elapsed_ns, cold)
        return Result(
            request=request,
            chunk=chunk,
            error=error,
            queue_wait_ms=(started - request.seen_ns - request.conversion_ns) * 1e-6,
            preprocess_ms=(prepared - started + request.conversion_ns) * 1e-6,
            inference_ms=(ended - prepared) * 1e-6,
            age_ms=age_ns * 1e-6,
        )

    def _prepare(self, request: Request) -> Observation:
        if request.task != self._prepared:  # the same sentence, said again, is a new task
            self._policy.prepare(request.instruction)
            self._prepared = request.task
        plan = None
        if self._continuation is not None:
            plan = self._continuation.plan(request.stamp, request.task)
        return Observation(
            images=_in_a_row(request.images),
            instruction=request.instruction,
            stamp=request.stamp,
            state=request.state,
            further_images={
                name: _in_a_row(images) for name, images in request.further_images.items()
            },
            plan=plan,
        )

    def _checked(self, chunk: ActionChunk, request: Request) -> ActionChunk:
        if chunk.spec != self._policy.spec:
            raise ValueError(
                f"the chunk has another action spec than the policy: "
                f"{'; '.join(self._policy.spec.differences(chunk.spec))}"
            )
        if chunk.observation_stamp != request.stamp:
            raise ValueError(
                f"the chunk answers the stamp {chunk.observation_stamp}, not {request.stamp}"
            )
        return chunk


def _in_a_row(images: tuple[npt.NDArray[np.uint8], ...]) -> npt.NDArray[np.uint8]:
    """``[T, H, W, 3]``: one image needs no copy, a history is copied into one block."""
    return images[0][np.newaxis] if len(images) == 1 else np.stack(images)


def _describe(error: Exception) -> str:
    """Type, text and place of an exception, in one line."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    text = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}: {text}{place}"
