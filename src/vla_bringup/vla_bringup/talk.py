# SPDX-License-Identifier: Apache-2.0
"""A node for the length of one verb: it says one thing to a running robot, or asks one."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from vla_bringup.environment import adopt_transport
from vla_bringup.errors import NobodyThereError, RefusedError
from vla_bringup.shared_memory import clear_half_made_ports

POLL_S = 0.05


@contextlib.contextmanager
def passing_node(purpose: str, namespace: str = "") -> Iterator[Any]:
    """A node that lives for the block; its name tells who it is and clashes with nobody.

    Raises:
        RefusedError: the namespace is no valid one.
    """
    adopt_transport()
    clear_half_made_ports()
    import rclpy
    from rclpy.exceptions import InvalidNamespaceException
    from rclpy.signals import SignalHandlerOptions
    from rclpy.validate_namespace import validate_namespace

    try:
        validate_namespace("/" + namespace.strip("/"))
    except InvalidNamespaceException as error:
        raise RefusedError(
            f"{namespace!r} is no namespace: expected a name like 'robot1'"
        ) from error
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = rclpy.create_node(f"vla_{purpose}_{os.getpid()}", namespace=namespace)
        try:
            yield node
        finally:
            node.destroy_node()
    finally:
        rclpy.try_shutdown()


def wait_until(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Whether the condition came true in time; looks again every 50 ms."""
    until = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(POLL_S)
    return True


def reached(node: Any, publisher: Any) -> set[str]:
    """Names of the nodes that a publisher reaches; none before it reaches all that are known.

    The graph tells of a listener a moment before it can be spoken to.
    """
    infos = node.get_subscriptions_info_by_topic(publisher.topic_name)
    if publisher.get_subscription_count() < len(infos):
        return set()
    return {info.node_name for info in infos}


def call(node: Any, service: Any, name: str, request: Any, timeout_s: float) -> Any:
    """The answer of a service, which is waited for.

    Raises:
        NobodyThereError: nobody offers the service, or the answer does not come in time.
    """
    import rclpy

    client = node.create_client(service, name)
    full_name = node.resolve_service_name(name)
    if not client.wait_for_service(timeout_sec=timeout_s):
        raise NobodyThereError(
            f"nobody offers {full_name}: is the robot running in ROS domain {domain_name()}? "
            "(`vla sim` starts a simulated one)"
        )
    future = client.call_async(request)
    rclpy.spin_until_future_complete(node, future, timeout_sec=timeout_s)
    if not future.done():
        raise NobodyThereError(f"{full_name} gave no answer within {timeout_s:.0f} s")
    return future.result()


def domain_name() -> str:
    """The ROS domain of this process, as people set it."""
    return os.environ.get("ROS_DOMAIN_ID") or "0"
