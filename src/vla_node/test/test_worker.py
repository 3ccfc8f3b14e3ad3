# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import queue
import time

import numpy as np
import pytest

from vla_node.continuing import Continuation
from vla_node.errors import WarmUpError
from vla_node.worker import WARM_UP_ROUNDS, InferenceWorker, Request
from vla_policy.action import ActionChunk, ActionSpec


@pytest.fixture
def start():
    """Starts a worker on a policy; gives it and the queue of its results."""
    workers = []

    def start(policy, **options):
        results = queue.Queue()
        worker = InferenceWorker(policy, results.put, now_ns=time.time_ns, **options)
        workers.append(worker)
        worker.start()
        policy.observations.clear()
        policy.prepared.clear()
        return worker, results

    yield start
    for worker in workers:
        worker.close()


def request(stamp=1, instruction="go", frames=1, task=1):
    image = np.zeros((6, 8, 3), dtype=np.uint8)
    return Request(
        images=(image,) * frames,
        instruction=instruction,
        task=task,
        stamp=stamp,
        state=np.zeros(3, dtype=np.float32),
        seen_ns=time.monotonic_ns(),
    )


def test_policy_is_warm_before_the_worker_counts_as_started(make_policy):
    policy = make_policy(history=2)
    worker = InferenceWorker(policy, lambda result: None, now_ns=time.time_ns)
    worker.start()
    assert len(policy.observations) == WARM_UP_ROUNDS
    assert policy.observations[0].images.shape[0] == 2
    assert worker.close()


def test_policy_that_fails_its_warm_up_is_refused_by_name(make_policy):
    policy = make_policy()
    policy.error = RuntimeError("no such kernel")
    worker = InferenceWorker(policy, lambda result: None, now_ns=time.time_ns)
    with pytest.raises(WarmUpError, match=r"'fake'.*no such kernel"):
        worker.start()
    assert worker.close()


def test_result_carries_stamp_and_times(start, make_policy):
    worker, results = start(make_policy())
    worker.queue.put(request(stamp=time.time_ns()))
    result = results.get(timeout=2.0)
    assert result.error == ""
    assert result.chunk.observation_stamp == result.request.stamp
    for number in (result.queue_wait_ms, result.preprocess_ms, result.inference_ms):
        assert 0.0 <= number < 1000.0
    assert 0.0 <= result.age_ms < 1000.0


def test_policy_begins_each_task_once_and_the_same_sentence_again_is_another(start, make_policy):
    policy = make_policy()
    worker, results = start(policy)
    for task, instruction in ((1, "go"), (1, "go"), (2, "go"), (2, "go"), (3, "stop")):
        worker.queue.put(request(instruction=instruction, task=task))
        results.get(timeout=2.0)
    assert policy.prepared == ["go", "go", "stop"]


def test_history_is_stacked(start, make_policy):
    policy = make_policy(history=3)
    worker, results = start(policy)
    worker.queue.put(request(frames=3))
    results.get(timeout=2.0)
    assert policy.observations[0].images.shape == (3, 6, 8, 3)


def test_exception_becomes_a_result_without_chunk_and_the_worker_lives_on(start, make_policy):
    policy = make_policy()
    worker, results = start(policy)
    policy.error = ValueError("bad\nweather")
    worker.queue.put(request())
    failed = results.get(timeout=2.0)
    assert failed.chunk is None
    assert "ValueError: bad weather" in failed.error
    policy.error = None
    worker.queue.put(request(stamp=2))
    assert results.get(timeout=2.0).chunk is not None


def test_chunk_for_another_spec_or_stamp_is_a_failure(start, make_policy):
    policy = make_policy()
    worker, results = start(policy)
    other = ActionSpec(("linear.x",), (-1.0,), (1.0,), 0.1, 2)
    policy.act = lambda seen: ActionChunk(np.zeros((2, 1), np.float32), seen.stamp, other)
    worker.queue.put(request())
    assert "another action spec" in results.get(timeout=2.0).error
    zeros = np.zeros((8, 2), np.float32)
    policy.act = lambda seen: ActionChunk(zeros, seen.stamp - 1, policy.spec)
    worker.queue.put(request())
    assert "answers the stamp 0, not 1" in results.get(timeout=2.0).error


def test_images_that_come_while_the_model_runs_replace_each_other(start, make_policy):
    policy = make_policy()
    worker, results = start(policy)
    policy.may_answer.clear()
    worker.queue.put(request(stamp=1))
    deadline = time.monotonic() + 2.0
    while not policy.observations and time.monotonic() < deadline:
        time.sleep(0.001)
    for stamp in (2, 3, 4):
        worker.queue.put(request(stamp=stamp))
    policy.may_answer.set()
    assert [results.get(timeout=2.0).request.stamp for _ in range(2)] == [1, 4]
    assert worker.queue.dropped == 2


def test_close_does_not_wait_for_a_model_that_hangs(start, make_policy):
    policy = make_policy()
    worker, results = start(policy)
    policy.may_answer.clear()
    worker.queue.put(request())
    while not policy.observations:
        time.sleep(0.001)
    assert worker.busy_s(time.monotonic_ns()) >= 0.0
    assert not worker.close(timeout_s=0.05)
    policy.may_answer.set()
    assert worker.close(timeout_s=1.0)
    assert results.empty()


def test_chunk_goes_on_from_the_last_one_of_its_task(start, make_policy):
    policy = make_policy()
    worker, results = start(policy, continuation=Continuation())
    now = time.time_ns()
    for stamp, task in ((now, 1), (now + 100_000_000, 1), (now + 200_000_000, 2)):
        worker.queue.put(request(stamp=stamp, task=task))
        assert results.get(timeout=2.0).chunk is not None
    first, second, third = (observation.plan for observation in policy.observations)
    assert first is None
    assert second.known == policy.spec.horizon - 1
    assert second.actions[0] == pytest.approx(policy.action)
    assert third is None, "what was said before does not count"


def test_failed_inference_leaves_the_plan_as_it_was(start, make_policy):
    policy = make_policy()
    worker, results = start(policy, continuation=Continuation())
    now = time.time_ns()
    for place, error in enumerate((None, ValueError("bad weather"), None)):
        policy.error = error
        worker.queue.put(request(stamp=now + place * 100_000_000))
        results.get(timeout=2.0)
    assert policy.observations[-1].plan.known == policy.spec.horizon - 2
