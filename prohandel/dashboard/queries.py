"""Answers kept until the marts change: the key is the newest publication and the newest run, besides the question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st
from psycopg import sql

from prohandel.dashboard.conditions import BRANCHES, HIDDEN, Table
from prohandel.dashboard.database import Pool, Query, fetch, open_pool
from prohandel.dashboard.settings import Settings

STALE_AFTER = timedelta(hours=26)
"""A night without a sync and two hours: later than that, figures count as stale."""

_KEPT_ANSWERS = 400


@dataclass(frozen=True)
class Freshness:
    """What the marts are as of.

    Attributes:
        as_of_date: the last complete business day; None while there is no sale.
        newest_day: the newest business day, which may still be running.
        publication_id: of the newest publication; None where no run used the gate.
        published_at: when that was.
        run_at: start of the newest run; None before the first.
        recorded_at: start of the newest run that has come to its end.
        synced_at: newest sync of any landed table that the newest run has seen.
    """

    as_of_date: date | None
    newest_day: date | None
    publication_id: int | None
    published_at: datetime | None
    run_at: datetime | None
    recorded_at: datetime | None
    synced_at: datetime | None

    @property
    def version(self) -> str:
        """Changes when what the marts hold may have changed."""
        return f"{self.publication_id}|{self.run_at}|{self.recorded_at}|{self.as_of_date}|{self.newest_day}"

    def is_stale(self, now: datetime) -> bool:
        """Is the newest sync so old that the figures are those of another day?"""
        return self.synced_at is not None and now - self.synced_at > STALE_AFTER


_THERE = Query(
    sql.SQL("select name, to_regclass(name) is not null as is_there from unnest(%(names)s::text[]) as name"),
    {},
)

_AS_OF = sql.SQL(
    """
    select
        (select as_of_date from inventory_status limit 1) as stock_as_of,
        (select max(date_day) from branch_day_performance where is_complete) as sales_as_of,
        (select max(date_day) from branch_day_performance) as newest_day
    """
)

_RUNS = sql.SQL(
    """
    select
        (select max(run_at) from table_metrics) as run_at,
        (select max(run_at) from test_results) as recorded_at,
        (select max(last_synced_at) from table_metrics) as synced_at
    """
)

_PUBLICATION = sql.SQL(
    """
    select publication_id, decided_at as published_at
    from publications
    where outcome in ('published', 'rolled back')
    order by publication_id desc
    limit 1
    """
)


_OF_BRANCHES = sql.SQL(
    """
    select
        schemas.nspname as schema,
        relations.relname as name,
        array_agg(columns.attname::text order by columns.attname) filter (where columns.attname = any(%(branches)s))
            as columns
    from pg_class as relations
    inner join pg_namespace as schemas on relations.relnamespace = schemas.oid
    inner join pg_attribute as columns on columns.attrelid = relations.oid and columns.attnum > 0
    where
        schemas.nspname = any(array[%(marts)s, %(quality)s]::text[])
        and relations.relkind in ('r', 'v', 'm', 'p', 'f')
        and relations.relname <> 'dashboard_access'
        and not columns.attisdropped
    group by schemas.nspname, relations.relname
    having bool_or(columns.attname = any(%(branches)s)) or relations.relname = any(%(hidden)s)
    order by schemas.nspname = %(marts)s, name
    """
)


@st.cache_resource(show_spinner=False)
def pool_of(settings: Settings) -> Pool:
    """One pool for all sessions of a server."""
    return open_pool(settings)


def relations_there(pool: Pool, names: tuple[str, ...]) -> set[str]:
    """Those of the named marts that exist."""
    found = fetch(pool, Query(_THERE.statement, {"names": list(names)}))
    return set(found.loc[found["is_there"].astype(bool), "name"]) if len(found) else set()


def freshness_of(pool: Pool) -> Freshness:
    """What the marts are as of now: asked once per run of a page, never cached.

    Raises:
        DatabaseGoneError: the database does not answer.
    """
    needed = ("inventory_status", "branch_day_performance", "table_metrics", "test_results", "publications")
    there = relations_there(pool, needed)
    as_of = _only_row(pool, _AS_OF) if {"inventory_status", "branch_day_performance"} <= there else {}
    runs = _only_row(pool, _RUNS) if {"table_metrics", "test_results"} <= there else {}
    publication = _only_row(pool, _PUBLICATION) if "publications" in there else {}
    return Freshness(
        as_of_date=_day(as_of.get("stock_as_of")) or _day(as_of.get("sales_as_of")),
        newest_day=_day(as_of.get("newest_day")),
        publication_id=publication.get("publication_id"),
        published_at=_moment(publication.get("published_at")),
        run_at=_moment(runs.get("run_at")),
        recorded_at=_moment(runs.get("recorded_at")),
        synced_at=_moment(runs.get("synced_at")),
    )


def tables_of_branches(pool: Pool, settings: Settings) -> dict[str, Table]:
    """Every table that the pages can read and that has rows of branches, by name; marts come before quality."""
    parameters = {"marts": settings.marts, "quality": settings.quality, "branches": list(BRANCHES),
                  "hidden": list(HIDDEN)}  # fmt: skip
    found = fetch(pool, Query(_OF_BRANCHES, parameters))
    return {
        str(name): Table(str(schema), tuple(columns or ()), schema == settings.quality)
        for schema, name, columns in zip(found["schema"], found["name"], found["columns"].tolist(), strict=True)
    }


def answer(settings: Settings, version: str, query: Query) -> pd.DataFrame:
    """The rows of a query, asked once per version of the marts. Callers may change the frame: it is their own."""
    # One text as the key: Streamlit would hash settings and parameters piece by piece, which takes longer than reading.
    key = repr((settings, version, query.text(), sorted(query.used().items())))
    return _answer(key, settings, query)


@st.cache_data(show_spinner=False, max_entries=_KEPT_ANSWERS)
def _answer(key: str, _settings: Settings, _query: Query) -> pd.DataFrame:  # noqa: ARG001
    return fetch(pool_of(_settings), _query)


def _only_row(pool: Pool, statement: sql.SQL) -> dict[str, Any]:
    found = fetch(pool, Query(statement, {}))
    return {str(name): value for name, value in found.iloc[0].items()} if len(found) else {}


def _day(value: Any) -> date | None:
    return None if value is None or pd.isna(value) else pd.Timestamp(value).date()


def _moment(value: Any) -> datetime | None:
    return None if value is None or pd.isna(value) else pd.Timestamp(value).to_pydatetime()
