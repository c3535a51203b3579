"""Reading Fivetran's answers: what is in a good one, what a refusal means, and what to do about it."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from prohandel.connector.masking import Mask
from prohandel.errors import EXIT_CONFIGURATION, ProhandelError

Record = dict[str, Any]
"""A JSON object of the API."""

NO_FUNCTIONS = (
    "Fivetran refuses Function connections (service aws_lambda) in accounts made since 2025-07-22; older accounts keep "
    'theirs. The way out is Fivetran\'s Connector SDK: docs/connector.md, "When Fivetran refuses aws_lambda".'
)

_REMEDIES = {
    401: "Check FIVETRAN_API_KEY and FIVETRAN_API_SECRET: both parts of one key that has not been revoked.",
    403: "Give the user of this API key the rights for the connection's destination in Fivetran.",
    404: "Check the id or name: it is of another account, or has been deleted.",
    409: "A sync runs, or somebody changes the connection: try again when it has ended.",
    429: "The account's limit of requests per hour is reached: try again later.",
}


class FivetranError(ProhandelError):
    """Fivetran refuses, or cannot be reached.

    Args:
        status: of HTTP; 0 where no answer came.
        code: of Fivetran, such as NotFound_Connection; empty where there is none.
        message: without secrets.
        remedy: what to do.
    """

    def __init__(
        self, status: int, code: str, message: str, remedy: str = "", exit_code: int = EXIT_CONFIGURATION
    ) -> None:
        super().__init__(message, remedy, exit_code)
        self.status = status
        self.code = code

    @property
    def is_fault(self) -> bool:
        """Whether the request may have taken effect all the same."""
        return self.status == 0 or self.status >= 500


def error_of(answer: httpx.Response, method: str, path: str, mask: Mask) -> FivetranError:
    """The error that an answer of 4xx or 5xx stands for."""
    code, message = _said(answer)
    code, message = mask.hide(code), mask.hide(message)
    status = answer.status_code
    said = ": ".join(part for part in (code, message) if part)
    what = f"Fivetran answered {status} to {method} {path}" + (f": {said}" if said else ".")
    if refuses_functions(status, code, message):
        return FivetranError(status, code, what, NO_FUNCTIONS)
    remedy = _REMEDIES.get(status, "")
    if status >= 500:
        remedy = "Try again; https://status.fivetran.com says whether Fivetran has a fault."
    return FivetranError(status, code, what, remedy)


def refuses_functions(status: int, code: str, message: str) -> bool:
    """Whether a refusal is that of Function connections in a new account."""
    if status not in (400, 403, 404, 422):
        return False
    said = f"{code} {message}".lower()
    about_service = "aws_lambda" in said or "service" in said or "connector type" in said
    refused = ("not supported", "unsupported", "not available", "not allowed", "no longer", "deprecated", "disabled")
    return about_service and any(word in said for word in refused)


def unreachable(kind: str, url: str) -> FivetranError:
    """The error for no answer at all.

    Args:
        kind: of the failure, by its class; its text may hold more than may be shown.
        url: of the API.
    """
    return FivetranError(
        0, "", f"Fivetran does not answer at {url} ({kind}).", "Check the network, a proxy, and FIVETRAN_API_URL."
    )


def _said(answer: httpx.Response) -> tuple[str, str]:
    try:
        content = answer.json()
    except ValueError:
        return "", ""
    if not isinstance(content, dict):
        return "", ""
    return str(content.get("code") or ""), str(content.get("message") or "")


def content_of(answer: httpx.Response, method: str, path: str) -> Record:
    """The `data` of a good answer; empty where it has none.

    Raises:
        FivetranError: it is no JSON object.
    """
    if not answer.content:
        return {}
    try:
        content = answer.json()
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise FivetranError(
            answer.status_code,
            "NotJson",
            f"{method} {path} was answered with something that is no JSON object.",
            "Is FIVETRAN_API_URL Fivetran's API, and does no proxy answer in its place?",
        )
    data = content.get("data")
    return data if isinstance(data, dict) else {}


def seconds_to_wait(answer: httpx.Response) -> float | None:
    """Seconds that the server asks to wait; the header holds seconds or a date."""
    text = answer.headers.get("Retry-After", "").strip()
    if not text:
        return None
    try:
        return max(float(text), 0.0)
    except ValueError:
        pass
    try:
        seconds: float = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return None
    return max(seconds, 0.0)
