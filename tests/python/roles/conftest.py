"""A small warehouse with a table of each kind, and five roles of its own on the test server."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from prohandel.pipeline.target import Target
from prohandel.roles.apply import apply, plan
from prohandel.roles.wanted import KINDS, Kind, Wanted, wanted
from tests.python.conftest import Database
from tests.python.pipeline.conftest import target_of

_numbers = itertools.count(1)

_WAREHOUSE = """
    create schema prohandel;
    create table prohandel.customer (id text primary key, name text, email text);
    insert into prohandel.customer values ('1', 'Erika Musterfrau', 'erika@example.com');
    create schema staging;
    create table staging.base_prohandel__customers as select * from prohandel.customer;
    create view staging.stg_prohandel__customers as select id, email from staging.base_prohandel__customers;
    create schema intermediate;
    create table intermediate.int_customers__references as select id as customer_ref from prohandel.customer;
    create schema reference;
    create table reference.vat_rates (vat_class text);
    create schema marts;
    create table marts.dim_customers as select md5(id) as customer_key from prohandel.customer;
    create view marts.customer_counts as select count(*) as customers from intermediate.int_customers__references;
    create schema quality;
    create table quality.table_metrics (run_at timestamptz, metric_id bigint generated always as identity);
    create table quality.rejected_rows (table_name text, reason text, "row" jsonb);
    create schema state;
    create sequence state.change_number;
    create table state.model_state (model_name text);
    create function state.noted() returns trigger language plpgsql as $$ begin return null; end $$;
    create schema operations;
    create table operations.erasures (erasure_id bigint);
    create schema forecasting;
    create table forecasting.forecasts (article_number text);
    create table forecasting.overrides (override_id bigint, factor numeric);
"""


@dataclass
class Roles:
    """The roles of a test warehouse.

    Attributes:
        database: the warehouse.
        target: it, as commands see it.
        wanted: what the roles may do.
        made: roles that go when the test ends.
    """

    database: Database
    target: Target
    wanted: Wanted
    made: list[str] = field(default_factory=list)

    def name(self, kind: Kind) -> str:
        return self.wanted.names[kind]

    def plan(self, conn: psycopg.Connection[Any] | None = None) -> list[str]:
        """What would be changed."""
        with conn or self.database.connect() as used:
            return [f"{one.sign} {one.what}" for one in plan(self.target, used, self.wanted, {}).changes]

    def apply(self) -> int:
        with self.database.connect() as conn:
            found = plan(self.target, conn, self.wanted, {}).changes
            apply(conn, self.wanted, found)
            return len(found)

    def execute(self, statement: str) -> None:
        with self.database.connect() as conn:
            conn.execute(statement.encode())

    def log_in(self, kind: Kind) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=self.database.server.socket_dir, dbname=self.database.name, user=self.name(kind), autocommit=True
        )

    def may(self, kind: Kind, statement: str) -> bool:
        """Does the database let the role do this? Any other error is one of the test."""
        with self.log_in(kind) as conn:
            try:
                conn.execute(statement.encode())
            except psycopg.errors.InsufficientPrivilege:
                return False
        return True


@pytest.fixture
def roles(database: Database, tmp_path: Path) -> Iterator[Roles]:
    number = next(_numbers)
    target = target_of(database.server, database.name, tmp_path)
    names: dict[Kind, str] = {kind: f"{kind}_{os.getpid()}_{number}" for kind in KINDS}
    made = Roles(database, target, wanted(target, ["prohandel"], names), list(names.values()))
    made.execute(_WAREHOUSE)
    yield made
    database.drop()
    with database.server.connect() as conn:
        for name in made.made:
            conn.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(name)))
