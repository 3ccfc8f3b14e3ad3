# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from vla_node.latest import LatestQueue


def test_newest_replaces_the_one_that_waits_and_the_loss_is_counted():
    queue = LatestQueue()
    for item in (1, 2, 3):
        queue.put(item)
    assert queue.take(timeout_s=0.0) == 3
    assert (queue.received, queue.dropped) == (3, 2)


def test_take_gives_up_after_its_timeout():
    assert LatestQueue().take(timeout_s=0.01) is None


def test_clear_drops_what_waits_and_nothing_twice():
    queue = LatestQueue()
    queue.put(1)
    queue.clear()
    queue.clear()
    assert queue.take(timeout_s=0.0) is None
    assert queue.dropped == 1


def test_close_wakes_a_taker_that_waits_for_ever():
    queue, taken = LatestQueue(), []
    taker = threading.Thread(target=lambda: taken.append(queue.take()))
    taker.start()
    time.sleep(0.02)
    queue.close()
    taker.join(1.0)
    assert taken == [None]
    assert queue.closed


def test_closed_queue_hands_out_nothing():
    queue = LatestQueue()
    queue.close()
    queue.put(1)
    assert queue.take() is None


@given(st.lists(st.booleans(), max_size=60))
def test_every_item_is_taken_dropped_or_waiting(puts):
    queue, taken = LatestQueue(), []
    for number, is_put in enumerate(puts):
        if is_put:
            queue.put(number)
        elif (item := queue.take(timeout_s=0.0)) is not None:
            taken.append(item)
    waiting = queue.take(timeout_s=0.0)
    assert queue.received == len(taken) + queue.dropped + (waiting is not None)
    assert taken == sorted(taken)


def test_slow_taker_in_another_thread_sees_only_newer_items_and_finally_the_last():
    queue, taken = LatestQueue(), []

    def take_slowly():
        while (item := queue.take(timeout_s=0.5)) is not None:
            taken.append(item)
            time.sleep(0.002)
            if item == 999:
                return

    taker = threading.Thread(target=take_slowly)
    taker.start()
    for number in range(1000):
        queue.put(number)
        if number % 100 == 0:
            time.sleep(0.001)
    taker.join(5.0)
    assert taken == sorted(set(taken))
    assert taken[-1] == 999
    assert queue.received == len(taken) + queue.dropped
