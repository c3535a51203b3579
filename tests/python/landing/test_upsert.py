"""The upsert against a dictionary: whatever batches come, the landed table holds what a dict of rows would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import polars as pl
import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg import sql

from prohandel.errors import ProhandelError
from prohandel.landing.tables import DELETED, SYNCED
from prohandel.landing.upsert import Batch, UpsertCounts, column_types, upsert, wider_type

Connection = psycopg.Connection[Any]

SCHEMA = "prohandel"
FIRST_SYNC = datetime(2026, 2, 28, 17, tzinfo=UTC)


def sync(number: int) -> datetime:
    return FIRST_SYNC + timedelta(hours=number)


def batch(rows: dict[str, Any], number: int = 0, table: str = "sale", **given_batch: Any) -> Batch:
    return Batch(table, pl.DataFrame(rows), sync(number), **given_batch)


def landed(conn: Connection, table: str = "sale", *columns: str) -> list[tuple[Any, ...]]:
    conn.execute("set timezone = 'UTC'")
    query = sql.SQL("select {} from {} order by 1").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(SCHEMA, table)
    )
    return conn.execute(query).fetchall()


def local(*parts: int) -> datetime:
    """A local time, which has no zone."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


# --- the model ---------------------------------------------------------------------------------------------------

KINDS: dict[str, tuple[pl.DataType, st.SearchStrategy[Any]]] = {
    "boolean": (pl.Boolean(), st.booleans()),
    "bigint": (pl.Int64(), st.integers(-(2**63), 2**63 - 1) | st.integers(-9, 9)),
    "double precision": (pl.Float64(), st.integers(-(10**7), 10**7).map(lambda eighths: eighths / 8)),
    "numeric": (pl.Decimal(20, 4), st.decimals(-(10**9), 10**9, places=4)),
    "date": (pl.Date(), st.dates(date(1990, 1, 1), date(2040, 1, 1))),
    "timestamp": (
        pl.Datetime("us"),
        st.datetimes(local(1990, 1, 1), local(2040, 1, 1)).map(lambda at: at.replace(microsecond=0)),
    ),
    "timestamptz": (
        pl.Datetime("us", "UTC"),
        st.datetimes(local(1990, 1, 1), local(2040, 1, 1)).map(lambda at: at.replace(microsecond=0, tzinfo=UTC)),
    ),
    "text": (
        pl.String(),
        st.sampled_from(["", " ", "0901", "12,90", "ja", '"', "\\.", "\\N", "NULL", "a\nb", "ü;\t'", "1"])
        | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8),
    ),
}


def as_text(value: Any) -> str:
    """A value's text form in the landed table, worked out without PostgreSQL."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat() + ("Z" if value.tzinfo else "")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def converted(value: Any, old: str, new: str) -> Any:
    if value is None or old == new:
        return value
    if new == "text":
        return as_text(value)
    steps: dict[str, Callable[[Any], Any]] = {
        "double precision": float,
        "numeric": lambda number: Decimal(as_text(number)),
        "timestamp": lambda day: local(day.year, day.month, day.day),
    }
    return steps[new](value)


@dataclass
class Model:
    """Rows by key, and the type that each column has by now."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)

    def widen(self, column: str, incoming: str, values: list[Any]) -> None:
        old = self.types.get(column, incoming)
        new = wider_type(old, incoming)
        numbers = [row.get(column) for row in self.rows.values()] if old == "bigint" else []
        numbers += values if incoming == "bigint" else []
        if new == "double precision" and any(number is not None and abs(number) > 2**53 for number in numbers):
            new = "numeric"
        for row in self.rows.values():
            row[column] = converted(row.get(column), old, new)
        self.types[column] = new

    def apply(self, change: Change, number: int) -> None:
        # Of several rows with one key the last lands, and the others do not widen anything.
        last = {as_text(row["id"]): row for row in change.rows}
        for name, kind in change.kinds.items():
            self.widen(name, kind, [row[name] for row in last.values()])
        seen = set()
        for row in change.rows:
            key = as_text(row["id"])
            seen.add(key)
            new = dict.fromkeys(self.types) | {
                name: converted(row[name], kind, self.types[name]) for name, kind in change.kinds.items()
            }
            self.rows[key] = new | {SYNCED: sync(number), DELETED: False}
        gone = set(self.rows) - seen if change.delete_missing else set()
        for key in gone | {as_text(key) for key in change.deleted}:
            if key in self.rows and not self.rows[key][DELETED]:
                self.rows[key] |= {SYNCED: sync(number), DELETED: True}


@dataclass(frozen=True)
class Change:
    """One batch of the property test."""

    kinds: dict[str, str]
    rows: list[dict[str, Any]]
    deleted: list[Any]
    delete_missing: bool

    def frame(self) -> pl.DataFrame:
        return pl.DataFrame(
            {name: [row[name] for row in self.rows] for name in self.kinds},
            schema={name: KINDS[kind][0] for name, kind in self.kinds.items()},
        )


@st.composite
def changes(draw: st.DrawFn) -> Change:
    key_kind = draw(st.sampled_from(["bigint", "bigint", "text"]))
    keys = st.integers(0, 5) if key_kind == "bigint" else st.sampled_from(["0", "1", "2", "3", "01", "x"])
    kinds = {"id": key_kind} | {
        name: draw(st.sampled_from(sorted(KINDS))) for name in draw(st.sets(st.sampled_from("abc"), max_size=3))
    }
    row = st.fixed_dictionaries(
        {"id": keys} | {name: st.none() | KINDS[kind][1] for name, kind in kinds.items() if name != "id"}
    )
    return Change(
        kinds,
        draw(st.lists(row, max_size=6)),
        draw(st.lists(keys, max_size=2)),
        draw(st.booleans()) and draw(st.booleans()),
    )


LARGE_BUT_REPLACED = [
    Change({"id": "bigint", "a": "double precision"}, [], [], delete_missing=False),
    Change(
        {"id": "bigint", "a": "bigint"}, [{"id": 0, "a": 2**53 + 1}, {"id": 0, "a": None}], [], delete_missing=False
    ),
]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(LARGE_BUT_REPLACED, "UTC")
@given(st.lists(changes(), min_size=1, max_size=5), st.sampled_from(["UTC", "America/Lima", "Asia/Kathmandu"]))
def test_landed_table_equals_a_dictionary(conn: Connection, history: list[Change], zone: str) -> None:
    conn.execute("drop schema if exists prohandel cascade")
    conn.execute("select set_config('timezone', %s, false)", [zone])
    conn.execute("set datestyle = 'German'")
    model = Model()
    for number, change in enumerate(history):
        deleted = pl.DataFrame({"id": change.deleted}, schema={"id": KINDS[change.kinds["id"]][0]})
        upsert(
            conn,
            SCHEMA,
            Batch("sale", change.frame(), sync(number), deleted_keys=deleted),
            delete_missing=change.delete_missing,
        )
        model.apply(change, number)
    conn.execute("reset datestyle")
    conn.execute("set timezone = 'UTC'")
    types = column_types(conn, SCHEMA, "sale")
    assert {name: types[name] for name in model.types} == model.types
    cursor = conn.execute("select * from prohandel.sale")
    names = [column.name for column in cursor.description or []]
    rows = {as_text(row[names.index("id")]): dict(zip(names, row, strict=True)) for row in cursor}
    assert rows == model.rows


# --- single properties, each with its reason ---------------------------------------------------------------------


def test_counts_inserted_updated_and_deleted(conn: Connection) -> None:
    first = upsert(conn, SCHEMA, batch({"id": ["a", "b", "c"], "quantity": [1, 2, 3]}))
    second = upsert(
        conn,
        SCHEMA,
        batch({"id": ["b", "d"], "quantity": [5, 6]}, 1, deleted_keys=pl.DataFrame({"id": ["a", "nobody"]})),
    )
    assert first == UpsertCounts(3, 0, 0)
    assert second == UpsertCounts(1, 1, 1)
    assert landed(conn, "sale", "id", "quantity", DELETED) == [
        ("a", 1, True),
        ("b", 5, False),
        ("c", 3, False),
        ("d", 6, False),
    ]


def test_the_last_row_of_a_key_wins(conn: Connection) -> None:
    upsert(conn, SCHEMA, batch({"id": ["a", "b", "a"], "quantity": [1, 2, 3]}))
    assert landed(conn, "sale", "id", "quantity") == [("a", 3), ("b", 2)]


def test_a_later_row_replaces_the_former_one_whole(conn: Connection) -> None:
    """A value that stayed behind under the other generation's name would win over the newer one."""
    upsert(conn, SCHEMA, batch({"id": ["a"], "branch_number": ["0901"]}))
    upsert(conn, SCHEMA, batch({"id": ["a"], "branch_id": ["0902"]}, 1))
    assert landed(conn, "sale", "branch_number", "branch_id") == [(None, "0902")]


def test_a_deleted_row_that_lands_again_is_alive(conn: Connection) -> None:
    upsert(conn, SCHEMA, batch({"id": ["a"]}))
    upsert(conn, SCHEMA, batch({"id": []}, 1, deleted_keys=pl.DataFrame({"id": ["a"]})))
    upsert(conn, SCHEMA, batch({"id": ["a"]}, 2))
    assert landed(conn, "sale", "id", DELETED, SYNCED) == [("a", False, sync(2))]


def test_deleting_twice_keeps_the_time_of_the_first(conn: Connection) -> None:
    gone = pl.DataFrame({"id": ["a"]})
    upsert(conn, SCHEMA, batch({"id": ["a"]}))
    upsert(conn, SCHEMA, batch({"id": []}, 1, deleted_keys=gone))
    assert upsert(conn, SCHEMA, batch({"id": []}, 2, deleted_keys=gone)).soft_deleted == 0
    assert landed(conn, "sale", SYNCED) == [(sync(1),)]


def test_widening_keeps_the_text_of_existing_values(conn: Connection) -> None:
    upsert(
        conn,
        SCHEMA,
        batch(
            {
                "id": ["a"],
                "price": [12.9],
                "large": [2**60],
                "flag": [True],
                "day": [date(2026, 3, 29)],
                "local": [local(2026, 3, 29, 1, 30)],
                "instant": [datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=2)))],
            }
        ),
    )
    names = ("price", "large", "flag", "day", "local", "instant")
    upsert(conn, SCHEMA, batch({"id": ["b"], **{name: ["x"] for name in names}}, 1))
    expected = ("12.9", str(2**60), "true", "2026-03-29", "2026-03-29T01:30:00", "2026-03-29T00:30:00Z")
    assert landed(conn, "sale", "id", *names)[0] == ("a", *expected)


def test_a_whole_number_too_large_for_a_double_stays_exact(conn: Connection) -> None:
    upsert(conn, SCHEMA, batch({"id": ["a"], "quantity": [2**53 + 1]}))
    upsert(conn, SCHEMA, batch({"id": ["b"], "quantity": [0.5]}, 1))
    assert landed(conn, "sale", "quantity") == [(Decimal("0.5"),), (Decimal(2**53 + 1),)]


def test_local_times_and_instants_meet_as_text(conn: Connection) -> None:
    """Midnight in Berlin, read as UTC, would be another business day."""
    upsert(conn, SCHEMA, batch({"id": ["a"], "date": [local(2026, 1, 5)]}))
    upsert(conn, SCHEMA, batch({"id": ["b"], "date": [datetime(2026, 1, 4, 23, tzinfo=UTC)]}, 1))
    assert landed(conn, "sale", "id", "date") == [("a", "2026-01-05T00:00:00"), ("b", "2026-01-04T23:00:00Z")]


def test_numeric_keys_meet_their_text(conn: Connection) -> None:
    upsert(conn, SCHEMA, batch({"id": [1, 2], "quantity": [1, 2]}))
    upsert(conn, SCHEMA, batch({"id": ["2", "0003"], "quantity": [5, 6]}, 1))
    assert landed(conn, "sale", "id", "quantity") == [("0003", 6), ("1", 1), ("2", 5)]
    upsert(conn, SCHEMA, batch({"id": [1]}, 2, deleted_keys=pl.DataFrame({"id": [2]})))
    assert landed(conn, "sale", "id", DELETED) == [("0003", False), ("1", False), ("2", True)]


def test_rows_may_bring_their_own_sync_columns(conn: Connection) -> None:
    own = {SYNCED: [sync(7), None], DELETED: [True, None]}
    upsert(conn, SCHEMA, batch({"id": ["a", "b"], **own}))
    assert landed(conn, "sale", "id", SYNCED, DELETED) == [("a", sync(7), True), ("b", sync(0), False)]


def test_a_reserved_word_and_a_composite_key(conn: Connection) -> None:
    upsert(conn, SCHEMA, batch({"id": ["a"], "order date": ["x"]}, table="order"))
    key = {"id": ["a", "a"], "branch_number": ["0901", "0902"], "article_number": ["1", "1"]}
    upsert(conn, SCHEMA, batch({**key, "quantity": [1, 2]}, table="inventory"))
    upsert(conn, SCHEMA, batch({**key, "quantity": [1, 5]}, 1, table="inventory"))
    assert landed(conn, "order", "id", "order date") == [("a", "x")]
    assert landed(conn, "inventory", "branch_number", "quantity") == [("0901", 1), ("0902", 5)]


def test_the_key_is_a_primary_key(conn: Connection) -> None:
    upsert(conn, SCHEMA, batch({"id": ["a"]}))
    with pytest.raises(psycopg.errors.UniqueViolation):
        conn.execute("insert into prohandel.sale (id) values ('a')")


def test_an_empty_batch_creates_the_table(conn: Connection) -> None:
    upsert(conn, SCHEMA, Batch("sale", pl.DataFrame(schema={"id": pl.String, "quantity": pl.Int64}), sync(0)))
    assert column_types(conn, SCHEMA, "sale") == {
        "id": "text",
        "quantity": "bigint",
        SYNCED: "timestamptz",
        DELETED: "boolean",
    }


def test_a_failed_batch_leaves_nothing_behind(conn: Connection) -> None:
    upsert(conn, SCHEMA, batch({"id": ["a"], "quantity": [1]}))
    with pytest.raises(ProhandelError, match="JSON"):
        upsert(conn, SCHEMA, batch({"id": ["b"], "new": [1], "list": [[1]]}, 1))
    assert landed(conn, "sale", "id") == [("a",)]
    assert "new" not in column_types(conn, SCHEMA, "sale")


def test_a_batch_takes_part_in_the_callers_transaction(conn: Connection) -> None:
    with conn.transaction(force_rollback=True):
        upsert(conn, SCHEMA, batch({"id": ["a"]}))
        upsert(conn, SCHEMA, batch({"id": ["a"], "quantity": ["x"]}, 1))
    assert column_types(conn, SCHEMA, "sale") == {}


def test_a_missing_or_empty_key_is_named(conn: Connection) -> None:
    with pytest.raises(ProhandelError, match="lack the key column id"):
        upsert(conn, SCHEMA, batch({"number": ["a"]}))
    with pytest.raises(ProhandelError, match=r"1 row .* no value in the key column 'id'"):
        upsert(conn, SCHEMA, batch({"id": ["a", None]}))


def test_a_view_on_a_column_that_must_widen_is_named(conn: Connection) -> None:
    upsert(conn, SCHEMA, batch({"id": ["a"], "quantity": [1]}))
    conn.execute("create view public.theirs as select quantity from prohandel.sale")
    with pytest.raises(ProhandelError, match=r"view .*theirs"):
        upsert(conn, SCHEMA, batch({"id": ["b"], "quantity": ["x"]}, 1))


def test_a_sync_without_zone_is_refused(conn: Connection) -> None:
    with pytest.raises(ValueError, match="time zone"):
        upsert(conn, SCHEMA, Batch("sale", pl.DataFrame({"id": ["a"]}), local(2026, 1, 1)))
