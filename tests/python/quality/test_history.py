"""The histories of `quality` over three runs of a few rows, compared with values worked out by hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.python.conftest import Server
from tests.python.scenarios.harness import Warehouse
from tests.python.staging.staging import Staging

MODELS = ("table_metrics", "column_metrics", "signals", "landed_columns", "schema_changes", "test_results")
# A Monday, 9:10 and 13:05 in Berlin.
FIRST, SECOND = "2025-03-10 08:10:00+00", "2025-03-10 12:05:00+00"
NOW = "2025-03-10T14:05:00+00:00"

SALE = {
    "id": "text",
    "receipt_number": "text",
    "date": "text",
    "branch_number": "text",
    "article_number": "text",
    "customer_number": "text",
    "staff_number": "text",
    "quantity": "numeric",
    "sale_price": "numeric",
    "label_price": "numeric",
    "discount": "text",
}
ARTICLE = {"id": "text", "article_number": "text", "name": "text", "price": "numeric"}
SHOP = {"id": "text", "branch_number": "text", "name": "text"}
CUSTOMER = {"id": "text", "customer_number": "text", "name": "text", "email": "text", "country": "text"}
INVENTORY = {"id": "text", "branch_number": "text", "article_number": "text", "quantity": "numeric"}
DAILY_SALES = {"sale_date": "text", "total_quantity": "numeric", "total_amount": "numeric"}


def shirt(name: str, time: str, synced: str, quantity: int, price: int | None, **values: Any) -> dict[str, Any]:
    """A line of article 100 (label 20.00) at branch 0021, on a receipt of its own."""
    return {
        "id": name,
        "receipt_number": f"receipt of {name}",
        "date": f"2025-03-10T{time}:00",
        "branch_number": "0021",
        "article_number": "100",
        "staff_number": "4711",
        "quantity": quantity,
        "sale_price": price,
        "label_price": 20,
        "discount": "0",
        "_fivetran_synced": synced,
        **values,
    }


def coat(name: str, synced: str, quantity: int, price: int, **values: Any) -> dict[str, Any]:
    """A line of article 200 (label 50.00) at branch 0022."""
    return {
        **shirt(name, "09:00", synced, quantity, price),
        "branch_number": "0022",
        "article_number": "200",
        "label_price": 50,
        **values,
    }


def article(name: str, number: str, price: int, synced: str, text: str) -> dict[str, Any]:
    return {"id": name, "article_number": number, "name": text, "price": price, "_fivetran_synced": synced}


def stock(name: str, branch: str, quantity: int, synced: str) -> dict[str, Any]:
    return {
        "id": name,
        "branch_number": branch,
        "article_number": "100",
        "quantity": quantity,
        "_fivetran_synced": synced,
    }


def land_first(staging: Staging) -> None:
    """Five lines, one of them with a date that nobody can read."""
    synced = {"_fivetran_synced": FIRST}
    staging.land(
        "sale",
        SALE,
        [
            shirt("a", "08:30", FIRST, 1, 20, customer_number="1234567"),
            shirt("b", "08:40", FIRST, 2, 36, discount="4"),
            # A day without a time.
            coat("c", FIRST, 1, 50, date="2025-03-09"),
            coat("d", FIRST, -1, -50),
            shirt("e", "08:50", FIRST, 1, 10, date="x", discount="n/a"),
        ],
        key="id",
    )
    staging.land(
        "article", ARTICLE, [article("A1", "100", 20, FIRST, "Shirt"), article("A2", "200", 50, FIRST, "Coat")]
    )
    staging.land(
        "shop",
        SHOP,
        [
            {"id": "S1", "branch_number": "0021", "name": "North", **synced},
            {"id": "S2", "branch_number": "0022", "name": "South", **synced},
        ],
    )
    customer = {"id": "C1", "customer_number": "1234567", "name": "Ada", "email": "ada@example.com", "country": "DE"}
    staging.land("customer", CUSTOMER, [{**customer, **synced}])
    staging.land(
        "inventory",
        INVENTORY,
        [stock("i1", "0021", 5, FIRST), stock("i2", "0022", -1, FIRST)],
        key="id, branch_number, article_number",
    )
    # Sold were 4 pieces, the returned one counted in, for 106.00 on the one day, and 1 piece for 50.00 on the other.
    staging.land(
        "daily_sales_agg",
        DAILY_SALES,
        [
            {"sale_date": "2025-03-10", "total_quantity": 4, "total_amount": 106, **synced},
            {"sale_date": "2025-03-09", "total_quantity": 3, "total_amount": 150, **synced},
        ],
    )


def land_second(staging: Staging) -> None:
    """A corrected line, a new one without a price, a line twice, all articles again, less stock; other columns."""
    staging.execute("alter table prohandel.sale add column colour text")
    staging.execute("alter table prohandel.sale alter column quantity type text using quantity::text")
    staging.execute("alter table prohandel.shop rename column name to name1")
    staging.upsert(
        "sale",
        [
            shirt("b", "08:40", SECOND, 3, 54, discount="6"),
            shirt("f", "12:30", SECOND, 1, None),
            coat("g", SECOND, 1, 50, date="2025-03-10T12:45:00", receipt_number="twice", colour="red"),
            coat("h", SECOND, 1, 50, date="2025-03-10T12:45:00", receipt_number="twice"),
        ],
    )
    damaged = "Mütze".encode().decode("latin-1")
    staging.upsert("article", [article("A1", "100", 20, SECOND, "Shirt"), article("A2", "200", 50, SECOND, damaged)])
    staging.upsert("inventory", [stock("i1", "0021", 4, SECOND)])


def build(staging: Staging) -> None:
    """One hourly run of what the histories are made of, without tests."""
    arguments = ["build", "--select", *(f"+{model}" for model in MODELS)]
    arguments += ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
    result: Any = staging.invoke(*arguments, now=NOW)
    failed = [str(row.message) for row in getattr(result.result, "results", []) if row.status == "error"]
    assert result.success, failed or result.exception


@dataclass(frozen=True)
class History:
    """Three runs, the last without arrivals.

    Attributes:
        staging: the database.
        runs: their starts.
    """

    staging: Staging
    runs: tuple[datetime, ...]

    def of_tables(self, run: int) -> dict[str, tuple[Any, ...]]:
        """Row count, added, changed, duplicate and rejected rows, newest sync, by table."""
        return {
            row["table_name"]: (
                row["row_count"],
                row["rows_added"],
                row["rows_changed"],
                row["duplicate_rows"],
                row["rejected_rows"],
                row["last_synced_at"],
            )
            for row in self.rows("table_metrics")
            if row["run_at"] == self.runs[run]
        }

    def of_columns(self, run: int) -> dict[tuple[str, str], dict[str, Any]]:
        """Rows of `column_metrics` by table and column."""
        return {
            (row["table_name"], row["column_name"]): row
            for row in self.rows("column_metrics")
            if row["run_at"] == self.runs[run]
        }

    def signals(self, run: int, table: str, branch: str) -> dict[str, tuple[Any, ...]]:
        """Numerator, and denominator and sample of checks, by metric."""
        return {
            row["metric"]: (row["numerator"],)
            if row["denominator"] is None
            else (row["numerator"], row["denominator"], row["sample_key"])
            for row in self.rows("signals")
            if (row["run_at"], row["table_name"], row["branch_number"]) == (self.runs[run], table, branch)
        }

    def rows(self, mart: str) -> list[dict[str, Any]]:
        return self.staging.rows(f"select * from quality.{mart}")  # noqa: S608


@pytest.fixture(scope="module")
def history(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    database = server.create_database(f"quality_history_{os.getpid()}")
    staging = Staging(Warehouse(server.socket_dir, database.name, tmp_path_factory.mktemp("history")))
    land_first(staging)
    build(staging)
    land_second(staging)
    build(staging)
    build(staging)
    runs = staging.rows("select distinct run_at from quality.table_metrics order by run_at")
    yield History(staging, tuple(row["run_at"] for row in runs))
    database.drop()


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_tables(history: History) -> None:
    first, second = moment(FIRST), moment(SECOND)
    assert len(history.runs) == 3
    assert history.of_tables(0) == {
        "sale": (5, 5, 0, 0, 1, first),
        "article": (2, 2, 0, 0, 0, first),
        "shop": (2, 2, 0, 0, 0, first),
        "customer": (1, 1, 0, 0, 0, first),
        "inventory": (2, 2, 0, 0, 0, first),
        "daily_sales_agg": (2, 2, 0, 0, 0, first),
    }
    assert history.of_tables(1) == {
        "sale": (8, 3, 1, 0, 1, second),
        "article": (2, 0, 2, 2, 0, second),
        "shop": (2, 0, 0, 0, 0, first),
        "customer": (1, 0, 0, 0, 0, first),
        "inventory": (2, 0, 1, 0, 0, second),
        "daily_sales_agg": (2, 0, 0, 0, 0, first),
    }
    quiet = {name: (row[0], 0, 0, *row[3:]) for name, row in history.of_tables(1).items()}
    assert history.of_tables(2) == quiet


def test_hours_since_the_newest_sync(history: History) -> None:
    hours = {
        row["table_name"]: float(row["hours_since_sync"])
        for row in history.rows("table_metrics")
        if row["run_at"] == history.runs[1]
    }
    assert hours["sale"] == 2
    assert hours["shop"] == pytest.approx(5 + 55 / 60, abs=1e-4)


def test_columns_are_measured_over_the_rows_that_arrived(history: History) -> None:
    def measured(run: int, column: str) -> tuple[Any, ...]:
        row = history.of_columns(run)["sale", column]
        nulls = row["null_rate"] * row["rows_measured"]
        return row["rows_measured"], nulls, row["distinct_count"], row["min_value"], row["max_value"]

    # 20, 36, 50, -50 and the rejected line's 10; then 54, none, 50, 50.
    assert measured(0, "sale_price") == (5, 0, 5, "-50.0000", "50.0000")
    assert measured(1, "sale_price") == (4, 1, 2, "50.0000", "54.0000")
    assert measured(0, "quantity") == (5, 0, 3, "-1.0000", "2.0000")
    assert measured(1, "quantity") == (4, 0, 2, "1.0000", "3.0000")
    assert measured(0, "sale_date") == (5, 1, 2, "2025-03-09", "2025-03-10")
    assert measured(1, "sale_date") == (4, 0, 1, "2025-03-10", "2025-03-10")
    assert {table for table, _ in history.of_columns(1)} == {"sale", "article", "inventory"}
    assert history.of_columns(2) == {}


def test_values_that_are_unreadable_or_damaged_have_their_shares(history: History) -> None:
    first, second = history.of_columns(0), history.of_columns(1)
    assert [float(run["sale", "discount"]["unreadable_rate"]) for run in (first, second)] == [0.2, 0]
    assert [float(run["article", "name"]["damaged_rate"]) for run in (first, second)] == [0, 0.5]
    assert float(first["article", "name"]["mean_length"]) == 4.5
    assert first["sale", "sale_price"]["damaged_rate"] is None


def test_no_value_of_a_person_is_shown(history: History) -> None:
    columns = history.of_columns(0)
    hidden = [("customer", name) for name in ("customer_id", "customer_number", "name", "email")]
    hidden += [("sale", "customer_ref"), ("sale", "staff_number")]
    shown = {key: (columns[key]["min_value"], columns[key]["max_value"]) for key in hidden}
    assert set(shown.values()) == {(None, None)}
    assert [columns[key]["distinct_count"] for key in hidden] == [1] * len(hidden)
    assert float(columns["sale", "customer_ref"]["null_rate"]) == 0.8
    assert columns["customer", "country"]["min_value"] == "DE"


def test_signals_of_the_first_run(history: History) -> None:
    assert history.signals(0, "sale", "0021") == {
        "rows": (3,),
        "units": (3,),
        "amount": (66,),
        "accepted": (2, 3, "e"),
        "has_branch": (3, 3, None),
        "has_article": (3, 3, None),
        "has_customer": (1, 1, None),
        "has_price": (3, 3, None),
        "has_no_negative_price": (2, 2, None),
        "has_list_price": (2, 2, None),
        "adds_up": (2, 2, None),
        "is_punctual": (2, 2, None),
        "is_recent": (2, 2, None),
        "is_in_hours": (2, 2, None),
        "is_plausible": (3, 3, None),
        "is_single": (2, 2, None),
        "has_moved_stock": (2, 2, None),
    }
    assert history.signals(0, "sale", "0022") == {
        "rows": (2,),
        "units": (1,),
        "amount": (0,),
        "accepted": (2, 2, None),
        "has_branch": (2, 2, None),
        "has_article": (2, 2, None),
        "has_price": (2, 2, None),
        "has_no_negative_price": (1, 1, None),
        "has_list_price": (1, 1, None),
        "adds_up": (1, 1, None),
        "is_punctual": (1, 1, None),
        "is_recent": (2, 2, None),
        "is_in_hours": (1, 1, None),
        "is_plausible": (2, 2, None),
        "is_single": (2, 2, None),
        # Nothing of article 200 lies in any branch.
        "has_moved_stock": (0, 1, "c"),
    }
    assert history.signals(0, "inventory", "0022") == {
        "rows": (1,),
        "accepted": (1, 1, None),
        "has_stock": (0, 1, "i2|0022|100|unknown"),
        "is_plausible": (1, 1, None),
    }
    assert history.signals(0, "daily_sales_agg", "all") == {"rows": (2,), "fits_sales": (1, 2, "2025-03-09")}
    assert [history.signals(0, table, "all") for table in ("article", "shop", "customer")] == [
        {"rows": (2,)},
        {"rows": (2,)},
        {"rows": (1,)},
    ]


def test_signals_of_a_correction_a_missing_price_and_a_line_that_is_there_twice(history: History) -> None:
    assert history.signals(1, "sale", "0021") == {
        "rows": (2,),
        "units": (4,),
        "amount": (54,),
        "accepted": (2, 2, None),
        "has_branch": (2, 2, None),
        "has_article": (2, 2, None),
        "has_price": (1, 2, "f"),
        "has_no_negative_price": (2, 2, None),
        "has_list_price": (2, 2, None),
        "adds_up": (1, 1, None),
        "is_punctual": (1, 2, "b"),
        "is_recent": (2, 2, None),
        "is_in_hours": (2, 2, None),
        "is_plausible": (2, 2, None),
        "is_single": (2, 2, None),
        "is_first": (1, 2, "b"),
        "has_moved_stock": (2, 2, None),
    }
    assert history.signals(1, "sale", "0022") == {
        "rows": (2,),
        "units": (2,),
        "amount": (100,),
        "accepted": (2, 2, None),
        "has_branch": (2, 2, None),
        "has_article": (2, 2, None),
        "has_price": (2, 2, None),
        "has_no_negative_price": (2, 2, None),
        "has_list_price": (2, 2, None),
        "adds_up": (2, 2, None),
        "is_punctual": (2, 2, None),
        "is_recent": (2, 2, None),
        "is_in_hours": (2, 2, None),
        "is_plausible": (2, 2, None),
        "is_single": (0, 2, "g"),
        "is_first": (2, 2, None),
        "has_moved_stock": (0, 2, "g"),
    }


def test_signals_are_of_what_arrived_in_its_hour(history: History) -> None:
    found = {(row["run_at"], row["table_name"], row["arrived_at"]) for row in history.rows("signals")}
    tables = ("sale", "article", "shop", "customer", "inventory", "daily_sales_agg")
    assert found == {
        *((history.runs[0], table, moment("2025-03-10 08:00:00+00")) for table in tables),
        *((history.runs[1], table, moment("2025-03-10 12:00:00+00")) for table in ("sale", "article", "inventory")),
    }


def changes(history: History) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["table_name"], row["column_name"]): row for row in history.rows("schema_changes")}


def test_schema_changes_and_what_they_touch(history: History) -> None:
    found = {key: row for key, row in changes(history).items() if row["detected_at"] == history.runs[1]}
    assert {key: (row["change"], row["old_type"], row["new_type"], row["read_as"]) for key, row in found.items()} == {
        ("sale", "colour"): ("added", None, "text", None),
        ("sale", "quantity"): ("type_changed", "numeric", "text", "quantity"),
        ("shop", "name"): ("removed", "text", None, "name"),
        ("shop", "name1"): ("added", None, "text", "name"),
    }
    assert found["sale", "colour"]["touched_models"] is None
    assert found["sale", "colour"]["touched_exposures"] is None
    models = found["sale", "quantity"]["touched_models"].split(", ")
    assert models == sorted(set(models))
    assert {"base_prohandel__sales", "fct_sale_lines", "table_metrics"} <= set(models)
    assert not {"base_prohandel__customers", "landed_columns", "schema_changes"} & set(models)
    assert "sales_analysis" in found["sale", "quantity"]["touched_exposures"].split(", ")
    assert "dim_shops" in found["shop", "name"]["touched_models"].split(", ")
    assert "base_prohandel__sales" not in found["shop", "name"]["touched_models"].split(", ")
    assert {row["detected_at"] for row in history.rows("landed_columns")} == set(history.runs[:2])


def test_a_table_that_vanished_is_one_change_and_one_that_was_switched_off_is_none(history: History) -> None:
    staging = history.staging
    before = set(changes(history))
    staging.execute("drop table prohandel.daily_sales_agg")
    result = staging.invoke("run", "--select", "landed_columns", "schema_changes", using_customer=False)
    assert result.success, result.exception
    after = changes(history)
    assert set(after) - before == {("daily_sales_agg", "*")}
    gone = after["daily_sales_agg", "*"]
    assert (gone["change"], gone["old_type"], gone["new_type"], gone["read_as"]) == ("removed", None, None, None)
    assert {"reconciliation", "signals"} <= set(gone["touched_models"].split(", "))
    assert "data_quality" in gone["touched_exposures"].split(", ")


def test_keys_are_held_by_constraints_and_tests_leave_their_results(history: History) -> None:
    keyed = history.staging.rows(
        """
        select pg_class.relname
        from pg_constraint
        inner join pg_class on pg_constraint.conrelid = pg_class.oid
        where pg_constraint.contype = 'p' and pg_class.relnamespace = 'quality'::regnamespace
        """
    )
    assert {row["relname"] for row in keyed} == set(MODELS)
    assert history.rows("test_results") == []
    result: Any = history.staging.invoke("test", "--select", *MODELS)
    assert result.success, [str(row.message) for row in result.result.results if row.status != "pass"]
    written = {row["test_id"]: row for row in history.rows("test_results")}
    assert set(written) == {row.node.unique_id for row in result.result.results if row.node.resource_type == "test"}
    assert {(row["status"], row["severity"], row["failures"], row["owner"]) for row in written.values()} == {
        ("pass", "error", 0, "data_platform")
    }
    of_metric = [row for row in written.values() if (row["table_name"], row["column_name"]) == ("signals", "metric")]
    assert len(of_metric) == 2
    assert any(row["table_name"] == "signals" and row["column_name"] is None for row in written.values())
