"""Errors as the API gives them: application/problem+json (RFC 9457), without a word about what is inside."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from psycopg_pool import PoolTimeout, TooManyRequests
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match, Route

from prohandel.errors import ProhandelError

MEDIA_TYPE = "application/problem+json"
SECONDS_TO_RETRY = 5
log = logging.getLogger("prohandel.api")

SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "An error, as RFC 9457 describes it.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "description": "Kind of the problem; stays the same for programs to act on."},
        "title": {"type": "string", "description": "The kind in words."},
        "status": {"type": "integer", "description": "Status of HTTP."},
        "detail": {"type": "string", "description": "What is wrong with this request and what to do."},
        "instance": {"type": "string", "description": "Id of the request, as in the header X-Request-Id and the log."},
        "errors": {
            "type": "array",
            "description": "Each part of the request that is wrong.",
            "items": {
                "type": "object",
                "required": ["in", "detail"],
                "properties": {
                    "in": {"type": "string", "description": "Where: body, query, path or header, then the way to it."},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}

_TITLES = {
    "invalid-request": "The request is not valid",
    "not-ready": "The warehouse is not ready",
    "elasticity-unknown": "No price elasticity is known",
    "wrong-cursor": "The cursor is of another list",
    "unknown-pair": "There is no such article or branch",
    "changed-since": "The list has changed since its first page",
    "no-forecast": "There is no forecast",
    "no-recommendation": "There is no recommendation",
    "scope-missing": "The key may not do this",
    "rate-exceeded": "Too many requests",
    "database-gone": "The database does not answer",
    "too-slow": "The answer took too long",
}


# Not the phrases of HTTP: those differ between versions of Python.
_KINDS = {
    400: "bad-request",
    401: "unauthorized",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    408: "request-timeout",
    413: "content-too-large",
    415: "unsupported-media-type",
    421: "misdirected-request",
    422: "invalid-request",
    500: "internal-server-error",
    503: "service-unavailable",
}


class Problem(Exception):  # noqa: N818
    """An error for the caller.

    Args:
        status: of HTTP.
        detail: what is wrong and what to do.
        kind: a word for programs; that of the status where it is left out.
        headers: of the response.
        errors: parts of the request that are wrong, each with `in` and `detail`.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        kind: str = "",
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind
        self.headers = dict(headers or {})
        self.errors = errors

    def content(self, request_id: str) -> bytes:
        """The body of the response."""
        kind = self.kind or _KINDS.get(self.status, f"status-{self.status}")
        content: dict[str, Any] = {
            "type": f"urn:prohandel:problem:{kind}",
            "title": _TITLES.get(kind) or kind.replace("-", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            "instance": f"urn:prohandel:request:{request_id}",
        }
        if self.errors:
            content["errors"] = list(self.errors)
        return json.dumps(content).encode()

    def response(self, request_id: str) -> Response:
        """The response."""
        return Response(self.content(request_id), self.status, self.headers, MEDIA_TYPE)


def declared(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of the problems of an operation, beside those that any may have."""
    described = {
        400: "The body is no JSON.",
        401: "No valid key was given.",
        403: "The key lacks the scope.",
        404: "There is nothing of that name.",
        408: "The body came too slowly.",
        409: "The request does not fit what there is; `type` says why.",
        413: "The body is too large.",
        415: "The body is not application/json.",
        421: "The name in the header Host is not that of this machine.",
        422: "A part of the request is not valid; `errors` says which.",
        429: "Too many requests; Retry-After says how long to wait.",
        500: "A fault of the server.",
        503: "The database does not answer, or the marts are not there yet.",
        504: "The answer took too long.",
    }
    return {
        status: {
            "description": described[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted({401, 408, 413, 415, 421, 422, 429, 500, 503, 504, *statuses})
    }


def gone() -> Problem:
    """The database does not answer."""
    return Problem(
        503,
        "The database does not answer. The request may be sent again as it is.",
        "database-gone",
        {"Retry-After": str(SECONDS_TO_RETRY)},
    )


def not_ready(detail: str) -> Problem:
    """What the request needs has not been built yet."""
    return Problem(503, detail, "not-ready", {"Retry-After": "60"})


def problem_of(error: Exception) -> Problem:
    """What the caller is told of an error; what it says itself goes to the log alone."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):
        return Problem(error.status_code, _http_detail(error), headers=error.headers)
    if isinstance(error, RequestValidationError):
        return _of_validation(error)
    if isinstance(error, psycopg.errors.QueryCanceled):
        return Problem(504, "The answer took too long and was given up. Ask for less at once.", "too-slow")
    if isinstance(error, (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName)):
        return not_ready("The marts are not there yet. Build them: prohandel run")
    if isinstance(error, (psycopg.OperationalError, PoolTimeout, TooManyRequests, ProhandelError)):
        return gone()
    return Problem(500, "A fault of the server; its log has more under the id of the request.")


def handle_problems(app: FastAPI) -> None:
    """Has an application answer every error with a problem."""

    async def answer(request: Request, error: Exception) -> Response:
        problem = problem_of(error)
        if problem.status == 405:
            problem.headers["Allow"] = ", ".join(sorted(_methods(app, request)))
        request_id = getattr(request.state, "request_id", "-")
        # 503 of a request that was stopped is the database's state, not a fault of ours.
        if problem.status >= 500 and not isinstance(error, Problem):
            log.error("request %s: %s", request_id, type(error).__name__, exc_info=error)
        return problem.response(request_id)

    for kind in (Problem, HTTPException, RequestValidationError, psycopg.Error, PoolTimeout, ProhandelError, Exception):
        app.add_exception_handler(kind, answer)


def _methods(app: FastAPI, request: Request) -> set[str]:
    """What all routes of a path take together; each route knows of its own alone."""
    path_alone = {**request.scope, "method": ""}
    return {
        method
        for route in app.routes
        if isinstance(route, Route) and route.matches(path_alone)[0] is not Match.NONE
        for method in route.methods or ()
    }


def _http_detail(error: HTTPException) -> str:
    details = {
        404: "There is nothing at this path. /v1/openapi.json lists what there is.",
        405: "This path does not take the method; the header Allow lists those that it takes.",
        400: "The body cannot be read as JSON.",
    }
    return details.get(error.status_code, HTTPStatus(error.status_code).phrase + ".")


def _of_validation(error: RequestValidationError) -> Problem:
    """Where and why; never the value that was sent."""
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        return Problem(400, "The body cannot be read as JSON.")
    errors = [
        {"in": ".".join(_shown(part) for part in each["loc"]), "detail": str(each["msg"])[:200]} for each in found[:20]
    ]
    return Problem(422, "A part of the request is not valid; errors says which.", "invalid-request", errors=errors)


def _shown(part: object) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in str(part))[:60]
