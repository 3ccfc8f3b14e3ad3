# SPDX-License-Identifier: Apache-2.0
"""The life of the process: it starts rclpy, runs a node with little CPU time, ends quietly."""

from __future__ import annotations

import contextlib
import gc
import re
import signal
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import rclpy
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from vla_monitor.errors import MonitorError

_ENDING = (signal.SIGINT, signal.SIGTERM)
_WAKE_PERIOD_S = 0.2


class EndSignals:
    """Takes Ctrl-C and SIGTERM in place of rclpy, within a `with` block.

    rclpy's own handlers shut the context down in the middle of a callback, and what that
    callback publishes next would raise. Here a signal interrupts the start of the process as
    KeyboardInterrupt; from `begin_running` on it is only noted in `asked`, to be looked at
    between two callbacks.
    """

    def __init__(self) -> None:
        self.asked = False
        self._running = False
        self._previous: dict[int, Any] = {}

    def begin_running(self) -> None:
        """The start is over: somebody looks at `asked` from now on."""
        self._running = True

    def __enter__(self) -> EndSignals:
        for number in _ENDING:
            self._previous[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        first, self.asked = not self.asked, True
        if first and not self._running:
            raise KeyboardInterrupt


def start(args: list[str] | None) -> None:
    """Starts rclpy; raises MonitorError for arguments or a parameter file it cannot read."""
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:  # rclpy's own class for this is private
        raise MonitorError(with_line(str(error).split("\n")[0])) from error


def with_line(sentence: str) -> str:
    """What rcl says of a parameter file, with the line that it gives only by its number."""
    file = re.search(r"--params-file ([^']+)'", sentence)
    number = re.search(r"line(?:_num)? (\d+)", sentence)
    if file is None or number is None:
        return sentence
    with contextlib.suppress(OSError, UnicodeDecodeError, IndexError):
        line = Path(file[1]).read_text(encoding="utf-8").splitlines()[int(number[1]) - 1]
        return f"{sentence}: {line.strip()!r}"
    return sentence


def run(node: Node, end: EndSignals) -> None:
    """Runs the node's callbacks, one at a time and in this thread, until a signal comes."""
    gc.collect()
    gc.freeze()  # what stands now stands until the end, and need not be looked through again
    executor = _make_executor(node)
    executor.add_node(node)
    end.begin_running()
    while node.context.ok() and not end.asked:
        executor.spin_once(timeout_sec=_WAKE_PERIOD_S)


def _make_executor(node: Node) -> Executor:
    """The events executor where the distribution has it, else the usual one.

    It needs about half of the CPU time: the usual one looks through everything that it waits
    for at each of more than a hundred events a second.
    """
    try:
        from rclpy.experimental import EventsExecutor
    except ImportError:
        return SingleThreadedExecutor(context=node.context)
    return EventsExecutor(context=node.context)
