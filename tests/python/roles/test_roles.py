"""Each role logs in and tries what it must do, and what it must not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from prohandel.errors import ProhandelError
from prohandel.roles.apply import apply, plan
from prohandel.roles.wanted import KINDS, Kind
from tests.python.roles.conftest import Roles

READS_MARTS = "select * from marts.dim_customers, marts.customer_counts"
READS_QUALITY = "select * from quality.table_metrics"
READS_REASONS = "select table_name, reason from quality.rejected_rows"
READS_REJECTED = 'select "row" from quality.rejected_rows'
READS_SEEDS = "select * from reference.vat_rates"
READS_FORECASTS = "select * from forecasting.forecasts"
READS_LANDED = "select * from prohandel.customer"
READS_STAGED = "select * from staging.base_prohandel__customers"
READS_STAGED_VIEW = "select * from staging.stg_prohandel__customers"
READS_REFERENCES = "select * from intermediate.int_customers__references"
READS_ERASURES = "select * from operations.erasures"
READS_STATE = "select * from state.model_state"
READS_PASSWORDS = "select rolpassword from pg_authid"
WRITES_LANDED = "insert into prohandel.customer values ('2')"
ALTERS_LANDED = "alter table prohandel.customer add column phone text"
CREATES_LANDED = "create table prohandel.customer_new (id text)"
WRITES_MARTS = "delete from marts.dim_customers"
REPLACES_MART = "drop view marts.customer_counts"
WRITES_QUALITY = "insert into quality.table_metrics values (now())"
WRITES_OVERRIDES = "insert into forecasting.overrides values (1, 1.5)"
WRITES_FORECASTS = "insert into forecasting.forecasts values ('a')"
CREATES_TABLE = "create table marts.mine (a text)"
CREATES_IN_PUBLIC = "create table public.mine (a text)"
CREATES_TEMPORARY = "create temporary table mine (a text)"
CREATES_SCHEMA = "create schema mine"
CREATES_ROLE = "create role somebody_else"
COUNTS = "select nextval('state.change_number')"
READS_FILE = "select pg_read_file('PG_VERSION')"

MAY: dict[Kind, set[str]] = {
    "loader": {READS_LANDED, WRITES_LANDED, ALTERS_LANDED, CREATES_LANDED},
    "transformer": {
        READS_LANDED, READS_STAGED, READS_STAGED_VIEW, READS_REFERENCES, READS_SEEDS, READS_MARTS, READS_QUALITY,
        READS_REASONS, READS_REJECTED, READS_FORECASTS, READS_ERASURES, READS_STATE, WRITES_MARTS, REPLACES_MART,
        WRITES_QUALITY, WRITES_OVERRIDES, WRITES_FORECASTS, CREATES_TABLE, CREATES_SCHEMA, COUNTS,
    },
    "reader": {READS_MARTS, READS_QUALITY, READS_REASONS, READS_SEEDS, READS_FORECASTS},
    "dashboard": {READS_MARTS, READS_QUALITY, READS_REASONS, READS_FORECASTS},
    "api": {READS_MARTS, READS_QUALITY, READS_REASONS, READS_FORECASTS, WRITES_OVERRIDES},
}  # fmt: skip
TRIED = (
    READS_MARTS, READS_QUALITY, READS_REASONS, READS_REJECTED, READS_SEEDS, READS_FORECASTS, READS_LANDED, READS_STAGED,
    READS_STAGED_VIEW, READS_REFERENCES, READS_ERASURES, READS_STATE, READS_PASSWORDS, WRITES_LANDED, ALTERS_LANDED,
    CREATES_LANDED, WRITES_QUALITY, WRITES_OVERRIDES, WRITES_FORECASTS, CREATES_TABLE, CREATES_IN_PUBLIC,
    CREATES_SCHEMA, CREATES_ROLE, COUNTS, READS_FILE, WRITES_MARTS, REPLACES_MART,
)  # fmt: skip


def test_each_role_may_do_this_and_nothing_else(roles: Roles) -> None:
    roles.apply()
    # Who may change tables comes last.
    for kind in ("reader", "dashboard", "api", "loader", "transformer"):
        assert MAY[kind] <= set(TRIED)
        assert {statement for statement in TRIED if roles.may(kind, statement)} == MAY[kind], kind


def test_only_who_needs_them_makes_temporary_tables(roles: Roles) -> None:
    roles.execute(f'revoke temporary on database "{roles.database.name}" from public')
    roles.apply()
    assert [kind for kind in KINDS if roles.may(kind, CREATES_TEMPORARY)] == ["loader", "transformer"]


def test_a_second_time_nothing_is_changed(roles: Roles) -> None:
    assert roles.apply() > 0
    assert roles.plan() == []
    assert roles.apply() == 0


def test_nothing_is_there_yet(roles: Roles) -> None:
    for schema in roles.wanted.schemas:
        roles.execute(f"drop schema if exists {schema} cascade")
    roles.apply()
    assert roles.plan() == []
    assert roles.may("loader", "create table prohandel.sale (id text)")
    assert roles.may("transformer", "select * from prohandel.sale")
    assert roles.may("transformer", "create table marts.fct_sales as select * from prohandel.sale")
    assert roles.may("reader", "select * from marts.fct_sales")


def test_tables_of_the_future_are_seen_like_those_of_today(roles: Roles) -> None:
    roles.apply()
    with roles.log_in("loader") as loader:
        loader.execute("create table prohandel.sale (id text)")
    with roles.log_in("transformer") as transformer:
        transformer.execute("create table marts.fct_new as select * from prohandel.sale")
        transformer.execute("create table staging.base_prohandel__sales as select * from prohandel.sale")
        transformer.execute("drop table marts.dim_customers")
        transformer.execute("create table marts.dim_customers (customer_key text)")
    for kind in ("reader", "dashboard", "api"):
        assert roles.may(kind, "select * from marts.fct_new, marts.dim_customers")
        assert not roles.may(kind, "select * from staging.base_prohandel__sales")
    assert roles.plan() == []


def test_drift_is_shown_and_taken_back(roles: Roles) -> None:
    roles.apply()
    reader, transformer = roles.name("reader"), roles.name("transformer")
    roles.execute(f"grant usage on schema staging to {reader}")
    roles.execute(f"grant select, delete on staging.base_prohandel__customers to {reader}")
    roles.execute(f'grant select ("row") on quality.rejected_rows to {reader}')
    roles.execute(f"revoke select on marts.dim_customers from {reader}")  # noqa: S608
    roles.execute("grant usage on schema prohandel to public")
    roles.execute(f"alter role {transformer} createrole")
    roles.execute(f"grant pg_read_all_data to {reader}")
    roles.execute("create table marts.foreign_table (a text)")
    assert sorted(roles.plan()) == sorted(
        [
            f"- {transformer} is no longer createrole",
            f"- {reader} is no member of pg_read_all_data any more",
            f"- {reader}: USAGE on the schema staging",
            f"- {reader}: SELECT on base_prohandel__customers of staging",
            f"- {reader}: DELETE on base_prohandel__customers of staging",
            f"- {reader}: SELECT on row of quality.rejected_rows",
            f"+ {reader}: SELECT on dim_customers, foreign_table of marts",
            f"+ {roles.name('dashboard')}: SELECT on foreign_table of marts",
            f"+ {roles.name('api')}: SELECT on foreign_table of marts",
            "- everybody: USAGE on the schema prohandel",
            f"~ {transformer} owns foreign_table of marts (now postgres)",
        ]
    )
    roles.apply()
    assert roles.plan() == []
    assert not roles.may("reader", READS_STAGED)


def test_an_administrator_who_is_no_superuser(roles: Roles) -> None:
    admin = f"admin_{roles.name('loader')}"
    roles.made.append(admin)
    roles.execute(f"create role {admin} login createrole")
    roles.execute(f'alter database "{roles.database.name}" owner to {admin}')
    for schema in roles.wanted.schemas:
        roles.execute(f"drop schema if exists {schema} cascade")
    roles.execute(f"create schema prohandel authorization {admin}")
    roles.execute("create table prohandel.sale (id text)")
    roles.execute(f"alter table prohandel.sale owner to {admin}")
    target = replace(roles.target, connection={**roles.target.connection, "user": admin})
    with target.connect() as conn:
        apply(conn, roles.wanted, plan(target, conn, roles.wanted, {}).changes)
    assert roles.plan() == []
    assert roles.may("transformer", "select * from prohandel.sale")
    with roles.database.connect() as conn:
        row = conn.execute("select pg_has_role(%s, %s, 'usage')", [admin, roles.name("transformer")]).fetchone()
        assert row == (False,)


def test_without_the_right_to_it_nothing_is_changed(roles: Roles) -> None:
    roles.apply()
    roles.execute(f"revoke usage on schema marts from {roles.name('reader')}")
    before = roles.plan()
    target = replace(roles.target, connection={**roles.target.connection, "user": roles.name("reader")})
    with target.connect() as conn, pytest.raises(ProhandelError, match="may not do this") as error:
        apply(conn, roles.wanted, plan(target, conn, roles.wanted, {}).changes)
    assert "superuser" in error.value.remedy
    assert roles.plan() == before != []


def test_who_cannot_be_confined_is_refused(roles: Roles) -> None:
    names = {**roles.wanted.names, "reader": "postgres"}
    with roles.database.connect() as conn:
        with pytest.raises(ProhandelError, match="superuser"):
            plan(roles.target, conn, replace(roles.wanted, names=names), {})
        twice = {**roles.wanted.names, "reader": roles.name("api")}
        with pytest.raises(ProhandelError, match="more than one purpose"):
            plan(roles.target, conn, replace(roles.wanted, names=twice), {})
    roles.execute(f"create role {roles.name('transformer')} login")
    roles.execute(f'alter database "{roles.database.name}" owner to {roles.name("transformer")}')
    with pytest.raises(ProhandelError, match="owns the database"):
        roles.plan()


def test_runs_that_log_in_as_somebody_else_are_told(roles: Roles) -> None:
    with roles.database.connect() as conn:
        (note,) = plan(roles.target, conn, roles.wanted, {}).notes
        assert "connect as postgres" in note
        own = replace(roles.target, connection={**roles.target.connection, "user": roles.name("transformer")})
        assert plan(own, conn, roles.wanted, {}).notes == ()
