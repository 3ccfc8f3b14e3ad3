# SPDX-License-Identifier: Apache-2.0
"""A policy behind a real websocket: the same chunks, and a clear word when something is wrong."""

import contextlib
import sys
import threading
import urllib.request

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.server import serve

from vla_policy.action import ActionChunk, ActionSpec
from vla_policy.errors import InstructionError, RemoteError
from vla_policy.observation import Observation
from vla_policy.remote import client, connect_policy, is_address
from vla_policy.remote.client import RemotePolicy
from vla_policy.remote.server import PolicyServer
from vla_policy.remote.wire import packed, unpacked

SPEC = ActionSpec(("linear.x", "angular.z"), (-0.6, -1.5), (0.6, 1.5), dt=0.1, horizon=4)


class Told:
    """A policy that answers with what it was told and shown."""

    name, spec, history = "told", SPEC, 2

    def __init__(self):
        self.prepared = []
        self.stamps = []
        self.answers = threading.Event()
        self.answers.set()

    def prepare(self, instruction):
        if instruction == "fly":
            raise InstructionError("this robot cannot fly")
        self.prepared.append(instruction)

    def act(self, observation):
        self.stamps.append(observation.stamp)
        self.answers.wait(10.0)
        if observation.instruction == "break":
            raise ZeroDivisionError("broken")
        actions = np.zeros((4, 2), np.float32)
        actions[:, 0] = observation.images.mean() / 1000.0
        actions[:, 1] = observation.state[2]
        return ActionChunk(actions, observation.stamp, self.spec)


def seen(instruction="go", stamp=7):
    images = np.full((2, 12, 16, 3), 100, np.uint8)
    state = np.array([0.0, 0.0, 0.5], np.float32)
    return Observation(images, instruction, stamp, state)


@pytest.fixture
def policy():
    return Told()


@pytest.fixture
def start(policy):
    servers = []

    def start(port=0):
        server = PolicyServer(policy, port=port)
        servers.append(server)
        threading.Thread(target=server.run, daemon=True).start()
        return server

    yield start
    policy.answers.set()
    for server in servers:
        server.close()


@pytest.fixture
def server(start):
    return start()


@pytest.fixture
def remote(server):
    remote = RemotePolicy(server.address, answer_limit_s=1.0)
    yield remote
    remote.close()


@given(
    arrays.arrays(
        st.sampled_from([np.uint8, np.int64, np.float32, np.float64, np.bool_]),
        arrays.array_shapes(max_dims=4),
    ),
    st.text(),
)
def test_arrays_and_text_arrive_as_they_left(array, text):
    message = unpacked(packed({"array": array, "text": text}))
    np.testing.assert_array_equal(message["array"], array)
    assert message["array"].dtype == array.dtype
    assert message["text"] == text


@given(st.binary())
def test_bytes_of_another_kind_are_refused_with_a_word(data):
    with contextlib.suppress(RemoteError):
        assert isinstance(unpacked(data), dict)


def test_arrays_of_objects_are_neither_sent_nor_taken():
    with pytest.raises(RemoteError, match="arrays of numbers"):
        packed({"array": np.array([None])})
    array = {b"__ndarray__": True, b"data": b"x" * 8, b"dtype": "|O8", b"shape": (1,)}
    with pytest.raises(RemoteError):
        unpacked(msgpack.packb({"array": array}))


def test_remote_policy_gives_the_chunk_of_the_policy(remote, policy):
    assert (remote.spec, remote.history) == (SPEC, 2)
    remote.prepare("go")
    chunk = remote.act(seen())
    assert policy.stamps == [7], "what it remembers, it counts by the robot's clock"
    np.testing.assert_array_equal(chunk.actions, policy.act(seen()).actions)
    assert chunk.observation_stamp == 7
    assert policy.prepared == ["go"]


def test_policy_is_prepared_once_for_each_sentence(remote, policy):
    for instruction in ("go", "go", "turn", "turn"):
        remote.act(seen(instruction))
    assert policy.prepared == ["go", "turn"]


def test_refused_sentence_is_told_and_the_next_one_is_taken(remote):
    with pytest.raises(RemoteError, match="this robot cannot fly"):
        remote.prepare("fly")
    assert remote.act(seen("go")).spec == SPEC


def test_failure_of_the_policy_is_told_and_leaves_the_connection_up(remote):
    with pytest.raises(RemoteError, match="the policy failed: ZeroDivisionError"):
        remote.act(seen("break"))
    assert remote.act(seen("go")).spec == SPEC


def test_late_answer_is_an_error_and_never_taken_for_the_next_one(remote, policy, monkeypatch):
    monkeypatch.setattr(client, "AGAIN_AFTER_S", 0.0)
    remote.act(seen())
    policy.answers.clear()
    with pytest.raises(RemoteError, match="no answer within 1 s"):
        remote.act(seen(stamp=1))
    policy.answers.set()
    images = np.full((2, 12, 16, 3), 200, np.uint8)
    late = Observation(images, "go", 2, np.zeros(3, np.float32))
    until_served(lambda: remote.act(late))
    assert remote.act(late).actions[0, 0] == pytest.approx(0.2)


def until_served(call):
    """Try until the server has noticed that the connection before is gone."""
    for _ in range(100):
        try:
            return call()
        except RemoteError:
            threading.Event().wait(0.05)
    return call()


def test_server_that_comes_back_is_found_and_told_the_sentence(start, policy, monkeypatch):
    monkeypatch.setattr(client, "AGAIN_AFTER_S", 0.0)
    first = start()
    port = int(first.address.rsplit(":", 1)[1])
    remote = RemotePolicy(first.address)
    remote.prepare("go")
    first.close()
    for reason in ("going away", "vla serve"):
        with pytest.raises(RemoteError, match=reason):
            remote.act(seen())
    start(port)
    assert until_served(lambda: remote.act(seen())).spec == SPEC
    assert policy.prepared == ["go", "go"]
    remote.close()


def test_second_robot_is_told_to_come_back_later(remote, server):
    with pytest.raises(RemoteError, match="another robot is served"):
        RemotePolicy(server.address)


@pytest.mark.parametrize("data", [b"\xc1", packed({"prompt": "go"}), "words"])
def test_nonsense_is_answered_with_what_is_wrong_with_it(server, data):
    with connect(server.address) as connection:
        unpacked(connection.recv())
        connection.send(data)
        assert "error" in unpacked(connection.recv())


def test_nobody_there_is_told_with_what_to_do():
    with pytest.raises(RemoteError, match=r"ws://127\.0\.0\.1:9: .*vla serve"):
        RemotePolicy("ws://127.0.0.1:9")


def test_server_of_another_kind_is_refused():
    def attend(connection):
        connection.send(packed({"model": "somebody's"}))

    with serve(attend, "127.0.0.1", 0) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        with pytest.raises(RemoteError, match="does not say which actions"):
            RemotePolicy(f"ws://127.0.0.1:{other.socket.getsockname()[1]}")
        other.shutdown()


def test_wrong_shape_of_actions_is_refused(remote, policy, monkeypatch):
    chunk = ActionChunk(np.zeros((4, 2), np.float32), 0, SPEC)
    object.__setattr__(chunk, "actions", np.zeros((1, 2), np.float32))
    monkeypatch.setattr(policy, "act", lambda observation: chunk)
    with pytest.raises(RemoteError, match=r"expected actions of shape \[4, 2\]"):
        remote.act(seen())


def test_port_that_is_taken_is_told(server, policy):
    with pytest.raises(RemoteError, match="cannot listen at"):
        PolicyServer(policy, port=int(server.address.rsplit(":", 1)[1]))


def test_health_is_answered_over_http(server):
    with urllib.request.urlopen(f"{server.address.replace('ws', 'http')}/healthz") as answer:
        assert answer.read() == b"OK\n"


def test_end_of_the_server_ends_its_connections(start):
    server = start()
    with connect(server.address) as connection:
        unpacked(connection.recv())
        server.close()
        with pytest.raises(ConnectionClosed):
            connection.recv(timeout=5.0)


def test_missing_library_is_told_with_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "vla_policy.remote.client", None)
    with pytest.raises(RemoteError, match="pip install msgpack websockets"):
        connect_policy("ws://127.0.0.1:9")


@pytest.mark.parametrize(
    ("policy_name", "address"),
    [("ws://10.0.0.7:8000", True), ("wss://host", True), ("end_to_end", False), ("/ws", False)],
)
def test_addresses_are_told_from_names(policy_name, address):
    assert is_address(policy_name) is address
