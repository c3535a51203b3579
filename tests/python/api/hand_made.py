"""Marts and stored forecasts small enough to work out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import psycopg

from prohandel.forecast import store
from prohandel.forecast.distribution import LEVELS

AS_OF = date(2026, 2, 27)
HORIZON = 28
ODD_ARTICLE = "Ä 1/2 %"
"""A number with a slash, a space, an umlaut and a per cent sign."""

_TABLES = """
create schema marts;
create table marts.dim_shops (branch_number text primary key);
create table marts.dim_articles (
    article_number text primary key, name text, category text, list_price_gross numeric(18, 6)
);
create table marts.demand_forecast (
    article_number text, branch_number text, forecast_date date, demand_mean numeric(18, 6), demand_p50 numeric(18, 6),
    demand_p80 numeric(18, 6), demand_p95 numeric(18, 6), dispersion numeric(18, 6), level_cv2 numeric(18, 6),
    model text, forecast_origin date, is_from_batch boolean
);
create table marts.reorder_recommendations (
    article_number text, branch_number text, supplier text not null, supplied_from text not null,
    on_hand numeric(18, 4) not null, on_order_units numeric(18, 4) not null, on_order_source text not null,
    inbound_transfer_units numeric(18, 4) not null, lead_time_days integer not null,
    lead_time_sd_days numeric(18, 6) not null, review_period_days integer not null,
    service_level numeric(18, 6) not null, service_kind text not null,
    expected_daily_demand numeric(18, 6), expected_lead_time_demand numeric(18, 6),
    safety_stock numeric(18, 6), safety_stock_normal numeric(18, 6), reorder_point numeric(18, 6),
    order_up_to_level numeric(18, 6), needed_units numeric(18, 4), recommended_order_units numeric(18, 4),
    replenishment_units numeric(18, 4), pack_units numeric(18, 4), unit_cost numeric(18, 4),
    order_value_cost numeric(18, 6), proposal_value_cost numeric(18, 6), minimum_proposal_value_cost numeric(18, 6),
    is_below_minimum_value boolean, urgency text, binding_constraint text, reason text, model text,
    forecast_origin date, is_from_batch boolean, as_of_date date not null,
    primary key (article_number, branch_number)
);
create table marts.reorder_size_lines (
    article_number text, branch_number text, article_size_number text, on_hand numeric(18, 4),
    size_share_of_sales numeric(18, 6), is_core_size boolean, order_up_to_level numeric(18, 4),
    needed_units numeric(18, 4), recommended_units numeric(18, 4), pack_units numeric(18, 4), as_of_date date
);
create table marts.forecast_accuracy (
    model text, segment text, forecast_origin date, horizon_week integer, wape numeric(18, 6), bias numeric(18, 6),
    rmsse numeric(18, 6), scaled_pinball numeric(18, 6), coverage_p80 numeric(18, 6), coverage_p95 numeric(18, 6),
    n_series integer, n_points integer, is_champion boolean
);
create table marts.forecast_drift (
    model text, segment text, week date, tracking_signal numeric(18, 6), wape numeric(18, 6),
    baseline_wape numeric(18, 6), psi numeric(18, 6), is_drifting boolean
);
"""


def build(conn: psycopg.Connection[Any]) -> None:
    """Makes the schemas.

    A1 in branch B1 sells by a Poisson distribution of 0.5 a day, from the batch; A2 of 0.25, by the baseline alone; the
    odd article of branch B2 has a dispersion of 0.5 and a level of 0.1; A3 has a recommendation but no forecast.
    """
    conn.execute(_TABLES)
    conn.execute("insert into marts.dim_shops values ('B1'), ('B2')")
    conn.execute(
        "insert into marts.dim_articles values ('A1', '=1+1', 'Jeans', 100), ('A2', 'Coat', 'Coats', null),"
        " (%s, 'Odd', 'Jeans', 50), ('A3', 'New', 'Coats', 10)",
        [ODD_ARTICLE],
    )
    baseline(conn, "B1", "A2", 0.25)
    recommend(conn, "B1", "A1", urgency="now", order_value_cost=80, reason="Sells 3.5 a week: order 8.")
    recommend(conn, "B1", "A2", urgency="soon", supplier="Nord", unit_cost=None, order_value_cost=None)
    recommend(conn, "B2", ODD_ARTICLE, urgency="none", recommended_order_units=0, binding_constraint="one_shot")
    recommend(conn, "B2", "A3", urgency="later", model=None)
    conn.execute(
        "insert into marts.reorder_size_lines values ('A1', 'B1', 'M', 2, 0.4, true, 6, 4, 3, 1, %(day)s),"
        " ('A1', 'B1', 'L', 3, 0.6, true, 8, 5, 5, 1, %(day)s)",
        {"day": AS_OF},
    )
    conn.execute(
        "insert into marts.forecast_accuracy values"
        " ('baseline', 'all', '2026-01-30', 1, 0.9, -0.1, 0.8, 0.5, 0.79, 0.95, 4, 28, false),"
        " ('boosted', 'all', '2026-01-30', 1, 0.7, 0.02, 0.7, null, 0.80, 0.94, 4, 28, true),"
        " ('boosted', 'all', '2026-01-02', 1, 0.75, 0.03, 0.7, 0.4, 0.81, 0.96, 4, 28, true)"
    )
    conn.execute(
        "insert into marts.forecast_drift values ('boosted', 'all', '2026-02-16', 1.5, 0.7, 0.68, 0.05, false),"
        " ('boosted', 'A/X', '2026-02-23', 5.5, 0.9, 0.6, 0.3, true)"
    )
    store.prepare(conn)
    stored(conn, AS_OF)


def stored(conn: psycopg.Connection[Any], origin: date) -> None:
    """Writes a batch of A1 and the odd article; the quantile of level q (from 1) on day d is 100 q + d."""
    n = 2
    mean = np.array([[0.5] * HORIZON, [1.0 + 0.125 * (day % 2) for day in range(HORIZON)]], dtype=np.float32)
    levels = np.arange(1, len(LEVELS) + 1, dtype=np.float32)[:, None] * 100
    quantiles = np.stack([levels + np.arange(1, HORIZON + 1)] * n).astype(np.float32)
    model_mean = np.stack([np.full(HORIZON, np.nan), np.full(HORIZON, 0.25)]).astype(np.float32)
    batch = store.Batch(
        origin,
        [("B1", "A1"), ("B2", ODD_ARTICLE)],
        ["negative_binomial", "boosted"],
        np.array([False, True]),
        mean,
        quantiles,
        model_mean,
        np.array([0.0, 0.5], dtype=np.float32),
        np.array([0.0, 0.125], dtype=np.float32),
        np.array([300, 10], dtype=np.int32),
        np.zeros(n, dtype=np.int32),
    )
    run_id = store.begin_run(conn, store.SCHEMA, origin, HORIZON, "test", {})
    store.write_batch(conn, store.SCHEMA, run_id, batch, store.Outcome("fingerprint"))


def examples(conn: psycopg.Connection[Any]) -> None:
    """Adds the pairs that the OpenAPI document has as examples."""
    conn.execute("insert into marts.dim_shops values ('0901')")
    for article in ("N10008", "N10082"):
        conn.execute("insert into marts.dim_articles values (%s, 'Jeans', 'Jeans', 50)", [article])
        baseline(conn, "0901", article, 0.5)
        recommend(conn, "0901", article)


def baseline(conn: psycopg.Connection[Any], branch: str, article: str, mean: float) -> None:
    """Writes rows of the mart demand_forecast, as of a Poisson distribution."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into marts.demand_forecast values (%s, %s, %s, %s, 0, 0, 1, 0, 0, 'baseline', %s, false)",
            [[article, branch, AS_OF + timedelta(days=day), mean, AS_OF] for day in range(1, HORIZON + 1)],
        )


def recommend(conn: psycopg.Connection[Any], branch: str, article: str, **changes: Any) -> None:
    """Writes a row of the mart reorder_recommendations: 14 should be there, 5 are, 1 is on its way, 8 are ordered."""
    row: dict[str, Any] = {
        "article_number": article,
        "branch_number": branch,
        "supplier": "Süd",
        "supplied_from": branch,
        "on_hand": 5,
        "on_order_units": 1,
        "on_order_source": "purchase_orders",
        "inbound_transfer_units": 0,
        "lead_time_days": 7,
        "lead_time_sd_days": 0,
        "review_period_days": 7,
        "service_level": 0.95,
        "service_kind": "cycle",
        "expected_daily_demand": 0.5,
        "expected_lead_time_demand": 7,
        "safety_stock": 5,
        "safety_stock_normal": None,
        "reorder_point": 12,
        "order_up_to_level": 14,
        "needed_units": 9,
        "recommended_order_units": 8,
        "replenishment_units": 0,
        "pack_units": 1,
        "unit_cost": 10,
        "order_value_cost": 80,
        "proposal_value_cost": 80,
        "minimum_proposal_value_cost": 0,
        "is_below_minimum_value": False,
        "urgency": "now",
        "binding_constraint": None,
        "reason": "There is enough.",
        "model": "negative_binomial",
        "forecast_origin": AS_OF,
        "is_from_batch": True,
        "as_of_date": AS_OF,
    } | changes
    _insert(conn, "reorder_recommendations", list(row), list(row.values()))


def _insert(conn: psycopg.Connection[Any], table: str, columns: Sequence[str], values: Sequence[Any]) -> None:
    places = ", ".join(["%s"] * len(columns))
    conn.execute(f"insert into marts.{table} ({', '.join(columns)}) values ({places})".encode(), values)  # noqa: S608
