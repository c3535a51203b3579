"""Reads what the marts of `quality` have measured, and finds what is out of the ordinary."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import psycopg
from psycopg import sql

from prohandel.persons.recognition import returned_customers
from prohandel.pipeline.target import Target, exists
from prohandel.quality import incidents, rates, volume
from prohandel.quality.findings import failed_tests, schema_changes
from prohandel.quality.symptoms import ALL_BRANCHES, Kind, Severity, Symptom

STATES = ("bb", "be", "bw", "by", "hb", "he", "hh", "mv", "ni", "nw", "rp", "sh", "sl", "sn", "st", "th")
_HOUR = timedelta(hours=1)
_WINDOW = timedelta(hours=24)
_BASELINE = timedelta(days=volume.BASELINE_DAYS)
_PAST_TIME = timedelta(days=7)


@dataclass(frozen=True)
class _Rate:
    """A share of rows that hold; what it means if fewer do."""

    table: str
    metric: str
    kind: Kind
    column: str | None
    severity: Severity
    says: str
    least_move: float = rates.MINIMUM_MOVE
    least_rows: float = rates.MINIMUM_ROWS
    rare: float = 0.02
    about: str | None = None


RATES = (
    _Rate("sale", "accepted", "anomaly", None, "error", "cannot be read and were rejected"),
    _Rate("sale", "has_branch", "anomaly", "branch_number", "warn", "name a branch that has not landed"),
    _Rate("sale", "has_article", "anomaly", "article_number", "warn", "name an article that has not landed"),
    _Rate("sale", "has_customer", "anomaly", "customer_number", "warn", "name a customer who has not landed"),
    _Rate("sale", "has_price", "anomaly", "sale_price", "error", "have no price"),
    _Rate("sale", "has_no_negative_price", "anomaly", "sale_price", "error", "were sold at a price below zero"),
    _Rate("sale", "has_list_price", "anomaly", "label_price", "error", "carry another label price than their article"),
    # Corrections of old lines need not add up, and make up much of what a night brings.
    _Rate(
        "sale",
        "adds_up",
        "anomaly",
        "sale_price",
        "error",
        "do not add up: label less discount is not what was paid",
        0.1,
    ),
    # A receipt or two of other days, corrected at night, are nothing yet.
    _Rate(
        "sale",
        "is_punctual",
        "anomaly",
        "date",
        "warn",
        "were sold at a time that does not fit their arrival",
        0.25,
        10,
    ),
    _Rate("sale", "is_in_hours", "anomaly", "date", "warn", "were sold outside of opening hours", 0.25),
    _Rate("sale", "is_recent", "anomaly", "date", "warn", "are of days long past", 0.25, 10),
    _Rate("sale", "is_plausible", "anomaly", "quantity", "error", "have a quantity beyond reason"),
    _Rate("sale", "is_single", "duplicates", "id", "error", "are there twice, under another id"),
    _Rate("sale", "is_first", "duplicates", "id", "error", "carry an id that had landed before", 0.25, 10),
    _Rate(
        "sale",
        "has_moved_stock",
        "anomaly",
        "quantity",
        "warn",
        "sold articles whose stock did not move",
        0.25,
        about="inventory",
    ),
    _Rate(
        "daily_sales_agg",
        "fits_sales",
        "anomaly",
        "total_amount",
        "warn",
        "say more than what landed with them",
        0.25,
        0.9,
        # A batch has a row or two, so that one that is off is nothing yet.
        0.05,
    ),
    _Rate("inventory", "accepted", "anomaly", None, "error", "cannot be read and were rejected"),
    _Rate("inventory", "has_stock", "anomaly", "quantity", "warn", "hold stock below zero"),
    _Rate("inventory", "is_plausible", "anomaly", "quantity", "error", "hold a stock beyond reason"),
)


def detect(conn: psycopg.Connection, target: Target, now: datetime) -> list[Symptom]:
    """Everything that is out of the ordinary in what has arrived up to now.

    Args:
        conn: to the warehouse.
        now: the time of the run; hours up to it should have arrived.
    """
    quality = target.schema_of("quality")
    now = now.astimezone(UTC)
    if kinds_not_looked_at(conn, target):
        return failed_tests(conn, quality) if _newest(conn, quality, "test_results") else []
    signals = _signals(conn, quality, now)
    closed, quiet = _holidays(conn, target, now)
    return [
        *missing(signals, now, closed, quiet, incidents.marked_hours(conn, quality, "sale", now)),
        *unusual_rates(signals, now),
        *stale(signals, now),
        *unusual_columns(_profiles(conn, quality), now),
        *schema_changes(conn, quality),
        *failed_tests(conn, quality),
        *returned_customers(conn, target, now),
    ]


_MEASURED: frozenset[Kind] = frozenset({"missing_data", "duplicates", "schema_change", "stale", "anomaly"})


def kinds_not_looked_at(conn: psycopg.Connection, target: Target) -> frozenset[Kind]:
    """Kinds of incident that the newest run says nothing about, because it failed before anything was measured."""
    quality = target.schema_of("quality")
    measured, tested = (_newest(conn, quality, name) for name in ("table_metrics", "test_results"))
    if measured is not None and (tested is None or tested <= measured):
        return frozenset()
    return _MEASURED if tested is not None else _MEASURED | {"failed_test"}


def _newest(conn: psycopg.Connection, schema: str, name: str) -> datetime | None:
    """The newest run that a history in `quality` knows of; None where there is none yet."""
    relation = sql.Identifier(schema, name)
    if not exists(conn, relation):
        return None
    row = conn.execute(sql.SQL("select max(run_at) from {}").format(relation)).fetchone()
    return row[0] if row else None


def _signals(conn: psycopg.Connection, schema: str, now: datetime) -> pl.DataFrame:
    """What arrived by hour.

    The first run measures what is left of the past: rows that came again since are of their last arrival alone.

    Returns:
        Columns table_name, branch_number, arrived_at (hour), metric, numerator, denominator, is_batch (of the newest
        run), is_of_first (of the first run alone), sample_key.
    """
    query = sql.SQL(
        """
        select
            table_name, branch_number, arrived_at, metric, sum(numerator)::float8, sum(denominator)::float8,
            bool_or(run_at = (select max(run_at) from {signals})),
            bool_and(run_at = (select min(run_at) from {signals})), min(sample_key)
        from {signals}
        where arrived_at > %s and arrived_at <= %s
        group by table_name, branch_number, arrived_at, metric
        order by 1, 2, 3, 4
        """
    ).format(signals=sql.Identifier(schema, "signals"))
    found = conn.execute(query, [now - _BASELINE - timedelta(days=1), now]).fetchall()
    return pl.DataFrame(
        found,
        schema={
            "table_name": pl.String, "branch_number": pl.String, "arrived_at": pl.Datetime("us", "UTC"),
            "metric": pl.String, "numerator": pl.Float64, "denominator": pl.Float64, "is_batch": pl.Boolean,
            "is_of_first": pl.Boolean, "sample_key": pl.String,
        },
        orient="row",
    )  # fmt: skip


def _holidays(
    conn: psycopg.Connection, target: Target, now: datetime
) -> tuple[dict[str, frozenset[date]], dict[str, frozenset[date]]]:
    """Public holidays by branch: those on which it is closed, and those on which it may sell as on a Sunday.

    A web shop is open on all; `all` is taken for closed on those of any state.
    """
    query = sql.SQL("select date_day, {states} from {holidays} where date_day > %s").format(
        states=sql.SQL(", ").join(map(sql.Identifier, STATES)),
        holidays=sql.Identifier(target.schema_of("reference"), "public_holidays"),
    )
    days = conn.execute(query, [(now - timedelta(days=7)).date()]).fetchall()
    by_state = {state: frozenset(row[0] for row in days if row[place]) for place, state in enumerate(STATES, start=1)}
    everywhere = frozenset.intersection(*by_state.values()) if by_state else frozenset()
    branches = conn.execute(
        sql.SQL("select branch_number, lower(state), is_online from {}").format(
            sql.Identifier(target.schema_of("intermediate"), "int_branches__resolved")
        )
    ).fetchall()
    closed = {
        number: frozenset() if is_online else by_state.get(state or "", everywhere)
        for number, state, is_online in branches
    }
    # Where half of the branches are closed, nothing can be said of all together.
    closed[ALL_BRANCHES] = frozenset().union(*by_state.values())
    return closed, {number: everywhere for number, _, is_online in branches if is_online}


def missing(
    signals: pl.DataFrame,
    now: datetime,
    closed: Mapping[str, Collection[date]],
    quiet: Mapping[str, Collection[date]] | None = None,
    marked: Mapping[str, Collection[datetime]] | None = None,
) -> list[Symptom]:
    """Branches, or all of them, whose tills send less than they should.

    Args:
        signals: see `_signals`.
        now: time of the run.
        closed: holidays by branch.
        quiet: holidays by branch on which it is open, as on a Sunday.
        marked: hours of incidents that are marked as faults of the data, by branch.
    """
    rows = signals.filter((pl.col("table_name") == "sale") & (pl.col("metric") == "rows")).select(
        "branch_number", "arrived_at", rows="numerator"
    )
    hour = now.replace(minute=0, second=0, microsecond=0)
    return [
        Symptom(
            kind="missing_data",
            check="rows",
            table="sale",
            branch=drop.branch,
            since=drop.since,
            severity="error",
            rows=drop.missing,
            what=f"{drop.rows:,.0f} lines arrived where {drop.expected:,.0f} were expected",
        )
        for drop in volume.drops(rows, hour, closed, quiet=quiet, ignored=marked)
    ]


def unusual_rates(signals: pl.DataFrame, now: datetime) -> list[Symptom]:
    """Shares of rows that hold less often than they do as a rule; by branch, and over all branches."""
    found = []
    since = now - _WINDOW
    for rate in RATES:
        of_rate = signals.filter((pl.col("table_name") == rate.table) & (pl.col("metric") == rate.metric)).with_columns(
            failing=pl.col("denominator") - pl.col("numerator")
        )
        symptoms = []
        for (branch,), of_branch in of_rate.group_by("branch_number", maintain_order=True):
            symptom = _unusual_rate(rate, str(branch), of_branch, since)
            if symptom is not None:
                symptoms.append(symptom)
        everyone = _unusual_rate(rate, ALL_BRANCHES, of_rate, since)
        if everyone is not None and (len(symptoms) != 1 or symptoms[0].rows < 0.7 * everyone.rows):
            symptoms = [everyone]
        found += symptoms
    return found


def _unusual_rate(rate: _Rate, branch: str, rows: pl.DataFrame, since: datetime) -> Symptom | None:
    past = rows.filter(pl.col("arrived_at") <= since)
    recent = rows.filter(pl.col("arrived_at") > since)
    for window in (recent.filter("is_batch"), recent):
        # What is corrected of other days makes up much of what arrives at night, and on days on which little is sold.
        same_hours = _by_day(past, _hours_of(window))
        usual = _usual(same_hours, rate) or _usual(_by_day(past), rate)
        if usual is None:
            return None
        failing, count = float(window["failing"].sum()), float(window["denominator"].sum())
        rows_as_a_rule = float(same_hours["denominator"].median() or 0.0)  # type: ignore[arg-type]
        if rates.has_risen(failing, max(count, rows_as_a_rule), usual, rate.least_move, rate.least_rows):
            wrong = window.filter(pl.col("failing") > (usual.share + 0.3) * pl.col("denominator"))["arrived_at"]
            begun = wrong.min() if len(wrong) else window["arrived_at"].min()
            if not isinstance(begun, datetime):
                return None
            return Symptom(
                kind=rate.kind,
                check=rate.metric,
                table=rate.about or rate.table,
                column=rate.column,
                branch=branch,
                since=begun,
                severity=rate.severity,
                rows=round(failing - usual.share * count),
                what=f"{failing:,.0f} of {count:,.0f} rows {rate.says}, usually {usual.share:.1%}",
                sample_keys=tuple(window["sample_key"].drop_nulls().unique().sort().head(3)),
            )
    return None


def _usual(by_day: pl.DataFrame, rate: _Rate) -> rates.Usual | None:
    return rates.usual(by_day["failing"].to_numpy(), by_day["denominator"].to_numpy(), rate.rare)


def _by_day(past: pl.DataFrame, hours: Collection[int] = range(24)) -> pl.DataFrame:
    """Failing and all rows of each past day that arrived in these hours of it, Berlin's time."""
    local = past.with_columns(at=pl.col("arrived_at").dt.convert_time_zone("Europe/Berlin"))
    is_meant = pl.col("at").dt.hour().is_in(list(hours))
    return local.group_by(pl.col("at").dt.date().alias("day")).agg(
        pl.col("failing").filter(is_meant).sum(), pl.col("denominator").filter(is_meant).sum()
    )


def _hours_of(window: pl.DataFrame) -> set[int]:
    """The hours of the day from the first arrival to the last, Berlin's time."""
    first, last = window["arrived_at"].min(), window["arrived_at"].max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return set()
    return {(first + at * _HOUR).astimezone(volume.BERLIN).hour for at in range(min(24, (last - first) // _HOUR + 1))}


_STALE_TIMES, _STALE_TIMES_IF_RARE, _RARE = 2.0, 3.0, 200
_STALE_HOURS = 3
_LEAST_ARRIVALS = 10


def stale(signals: pl.DataFrame, now: datetime) -> list[Symptom]:
    """Tables that have brought nothing for longer than in the past weeks, counted in hours that bring something.

    Arrivals that runs have seen as they came count alone, once there is a week of them.
    """
    found = []
    rows = signals.filter(pl.col("metric") == "rows")
    busy = _busy_hours(rows, now)
    for (table,), of_table in rows.filter(pl.col("table_name") != "sale").group_by("table_name", maintain_order=True):
        arrivals = of_table["arrived_at"].unique().sort().to_list()
        if len(arrivals) < _LEAST_ARRIVALS:
            continue
        seen = of_table.filter(~pl.col("is_of_first"))["arrived_at"].unique().sort().to_list()
        if len(seen) >= _LEAST_ARRIVALS and seen[-1] - seen[0] >= _PAST_TIME:
            arrivals = seen
        # The longest but one: an outage in the past makes the next one no less of a fault.
        usual = sorted(_hours_between(a, b, busy) for a, b in pairwise(arrivals))[-2]
        gap = _hours_between(arrivals[-1], now, busy)
        times = _STALE_TIMES_IF_RARE if len(arrivals) < _RARE else _STALE_TIMES
        if gap > times * usual and gap >= usual + _STALE_HOURS:
            found.append(
                Symptom(
                    kind="stale",
                    check="arrivals",
                    table=str(table),
                    since=arrivals[-1],
                    severity="error" if table == "inventory" else "warn",
                    rows=0,
                    what=f"nothing has arrived for {gap} busy hours, {usual} at the most as a rule",
                )
            )
    return found


def _busy_hours(rows: pl.DataFrame, now: datetime) -> np.ndarray:
    """For each hour of the week (Monday 0:00 in Berlin first), does anything arrive in it as a rule?"""
    arrivals = (
        rows.select("arrived_at").unique().with_columns(at=pl.col("arrived_at").dt.convert_time_zone("Europe/Berlin"))
    )
    of_week = (arrivals["at"].dt.weekday().cast(pl.Int64) - 1) * 24 + arrivals["at"].dt.hour().cast(pl.Int64)
    first = arrivals["arrived_at"].min()
    weeks = max(1.0, (now - first).days / 7) if isinstance(first, datetime) else 1.0
    counts = np.bincount(of_week.to_numpy(), minlength=168)
    return np.asarray(counts >= weeks / 2)


def _hours_between(first: datetime, last: datetime, busy: np.ndarray) -> int:
    hours = 0
    at = first + timedelta(hours=1)
    while at <= last:
        local = at.astimezone(volume.BERLIN)
        hours += bool(busy[local.weekday() * 24 + local.hour])
        at += timedelta(hours=1)
    return hours


def _profiles(conn: psycopg.Connection, schema: str) -> pl.DataFrame:
    query = sql.SQL(
        """
        select
            run_at, table_name, column_name, rows_measured::float8, null_rate::float8, unreadable_rate::float8,
            damaged_rate::float8, mean_length::float8, distinct_count, last_synced_at,
            run_at = (select max(run_at) from {table})
        from {table}
        order by run_at, table_name, column_name
        """
    ).format(table=sql.Identifier(schema, "column_metrics"))
    return pl.DataFrame(
        conn.execute(query).fetchall(),
        schema={
            "run_at": pl.Datetime("us", "UTC"), "table_name": pl.String, "column_name": pl.String,
            "rows": pl.Float64, "null_rate": pl.Float64, "unreadable_rate": pl.Float64, "damaged_rate": pl.Float64,
            "mean_length": pl.Float64, "distinct_count": pl.Int64,
            "last_synced_at": pl.Datetime("us", "UTC"), "is_newest": pl.Boolean,
        },
        orient="row",
    )  # fmt: skip


_COLUMN_RATES: Sequence[tuple[str, Severity, str, float, int]] = (
    ("null_rate", "warn", "are empty", rates.MINIMUM_MOVE, rates.MINIMUM_ROWS),
    ("unreadable_rate", "warn", "cannot be read", rates.MINIMUM_MOVE, rates.MINIMUM_ROWS),
    ("damaged_rate", "warn", "have damaged letters (an encoding was read as another)", 0.01, 2),
)
_PAST_BATCHES = 15
_RESYNCED_SHARE = 0.5
_SHORTER = 0.7
_LONG_TEXT, _MANY_TEXTS = 12, 5


def unusual_columns(profiles: pl.DataFrame, now: datetime) -> list[Symptom]:
    """Columns of the newest batch that are empty, unreadable, damaged or cut short more often than before."""
    found = []
    for (table, column), of_column in profiles.group_by("table_name", "column_name", maintain_order=True):
        newest, past = of_column.filter("is_newest"), _comparable(of_column)
        if not newest.height or not past.height:
            continue
        rows = float(newest["rows"][0])
        for rate, severity, says, least_move, least_rows in _COLUMN_RATES:
            failing = float(newest[rate][0] or 0) * rows
            past_rows = past["rows"].to_numpy()
            past_failing = past[rate].fill_null(0).to_numpy() * past_rows
            usual = rates.usual(past_failing, past_rows)
            if (
                usual is not None
                and rates.has_risen(failing, rows, usual, least_move, least_rows)
                and not rates.has_been(failing / rows, past_failing, past_rows, least_move)
            ):
                found.append(
                    Symptom(
                        kind="anomaly",
                        check=rate,
                        table=str(table),
                        column=str(column),
                        since=now,
                        severity=severity,
                        rows=round(failing - usual.share * rows),
                        what=f"{failing:,.0f} of {rows:,.0f} values {says}, usually {usual.share:.1%}",
                    )
                )
        length, before = newest["mean_length"][0], past["mean_length"].drop_nulls()
        if length is not None and len(before) and newest["distinct_count"][0] >= _MANY_TEXTS:
            usual_length = float(np.average(before, weights=past.filter(pl.col("mean_length").is_not_null())["rows"]))
            if usual_length >= _LONG_TEXT and length < _SHORTER * usual_length:
                found.append(
                    Symptom(
                        kind="anomaly",
                        check="mean_length",
                        table=str(table),
                        column=str(column),
                        since=now,
                        severity="warn",
                        rows=round(rows),
                        what=f"texts have {length:.1f} letters on average, usually {usual_length:.1f}: "
                        "they may be cut off",
                    )
                )
    return found


def _comparable(profiles: pl.DataFrame) -> pl.DataFrame:
    """The past profiles that the newest batch of a column is held against; none while there are too few.

    The first profile is of all that was there: rows that have changed since they arrived. It is compared with a batch
    that brings most of the table again, others with batches like them, of a week at least.
    """
    newest, past = profiles.filter("is_newest"), profiles.filter(~pl.col("is_newest"))
    if not newest.height or not past.height:
        return past.clear()
    first, batches = past[:1], past[1:]
    if newest["rows"][0] >= _RESYNCED_SHARE * first["rows"][0]:
        return first
    if batches.height < _PAST_BATCHES or newest["last_synced_at"][0] - first["last_synced_at"][0] < _PAST_TIME:
        return past.clear()
    return batches
