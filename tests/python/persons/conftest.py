"""A warehouse with every table that the project makes, and a customer in each that is about customers."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import sql

from prohandel.landing.tables import LANDED_TABLES
from prohandel.persons.access import Warehouse
from prohandel.persons.erasures import Places
from prohandel.persons.tables import find_tables
from prohandel.pipeline.target import Target
from prohandel.publication import changes, history, layout
from prohandel.publication.relations import Schemas
from prohandel.quality import outbox
from tests.python.conftest import Server
from tests.python.pipeline.conftest import target_of

NUMBER, ID = "4711815", "812345678"
TEXTS = ("Erika Mustermann-Öz", "erika.oez@example.com", "+49 30 5550815", "Heidestraße 17")
OTHER_NUMBER, OTHER_ID = "4711816", "812345679"
HASH_KEY = "test-key"
SCHEMA = "prohandel"


@dataclass
class Store:
    """The warehouse of a test.

    Attributes:
        conn: to it, with the key that hides customers.
        target: it, as commands see it.
        server: that it is on.
    """

    conn: psycopg.Connection[Any]
    target: Target
    server: Server

    def look(self) -> Warehouse:
        """As `connected` gives it."""
        tables = find_tables(self.conn, self.target, [SCHEMA])
        return Warehouse(self.conn, tables, Places.of(self.target), (SCHEMA,), 0)

    def rows(self, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
        return self.conn.execute(f"select {columns} from {table} order by 1".encode()).fetchall()  # noqa: S608

    def key(self, number: str) -> str:
        row = self.conn.execute(
            "select encode(sha256(convert_to(%s || ':' || %s, 'UTF8')), 'hex')", [HASH_KEY, number]
        ).fetchone()
        assert row
        return str(row[0])

    def everything(self) -> str:
        """Every row of every table of the database, as text."""
        relations = self.conn.execute(
            """
            select schemaname, tablename from pg_tables
            where schemaname not in ('pg_catalog', 'information_schema') order by 1, 2
            """
        ).fetchall()
        lines = []
        for relation in relations:
            query = sql.SQL("select t::text from {} as t").format(sql.Identifier(*relation))
            lines += [f"{'.'.join(relation)}: {row[0]}" for row in self.conn.execute(query)]
        return "\n".join(lines)

    def traces(self) -> list[str]:
        """Rows in which anything of the customer is left."""
        sought = (NUMBER, ID, *TEXTS, self.key(NUMBER), self.key(ID))
        return [line for line in self.everything().splitlines() if any(text in line for text in sought)]


def create(conn: psycopg.Connection[Any], schema: str, table: str, columns: dict[str, str]) -> None:
    conn.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
    conn.execute(
        sql.SQL("create table {} ({})").format(
            sql.Identifier(schema, table),
            sql.SQL(", ").join(
                sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in columns.items()
            ),
        )
    )


def insert(conn: psycopg.Connection[Any], table: str, **values: Any) -> None:
    schema, name = table.split(".")
    conn.execute(
        sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier(schema, name),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join([sql.Placeholder()] * len(values)),
        ),
        [json.dumps(value) if isinstance(value, dict) else value for value in values.values()],
    )


def landed_columns(name: str) -> dict[str, str]:
    """A landed table with both generations of its columns, all as text."""
    names = [name for column in LANDED_TABLES[name].columns for name in column.names]
    return dict.fromkeys(dict.fromkeys(names), "text") | {
        "_fivetran_synced": "timestamptz", "_fivetran_deleted": "boolean",
    }  # fmt: skip


_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def filled(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One warehouse for a module."""
    database = server.create_database(f"persons_{os.getpid()}")
    with database.connect() as conn:
        conn.execute(
            sql.SQL("alter database {} set prohandel.hash_key = {}").format(
                sql.Identifier(database.name), sql.Literal(HASH_KEY)
            )
        )
    with database.connect() as conn:
        made = Store(conn, target_of(server, database.name, tmp_path_factory.mktemp("persons")), server)
        _create_tables(conn)
        _fill(made, NUMBER, ID, TEXTS)
        _fill(made, OTHER_NUMBER, OTHER_ID, ("Max Weber", "m@example.com", "", ""))
        yield made
    database.drop()


@pytest.fixture
def store(filled: Store) -> Iterator[Store]:
    """The warehouse of the module; what a test changes in it is rolled back."""
    with filled.conn.transaction(force_rollback=True):
        yield filled


def _create_tables(conn: psycopg.Connection[Any]) -> None:
    for name in ("customer", "order", "sale"):
        create(conn, SCHEMA, name, landed_columns(name))
    row = {"source_relation": "text", "rejection_reasons": "text", "raw_row": "jsonb", "row_hash": "text"}
    create(
        conn,
        "staging",
        "base_prohandel__customers",
        dict.fromkeys(("customer_id", "customer_number", "name", "email", "phone", "street", "city"), "text") | row,
    )
    create(
        conn,
        "staging",
        "base_prohandel__orders",
        {"order_id": "text", "customer_ref": "text", "total_amount": "numeric"} | row,
    )
    create(
        conn,
        "staging",
        "base_prohandel__sales",
        {"sale_line_id": "text", "customer_ref": "text", "sale_price": "numeric"} | row | {"change_number": "bigint"},
    )
    create(
        conn,
        "intermediate",
        "int_customers__references",
        {"customer_ref": "text", "customer_number": "text", "is_person": "boolean"},
    )
    create(
        conn,
        "intermediate",
        "int_sales__parent_changes",
        {"parent": "text", "parent_ref": "text", "attributes_hash": "text", "change_number": "bigint"},
    )
    create(
        conn,
        "intermediate",
        "int_sales__customer_months",
        {
            "month_start_date": "date",
            "branch_number": "text",
            "customer_key": "text",
            "first_demand_on": "date",
            "receipts": "bigint",
            "net_revenue": "numeric(18, 6)",
        },
    )
    conn.execute(
        "create unique index on intermediate.int_sales__customer_months (month_start_date, branch_number, customer_key)"
    )
    create(
        conn,
        "intermediate",
        "int_sales__shared_receipts",
        {"date_day": "date", "branch_number": "text", "receipt_number": "text", "customer_key": "text"},
    )
    create(conn, "state", "model_state", {"model_name": "text"})
    conn.execute("create sequence state.change_number start 100")
    for schema in ("marts", "marts_audit"):
        create(conn, schema, "dim_customers", {"customer_key": "text primary key", "postal_area": "text"})
        create(
            conn,
            schema,
            "fct_orders",
            {"order_id": "text primary key", "customer_key": "text", "total_amount": "numeric"},
        )
        create(
            conn,
            schema,
            "fct_sale_lines",
            {"sale_line_id": "text primary key", "customer_key": "text", "net_revenue": "numeric"},
        )
    create(
        conn,
        "quality",
        "rejected_rows",
        dict.fromkeys(("table_name", "row_key", "reason", "source_relation"), "text") | {"row": "jsonb"},
    )
    create(conn, "quality", "test_results", {"test_id": "text", "message": "text", "failures": "bigint"})
    outbox.prepare(conn, "quality")
    schemas = Schemas("marts_audit", "marts", "published", "state", "quality", "intermediate")
    history.prepare(conn, schemas)
    layout.prepare(conn, "state")
    changes.prepare(conn, "state")
    # What publications have replaced, as keep_replaced names it.
    for name, columns in (
        ("replaced__marts__dim_customers", {"customer_key": "text", "postal_area": "text"}),
        ("replaced__marts__fct_sale_lines", {"sale_line_id": "text", "customer_key": "text", "net_revenue": "numeric"}),
        ("replaced__marts__fct_orders", {"order_id": "text", "customer_key": "text", "total_amount": "numeric"}),
    ):
        create(conn, "state", name, {"publication_id": "bigint", "was_there": "boolean"} | columns)
    create(conn, "state", "written__marts__dim_customers", {"customer_key": "text"})


def _fill(store: Store, number: str, id_: str, texts: tuple[str, ...]) -> None:
    """One customer with two receipt lines, one of them naming the id, and an order; each once more unreadable."""
    conn, key = store.conn, store.key(number)
    name, email, phone, street = texts
    n = next(_numbers)
    insert(
        conn,
        "prohandel.customer",
        id=id_,
        customer_number=f" {number} ",
        name=name,
        email=email,
        phone=phone,
        address=street,
        city="Berlin",
        full_address=f"{street}, Berlin",
    )
    insert(conn, "prohandel.order", id=f"o{n}", customer_id=number, total_amount="70")
    insert(conn, "prohandel.sale", id=f"s{n}", customer_number=number, sale_price="10")
    insert(conn, "prohandel.sale", id=f"t{n}", customer_id=id_, sale_price="20")
    raw = {"id": f"u{n}", "customer_number": f"{number} ", "sale_price": "5", "staff_number": "7"}
    known = {"source_relation": SCHEMA}
    insert(
        conn,
        "staging.base_prohandel__customers",
        customer_id=id_,
        customer_number=number,
        name=name,
        email=email,
        phone=phone,
        street=street,
        row_hash=f"hash-of-{number}",
        **known,
    )
    insert(
        conn,
        "staging.base_prohandel__orders",
        order_id=f"o{n}",
        customer_ref=number,
        total_amount=70,
        row_hash=f"hash-of-{number}",
        **known,
    )
    insert(
        conn,
        "staging.base_prohandel__sales",
        sale_line_id=f"s{n}",
        customer_ref=number,
        sale_price=10,
        row_hash=f"hash-of-{number}",
        change_number=5,
        **known,
    )
    insert(
        conn,
        "staging.base_prohandel__sales",
        sale_line_id=f"t{n}",
        customer_ref=id_,
        sale_price=20,
        row_hash=f"hash-of-{number}",
        change_number=5,
        **known,
    )
    insert(
        conn,
        "staging.base_prohandel__sales",
        sale_line_id=f"row hash-of-{number}",
        customer_ref=number,
        sale_price=5,
        raw_row=raw,
        rejection_reasons="missing_key",
        row_hash=f"hash-of-{number}",
        change_number=5,
        **known,
    )
    for ref in (number, id_):
        insert(conn, "intermediate.int_customers__references", customer_ref=ref, customer_number=number, is_person=True)
    insert(conn, "intermediate.int_sales__parent_changes", parent="customer", parent_ref=id_, change_number=1)
    insert(
        conn,
        "intermediate.int_sales__customer_months",
        month_start_date="2026-01-01",
        branch_number="0901",
        customer_key=key,
        first_demand_on="2026-01-05",
        receipts=2,
        net_revenue="25.21",
    )
    insert(
        conn,
        "intermediate.int_sales__customer_months",
        month_start_date="2026-02-01",
        branch_number="0901",
        customer_key=key,
        first_demand_on="2026-02-05",
        receipts=1,
        net_revenue="8.4",
    )
    insert(
        conn,
        "intermediate.int_sales__shared_receipts",
        date_day="2026-01-05",
        branch_number="0901",
        receipt_number="r1",
        customer_key=key,
    )
    for schema in ("marts", "marts_audit"):
        insert(conn, f"{schema}.dim_customers", customer_key=key, postal_area="10")
        insert(conn, f"{schema}.fct_orders", order_id=f"o{n}", customer_key=key, total_amount=70)
        insert(conn, f"{schema}.fct_sale_lines", sale_line_id=f"s{n}", customer_key=key, net_revenue="8.40")
        insert(conn, f"{schema}.fct_sale_lines", sale_line_id=f"t{n}", customer_key=key, net_revenue="16.81")
    replaced = {"publication_id": 1, "was_there": True, "customer_key": key}
    insert(conn, "state.replaced__marts__dim_customers", postal_area="10", **replaced)
    insert(conn, "state.replaced__marts__fct_sale_lines", sale_line_id=f"s{n}", net_revenue="8.40", **replaced)
    insert(conn, "state.replaced__marts__fct_orders", order_id=f"o{n}", total_amount=70, **replaced)
    insert(conn, "state.written__marts__dim_customers", customer_key=key)
    insert(
        conn,
        "quality.rejected_rows",
        table_name="sale",
        row_key=f"row hash-of-{number}",
        reason="missing_key",
        source_relation=SCHEMA,
        row=raw,
    )
    insert(
        conn,
        "quality.rejected_rows",
        table_name="customer",
        row_key=id_,
        reason="missing_key",
        source_relation=SCHEMA,
        row={"id": id_, "customer_number": number, "name": "hash"},
    )
    insert(conn, "quality.test_results", test_id="x", failures=1, message=f"duplicate key: Key (id)=({id_}) of {name}")
    conn.execute(
        """
        insert into quality.incidents (
            root, kind, table_name, branch_number, severity, owner, since, opened_at, last_seen_at, closed_at, rows,
            symptoms, sample_keys, told_rows
        )
        values (%s, 'anomaly', 'customer', 'all', 'warn', 'x', now(), now(), now(), now(), 1, %s, %s, 1)
        """,
        [f"anomaly|customer|{n}", json.dumps([f"{email} is there twice"]), json.dumps([id_, "t1", int(number)])],
    )
    conn.execute(
        """
        insert into quality.alert_messages (key, event, channel, severity, title, body, created_at, next_try_at)
        values (%s, 'opened', 'mail', 'warn', %s, %s, now(), now())
        """,
        [f"m{n}", f"Customer {number}", f"{name} ({phone}), {street}"],
    )
    conn.execute(
        "insert into quality.publications (run_at, outcome, failed, note) values (now(), 'rolled back', %s, %s)",
        [[f"test of {number}", "another"], f"asked for by {email.upper()}"],
    )
