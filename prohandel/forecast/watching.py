"""The weekly look at stored forecasts, which writes the tables `live_scores`, `drift` and `breaks`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from prohandel.forecast.breaks import Break, breaks, in_todays_terms
from prohandel.forecast.distribution import Doubles
from prohandel.forecast.drift import (
    Shift,
    Verdict,
    Weeks,
    judge,
    lead_time_signal,
    profiles,
    roots,
    shifts,
    week_of,
)
from prohandel.forecast.drift_limits import LEAD_TIME, LIMITS, Limits
from prohandel.forecast.live import finished_origins, read_stored, write_scores
from prohandel.forecast.segments import demand_classes, segments
from prohandel.forecast.store import Profile
from prohandel.forecast.warehouse_series import WarehouseSeries
from prohandel.pipeline.target import exists

WEEKS = 16
"""Weeks that are looked back on."""
PROFILE_DAYS = 182
"""A profile of training that is older is compared with no more."""
LEAST_SERIES = 5
"""Smaller segments are left to the larger ones that they are part of."""
_DEAD_ORDER_DAYS = 60
_OF_BREAKS = ("all", "category:", "branch:")
"""Segments that stay the same sets of series, whatever these sell."""

_BREAKS = """
    segment text not null,
    since date not null,
    ratio double precision not null check (ratio > 0),
    week date not null,
    primary key (segment, week)
"""


@dataclass(frozen=True)
class Judged:
    """What a look has found.

    Attributes:
        week: Monday of the newest week that was judged; None where no stored forecast covers a whole week yet.
        scored: live scores written.
        verdicts: by model, of every segment.
        breaks: lasting changes that the next batch takes into account.
        late_suppliers: tracking signal of lead times by supplier, those beyond the limit.
    """

    week: date | None
    scored: int
    verdicts: Mapping[str, Sequence[Verdict]]
    breaks: Sequence[Break]
    late_suppliers: Mapping[str, float]


def watched_segments(series: WarehouseSeries) -> dict[str, NDArray[np.bool_]]:
    """The segments of backtests and, besides, each branch; those of some series only."""
    found = segments(demand_classes(series.panel), series.abc_class, series.xyz_class, series.category)
    branch = np.array([key[0] for key in series.keys], dtype=np.str_)
    found |= {f"branch:{number}": branch == number for number in np.unique(branch)}
    return {name: rows for name, rows in found.items() if name == "all" or rows.sum() >= LEAST_SERIES}


def look(
    conn: psycopg.Connection, forecasting: str, intermediate: str, series: WarehouseSeries, limits: Limits = LIMITS
) -> Judged:
    """Scores what has passed, judges the newest whole week, and writes what it finds; twice gives the same.

    Args:
        conn: in autocommit mode.
        forecasting: schema of stored forecasts, prepared.
        intermediate: schema of the models that dbt builds.
        series: of the warehouse, up to its newest complete day.
        limits: what is taken for chance.
    """
    prepare(conn, forecasting)
    scored = write_scores(conn, forecasting, series)
    mondays, weeks, models, origins = _weeks(conn, forecasting, series)
    late = _late_suppliers(conn, intermediate, series.origin, limits)
    if not mondays:
        return Judged(None, scored, {}, (), late)
    week = mondays[-1]
    members = watched_segments(series)
    begun = _begun(conn, forecasting, mondays, origins)
    weeks = _explained(weeks, known_breaks(conn, forecasting, mondays[0], week), members, mondays, origins)
    now = profiles(series.panel, members)
    moved = shifts(_trained_on(conn, forecasting, series.origin, week), now, _sizes(members))
    of_models: dict[str, dict[str, NDArray[np.bool_]]] = {}
    for model in np.unique(models[models != ""]).tolist():
        own = {name: rows & (models == model) for name, rows in members.items()}
        of_models[model] = {name: rows for name, rows in own.items() if rows.any()}
    judged = sum(map(len, of_models.values()))
    verdicts = {
        model: judge(
            weeks,
            own,
            _baseline_wape(conn, forecasting, model),
            _of_whole(moved, own, members),
            begun,
            limits,
            judged,
        )
        for model, own in of_models.items()
    }
    drifting = any(one.is_drifting for of_model in verdicts.values() for one in of_model)
    lasting = {name: rows for name, rows in members.items() if name.startswith(_OF_BREAKS)}
    explained = roots(weeks, lasting, begun, limits, judged) if drifting else []
    found = breaks(explained, np.array(mondays, dtype="datetime64[D]"))
    _write(conn, forecasting, week, verdicts, found, late, limits)
    return Judged(week, scored, verdicts, found, late)


def prepare(conn: psycopg.Connection, schema: str) -> None:
    """Creates the table of breaks where there is none."""
    conn.execute(
        sql.SQL("create table if not exists {} ({})").format(sql.Identifier(schema, "breaks"), sql.SQL(_BREAKS))
    )


def needs_selection(conn: psycopg.Connection, schema: str) -> list[str]:
    """Segments that drift: the next batch is to choose their model anew. Empty before the first look."""
    table = sql.Identifier(schema, "drift")
    if not exists(conn, table):
        return []
    rows = conn.execute(
        sql.SQL(
            "select distinct segment from {table} where is_drifting and model <> %s"
            " and week = (select max(week) from {table}) order by segment"
        ).format(table=table),
        [LEAD_TIME],
    ).fetchall()
    return [row[0] for row in rows]


def known_breaks(conn: psycopg.Connection, schema: str, since: date, before: date = date.max) -> list[Break]:
    """Breaks of a day or later, found in weeks before another day, the oldest first."""
    table = sql.Identifier(schema, "breaks")
    if not exists(conn, table):
        return []
    rows = conn.execute(
        sql.SQL(
            "select segment, since, ratio, week from {} where since >= %s and week < %s order by since, segment, week"
        ).format(table),
        [since, before],
    ).fetchall()
    return [Break(*row) for row in rows]


def retrained(conn: psycopg.Connection, schema: str, series: WarehouseSeries, seed: int = 0) -> WarehouseSeries:
    """The series as the next batch is to learn from them: what was sold before a break, in today's terms."""
    first = series.panel.periods[0].astype("datetime64[D]").item()
    found = known_breaks(conn, schema, first)
    if not found:
        return series
    return replace(series, panel=in_todays_terms(series.panel, found, watched_segments(series), seed))


def _sizes(members: Mapping[str, NDArray[np.bool_]]) -> dict[str, int]:
    return {name: int(rows.sum()) for name, rows in members.items()}


def _of_whole(
    moved: Mapping[str, Shift], own: Mapping[str, NDArray[np.bool_]], members: Mapping[str, NDArray[np.bool_]]
) -> dict[str, Shift]:
    """The population is that of a whole segment: it is said of the model that has most of its series."""
    return {name: one for name, one in moved.items() if name in own and 2 * own[name].sum() >= members[name].sum()}


def _weeks(
    conn: psycopg.Connection, schema: str, series: WarehouseSeries
) -> tuple[list[date], Weeks, NDArray[np.str_], list[date]]:
    """Mondays of the weeks that a forecast covers whole, the weeks, (n,) models of the newest, and the origins."""
    n, panel = len(series.keys), series.panel
    stored = finished_origins(conn, schema)
    newest = series.origin - timedelta(days=(series.origin.weekday() + 1) % 7 + 6)
    mondays: list[date] = []
    origins: list[date] = []
    columns: list[tuple[Doubles, ...]] = []
    models = np.full(n, "", dtype="U40")
    for back in range(WEEKS - 1, -1, -1):
        monday = newest - timedelta(days=7 * back)
        last = monday + timedelta(days=6)
        before = [origin for origin, days in stored if origin < monday and origin + timedelta(days=days) >= last]
        place = int((np.datetime64(monday) - panel.periods[0]).astype(int))
        if not before or place < 0:
            continue
        forecast = read_stored(conn, schema, series, before[-1])
        ahead = (monday - before[-1]).days - 1
        mean, dispersion, level_cv2 = np.full((n, 7), np.nan), np.zeros(n), np.zeros(n)
        used, own = (values[:, ahead : ahead + 7] for values in (forecast.mean, forecast.model_mean))
        # Where a planner has spoken neither the model nor the planner is judged here: `live.value_added` does.
        mean[forecast.rows] = np.where(used == own, own, np.nan)
        dispersion[forecast.rows], level_cv2[forecast.rows] = forecast.dispersion, forecast.level_cv2
        days = slice(place, place + 7)
        units, share = panel.units[:, days].astype(float), panel.in_stock_share[:, days].astype(float)
        columns.append(week_of(units, share, mean, dispersion, level_cv2))
        mondays.append(monday)
        origins.append(before[-1])
        models[:] = ""
        models[forecast.rows] = forecast.models
    branch, article = (np.unique([key[part] for key in series.keys], return_inverse=True)[1] for part in (0, 1))
    if not columns or mondays[-1] != newest:
        return [], Weeks(branch, article, *(np.zeros((n, 0)) for _ in range(5))), models, []
    weeks = Weeks(branch, article, *(np.stack(each, axis=1) for each in zip(*columns, strict=True)))
    return mondays, weeks, models, origins


def _explained(
    weeks: Weeks,
    found: Sequence[Break],
    members: Mapping[str, NDArray[np.bool_]],
    mondays: Sequence[date],
    origins: Sequence[date],
) -> Weeks:
    """The weeks without the errors of breaks that a later forecast has learned from."""
    for one in found:
        learned = any(
            monday > one.week and origin >= one.seen_on for monday, origin in zip(mondays, origins, strict=True)
        )
        if learned and one.segment in members:
            places = [place for place, monday in enumerate(mondays) if one.since <= monday <= one.week]
            if places:
                weeks = weeks.explained(members[one.segment], places[0], places[-1])
    return weeks


def _begun(conn: psycopg.Connection, schema: str, mondays: Sequence[date], origins: Sequence[date]) -> dict[str, int]:
    """By segment, place of the first week whose forecast was made after the segment's last drift was seen."""
    rows = conn.execute(
        sql.SQL("select segment, max(week) from {} where is_drifting and week < %s group by segment").format(
            sql.Identifier(schema, "drift")
        ),
        [mondays[-1]],
    ).fetchall()
    found = {}
    for segment, week in rows:
        seen = week + timedelta(days=6)
        later = [place for place, origin in enumerate(origins) if mondays[place] > week and origin >= seen]
        if later:
            found[segment] = later[0]
    return found


def _baseline_wape(conn: psycopg.Connection, schema: str, model: str) -> dict[str, float]:
    """WAPE of a model's backtests in the first week ahead, mean over origins, by segment."""
    rows = conn.execute(
        sql.SQL(
            "select segment, avg(wape) from {} where model = %s and horizon_week = 1 and wape is not null"
            " group by segment"
        ).format(sql.Identifier(schema, "scores")),
        [model],
    ).fetchall()
    return dict(rows)


def _trained_on(conn: psycopg.Connection, schema: str, origin: date, week: date) -> list[Profile]:
    """By segment, the oldest profile of training since its model was last chosen anew because of a drift."""
    rows = conn.execute(
        sql.SQL(
            """
            with flagged as (
                select segment, max(week) + 6 as seen_on
                from {drift} where is_drifting and week < %(week)s group by segment
            ),
            trained as (
                select profiles.*, rank() over (
                    partition by profiles.segment, profiles.feature order by profiles.forecast_origin
                ) as place
                from {profiles} as profiles
                left join flagged on profiles.segment = flagged.segment
                where
                    profiles.forecast_origin < %(origin)s
                    and profiles.forecast_origin >= greatest(%(origin)s - %(days)s, flagged.seen_on)
            )
            select segment, feature, edges, shares from trained where place = 1
            """
        ).format(drift=sql.Identifier(schema, "drift"), profiles=sql.Identifier(schema, "feature_profile")),
        {"week": week, "origin": origin, "days": PROFILE_DAYS},
    ).fetchall()
    return [Profile(*row) for row in rows]


def _late_suppliers(conn: psycopg.Connection, schema: str, as_of: date, limits: Limits) -> dict[str, float]:
    """Suppliers whose open orders are overdue beyond the limit, where purchase orders land."""
    orders, policies, series = (
        sql.Identifier(schema, name)
        for name in ("int_planning__open_orders", "int_planning__order_policies", "int_forecasting__series")
    )
    if not all(exists(conn, each) for each in (orders, policies, series)):
        return {}
    rows = conn.execute(
        sql.SQL(
            """
            select series.supplier, orders.expected_on, max(policies.lead_time_sd_days)::float8
            from {orders} as orders
            inner join {series} as series using (branch_number, article_number)
            left join {policies} as policies using (branch_number, article_number)
            where
                orders.open_units > 0 and series.supplier is not null
                and orders.expected_on < %(as_of)s and orders.expected_on >= %(as_of)s - %(dead)s
            group by series.supplier, orders.expected_on
            order by series.supplier, orders.expected_on
            """
        ).format(orders=orders, series=series, policies=policies),
        {"as_of": as_of, "dead": _DEAD_ORDER_DAYS},
    ).fetchall()
    late: dict[str, tuple[list[float], float]] = {}
    for supplier, expected_on, sd in rows:
        days, most = late.get(supplier, ([], 0.0))
        late[supplier] = ([*days, float((as_of - expected_on).days)], max(most, sd or 0.0))
    signals = {f"supplier:{supplier}": lead_time_signal(*of_supplier) for supplier, of_supplier in late.items()}
    return {supplier: signal for supplier, signal in signals.items() if signal > limits.lead_time}


def _write(
    conn: psycopg.Connection,
    schema: str,
    week: date,
    verdicts: Mapping[str, Sequence[Verdict]],
    found: Sequence[Break],
    late: Mapping[str, float],
    limits: Limits,
) -> None:
    drift, table = sql.Identifier(schema, "drift"), sql.Identifier(schema, "breaks")
    rows = [
        (
            model,
            one.segment,
            week,
            *map(_number, (one.tracking_signal, one.wape, one.baseline_wape, one.psi)),
            one.is_drifting,
        )
        for model, of_model in verdicts.items()
        for one in of_model
    ]
    rows += [
        (LEAD_TIME, supplier, week, signal, None, None, None, signal > limits.lead_time)
        for supplier, signal in late.items()
    ]
    with conn.transaction(), conn.cursor() as cursor:
        cursor.execute(sql.SQL("delete from {} where week = %s").format(drift), [week])
        cursor.execute(sql.SQL("delete from {} where week = %s").format(table), [week])
        cursor.executemany(
            sql.SQL(
                "insert into {} (model, segment, week, tracking_signal, wape, baseline_wape, psi, is_drifting)"
                " values (%s, %s, %s, %s, %s, %s, %s, %s)"
            ).format(drift),
            rows,
        )
        cursor.executemany(
            sql.SQL("insert into {} (segment, since, ratio, week) values (%s, %s, %s, %s)").format(table),
            [(one.segment, one.since, one.ratio, one.week) for one in found],
        )


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
