"""The page Data Quality over the hand-made retailer: its key figures, lists, and what reading roles may not see."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import psycopg
import pytest
from psycopg import sql

from prohandel.dashboard.database import fetch, open_pool
from prohandel.dashboard.settings import from_environment
from prohandel.dashboard.sql import data_quality as ask
from tests.python.dashboard.conftest import metrics, open_page, texts
from tests.python.dashboard.retailer import AS_OF, RUN_AT

Marts = psycopg.Connection[Any]


def told(app: Any) -> str:
    return texts(app).replace("\u00a0", " ")


def frame_with(app: Any, column: str) -> pd.DataFrame:
    frames: list[pd.DataFrame] = [frame.value for frame in app.dataframe]
    return next(frame for frame in frames if column in frame.columns)


def open_incidents(marts: Marts) -> None:
    marts.execute(
        """
        create table quality.incidents (
            id bigint, kind text, table_name text, column_name text, branch_number text, severity text, owner text,
            since timestamptz, opened_at timestamptz, closed_at timestamptz, rows bigint, symptoms jsonb,
            acknowledged_by text, snoozed_until timestamptz
        )
        """
    )
    for number, branch, severity, closed in ((1, "0902", "warn", None), (2, "all", "error", None),
                                             (3, "0901", "error", RUN_AT)):  # fmt: skip
        marts.execute(
            "insert into quality.incidents values (%s, 'stale', 'sale', null, %s, %s, 'data_platform', %s, %s, %s, 5,"
            ' \'["nothing for 9 hours", "second"]\')',
            [number, branch, severity, RUN_AT, RUN_AT, closed],
        )


def test_key_figures_are_those_of_the_newest_run(marts: Marts) -> None:
    shown = metrics(open_page("data_quality"))
    row = marts.execute(
        """
        select sum(row_count), sum(rejected_rows), sum(duplicate_rows), min(hours_since_sync)
        from quality.table_metrics where run_at = %s
        """,
        [RUN_AT],
    ).fetchone()
    assert row is not None
    assert [float(value) for value in row] == [1200.0, 4.0, 5.0, 0.5]
    failed = marts.execute(
        "select count(*) from quality.test_results where run_at = %s and status = 'fail'", [RUN_AT]
    ).fetchone()
    assert failed == (1,)
    assert shown == {
        "Offene Vorfälle": "0",
        "Fehlgeschlagene Tests": "1",
        "Abgewiesene Zeilen": "4",
        "Dubletten": "5",
        "Zeilen in 2 Tabellen": "1.200",
        "Sync der Verkäufe": "vor 0,5 Std.",
    }


def test_incidents_that_are_open(marts: Marts) -> None:
    open_incidents(marts)
    app = open_page("data_quality")
    assert metrics(app)["Offene Vorfälle"] == "2"
    found = frame_with(app, "symptom")
    assert found["severity"].tolist() == ["Fehler", "Warnung"]
    assert found["symptom"].tolist() == ["nothing for 9 hours"] * 2
    assert found["runbook"].iloc[0] == "docs/runbooks/stale.md"
    assert metrics(open_page("data_quality", branch="0901"))["Offene Vorfälle"] == "1"


def test_failed_tests_say_since_when_whose_and_what_to_do(marts: Marts) -> None:
    found = frame_with(open_page("data_quality"), "test_name").set_index("test_name")
    assert list(found.index) == ["no_negative_stock", "costs_known"]
    bad = found.loc["no_negative_stock"]
    assert (bad["owner"], bad["why"]) == ("merchandising", "Stock below zero counts as none.")
    assert bad["runbook"] == "docs/runbooks/failed_test.md#stock"
    assert found["since"].tolist() == [RUN_AT, RUN_AT - timedelta(days=1)]


def test_a_test_that_passes_again_is_no_longer_listed(marts: Marts) -> None:
    marts.execute("update quality.test_results set status = 'pass' where test_id in ('t.bad', 't.warn')")
    assert "Alle Tests der letzten Läufe sind bestanden." in told(open_page("data_quality"))


def test_days_are_counted_back_from_the_newest_run(marts: Marts) -> None:
    """The runs are months after the day that the marts are as of."""
    for table in ("table_metrics", "column_metrics"):
        marts.execute(
            sql.SQL("update quality.{} set run_at = run_at + interval '90 days'").format(sql.Identifier(table))
        )
    pool = open_pool(from_environment())
    found = fetch(pool, ask.tables_by_day(7))
    columns = fetch(pool, ask.columns_by_day("sale", 7))
    newest = fetch(pool, ask.tables_by_day(1))
    pool.close()
    assert found.groupby("table_name")["row_count"].apply(list).to_dict() == {"article": [200, 200],
                                                                              "sale": [990, 1000]}  # fmt: skip
    assert newest["row_count"].tolist() == [200, 1000]
    assert columns.loc[columns["column_name"] == "customer_number", "null_rate"].tolist() == [0.8, 0.8]


def test_rejected_rows_are_searched_by_what_stands_in_them(marts: Marts) -> None:
    app = open_page("data_quality")
    assert len(frame_with(app, "row_key")) == 3
    app.text_input(key="rejected_search").set_value("future").run()
    assert frame_with(app, "row_key")["row_key"].tolist() == ["S3"]
    app.text_input(key="rejected_search").set_value("100%_").run()
    assert not any("row_key" in frame.value.columns for frame in app.dataframe)


def test_a_reading_role_sees_no_customer(marts: Marts, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Erika Muster" in frame_with(open_page("data_quality"), "row_key")["landed_row"].iloc[0]
    marts.execute("drop role if exists quality_reader")
    marts.execute("create role quality_reader login")
    try:
        for schema in ("marts", "quality"):
            marts.execute(sql.SQL("grant usage on schema {} to quality_reader").format(sql.Identifier(schema)))
            marts.execute(
                sql.SQL("grant select on all tables in schema {} to quality_reader").format(sql.Identifier(schema))
            )
        marts.execute("revoke select on quality.rejected_rows from quality_reader")
        marts.execute(
            "grant select (table_name, row_key, reason, first_seen_at, synced_at) on quality.rejected_rows"
            " to quality_reader"
        )
        monkeypatch.setenv("PGUSER", "quality_reader")
        import streamlit as st

        st.cache_resource.clear()
        st.cache_data.clear()
        app = open_page("data_quality")
        found = frame_with(app, "row_key")
        assert len(found) == 3
        assert "landed_row" not in found.columns
        assert "sind für diese Rolle verborgen" in told(app)
        st.cache_resource.clear()
    finally:
        marts.execute("drop owned by quality_reader")
        marts.execute("drop role quality_reader")


def test_what_has_to_agree_and_what_became_of_runs(marts: Marts) -> None:
    marts.execute(
        """
        create table quality.publications (
            publication_id bigint, decided_at timestamptz, outcome text, as_of_date date, rows_changed bigint,
            tables_changed int, seconds numeric, failed text[], note text, rolled_back_at timestamptz
        )
        """
    )
    marts.execute(
        "insert into quality.publications values (7, %s, 'refused', %s, 0, 0, null, array['a', 'b'], null, null)",
        [RUN_AT, AS_OF],
    )
    app = open_page("data_quality")
    assert frame_with(app, "check_name")[["is_ok", "left_value"]].to_numpy().tolist() == [["ja", 1000.0]]
    published = frame_with(app, "publication_id")
    assert (published["outcome"].iloc[0], published["failed"].iloc[0]) == ("zurückgehalten", "a, b")
    assert frame_with(app, "touched_models")["change"].tolist() == ["neu"]


def test_master_data_to_clear_up_are_listed_and_open_their_article(marts: Marts) -> None:
    frames = [frame.value for frame in open_page("data_quality").dataframe if "kind" in frame.value.columns]
    assert [frame["kind"].tolist() for frame in frames] == [["EK fehlt"]]
