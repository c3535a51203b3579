"""Answers as JSON, and what goes with a page."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from prohandel.api.paging import Page


def page_response(name: str, page: Page, headers: dict[str, str]) -> Response:
    """A page as JSON, its rows under a name."""
    return json_response(json_text({name: page.rows, "next_cursor": page.next_cursor}), headers=headers)


def link_to_next(request: Request, page: Page) -> dict[str, str]:
    """A relative address, so that it holds behind a proxy whatever the header Host says."""
    if page.next_cursor is None:
        return {}
    return {"Link": f'<?{request.url.include_query_params(cursor=page.next_cursor).query}>; rel="next"'}


def prefers_csv(accept: str) -> bool:
    """Whether the header Accept rates text/csv above application/json."""
    rated: dict[str, float] = {}
    for part in accept.split(","):
        kind, _, parameters = part.partition(";")
        quality = parameters.replace(" ", "").partition("q=")[2].partition(";")[0]
        try:
            rated[kind.strip().lower()] = float(quality) if quality else 1.0
        except ValueError:
            rated[kind.strip().lower()] = 0.0
    return rated.get("text/csv", 0.0) > rated.get("application/json", 0.0)


def json_text(content: Any) -> str:
    """JSON; dates as ISO 8601."""
    return json.dumps(content, default=_plain, allow_nan=False, separators=(",", ":"))


def _plain(value: Any) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def json_response(text: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer whose text is there already."""
    return Response(text, status, headers, "application/json")
