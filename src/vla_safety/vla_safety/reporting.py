# SPDX-License-Identifier: Apache-2.0
"""Tells people and monitors what the gate does: state, events, diagnostics, log lines."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.event_handler import PublisherEventCallbacks
from rclpy.node import Node

from vla_safety import messages, places, qos, topics
from vla_safety.audit import Audit, Event
from vla_safety.audit_log import MEGABYTE, AuditLog
from vla_safety.decision import Decision
from vla_safety.gate import Gate
from vla_safety.instant import SECOND_NS
from vla_safety.status import LEVELS, Level, Status, event_status, failure_status, gate_status

_HASH_DIGITS = 12


class Reporter:
    """Publishes on behalf of `node` what becomes of the decisions of `gate`."""

    def __init__(self, node: Node, gate: Gate) -> None:
        self._logger = node.get_logger()
        self._gate = gate
        self._audit = Audit()
        self._instruction_hash = ""
        self._told: tuple[Any, ...] = ()
        self._told_ns = 0
        values = gate.settings.values
        self._robot_name: str = values["robot_name"]
        self._log = AuditLog(
            places.log_path(values["audit_log.directory"], node.get_fully_qualified_name()),
            values["audit_log.max_megabytes"] * MEGABYTE,
            values["audit_log.files"],
        )
        # A subscriber whose QoS does not fit is warned on its own side.
        publisher = partial(
            node.create_publisher,
            event_callbacks=PublisherEventCallbacks(use_default_callbacks=False),
        )
        self._states = publisher(DiagnosticStatus, topics.STATE, qos.STATE)
        self._events = publisher(DiagnosticStatus, topics.EVENTS, qos.EVENTS)
        self._diagnostics = publisher(DiagnosticArray, topics.DIAGNOSTICS, qos.DIAGNOSTICS)

    def note_instruction(self, text: str) -> None:
        """From now on the events carry the hash of this instruction."""
        self._instruction_hash = sha256(text.encode()).hexdigest()[:_HASH_DIGITS] if text else ""

    def report(self, decision: Decision, now_ns: int, clock_ns: int) -> None:
        """Tell what is new at this tick [ns, steady and node clock]."""
        for event in self._audit.observe(decision, now_ns):
            self.tell(event, decision, clock_ns)
        self._publish_state(decision, now_ns, clock_ns)

    def tell(self, event: Event, decision: Decision, clock_ns: int) -> None:
        """Tell one event, on its topic, in the audit log and in the log of the node."""
        axes = self._gate.settings.values["axes"]
        self._publish_event(event_status(event, decision, axes, self._instruction_hash), clock_ns)
        if event.kind == "state" and LEVELS[event.state] is not Level.OK:
            self._logger.warning(f"state: {event.text}")
        else:
            self._logger.info(f"{event.kind}: {event.text}")

    def fail(self, sentence: str, clock_ns: int) -> None:
        """The last word of a gate that has to end itself."""
        status = failure_status(sentence)
        self._publish_event(status, clock_ns)
        self._publish(status, clock_ns)

    def close(self) -> None:
        """Write what the log still waits for."""
        self._log.close()

    def _publish_event(self, status: Status, clock_ns: int) -> None:
        self._log.write(
            {
                "time_ns": clock_ns,
                "robot": self._robot_name,
                "level": status.level.name,
                "message": status.message,
                **status.values,
            }
        )
        self._events.publish(messages.diagnostic_from(status, self._robot_name))

    def _publish_state(self, decision: Decision, now_ns: int, clock_ns: int) -> None:
        """State and diagnostics, on each change and once a second."""
        gate = self._gate
        told = (
            *self._audit.shown(decision),
            gate.arming.armed,
            gate.estop.latched,
            gate.estop.input_active,
            decision.source,
            self._audit.active(),
            self._log.trouble,
        )
        if told == self._told and now_ns - self._told_ns < SECOND_NS:
            return
        self._told, self._told_ns = told, now_ns
        status = gate_status(gate, decision, self._audit, clock_ns)
        log = {"audit_log": self._log.trouble or "ok"}
        self._publish(Status(status.level, status.message, {**status.values, **log}), clock_ns)

    def _publish(self, status: Status, clock_ns: int) -> None:
        diagnostic = messages.diagnostic_from(status, self._robot_name)
        self._states.publish(diagnostic)
        self._diagnostics.publish(messages.diagnostics_from(diagnostic, clock_ns))
