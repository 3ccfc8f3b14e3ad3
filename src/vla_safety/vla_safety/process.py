# SPDX-License-Identifier: Apache-2.0
"""The gate as a process: starts, ends when asked, and never ends without a last zero."""

from __future__ import annotations

import gc
import signal
import sys
import traceback
from typing import Any

import rclpy
from rclpy.executors import Executor, ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from vla_safety.errors import SafetyError
from vla_safety.node import NAME, SafetyNode


class _Quit:
    """Set by SIGINT or SIGTERM. The context stays alive, so that a last zero can be sent."""

    def __init__(self) -> None:
        self.requested = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._request)

    def _request(self, *_: Any) -> None:
        self.requested = True


def main(args: list[str] | None = None) -> int:
    """Run the gate; 0 after Ctrl-C or SIGTERM, 1 with one line on stderr after a failure."""
    quit_ = _Quit()
    node: SafetyNode | None = None
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
        node = SafetyNode()
        return _spin(node, quit_)
    except (SafetyError, RuntimeError) as error:  # RuntimeError: rcl, of arguments and files
        print(f"{NAME}: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    finally:
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()


def _spin(node: SafetyNode, quit_: _Quit) -> int:
    """Run `node` until asked to quit (0) or until one of its callbacks fails (1)."""
    gc.collect()
    gc.freeze()  # what stands now stands until the end, and need not be looked through again
    executor = _make_executor(node)
    executor.add_node(node)
    try:
        while rclpy.ok() and not quit_.requested:
            executor.spin_once(timeout_sec=0.1)
        if rclpy.ok():
            node.end()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except Exception as error:  # whatever went wrong: zero, a word, and the end
        sentence = f"the gate sent zero and ends, because a callback failed: {_where(error)}"
        print(f"{NAME}: {sentence}", file=sys.stderr)
        node.end(sentence)
        return 1
    return 0


def _make_executor(node: SafetyNode) -> Executor:
    """The events executor where the distribution has it, else the usual one.

    It needs about half of the CPU time: the usual one looks through everything that it waits
    for at each of more than a hundred events a second.
    """
    try:
        from rclpy.experimental import EventsExecutor
    except ImportError:
        return SingleThreadedExecutor(context=node.context)
    return EventsExecutor(context=node.context)


def _where(error: Exception) -> str:
    """`error` in one line with the place that raised it."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{error!r} ({frame.filename}:{frame.lineno})"


if __name__ == "__main__":
    sys.exit(main())
