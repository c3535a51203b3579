"""What every request passes before a route sees it: host, key, rate, size and time, and a last net for errors."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import time
import uuid
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from prohandel.api.keys import Key, Keys
from prohandel.api.limits import Buckets
from prohandel.api.metrics import Metrics
from prohandel.api.problems import MEDIA_TYPE, Problem, problem_of

log = logging.getLogger("prohandel.api")

OPEN_PATHS = frozenset({"/health", "/ready", "/v1/health", "/v1/ready"})
"""Paths that a supervisor asks without a key."""
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_TRIES_PER_SECOND, _TRIES_BURST = 1.0, 20.0
_METHODS = frozenset({"GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS", "TRACE"})


@dataclass(frozen=True)
class Limits:
    """How much a server takes.

    Attributes:
        body_bytes: of a request's body.
        body_seconds: in which a body has to arrive.
        per_second: requests per key.
        burst: requests per key at once.
        at_once: requests that are answered at the same time.
    """

    body_bytes: int = 262_144
    body_seconds: float = 10.0
    per_second: float = 100.0
    burst: float = 200.0
    at_once: int = 64


class _GoneError(Exception):
    """Who asked has hung up."""


def gate(app: ASGIApp, keys: Keys, limits: Limits, metrics: Metrics) -> ASGIApp:
    """An application that lets a request through to another one only if all is well with it.

    Puts the id of the request and the key into the scope's state; while no key was ever made, the key is None and only
    requests to a name of this machine get in, so that no page in a browser reaches the server by a name of its own.
    """
    rates = Buckets(limits.per_second, limits.burst)
    tries = Buckets(_TRIES_PER_SECOND, _TRIES_BURST)
    running = 0

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal running
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await app(scope, receive, send)
            return
        request_id = uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        answer = _Answer(send, request_id)
        running += 1
        metrics.running.set(running)
        try:
            if running > limits.at_once:
                raise Problem(503, "The server is busy.", headers={"Retry-After": "1"})
            headers = Headers(scope=scope)
            _let_in(scope, headers, keys, rates, tries)
            body = await _body(headers, receive, limits)
            await app(scope, _replayed(body, receive), answer.send)
        except _GoneError:
            answer.status = 499
        except Exception as error:
            problem = problem_of(error)
            if problem.status >= 500 and not isinstance(error, Problem) and not answer.status:
                log.error("request %s: %s", request_id, type(error).__name__, exc_info=error)
            if not answer.status:
                await _refuse(answer, problem, request_id)
        finally:
            running -= 1
            metrics.running.set(running)
            route = scope.get("route")
            path = getattr(route, "path", None) or "none"
            method = scope["method"] if scope["method"] in _METHODS else "other"
            metrics.requests.labels(path, method, str(answer.status)).inc()
            metrics.seconds.labels(path).observe(time.perf_counter() - started)

    return serve


class _Answer:
    """Hands a response on, with the headers that each has, and remembers its status."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [
                *message.get("headers", []),
                (b"x-request-id", self._request_id.encode()),
                (b"cache-control", b"no-store"),
                (b"x-content-type-options", b"nosniff"),
            ]
        await self._send(message)


async def _refuse(answer: _Answer, problem: Problem, request_id: str) -> None:
    content = problem.content(request_id)
    headers = {**problem.headers, "content-type": MEDIA_TYPE, "content-length": str(len(content))}
    raw = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
    await answer.send({"type": "http.response.start", "status": problem.status, "headers": raw})
    await answer.send({"type": "http.response.body", "body": content})


def _let_in(scope: Scope, headers: Headers, keys: Keys, rates: Buckets, tries: Buckets) -> None:
    """Finds the key, and takes from what it may send.

    Raises:
        Problem: nobody gets in this way, or not now.
    """
    client = scope.get("client") or ("nobody", 0)
    address = str(client[0])
    key: Key | None = None
    if scope["path"] in OPEN_PATHS:
        _take(rates, f"address {address}")
    elif keys.are_there():
        key = _key_of(headers, keys, tries, address)
        _take(rates, f"key {key.key_id}")
    else:
        if _host_name(headers) not in _LOOPBACK_NAMES:
            raise Problem(
                421, "Without keys the server answers to localhost alone. Make a key: prohandel api key add NAME"
            )
        _take(rates, f"address {address}")
    # The routes' expressions would take a line break at the end for the end.
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in scope["path"]):
        wrong = [{"in": "path", "detail": "a control character"}]
        raise Problem(422, "A path has no control characters.", "invalid-request", errors=wrong)
    scope["state"]["key"] = key


def _key_of(headers: Headers, keys: Keys, tries: Buckets, address: str) -> Key:
    challenge = {"WWW-Authenticate": 'Bearer realm="prohandel"'}
    given = headers.getlist("authorization")
    if not given:
        raise Problem(401, "Send a key: Authorization: Bearer prohandel_...", headers=challenge)
    # Whoever has a valid key is not slowed down by somebody who guesses behind the same proxy.
    scheme, _, text = given[0].partition(" ")
    key = keys.of(text.strip()) if len(given) == 1 and scheme.lower() == "bearer" else None
    if key:
        return key
    wait = tries.take(address)
    if wait:
        raise _too_many(wait)
    raise Problem(401, "The key is not valid. It may be revoked or past its last day.", headers=challenge)


def _take(buckets: Buckets, who: str) -> None:
    wait = buckets.take(who)
    if wait:
        raise _too_many(wait)


def _too_many(wait: float) -> Problem:
    seconds = max(1, round(wait + 0.5))
    return Problem(429, f"Too many requests. Wait {seconds} s.", "rate-exceeded", headers={"Retry-After": str(seconds)})


def _host_name(headers: Headers) -> str:
    """The name in the header Host, without a port; empty where there is none or more than one."""
    given = headers.getlist("host")
    if len(given) != 1:
        return ""
    name = given[0].lower()
    return name[: name.index("]") + 1] if name.startswith("[") and "]" in name else name.partition(":")[0]


async def _body(headers: Headers, receive: Receive, limits: Limits) -> bytes:
    """The whole body.

    Raises:
        Problem: it is too large, too slow or packed.
    """
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(415, "The body is to come unpacked, without Content-Encoding.")
    announced = headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > limits.body_bytes:
        raise _too_large(limits)
    try:
        return await asyncio.wait_for(_received(receive, limits), limits.body_seconds)
    except TimeoutError:
        raise Problem(408, "The body came too slowly.", headers={"Connection": "close"}) from None


async def _received(receive: Receive, limits: Limits) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _GoneError
        body += message.get("body", b"")
        if len(body) > limits.body_bytes:
            raise _too_large(limits)
        if not message.get("more_body"):
            return bytes(body)


def _too_large(limits: Limits) -> Problem:
    return Problem(413, f"A body may have {limits.body_bytes:,} bytes.", headers={"Connection": "close"})


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read already, then what comes after it."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
