"""A customer is erased from everything, others and all sums stay."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from psycopg import sql

from prohandel.errors import ProhandelError
from prohandel.persons.erase import Erasure, clean_up, count, erase
from prohandel.persons.erasures import made_with_another_key, returned
from prohandel.persons.registry import HELD
from prohandel.persons.tables import uncovered
from tests.python.persons.conftest import HASH_KEY, ID, NUMBER, OTHER_ID, OTHER_NUMBER, TEXTS, Store, insert

SUMS = {
    "prohandel.sale": "sum(sale_price::numeric), count(*)",
    'prohandel."order"': "sum(total_amount::numeric), count(*)",
    "staging.base_prohandel__sales": "sum(sale_price), count(*)",
    "staging.base_prohandel__orders": "sum(total_amount), count(*)",
    "intermediate.int_sales__customer_months": "sum(net_revenue), sum(receipts), min(first_demand_on)",
    "marts.fct_sale_lines": "sum(net_revenue), count(*)",
    "marts.fct_orders": "sum(total_amount), count(*)",
    "marts_audit.fct_sale_lines": "sum(net_revenue), count(*)",
    "state.replaced__marts__fct_sale_lines": "sum(net_revenue), count(*)",
}


def forget(store: Store, number: str = NUMBER, reference: str = "DS-1") -> Erasure:
    held = store.look()
    return erase(held.conn, held.tables, held.person(number), held.places, reference)


def sums(store: Store) -> dict[str, list[tuple[object, ...]]]:
    return {table: store.rows(table, columns) for table, columns in SUMS.items()}


def test_nothing_of_the_customer_is_left(store: Store) -> None:
    assert len(store.traces()) > 25
    before = sums(store)
    done = forget(store)
    assert store.traces() == []
    assert f"hash-of-{NUMBER}" not in store.everything()
    assert sums(store) == before
    assert done.others == ()
    assert store.rows("state.replaced__marts__dim_customers", "customer_key") == [(store.key(OTHER_NUMBER),)]


def test_everything_of_another_customer_stays(store: Store) -> None:
    def of_other() -> list[str]:
        sought = (OTHER_NUMBER, OTHER_ID, store.key(OTHER_NUMBER))
        return [
            line for line in store.everything().splitlines()
            # A receipt that only one of its two customers is left on is shared no more.
            if any(text in line for text in sought) and not line.startswith("intermediate.int_sales__shared_receipts")
        ]  # fmt: skip

    before = of_other()
    forget(store)
    assert of_other() == before
    assert store.rows("intermediate.int_sales__shared_receipts") == []


def test_a_receipt_that_others_share_stays_shared(store: Store) -> None:
    insert(store.conn, "intermediate.int_sales__shared_receipts", date_day="2026-01-05", branch_number="0901",
           receipt_number="r1", customer_key="third")  # fmt: skip
    forget(store)
    left = store.rows("intermediate.int_sales__shared_receipts", "customer_key")
    assert left == sorted([(store.key(OTHER_NUMBER),), ("third",)])


def test_months_go_to_the_walk_in_trade(store: Store) -> None:
    insert(store.conn, "intermediate.int_sales__customer_months", month_start_date="2026-01-01", branch_number="0901",
           customer_key="walk_in", first_demand_on="2026-01-07", receipts=100, net_revenue="1000")  # fmt: skip
    forget(store)
    rows = store.conn.execute(
        "select month_start_date::text, first_demand_on::text, receipts, net_revenue "
        "from intermediate.int_sales__customer_months where customer_key = 'walk_in' order by 1"
    ).fetchall()
    assert rows == [
        ("2026-01-01", "2026-01-05", 102, Decimal("1025.21")),
        ("2026-02-01", "2026-02-05", 1, Decimal("8.4")),
    ]


def test_the_next_run_builds_anew_what_was_made_of_the_lines(store: Store) -> None:
    forget(store)
    numbers = store.conn.execute(
        "select change_number, count(*) from staging.base_prohandel__sales group by 1 order by 1"
    ).fetchall()
    (untouched, changed) = numbers
    assert untouched == (5, 3)
    assert changed[0] >= 100
    assert changed[1] == 3


def test_the_record_says_when_and_not_who(store: Store) -> None:
    done = forget(store)
    (row,) = store.conn.execute(
        "select erasure_id, reference, cardinality(person_hashes), rows from operations.erasures"
    ).fetchall()
    assert row[:3] == (done.number, "DS-1", 2)
    assert row[3] == done.rows
    assert done.rows["prohandel.sale"] == 2
    hashes = store.conn.execute("select unnest(person_hashes) from operations.erasures").fetchall()
    assert store.key(NUMBER) not in {value for (value,) in hashes}


@pytest.mark.parametrize("reference", [f"request of {NUMBER}", f"Mail {TEXTS[1].upper()}", f"customer {ID}"])
def test_a_reference_that_says_who_is_refused(store: Store, reference: str) -> None:
    with pytest.raises(ProhandelError, match="names the customer"):
        forget(store, reference=reference)
    assert len(store.traces()) > 25


def test_by_the_id_as_well(store: Store) -> None:
    forget(store, ID)
    assert store.traces() == []


def test_a_customer_who_never_landed(store: Store) -> None:
    store.conn.execute("delete from prohandel.customer")
    store.conn.execute("delete from staging.base_prohandel__customers")
    found = store.look().person(NUMBER)
    assert (found.ids, found.references) == ((), (NUMBER,))
    forget(store)
    assert [row for row in store.rows("prohandel.sale", "customer_number") if row[0] == NUMBER] == []


def test_an_id_that_is_somebody_elses_number(store: Store) -> None:
    """Receipts that name it mean the number: see int_customers__references."""
    store.conn.execute("update prohandel.customer set customer_number = %s where id = %s", [ID, OTHER_ID])
    store.conn.execute(
        "update staging.base_prohandel__customers set customer_number = %s where customer_id = %s", [ID, OTHER_ID]
    )
    assert store.look().person(NUMBER).references == (NUMBER,)
    forget(store)
    assert (ID,) in store.rows("prohandel.sale", "customer_id")


@pytest.mark.parametrize("kind", ["bigint", "double precision", "numeric(20, 2)"])
def test_numbers_that_landed_as_numbers(store: Store, kind: str) -> None:
    for table in ("customer", "sale"):
        store.conn.execute(
            sql.SQL("alter table {} alter customer_number type {} using customer_number::numeric").format(
                sql.Identifier("prohandel", table), sql.SQL(kind)
            )
        )
    held = store.look()
    assert count(held.conn, held.tables, held.person(NUMBER))["prohandel.sale"] == 2
    forget(store)
    assert store.traces() == []


def test_what_else_landed_about_the_customer(store: Store) -> None:
    store.conn.execute("alter table prohandel.sale add column customer_name text")
    store.conn.execute("update prohandel.sale set customer_name = %s where customer_number = %s", [TEXTS[0], NUMBER])
    store.conn.execute("update prohandel.sale set customer_name = 'Max' where customer_number = %s", [OTHER_NUMBER])
    forget(store)
    assert store.traces() == []
    assert ("Max",) in store.rows("prohandel.sale", "customer_name")


@pytest.mark.parametrize("number", ["0", "000", "", " "])
def test_walk_in_trade_is_nobody(store: Store, number: str) -> None:
    with pytest.raises(ProhandelError, match="walk-in trade"):
        store.look().person(number)


def test_nothing_is_held(store: Store) -> None:
    with pytest.raises(ProhandelError, match="holds nothing"):
        forget(store, "9999999")
    assert store.conn.execute("select to_regclass('operations.erasures')").fetchone() == (None,)


@pytest.mark.parametrize(
    ("schema", "column"),
    [
        ("marts", "customer_key"), ("marts", "customer_email"), ("intermediate", "customer_ref"), ("quality", "phone"),
        ("prohandel", "customer_number"), ("snapshots", "postal_code"), ("forecasting", "kundennummer"),
    ],
)  # fmt: skip
def test_an_unknown_table_about_customers_stops_it(store: Store, schema: str, column: str) -> None:
    store.conn.execute(f"create schema if not exists {schema}".encode())
    store.conn.execute(f"create table {schema}.new_table ({column} text)".encode())
    assert uncovered(store.look().tables) == [f"{schema}.new_table.{column}"]
    before = store.everything()
    with pytest.raises(ProhandelError, match=f"{schema}.new_table.{column}"):
        forget(store)
    assert store.everything() == before


def test_an_unknown_column_of_a_known_table_stops_it(store: Store) -> None:
    store.conn.execute("alter table marts.fct_orders add column email text")
    with pytest.raises(ProhandelError, match=r"marts\.fct_orders\.email"):
        forget(store)


def test_schemas_of_others_are_named(store: Store) -> None:
    store.conn.execute("create schema analyst")
    store.conn.execute("create table analyst.mine as select * from marts.dim_customers")
    assert forget(store).others == ("analyst.mine.customer_key", "analyst.mine.postal_area")


def test_an_error_on_the_way_changes_nothing(store: Store) -> None:
    store.conn.execute("create function stop() returns trigger language plpgsql as $$ begin raise 'no'; end $$")
    store.conn.execute("create trigger stop before update on quality.publications execute function stop()")
    before = store.everything()
    with pytest.raises(Exception, match="no"):
        forget(store)
    assert store.everything() == before


def test_who_comes_back_is_recognised_and_erased_again(store: Store) -> None:
    done = forget(store)
    held = store.look()
    assert returned(held.conn, held.places) == []
    # A run that builds what a re-sync has landed.
    insert(store.conn, "prohandel.customer", id=ID, customer_number=NUMBER, name=TEXTS[0])
    insert(store.conn, "intermediate.int_customers__references", customer_ref=NUMBER, customer_number=NUMBER)
    insert(store.conn, "intermediate.int_customers__references", customer_ref=ID, customer_number=NUMBER)
    found = returned(held.conn, held.places)
    assert {(one.erasure, one.reference) for one in found} == {(done.number, NUMBER), (done.number, ID)}
    again = forget(store, found[0].reference)
    assert store.traces() == []
    assert again.number > done.number
    assert returned(held.conn, held.places) == []


def test_another_key_knows_nobody_again(store: Store) -> None:
    forget(store)
    held = store.look()
    assert made_with_another_key(held.conn, held.places) == 0
    store.conn.execute("set prohandel.hash_key = 'another key'")
    assert made_with_another_key(held.conn, held.places) == 1
    store.conn.execute(sql.SQL("set prohandel.hash_key = {}").format(sql.Literal(HASH_KEY)))


def test_without_the_key_nothing_is_done(store: Store) -> None:
    store.conn.execute("set prohandel.hash_key = ''")
    with pytest.raises(ProhandelError, match="key that hides customers"):
        store.look().person(NUMBER)


def test_structured_texts_stay_what_they_are(store: Store) -> None:
    forget(store)
    symptoms, keys = store.conn.execute(
        "select symptoms, sample_keys from quality.incidents order by id limit 1"
    ).fetchone() or ([], [])
    assert (symptoms, keys) == (["(erased) is there twice"], ["(erased)", "t1", "(erased)"])
    failed = store.conn.execute("select failed from quality.publications order by publication_id limit 1").fetchone()
    assert failed == (["test of (erased)", "another"],)
    raw = store.conn.execute(
        "select raw_row from staging.base_prohandel__sales where raw_row ->> 'customer_number' is null and "
        "raw_row is not null"
    ).fetchall()
    assert [json.dumps(row[0], sort_keys=True) for row in raw] == [
        json.dumps({"id": raw[0][0]["id"], "customer_number": None, "sale_price": "5", "staff_number": "7"},
                   sort_keys=True)
    ]  # fmt: skip


def test_every_table_of_the_registry_was_looked_at(store: Store) -> None:
    """The warehouse of these tests has every table that the registry names."""
    there = {(one.layer, one.origin) for one in store.look().tables.about_customers}
    assert there == {(one.layer, one.table) for one in HELD}


def test_statistics_hold_no_sample(filled: Store) -> None:
    """The last one: nothing is cleaned up within a transaction, and so nothing rolled back."""
    for table in ("prohandel.customer", "staging.base_prohandel__customers"):
        filled.conn.execute(f"insert into {table} select * from {table}".encode())  # noqa: S608
        filled.conn.execute(f"analyze {table}".encode())
    query = (
        "select coalesce(string_agg(t::text, ''), '') from pg_stats as t where schemaname in ('prohandel', 'staging')"
    )
    assert TEXTS[1] in str(filled.conn.execute(query.encode()).fetchone())
    done = forget(filled)
    held = filled.look()
    clean_up(held.conn, held.tables, list(done.rows))
    assert TEXTS[1] not in str(filled.conn.execute(query.encode()).fetchone())
