"""How requests reach the fake API: in process or over loopback, with the faults of a network and a clock of its own."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import httpx

Record = dict[str, Any]


class CrashError(BaseException):
    """The process that asks dies here; nothing catches it."""


class FakeClock:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass(frozen=True)
class Request:
    """One request as it arrived.

    Attributes:
        method: of HTTP.
        path: below /v1.
        params: of the query.
        body: JSON object, empty where none was sent.
        headers: with names in lower case.
    """

    method: str
    path: str
    params: dict[str, str] = field(default_factory=dict)
    body: Record = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What is answered: status, JSON object, further headers."""

    status: int
    content: Record
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Fault:
    """What goes wrong with some requests.

    Attributes:
        kind: "status" answers `status`, "drop" closes without an answer, "crash" kills who asks (in process only).
        method: of the requests that it hits; any where None.
        path: regular expression that their whole path matches; any where None.
        at: index of the request, from the first one on; any where None.
        times: how many requests it hits.
        after_effect: whether the change takes effect before.
        status: of the answer.
        retry_after: header of the answer.
        message: of the answer.
    """

    kind: Literal["status", "drop", "crash"]
    method: str | None = None
    path: str | None = None
    at: int | None = None
    times: int = 1
    after_effect: bool = False
    status: int = 500
    retry_after: str | None = None
    message: str = "Something went wrong."

    def hits(self, index: int, request: Request) -> bool:
        return (
            self.times > 0
            and self.at in (None, index)
            and self.method in (None, request.method)
            and (self.path is None or re.fullmatch(self.path, request.path) is not None)
        )


class _DroppedError(Exception):
    """No answer."""


class FaultyServer:
    """Counts requests, and lets faults come between them and what answers.

    Attributes:
        requests: that have arrived, in order.
        faults: that wait for their requests.
        latency: seconds that each request takes.
    """

    def __init__(self, answer: Callable[[Request], Answer], sleep: Callable[[float], None]) -> None:
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.latency = 0.0
        self._answer = answer
        self._sleep = sleep
        self._lock = threading.Lock()

    def handle(self, request: Request) -> Answer:
        """Answers a request, or lets a fault happen."""
        if self.latency:
            self._sleep(self.latency)
        with self._lock:
            index = len(self.requests)
            self.requests.append(request)
            fault = next((one for one in self.faults if one.hits(index, request)), None)
            if fault is None:
                return self._answer(request)
            fault.times -= 1
            if fault.after_effect:
                self._answer(request)
            if fault.kind == "crash":
                raise CrashError(f"request {index}: {request.method} {request.path}")
            if fault.kind == "drop":
                raise _DroppedError
            headers = {"Retry-After": fault.retry_after} if fault.retry_after is not None else {}
            return Answer(fault.status, {"code": f"Error{fault.status}", "message": fault.message}, headers)

    def transport(self) -> httpx.MockTransport:
        """For a client in this process."""

        def respond(sent: httpx.Request) -> httpx.Response:
            content = sent.read()
            try:
                answer = self.handle(
                    Request(
                        sent.method,
                        sent.url.path.removeprefix("/v1"),
                        dict(sent.url.params),
                        json.loads(content) if content else {},
                        {name.lower(): value for name, value in sent.headers.items()},
                    )
                )
            except _DroppedError:
                raise httpx.RemoteProtocolError("Server disconnected without sending a response.") from None
            return httpx.Response(answer.status, json=answer.content, headers=answer.headers)

        return httpx.MockTransport(respond)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serves on a free port of loopback; gives the address of the API."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def _respond(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                content = self.rfile.read(size) if size else b""
                parts = urlsplit(self.path)
                request = Request(
                    self.command,
                    parts.path.removeprefix("/v1"),
                    dict(parse_qsl(parts.query)),
                    json.loads(content) if content else {},
                    {name.lower(): value for name, value in self.headers.items()},
                )
                try:
                    answer = outer.handle(request)
                except _DroppedError:
                    self.close_connection = True
                    return
                sent = json.dumps(answer.content).encode()
                self.send_response(answer.status)
                for name, value in {**answer.headers, "Content-Type": "application/json"}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            do_GET = do_POST = do_PATCH = do_DELETE = _respond  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
