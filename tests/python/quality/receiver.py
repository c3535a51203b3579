"""A receiver of webhooks on loopback that can fail in every way."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Literal

import requests

Mode = Literal["takes", "times out", "answers 500", "drops", "answers too late", "is down"]
_PATIENCE = 0.25
"""Seconds that the sender waits for an answer."""


@dataclass
class Receiver:
    """What listens, and what it has received.

    Attributes:
        port: on 127.0.0.1.
        mode: what it does with the next request.
        keys: of the messages that it has taken, in order of arrival.
        over: set at the end, so that no answer is waited for any longer.
    """

    port: int
    mode: Mode = "takes"
    keys: list[str] = field(default_factory=list)
    over: Event = field(default_factory=Event)

    def send(self, _url: str, text_title: str, text_body: str) -> bool:
        """Posts a message; raises where there is no good answer."""
        # Nothing listens on port 9.
        port = 9 if self.mode == "is down" else self.port
        answer = requests.post(
            f"http://127.0.0.1:{port}/", json={"title": text_title, "body": text_body}, timeout=_PATIENCE
        )
        answer.raise_for_status()
        return True

    @property
    def distinct_keys(self) -> list[str]:
        """What a receiver keeps that drops a message whose key it knows."""
        return list(dict.fromkeys(self.keys))


@contextmanager
def listening() -> Iterator[Receiver]:
    """A receiver in a thread of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"]))
            mode = receiver.mode
            if mode in ("takes", "answers too late"):
                found = re.search(r"\n\nMessage (\S.*)$", json.loads(text)["body"])
                receiver.keys.append(found[1] if found else "no key")
            if mode in ("times out", "answers too late"):
                receiver.over.wait(4 * _PATIENCE)
            if mode in ("takes", "answers 500"):
                self.send_response(200 if mode == "takes" else 500)
                self.send_header("Content-Length", "0")
                self.end_headers()
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(server.server_port)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
