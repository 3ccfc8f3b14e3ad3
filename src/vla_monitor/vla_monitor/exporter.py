# SPDX-License-Identifier: Apache-2.0
"""The HTTP server that Prometheus scrapes: /metrics, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST

PATH = "/metrics"
IDLE_TIMEOUT_S = 5.0  # a client that says nothing for so long is let go


class Exporter:
    """Serves a text in a thread of its own; raises OSError where the address cannot be used."""

    def __init__(self, address: str, port: int, text: Callable[[], bytes]) -> None:
        self._server = _Server((address, port), text)
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="metrics", daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Ends the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingMixIn, TCPServer):
    # Not http.server's own server class: that one looks the host's name up when it starts, which
    # can take seconds where a name server does not answer.
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], text: Callable[[], bytes]) -> None:
        super().__init__(address, _Handler)
        self.text = text

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is not worth a traceback in the robot's log."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = IDLE_TIMEOUT_S

    def do_GET(self) -> None:
        """Answers /metrics."""
        if self.path.split("?")[0] != PATH:
            self.send_error(HTTPStatus.NOT_FOUND, f"only {PATH} is served here")
            return
        body = self.server.text()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", CONTENT_TYPE_LATEST)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """A scrape every few seconds is not worth a line."""
