"""Forecasts, orders and figures of quality of the retailer of `retailer.py`, small enough to work out by hand.

A1 in 0902 sells half a piece a day, as a Poisson: 3.5 in 7 days, 7 in the 14 days until the next order's goods come.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import psycopg

from tests.python.dashboard.conftest import fill

HORIZON = 28


def land(conn: psycopg.Connection[Any], as_of: date, run_at: datetime, synced_at: datetime) -> None:
    """Fills the marts of planning and the schema quality."""
    _orders(conn, as_of)
    _forecasts(conn, as_of)
    _quality(conn, run_at, synced_at)


def _orders(conn: psycopg.Connection[Any], as_of: date) -> None:
    shared = {
        "on_order_units": 0, "on_order_source": "unknown", "lead_time_days": 7, "lead_time_sd_days": 0,
        "review_period_days": 7, "service_level": 0.9, "service_kind": "cycle", "as_of_date": as_of,
        "forecast_origin": as_of, "is_from_batch": False, "inbound_transfer_units": 0, "replenishment_units": 0,
    }  # fmt: skip
    nothing = {"recommended_order_units": 0, "order_value_cost": 0, "urgency": "none", "is_below_minimum_value": False,
               "reason": "Sells 7 a week, 10 left: there is enough."}  # fmt: skip
    fill(conn, "reorder_recommendations", [
        shared | {
            "branch_number": "0902", "article_number": "A1", "supplier": "Lieferant", "supplied_from": "0902",
            "on_hand": 0, "inbound_transfer_units": 3, "expected_daily_demand": 0.5, "expected_lead_time_demand": 7,
            "safety_stock": 3, "reorder_point": 10, "order_up_to_level": 10, "needed_units": 10,
            "recommended_order_units": 12, "pack_units": 6, "unit_cost": 15, "order_value_cost": 180,
            "proposal_value_cost": 180, "minimum_proposal_value_cost": 200, "is_below_minimum_value": True,
            "urgency": "now", "binding_constraint": "pack", "model": "baseline",
            "reason": "Sells 3.5 a week, 0 left: order 12 (packs of 6).",
        },
        shared | {
            "branch_number": "0912", "article_number": "A3", "supplier": "Nord", "supplied_from": "0912", "on_hand": 2,
            "expected_daily_demand": 0, "expected_lead_time_demand": 0, "reorder_point": 7, "order_up_to_level": 7,
            "recommended_order_units": 5, "pack_units": 1, "proposal_value_cost": 0, "minimum_proposal_value_cost": 0,
            "is_below_minimum_value": False, "urgency": "later", "reason": "Sells 0 a week, 2 left: order 5.",
        },
        shared | nothing | {
            "branch_number": "0901", "article_number": "A1", "supplier": "Lieferant", "supplied_from": "0901",
            "on_hand": 10, "expected_daily_demand": 1, "expected_lead_time_demand": 14, "reorder_point": 10,
            "order_up_to_level": 10, "pack_units": 6, "unit_cost": 15, "model": "baseline",
        },
        shared | nothing | {
            "branch_number": "0901", "article_number": "A2", "supplier": "Lieferant", "supplied_from": "0901",
            "on_hand": 4, "expected_daily_demand": 0, "expected_lead_time_demand": 0, "reorder_point": 0,
            "order_up_to_level": 0, "pack_units": 6, "unit_cost": 30, "binding_constraint": "one_shot",
        },
    ])  # fmt: skip
    for size, on_hand, units in (("L", 0, 3), ("M", 0, 7), ("S", 0, 2), ("XL", 1, 0)):
        fill(conn, "reorder_size_lines", [{
            "branch_number": "0902", "article_number": "A1", "article_size_number": size, "on_hand": on_hand,
            "recommended_units": units, "pack_units": 6, "as_of_date": as_of,
        }])  # fmt: skip


def _forecasts(conn: psycopg.Connection[Any], as_of: date) -> None:
    for branch, mean in (("0901", 1.0), ("0902", 0.5)):
        fill(conn, "demand_forecast", [
            {"branch_number": branch, "article_number": "A1", "forecast_date": as_of + timedelta(days=ahead),
             "demand_mean": mean, "demand_p50": 0 if mean < 1 else 1, "demand_p80": 1 if mean < 1 else 2,
             "demand_p95": 2 if mean < 1 else 3, "dispersion": 0, "level_cv2": 0, "model": "baseline",
             "forecast_origin": as_of, "is_from_batch": False}
            for ahead in range(1, HORIZON + 1)
        ])  # fmt: skip
    # The champion of both segments is boosted: 20 % off over 100 days, 40 % over 300.
    for segment, points, error in (("A/Hemden", 100, 0.2), ("C/Kleider", 300, 0.4)):
        for model, more in (("baseline", 0.1), ("boosted", 0.0)):
            fill(conn, "forecast_accuracy", [
                {"model": model, "segment": segment, "forecast_origin": as_of - timedelta(days=28 * back),
                 "horizon_week": week, "wape": error + more, "bias": 0.05, "rmsse": 0.9, "coverage_p80": 0.82,
                 "coverage_p95": 0.96, "n_series": 10, "n_points": points, "is_champion": model == "boosted"}
                for back in (1, 2) for week in (1, 2)
            ])  # fmt: skip
            fill(conn, "forecast_drift", [
                {"model": model, "segment": segment, "week": as_of - timedelta(days=as_of.weekday() + 7 * back),
                 "tracking_signal": 5.0 if more else 1.0, "wape": error + more, "baseline_wape": error + 0.1,
                 "is_drifting": segment == "A/Hemden" and model == "baseline" and back == 1}
                for back in (1, 2, 3)
            ])  # fmt: skip


def _quality(conn: psycopg.Connection[Any], run_at: datetime, synced_at: datetime) -> None:
    for back in (1, 0):
        at = run_at - timedelta(days=back)
        fill(conn, "quality.table_metrics", [
            {"run_at": at, "table_name": "sale", "row_count": 1000 - 10 * back, "rows_added": 10, "rows_changed": 1,
             "duplicate_rows": 4, "rejected_rows": 3, "last_synced_at": synced_at - timedelta(days=back),
             "hours_since_sync": 0.5},
            {"run_at": at, "table_name": "article", "row_count": 200, "rows_added": 0, "rows_changed": 0,
             "duplicate_rows": 1, "rejected_rows": 1, "last_synced_at": synced_at - timedelta(hours=12),
             "hours_since_sync": 12.5},
        ])  # fmt: skip
        fill(conn, "quality.column_metrics", [
            {"run_at": at, "table_name": "sale", "column_name": name, "rows_measured": 10, "null_rate": rate,
             "unreadable_rate": 0, "distinct_count": 3, "min_value": "a", "max_value": "z"}
            for name, rate in (("branch_number", 0), ("customer_number", 0.8))
        ])  # fmt: skip
        fill(conn, "quality.test_results", [
            {"run_at": at, "test_id": "t.good", "test_name": "sales_add_up", "severity": "error", "status": "pass",
             "owner": "finance"},
            {"run_at": at, "test_id": "t.bad", "test_name": "no_negative_stock", "table_name": "inventory",
             "severity": "error", "status": "pass" if back else "fail", "failures": 7, "owner": "merchandising",
             "why": "Stock below zero counts as none.", "runbook": "docs/runbooks/failed_test.md#stock"},
            {"run_at": at, "test_id": "t.warn", "test_name": "costs_known", "table_name": "article", "severity": "warn",
             "status": "warn", "failures": 2, "owner": "merchandising", "why": "Margins lack it.",
             "runbook": "docs/runbooks/failed_test.md#cost"},
        ])  # fmt: skip
        fill(conn, "quality.reconciliation", [
            {"run_at": at, "check_name": "rows of sale", "left_value": 1000, "right_value": 1000 - back,
             "difference": back, "tolerance": 0, "is_ok": not back},
        ])  # fmt: skip
    fill(conn, "quality.rejected_rows", [
        {"table_name": "sale", "row_key": f"S{number}", "reason": reason, "first_seen_at": run_at,
         "synced_at": synced_at, "row": '{"customer": "Erika Muster"}'}
        for number, reason in ((1, "missing_date"), (2, "missing_date"), (3, "future_date"))
    ])  # fmt: skip
    fill(conn, "quality.schema_changes", [{
        "detected_at": run_at, "source_relation": "prohandel", "table_name": "sale", "column_name": "till",
        "change": "added", "new_type": "text",
    }])  # fmt: skip
