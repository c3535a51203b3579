"""Stored forecasts against what happened: live scores, and what planners and orders have added to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from prohandel.forecast.distribution import Doubles
from prohandel.forecast.panel import Panel
from prohandel.forecast.warehouse_series import WarehouseSeries
from prohandel.pipeline.target import exists

SEASON_DAYS = 7


@dataclass(frozen=True)
class Stored:
    """The stored forecasts of one origin, m series by H days.

    Attributes:
        origin: last day that was observed.
        rows: (m,) places of the series in the panel.
        models: m names.
        mean: (m, H) what was used.
        model_mean: (m, H) the model's own; that of `mean` where no planner has changed it.
        dispersion, level_cv2: (m,).
    """

    origin: date
    rows: NDArray[np.intp]
    models: NDArray[np.str_]
    mean: Doubles
    model_mean: Doubles
    dispersion: Doubles
    level_cv2: Doubles


def read_stored(conn: psycopg.Connection, schema: str, series: WarehouseSeries, origin: date) -> Stored:
    """The forecasts of an origin of those series that the warehouse still has."""
    place = {key: row for row, key in enumerate(series.keys)}
    found = conn.execute(
        sql.SQL(
            """
            select branch_number, article_number, model, demand_mean, coalesce(model_mean, demand_mean), dispersion,
                level_cv2
            from {} where forecast_origin = %s
            """
        ).format(sql.Identifier(schema, "forecasts")),
        [origin],
        binary=True,
    ).fetchall()
    known = [row for row in found if (row[0], row[1]) in place]
    horizon = len(found[0][3]) if found else 0
    return Stored(
        origin,
        np.array([place[row[0], row[1]] for row in known], dtype=np.intp),
        np.array([row[2] for row in known], dtype=np.str_),
        np.array([row[3] for row in known], dtype=float).reshape(-1, horizon),
        np.array([row[4] for row in known], dtype=float).reshape(-1, horizon),
        np.array([row[5] for row in known], dtype=float),
        np.array([row[6] for row in known], dtype=float),
    )


def finished_origins(conn: psycopg.Connection, schema: str) -> list[tuple[date, int]]:
    """Origins of finished batches and their horizons, the oldest first."""
    return conn.execute(
        sql.SQL("select forecast_origin, horizon_days from {} where status = 'done' order by forecast_origin").format(
            sql.Identifier(schema, "runs")
        )
    ).fetchall()


@dataclass(frozen=True)
class Score:
    """Live scores of m series, each (m,): sums over the days with full stock that have passed.

    Attributes:
        days: that were scored.
        units: sold.
        forecast_units: of what was used.
        abs_error: of what was used, sum of daily errors.
        model_abs_error: of the model's own mean.
        naive_abs_error: of the same weekday of the last week before the origin.
    """

    days: NDArray[np.int64]
    units: Doubles
    forecast_units: Doubles
    abs_error: Doubles
    model_abs_error: Doubles
    naive_abs_error: Doubles


def score_stored(stored: Stored, panel: Panel) -> Score:
    """Scores the days of a stored forecast that the panel has.

    Only days with full stock count, because what was asked for on others is not known. The naive forecast repeats the
    last seven days before the origin; a day of these before the series started or without stock counts as no demand.
    """
    place = int((np.datetime64(stored.origin) - panel.periods[0]).astype(int)) + 1
    passed = max(0, min(len(panel.periods) - place, stored.mean.shape[1]))
    if place < 1 or not passed:
        nothing = np.zeros(len(stored.rows))
        return Score(nothing.astype(np.int64), *(nothing,) * 5)
    days = slice(place, place + passed)
    actual = panel.units[stored.rows, days].astype(float)
    full = ~np.isnan(actual) & (panel.in_stock_share[stored.rows, days] >= 1.0)
    actual = np.where(full, actual, 0.0)
    last = np.nan_to_num(panel.units[stored.rows, max(0, place - SEASON_DAYS) : place].astype(float))
    last = np.concatenate([np.zeros((len(last), SEASON_DAYS - last.shape[1])), last], axis=1)
    naive = last[:, np.arange(passed) % SEASON_DAYS]

    def total(values: Doubles) -> Doubles:
        summed: Doubles = np.where(full, values, 0.0).sum(axis=1)
        return summed

    used, own = stored.mean[:, :passed], stored.model_mean[:, :passed]
    return Score(
        full.sum(axis=1),
        total(actual),
        total(used),
        total(np.abs(actual - used)),
        total(np.abs(actual - own)),
        total(np.abs(actual - naive)),
    )


def write_scores(conn: psycopg.Connection, schema: str, series: WarehouseSeries) -> int:
    """Scores each stored forecast that has days passed since it was last scored; how many rows that has written.

    A forecast is scored anew each time until all of its days have passed; what is there is replaced, so that the same
    data give the same rows.
    """
    written = 0
    first = series.panel.periods[0].astype("datetime64[D]").item()
    for origin, horizon in finished_origins(conn, schema):
        # Once its last day has passed, a week more may bring late sales; then it is left as it is.
        settled = origin + timedelta(days=horizon + SEASON_DAYS) < series.origin
        if origin >= series.origin or origin < first or (settled and _is_scored(conn, schema, origin)):
            continue
        stored = read_stored(conn, schema, series, origin)
        written += _write(conn, schema, series, stored, score_stored(stored, series.panel))
    return written


def _is_scored(conn: psycopg.Connection, schema: str, origin: date) -> bool:
    row = conn.execute(
        sql.SQL("select exists (select from {} where forecast_origin = %s)").format(
            sql.Identifier(schema, "live_scores")
        ),
        [origin],
    ).fetchone()
    return bool(row and row[0])


def _write(conn: psycopg.Connection, schema: str, series: WarehouseSeries, stored: Stored, scored: Score) -> int:
    table = sql.Identifier(schema, "live_scores")
    scored_rows = np.flatnonzero(scored.days > 0)
    with conn.transaction():
        conn.execute(sql.SQL("delete from {} where forecast_origin = %s").format(table), [stored.origin])
        with conn.cursor() as cursor, cursor.copy(sql.SQL("copy {} from stdin").format(table)) as copy:
            for row in scored_rows:
                branch, article = series.keys[stored.rows[row]]
                copy.write_row(
                    (
                        stored.origin, branch, article, str(stored.models[row]), int(scored.days[row]),
                        *(round(float(values[row]), 6) for values in (
                            scored.units, scored.forecast_units, scored.abs_error, scored.model_abs_error,
                            scored.naive_abs_error,
                        )),
                    )
                )  # fmt: skip
    return len(scored_rows)


VALUE_COLUMNS = ("of", "series", "units", "wape", "model_wape", "naive_wape", "value_added", "helped_share")


def value_added(conn: psycopg.Connection, schema: str) -> list[dict[str, Any]]:
    """Forecast value added (M. Gilliland, The Business Forecasting Deal, 2010): override, model and naive forecast.

    Returns:
        A row for all forecasts and one for those of them that a planner has changed: series (forecasts scored), units,
        WAPE of what was used, of the model and of the naive forecast, value_added (model_wape - wape: positive where
        planners made the forecast better), helped_share of the changed forecasts that came nearer by it. Then a row
        for each author.
    """
    query = sql.SQL(
        """
        with scored as (
            select scores.*, forecasts.model_mean is not null as is_changed, forecasts.demand_mean as used
            from {scores} as scores
            inner join {forecasts} as forecasts using (forecast_origin, branch_number, article_number)
        ),
        authors as (
            select distinct scored.forecast_origin, scored.branch_number, scored.article_number, overrides.author
            from scored
            inner join {overrides} as overrides
                on scored.branch_number = overrides.branch_number and scored.article_number = overrides.article_number
                and overrides.starts_on <= scored.forecast_origin + cardinality(scored.used)
                and overrides.ends_on > scored.forecast_origin
            where scored.is_changed
        ),
        named as (
            select 1 as place, 'all forecasts' as "of", scored.* from scored
            union all
            select 2, 'changed by planners', scored.* from scored where is_changed
            union all
            select 3, 'changed by ' || authors.author, scored.*
            from scored inner join authors using (forecast_origin, branch_number, article_number)
        )
        select
            "of", count(*), sum(units), sum(abs_error) / nullif(sum(units), 0),
            sum(model_abs_error) / nullif(sum(units), 0), sum(naive_abs_error) / nullif(sum(units), 0),
            (sum(model_abs_error) - sum(abs_error)) / nullif(sum(units), 0),
            avg((abs_error < model_abs_error)::integer) filter (where is_changed)::float8
        from named group by place, "of" order by place, "of"
        """
    ).format(
        scores=sql.Identifier(schema, "live_scores"),
        forecasts=sql.Identifier(schema, "forecasts"),
        overrides=sql.Identifier(schema, "overrides"),
    )
    return [dict(zip(VALUE_COLUMNS, row, strict=True)) for row in conn.execute(query).fetchall()]


ORDER_COLUMNS = ("status", "proposals", "units", "value_cost", "received_units", "sold_units", "covered_share")


def orders_against_recommended(conn: psycopg.Connection, schema: str, marts: str) -> list[dict[str, Any]]:
    """What became of order proposals, by what a buyer decided: units received and sold in the 28 days after each.

    Returns:
        No row without proposals. covered_share: units received / units proposed, so that a buyer who orders more or
        less than was proposed is seen, also where the proposal was rejected.
    """
    daily = sql.Identifier(marts, "fct_inventory_daily")
    if not exists(conn, daily):
        return []
    query = sql.SQL(
        """
        select
            proposals.status, count(*), sum(proposals.units)::float8, sum(proposals.value_cost)::float8,
            sum(after.received)::float8, sum(after.sold)::float8,
            (sum(after.received) / nullif(sum(proposals.units), 0))::float8
        from {proposals} as proposals
        cross join lateral (
            select coalesce(sum(inferred_receipts), 0) as received, coalesce(sum(demand_units), 0) as sold
            from {daily} as daily
            where daily.branch_number = proposals.branch_number and daily.article_number = proposals.article_number
                and daily.date_day > proposals.proposed_on and daily.date_day <= proposals.proposed_on + 28
        ) as after
        group by proposals.status order by proposals.status
        """
    ).format(proposals=sql.Identifier(schema, "proposals"), daily=daily)
    return [dict(zip(ORDER_COLUMNS, row, strict=True)) for row in conn.execute(query).fetchall()]


def rounded(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with their numbers to four decimals, for JSON."""
    return [
        {name: round(value, 4) if isinstance(value, float) else value for name, value in row.items()} for row in rows
    ]
