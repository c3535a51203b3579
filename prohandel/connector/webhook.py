"""Takes Fivetran's events over HTTP: starts `prohandel run` when a sync has ended well, instead of polling.

It registers itself nowhere. Fivetran speaks only HTTPS to public addresses: a reverse proxy or a tunnel in front ends
TLS and passes the body on as it came, because the signature is over its bytes.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import psycopg
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from prohandel.connector.events import Event, RefusedError, Taken, check_age, event_of, is_signed
from prohandel.connector.run_queue import OpenEvents, RunQueue
from prohandel.errors import ProhandelError

SECRET_VARIABLE = "PROHANDEL_WEBHOOK_SECRET"  # noqa: S105
PATH = "/fivetran"
SIGNATURE = "X-Fivetran-Signature-256"
LARGEST_BODY = 65_536
_BODY_SECONDS = 10.0
_SHORTEST_SECRET = 16


def secret_of_environment() -> bytes:
    """The secret that the webhook was registered with.

    Raises:
        ProhandelError: it is not set, or so short that it can be guessed.
    """
    secret = os.environ.get(SECRET_VARIABLE, "")
    if len(secret) < _SHORTEST_SECRET:
        what = "is not set" if not secret else f"has fewer than {_SHORTEST_SECRET} characters"
        raise ProhandelError(
            f"{SECRET_VARIABLE} {what}, the secret that Fivetran signs events with.",
            f"Make one: export {SECRET_VARIABLE}=$(openssl rand -hex 32), and register the webhook with the same one.",
        )
    return secret.encode()


def webhook_app(
    secret: bytes,
    connection_id: str,
    open_events: OpenEvents,
    queue: RunQueue,
    say: Callable[[str], None],
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Starlette:
    """The application: POST /fivetran for events, GET /health for a supervisor.

    Args:
        secret: that events are signed with.
        connection_id: whose events count; those of others are answered and forgotten.
        open_events: the table of events.
        queue: started and stopped with the application.
        say: is told what came.
        now: the time, to refuse old events.
    """

    async def receive(request: Request) -> Response:
        try:
            body = await asyncio.wait_for(_body(request), _BODY_SECONDS)
            if not is_signed(body, request.headers.get(SIGNATURE), secret):
                say("Refused an event without the right signature")
                raise RefusedError(401, "the signature is wrong")
            event = event_of(body)
            if event is None or event.connection_id != connection_id:
                return JSONResponse({"taken": "not of this connection" if event else "no sync"})
            check_age(event, now())
            taken = await run_in_threadpool(_take, open_events, event)
        except RefusedError as refused:
            return JSONResponse({"refused": refused.why}, refused.status)
        except TimeoutError:
            return JSONResponse({"refused": "too slow"}, 408)
        except ClientDisconnect:
            return Response(status_code=400)
        except (psycopg.Error, ProhandelError) as error:
            # Fivetran sends it again.
            say(f"An event could not be kept: {str(error).strip().splitlines()[0]}")
            return JSONResponse({"refused": "the database does not answer"}, 503)
        say(_line(event, taken))
        if taken == "starts a run":
            queue.wake()
        elif taken == "told":
            queue.tell()
        return JSONResponse({"taken": taken}, 202 if taken == "starts a run" else 200)

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "listening"})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        queue.start()
        try:
            yield
        finally:
            await run_in_threadpool(queue.stop)

    routes = [Route(PATH, receive, methods=["POST"]), Route("/health", health, methods=["GET"])]
    return Starlette(routes=routes, lifespan=lifespan)


async def _body(request: Request) -> bytes:
    """The body, byte for byte.

    Raises:
        RefusedError: it is larger than any event.
    """
    announced = request.headers.get("Content-Length", "0")
    if announced.isdigit() and int(announced) > LARGEST_BODY:
        raise RefusedError(413, "too large")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BODY:
            raise RefusedError(413, "too large")
    return bytes(body)


def _take(open_events: OpenEvents, event: Event) -> Taken:
    with open_events() as events:
        return events.take(event)


def _line(event: Event, taken: Taken) -> str:
    """What came, in one line; the words of somebody else stay on it."""
    reason = " ".join(event.reason.split())
    said = f"{event.name} {event.status} of {event.connection_id}, sync {event.sync_id}: {taken}"
    return said + (f" ({reason[:200]})" if reason else "")
