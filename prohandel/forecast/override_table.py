"""The table of planners' overrides: checked before anything is written, revoked instead of deleted."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from prohandel.errors import ProhandelError
from prohandel.pipeline.target import exists

COLUMNS = ("article_number", "branch_number", "starts_on", "ends_on", "factor", "units", "reason", "author")
"""Of a CSV file; one of factor and units is left empty, author may be left out."""

MOST_FACTOR, MOST_UNITS = 1_000, 10_000_000
"""What is beyond is a slip of the keyboard."""


@dataclass(frozen=True)
class Wish:
    """An override that is to be added; `place` says where it stands, for messages."""

    article_number: str
    branch_number: str
    starts_on: date
    ends_on: date
    factor: float | None
    units: float | None
    reason: str
    author: str
    place: str = "The override"


def check(wish: Wish, articles: Iterable[str], branches: Iterable[str]) -> None:
    """Holds an override against the rules of its table and what the warehouse knows.

    Raises:
        ProhandelError: it breaks one of them.
    """
    for word, number, known in (
        ("article", wish.article_number, articles),
        ("branch", wish.branch_number, branches),
    ):
        if number not in known:
            raise ProhandelError(f"{wish.place}: there is no {word} {number}.", _did_you_mean(number, known, word))
    if wish.ends_on < wish.starts_on:
        raise ProhandelError(
            f"{wish.place} ends on {wish.ends_on}, before it starts on {wish.starts_on}.",
            "Give the first day and the last one, which is included.",
        )
    if (wish.factor is None) == (wish.units is None):
        said = "neither a factor nor units" if wish.factor is None else "both a factor and units"
        raise ProhandelError(
            f"{wish.place} has {said}.",
            "Give one of them: a factor that the forecast is multiplied by, or the units of all its days together.",
        )
    for name, value, most in (("factor", wish.factor, MOST_FACTOR), ("units", wish.units, MOST_UNITS)):
        if value is not None and not 0 <= value <= most:
            raise ProhandelError(
                f"{wish.place}: {name} is {value:g}.",
                f"Give a number from 0, which says that nothing sells, to {most:,}.",
            )
    if not wish.reason.strip():
        raise ProhandelError(f"{wish.place} has no reason.", "Say in a few words why the forecast is wrong.")


def _did_you_mean(number: str, known: Iterable[str], word: str) -> str:
    close = get_close_matches(number, list(known), n=3)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    plural = {"article": "dim_articles", "branch": "dim_shops"}[word]
    return f"The mart {plural} has those that are known."


def add(conn: psycopg.Connection, schema: str, marts: str, wishes: Sequence[Wish]) -> list[int]:
    """Checks all overrides and writes them: all or none. One that is in force already, word for word, is left out.

    Args:
        conn: to the warehouse.
        schema: of forecasts.
        marts: schema of dim_articles and dim_shops.
        wishes: what is to be added, the newest last.

    Returns:
        The numbers of those that are new.

    Raises:
        ProhandelError: one of them breaks a rule, or the marts are not built yet.
    """
    articles = _known(conn, marts, "dim_articles", "article_number")
    branches = _known(conn, marts, "dim_shops", "branch_number")
    for wish in wishes:
        check(wish, articles, branches)
    statement = sql.SQL(
        """
        insert into {table} (article_number, branch_number, starts_on, ends_on, factor, units, reason, author)
        select
            %(article_number)s, %(branch_number)s, %(starts_on)s, %(ends_on)s, %(factor)s::numeric, %(units)s::numeric,
            %(reason)s, %(author)s
        where not exists (
            select from {table}
            where
                article_number = %(article_number)s and branch_number = %(branch_number)s
                and starts_on = %(starts_on)s and ends_on = %(ends_on)s
                and factor is not distinct from %(factor)s::numeric and units is not distinct from %(units)s::numeric
                and reason = %(reason)s and revoked_at is null
        )
        returning override_id
        """
    ).format(table=sql.Identifier(schema, "overrides"))
    with conn.transaction():
        rows = [conn.execute(statement, asdict(wish)).fetchone() for wish in wishes]
    return [int(row[0]) for row in rows if row is not None]


def require(conn: psycopg.Connection, schema: str, table: str, word: str, number: str) -> None:
    """Holds a number against those of a mart.

    Raises:
        ProhandelError: it is not there; the message has those that are written nearly the same.
    """
    known = _known(conn, schema, table, f"{word}_number")
    if number not in known:
        raise ProhandelError(f"There is no {word} {number}.", _did_you_mean(number, known, word))


def _known(conn: psycopg.Connection, schema: str, table: str, column: str) -> frozenset[str]:
    relation = sql.Identifier(schema, table)
    if not exists(conn, relation):
        raise ProhandelError(
            f"There is no mart {table} that articles and branches could be looked up in.", "prohandel run"
        )
    rows = conn.execute(sql.SQL("select {} from {}").format(sql.Identifier(column), relation)).fetchall()
    return frozenset(row[0] for row in rows)


def listed(conn: psycopg.Connection, schema: str, *, revoked: bool = False) -> list[dict[str, Any]]:
    """The overrides in force, the newest first; those that were revoked as well if asked for."""
    names = ("override_id", *COLUMNS, "created_at", "revoked_at")
    rows = conn.execute(
        sql.SQL(
            """
            select
                override_id, article_number, branch_number, starts_on, ends_on, factor::float8, units::float8, reason,
                author, created_at, revoked_at
            from {}
            where revoked_at is null or %s
            order by override_id desc
            """
        ).format(sql.Identifier(schema, "overrides")),
        [revoked],
    ).fetchall()
    return [dict(zip(names, row, strict=True)) for row in rows]


def revoke(conn: psycopg.Connection, schema: str, number: int) -> None:
    """Takes an override out of force from the next batch on; it stays in the table.

    Raises:
        ProhandelError: no override of that number is in force.
    """
    done = conn.execute(
        sql.SQL("update {} set revoked_at = now() where override_id = %s and revoked_at is null").format(
            sql.Identifier(schema, "overrides")
        ),
        [number],
    )
    if not done.rowcount:
        raise ProhandelError(
            f"No override {number} is in force.", "`prohandel forecast override list` shows those that are."
        )


def read_file(path: Path, author: str) -> list[Wish]:
    """Overrides of a CSV file, with commas and points or, as German spreadsheets write it, semicolons and commas.

    Args:
        path: UTF-8, with a header; columns as COLUMNS.
        author: of rows that name none.

    Raises:
        ProhandelError: the file cannot be read; the message names row and column.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ProhandelError(f"{path} cannot be read: {error}", "Name a CSV file in UTF-8.") from error
    lines = text.splitlines()
    delimiter = ";" if lines and ";" in lines[0] else ","
    reader = csv.DictReader(lines, delimiter=delimiter)
    columns = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = columns
    missing = [name for name in COLUMNS if name not in (*columns, "author")]
    unknown = [name for name in columns if name not in COLUMNS]
    if missing or unknown:
        said = [f"lacks {', '.join(missing)}"] if missing else []
        said += [f"has {', '.join(unknown)} besides"] if unknown else []
        raise ProhandelError(f"{path} {' and '.join(said)}.", f"Its columns are to be {', '.join(COLUMNS)}.")
    return [
        _wish({name: (value or "").strip() for name, value in row.items() if name}, f"{path}, line {line}", author)
        for line, row in enumerate(reader, start=2)
        if any(row.values())
    ]


def _wish(row: dict[str, str], place: str, author: str) -> Wish:
    return Wish(
        article_number=row["article_number"],
        branch_number=row["branch_number"],
        starts_on=_date(row["starts_on"], "starts_on", place),
        ends_on=_date(row["ends_on"], "ends_on", place),
        factor=_number(row["factor"], "factor", place),
        units=_number(row["units"], "units", place),
        reason=row["reason"],
        author=row.get("author") or author,
        place=place,
    )


def _date(text: str, column: str, place: str) -> date:
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    raise ProhandelError(f"{place}: {column} is {text!r}, not a date.", "Write it as 2026-12-24 or 24.12.2026.")


def _number(text: str, column: str, place: str) -> float | None:
    if not text:
        return None
    try:
        return float(text.replace(",", "."))
    except ValueError as error:
        raise ProhandelError(f"{place}: {column} is {text!r}, not a number.", "Write it as 1.5 or 1,5.") from error
