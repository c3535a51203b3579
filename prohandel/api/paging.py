"""Pages of a list: by the place of the last row, so that pages neither overlap nor leave out."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from prohandel.api.database import Connection, Schemas, rows_of
from prohandel.api.problems import Problem

_LONGEST_CURSOR = 2_000


@dataclass(frozen=True)
class Place:
    """A part of what a list is ordered by, ascending.

    Attributes:
        expression: of SQL, never null.
        type: of SQL; its text is exact.
    """

    expression: str
    type: str


@dataclass(frozen=True)
class Listing:
    """A list that is read in pages; all of it SQL of this package, no text of a request.

    Attributes:
        columns: after `select`.
        source: after `from`; schemas as {marts} and {forecasting}.
        places: that it is ordered by; all together they are unique.
        filters: conditions by the name of their parameter.
    """

    columns: str
    source: str
    places: Sequence[Place]
    filters: Mapping[str, str]


@dataclass(frozen=True)
class Page:
    """A part of a list.

    Attributes:
        rows: by column.
        next_cursor: for the page that follows; None on the last one.
    """

    rows: list[dict[str, Any]]
    next_cursor: str | None


def page_of(
    conn: Connection,
    schemas: Schemas,
    listing: Listing,
    filters: Mapping[str, Any],
    limit: int,
    cursor: str | None,
    version: str = "",
) -> Page:
    """A page of a list.

    Args:
        conn: to the database.
        schemas: of the target.
        listing: the list.
        filters: values by name; None means any.
        limit: most rows.
        cursor: that the page before gave; None for the first page.
        version: of what the list is made of; a cursor of another version is refused.

    Raises:
        Problem: the cursor is none of this list with these filters, or of another version.
    """
    asked = {name: value for name, value in filters.items() if value is not None}
    conditions = [listing.filters[name] for name in asked]
    digest = hashlib.sha256(json.dumps([listing.source, asked], default=str, sort_keys=True).encode()).hexdigest()[:16]
    if cursor is not None:
        last = _opened(cursor, digest, version, len(listing.places))
        asked |= {f"after_{n}": value for n, value in enumerate(last)}
        after = ", ".join(f"%(after_{n})s::{place.type}" for n, place in enumerate(listing.places))
        conditions.append(f"({', '.join(place.expression for place in listing.places)}) > ({after})")
    shown = ", ".join(f"({place.expression})::text as place_{n}" for n, place in enumerate(listing.places))
    query = (
        f"select {listing.columns}, {shown} from {listing.source}"  # noqa: S608
        + (" where " + " and ".join(conditions) if conditions else "")
        + f" order by {', '.join(place.expression for place in listing.places)} limit %(limit)s"
    )
    try:
        rows = rows_of(conn, schemas.sql(query), {**asked, "limit": limit + 1})
    except psycopg.DataError:
        if cursor is None:
            raise
        raise _refused() from None
    has_more = len(rows) > limit
    keys = [[row.pop(f"place_{n}") for n in range(len(listing.places))] for row in rows[:limit]]
    return Page(rows[:limit], _closed(keys[-1], digest, version) if has_more else None)


def _closed(last: Sequence[str], digest: str, version: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([digest, version, *last]).encode()).decode().rstrip("=")


def _opened(cursor: str, digest: str, version: str, places: int) -> list[str]:
    if len(cursor) > _LONGEST_CURSOR:
        raise _refused()
    try:
        content = json.loads(
            base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        )
    except (ValueError, binascii.Error, RecursionError):
        raise _refused() from None
    if not isinstance(content, list) or len(content) != places + 2 or content[0] != digest:
        raise _refused()
    if not all(isinstance(part, str) and "\0" not in part and part.isprintable() for part in content):
        raise _refused()
    if content[1] != version:
        raise Problem(409, "The marts were built anew since the first page: start again.", "changed-since")
    return content[2:]


def _refused() -> Problem:
    return Problem(409, "The cursor is none that this list gave with these filters.", "wrong-cursor")
