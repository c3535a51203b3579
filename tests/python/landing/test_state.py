"""What a simulated landing notes for the runs after it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import psycopg

from prohandel.landing.state import has_notes, note_landing
from prohandel.landing.upsert import Batch, upsert

NINE = (
    ("article", ("id",)),
    ("customer", ("id",)),
    ("order", ("id",)),
    ("sale", ("id",)),
    ("inventory", ("id", "branch_number", "article_number")),
    ("shop", ("id",)),
    ("daily_sales_agg", ("sale_date",)),
    ("article_sales_agg", ("agg_id",)),
    ("warehouse_inventory_agg", ("agg_id",)),
)


def test_notes_what_differs_from_the_defaults(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    assert not has_notes(tmp_path)
    (tmp_path / "state.json").write_text('{"other": 1}')
    for hour, (table, key) in enumerate((*NINE[1:], ("category", ("id",)))):
        synced = datetime(2026, 2, 28, hour, tzinfo=UTC)
        upsert(conn, "landed", Batch(table, pl.DataFrame({name: ["1"] for name in key}), synced))
    note_landing(conn, "landed", tmp_path)
    assert json.loads((tmp_path / "state.json").read_text()) == {
        "other": 1,
        "vars": {
            "using_article": False,
            "using_category": True,
            "using_supplier": False,
            "using_inventory_history": False,
            "using_purchase_order": False,
            "prohandel_schema": "landed",
            "now": "2026-02-28T08:00:00+00:00",
        },
    }


def test_nothing_landed_has_no_time(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    assert "now" not in note_landing(conn, "prohandel", tmp_path)
