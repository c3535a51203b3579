"""Overrides of planners: written here, applied by the next batch."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import psycopg

from prohandel.api.database import Connection, Pool, Schemas, rows_of, writing
from prohandel.api.paging import Listing, Page, Place, page_of
from prohandel.api.problems import Problem, not_ready

_COLUMNS = (
    "override_id, branch_number, article_number, starts_on, ends_on, factor::float8 as factor, units::float8 as units,"
    " reason, author, created_at, revoked_at"
)
_LISTING = Listing(
    columns=_COLUMNS,
    source="{forecasting}.overrides",
    places=(Place("-override_id", "bigint"),),
    filters={
        "branch": "branch_number = %(branch)s",
        "article": "article_number = %(article)s",
        "on": "%(on)s between starts_on and ends_on",
        "is_revoked": "(revoked_at is not null) = %(is_revoked)s",
    },
)
_KNOWN = (
    "select exists (select from {marts}.dim_shops where branch_number = %(branch_number)s) as branch,"
    " exists (select from {marts}.dim_articles where article_number = %(article_number)s) as article"
)
_INSERT = (
    "insert into {forecasting}.overrides"  # noqa: S608
    " (branch_number, article_number, starts_on, ends_on, factor, units, reason, author)"
    " values (%(branch_number)s, %(article_number)s, %(starts_on)s, %(ends_on)s, %(factor)s, %(units)s, %(reason)s,"
    f" %(author)s) returning {_COLUMNS}"
)
_REVOKE = (
    "update {forecasting}.overrides set revoked_at = coalesce(revoked_at, now())"  # noqa: S608
    f" where override_id = %(override_id)s returning {_COLUMNS}"
)
_NOT_THERE = "There is no table of overrides yet. Make it: prohandel forecast"


def overrides(
    conn: Connection, schemas: Schemas, filters: Mapping[str, str | date | bool | None], limit: int, cursor: str | None
) -> Page:
    """A page of overrides, the newest first.

    Args:
        conn: to the database.
        schemas: of the target.
        filters: branch, article, on (a day that they apply to), is_revoked; None means any.
        limit: rows of a page.
        cursor: of the page before; None for the first page.
    """
    try:
        return page_of(conn, schemas, _LISTING, filters, limit, cursor)
    except psycopg.errors.UndefinedTable:
        return Page([], None)


def add_override(pool: Pool, schemas: Schemas, override: Mapping[str, Any], author: str) -> dict[str, Any]:
    """Writes an override.

    Raises:
        Problem: the branch or the article is not known.
    """
    starts_on: date = override["starts_on"]
    ends_on = starts_on + min(timedelta(days=override["days"] - 1), date.max - starts_on)
    with writing(pool) as conn:
        known = rows_of(conn, schemas.sql(_KNOWN), override)[0]
        unknown = [name for name in ("branch", "article") if not known[name]]
        if unknown:
            raise Problem(
                404,
                f"There is no such {' and no such '.join(unknown)}.",
                "unknown-pair",
                errors=[{"in": f"body.{name}_number", "detail": "not known"} for name in unknown],
            )
        try:
            return rows_of(conn, schemas.sql(_INSERT), {**override, "ends_on": ends_on, "author": author})[0]
        except psycopg.errors.UndefinedTable:
            raise not_ready(_NOT_THERE) from None


def revoke_override(pool: Pool, schemas: Schemas, override_id: int) -> dict[str, Any] | None:
    """Revokes an override, for good; None where there is none. One that was revoked before stays as it is."""
    with writing(pool) as conn:
        try:
            found = rows_of(conn, schemas.sql(_REVOKE), {"override_id": override_id})
        except psycopg.errors.UndefinedTable:
            raise not_ready(_NOT_THERE) from None
    return found[0] if found else None
