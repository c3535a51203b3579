"""Why one article in one branch is forecast and ordered as it is."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql
from psycopg.rows import dict_row

from prohandel.errors import ProhandelError
from prohandel.forecast import override_table, store
from prohandel.forecast.distribution import LEVEL_NAMES
from prohandel.forecast.negative_binomial import cycle_of
from prohandel.forecast.panel import months, weekdays
from prohandel.forecast.warehouse_series import SERIES, SPANS, read_series
from prohandel.pipeline.target import exists

HISTORY_DAYS = 182
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SHOWN_LEVELS = ("p05", "p20", "p50", "p80", "p95")
_BOOSTED = ("boosted", "combined")


@dataclass(frozen=True)
class Schemas:
    """Where to read, by layer."""

    forecasting: str
    intermediate: str
    marts: str


@dataclass(frozen=True)
class Explanation:
    """All that is known of a forecast.

    Attributes:
        article_number, branch_number: of whom.
        model: name of the model.
        origin: last day that was observed.
        is_from_batch: else the baseline of the marts.
        days: of the forecast.
        mean: units of each day, with overrides.
        model_mean: the model's own, where planners have changed it; else empty.
        quantiles: by name of level, units of each day; empty for the baseline, which has other levels.
        factors: level, weekday, month and spread of the negative binomial.
        drivers: of a boosted model, what each feature multiplies the plain forecast by, largest effect first.
        history: day, units and in-stock share of each day, the oldest first.
        overrides: that touch the forecast.
        order: the row of reorder_recommendations; empty where there is none.
    """

    article_number: str
    branch_number: str
    model: str
    origin: date
    is_from_batch: bool
    days: list[date]
    mean: list[float]
    model_mean: list[float]
    quantiles: dict[str, list[float]]
    factors: dict[str, Any]
    drivers: list[tuple[str, float]]
    history: list[tuple[date, float, float]]
    overrides: list[dict[str, Any]] = field(default_factory=list)
    order: dict[str, Any] = field(default_factory=dict)

    @property
    def censored_days(self) -> int:
        """Days of the history with less than full stock: what was asked for on them is estimated."""
        return sum(share < 1.0 for _, _, share in self.history)


def explain(conn: psycopg.Connection, schemas: Schemas, article: str, branch: str) -> Explanation:
    """Gathers what is known of the newest forecast of an article in a branch.

    Raises:
        ProhandelError: the article or the branch is not known, or there is no forecast of them.
    """
    for word, number, table in (("article", article, "dim_articles"), ("branch", branch, "dim_shops")):
        override_table.require(conn, schemas.marts, table, word, number)
    has_batches = exists(conn, sql.Identifier(schemas.forecasting, "forecasts"))
    origin = store.newest_origin(conn, schemas.forecasting) if has_batches else None
    batch = store.read_batch(conn, schemas.forecasting, origin, [(branch, article)]) if origin else None
    if batch is None or not len(batch.keys):
        return _of_baseline(conn, schemas, article, branch)
    days = [batch.origin + timedelta(days=ahead) for ahead in range(1, batch.mean.shape[1] + 1)]
    own = batch.model_mean[0] if not np.isnan(batch.model_mean[0, 0]) else batch.mean[0]
    factors = factors_of(own.astype(float), days, _month_factor(conn, schemas, batch.origin, article, branch))
    factors["dispersion"] = round(float(batch.dispersion[0]), 4)
    factors["level_error"] = round(float(np.sqrt(batch.level_cv2[0])), 4)
    factors["is_cold_start"] = bool(batch.is_cold_start[0])
    model = batch.models[0]
    return Explanation(
        article,
        branch,
        model,
        batch.origin,
        True,
        days,
        _rounded(batch.mean[0]),
        _rounded(own) if own is not batch.mean[0] and not np.isnan(batch.model_mean[0, 0]) else [],
        dict(zip(LEVEL_NAMES, (_rounded(level) for level in batch.quantiles[0]), strict=True)),
        factors,
        drivers(conn, schemas, batch.origin, (branch, article), len(days)) if model in _BOOSTED else [],
        history(conn, schemas.intermediate, article, branch, batch.origin),
        _overrides(conn, schemas.forecasting, article, branch, days),
        _order(conn, schemas.marts, article, branch),
    )


def _of_baseline(conn: psycopg.Connection, schemas: Schemas, article: str, branch: str) -> Explanation:
    """The forecast of the marts, where no batch has one."""
    table = sql.Identifier(schemas.marts, "demand_forecast")
    rows = (
        conn.execute(
            sql.SQL(
                "select forecast_date, demand_mean::float8, demand_p50::float8, demand_p80::float8,"
                " demand_p95::float8, model, forecast_origin, dispersion::float8, level_cv2::float8 from {}"
                " where article_number = %s and branch_number = %s order by forecast_date"
            ).format(table),
            [article, branch],
        ).fetchall()
        if exists(conn, table)
        else []
    )
    if not rows:
        raise ProhandelError(
            f"There is no forecast of article {article} in branch {branch}.",
            "It is not in range there, or nothing was built yet: prohandel run, then prohandel forecast. "
            "The mart inventory_status says whether it has stock or sales.",
        )
    days = [row[0] for row in rows]
    mean = np.array([row[1] for row in rows])
    factors = factors_of(mean, days, np.ones(12))
    factors |= {"dispersion": round(rows[0][7], 4), "level_error": round(float(np.sqrt(rows[0][8])), 4)}
    return Explanation(
        article,
        branch,
        rows[0][5],
        rows[0][6],
        False,
        days,
        _rounded(mean),
        [],
        {name: [row[place] for row in rows] for place, name in ((2, "p50"), (3, "p80"), (4, "p95"))},
        factors,
        [],
        history(conn, schemas.intermediate, article, branch, rows[0][6]),
        [],
        _order(conn, schemas.marts, article, branch),
    )


def factors_of(mean: NDArray[np.float64], days: list[date], month_factor: NDArray[np.float64]) -> dict[str, Any]:
    """Level, weekday and month factors that a forecast is the product of.

    The weekday factors of the negative binomial are 1 on average over the week, so that without the month's factor the
    mean over the weekdays is the level. Days after the end of a season, of which nothing is expected, are left out.

    Args:
        mean: (H,) units of each day.
        days: H days.
        month_factor: (12,) January first.
    """
    at = np.array(days, dtype="datetime64[D]")
    plain = mean / month_factor[months(at)]
    weekday = weekdays(at)
    there = mean > 0
    by_day = np.array(
        [plain[there & (weekday == day)].mean() if (there & (weekday == day)).any() else 0.0 for day in range(7)]
    )
    level = float(by_day.mean())
    return {
        "level": round(level, 4),
        "weekday": {
            name: round(float(units / level), 3) if level else None for name, units in zip(DAYS, by_day, strict=True)
        },
        "month": {str(month + 1): round(float(month_factor[month]), 3) for month in np.unique(months(at)).tolist()},
    }


def _month_factor(
    conn: psycopg.Connection, schemas: Schemas, origin: date, article: str, branch: str
) -> NDArray[np.float64]:
    """(12,) month factors of the series' category in the batch; ones where none are stored."""
    row = conn.execute(
        sql.SQL(
            "select models.artefact from {models} as models inner join {runs} as runs using (run_id)"
            " where runs.forecast_origin = %s and models.name = 'negative_binomial'"
        ).format(
            models=sql.Identifier(schemas.forecasting, "models"), runs=sql.Identifier(schemas.forecasting, "runs")
        ),
        [origin],
    ).fetchone()
    series = sql.Identifier(schemas.intermediate, SERIES)
    if row is None or row[0] is None or not exists(conn, series):
        return np.ones(12)
    named = conn.execute(sql.SQL("select distinct coalesce(category, 'unknown') from {}").format(series)).fetchall()
    mine = conn.execute(
        sql.SQL("select coalesce(category, 'unknown') from {} where article_number = %s and branch_number = %s").format(
            series
        ),
        [article, branch],
    ).fetchone()
    # As prohandel.forecast.warehouse_series numbers them.
    codes = {name: code for code, name in enumerate(sorted({name for (name,) in named}, key=repr))}
    of_category = json.loads(row[0]).get(str(codes.get(mine[0] if mine else "", -1)))
    return np.array(of_category["month_factor"]) if of_category else np.ones(12)


def drivers(
    conn: psycopg.Connection, schemas: Schemas, origin: date, key: tuple[str, str], horizon: int
) -> list[tuple[str, float]]:
    """What each feature multiplies the plain forecast by, mean over the horizon: LightGBM's own SHAP values.

    The values add up to the logarithm of what the boosted model makes of the plain forecast (S. Lundberg and S.-I. Lee,
    A unified approach to interpreting model predictions, 2017), so that the factors multiply.

    Returns:
        Name of a feature and its factor, the largest effect first; empty where no trained model is stored, or one of
        an earlier version that had other features.
    """
    rows = conn.execute(
        sql.SQL(
            "select models.artefact, models.parameters from {models} as models inner join {runs} as runs using (run_id)"
            " where runs.forecast_origin = %s and models.name like 'boosted%%' and models.artefact is not null"
        ).format(
            models=sql.Identifier(schemas.forecasting, "models"), runs=sql.Identifier(schemas.forecasting, "runs")
        ),
        [origin],
    ).fetchall()
    if not rows:
        return []
    # LightGBM takes a second to load.
    import lightgbm as lgb

    from prohandel.forecast.features import feature_names, future_rows, with_cycle

    series = read_series(conn, schemas.intermediate)
    if key not in series.keys:
        return []
    place = series.keys.index(key)
    panel = series.panel.until(int((np.datetime64(origin) - series.panel.periods[0]).astype(int)) + 1)
    panel = with_cycle(panel, cycle_of(panel), horizon)
    part = next(rows for rows in panel.chunks() if rows.start <= place < rows.stop)
    found = future_rows(panel, part, horizon)
    mine = found.features[found.series == place]
    boosters = [lgb.Booster(model_str=text) for text, _ in rows]
    if any(booster.num_feature() != mine.shape[1] for booster in boosters):
        return []
    values = np.mean([booster.predict(mine, pred_contrib=True) for booster in boosters], axis=0).mean(axis=0)
    names = [*(rows[0][1].get("features") or feature_names(panel)), "what all series have in common"]
    effects = sorted(zip(names, values.tolist(), strict=True), key=lambda one: -abs(one[1]))
    return [(name, round(float(np.exp(effect)), 4)) for name, effect in effects]


def history(
    conn: psycopg.Connection, schema: str, article: str, branch: str, origin: date
) -> list[tuple[date, float, float]]:
    """Day, units sold and in-stock share of the last HISTORY_DAYS days up to the origin, since the series started."""
    spans, series = sql.Identifier(schema, SPANS), sql.Identifier(schema, SERIES)
    if not (exists(conn, spans) and exists(conn, series)):
        return []
    rows = conn.execute(
        sql.SQL(
            """
            select
                days.day::date,
                coalesce(sum(spans.demand_units) filter (where spans.first_day = days.day::date), 0)::float8,
                coalesce(max(spans.in_stock_share), 0)::float8
            from {series} as series
            cross join lateral generate_series(
                greatest(series.series_start, %(origin)s::date - %(days)s + 1), %(origin)s::date, interval '1 day'
            ) as days (day)
            left join {spans} as spans
                on spans.branch_number = series.branch_number and spans.article_number = series.article_number
                and days.day::date between spans.first_day and spans.last_day
            where series.branch_number = %(branch)s and series.article_number = %(article)s
            group by days.day order by days.day
            """
        ).format(series=series, spans=spans),
        {"origin": origin, "days": HISTORY_DAYS, "branch": branch, "article": article},
    ).fetchall()
    return [(day, units, share) for day, units, share in rows]


def _overrides(
    conn: psycopg.Connection, schema: str, article: str, branch: str, days: list[date]
) -> list[dict[str, Any]]:
    return [
        row
        for row in override_table.listed(conn, schema)
        if (row["article_number"], row["branch_number"]) == (article, branch)
        and row["starts_on"] <= days[-1]
        and row["ends_on"] >= days[0]
    ]


def _order(conn: psycopg.Connection, schema: str, article: str, branch: str) -> dict[str, Any]:
    table = sql.Identifier(schema, "reorder_recommendations")
    if not exists(conn, table):
        return {}
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            sql.SQL("select * from {} where article_number = %s and branch_number = %s").format(table),
            [article, branch],
        ).fetchone()
    return dict(row or {})


def _rounded(values: NDArray[Any]) -> list[float]:
    return [round(float(value), 4) for value in values]
