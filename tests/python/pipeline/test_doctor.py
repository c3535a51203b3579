"""The doctor, on a small landing of both generations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from rich.console import Console

from prohandel.errors import ProhandelError
from prohandel.landing.tables import LANDED_TABLES
from prohandel.pipeline import doctor
from prohandel.pipeline.dbt import Dbt
from prohandel.pipeline.doctor import Diagnosis, TableReport, block, diagnose, show
from prohandel.pipeline.target import Target
from prohandel.pipeline.variables import parse_variables
from tests.python.conftest import Database
from tests.python.pipeline.conftest import write_profile

LANDING = """
create schema landing;
create table landing.article (
    id text, number text, price text, cost numeric, category text, colour text, _fivetran_synced timestamptz
);
insert into landing.article values
    ('a1', 'A-1', '10,00', 4, 'c1', 'red', '2026-02-27 10:00Z'),
    ('a2', 'A-2', '20', 8, 'Hosen', 'blue', '2026-02-27 11:00Z');
create table landing.category (id text, name text, _fivetran_synced timestamptz);
insert into landing.category values ('c1', 'Mäntel', '2026-02-27 10:00Z'), ('c2', 'Hosen', '2026-02-27 10:00Z');
create table landing.customer (
    id text, customer_number text, email text, created_at text, _fivetran_synced timestamptz
);
insert into landing.customer
select i::text, (10000 + i)::text, 'somebody@example.com', 'long ago ' || i, '2026-02-27 10:00Z'
from generate_series(1, 40) as i;
create table landing.sale (
    id text, date text, branch_id text, article_number text, customer_number text, quantity text, sale_price numeric,
    label_price numeric, purchase_price numeric, discount numeric, _fivetran_synced timestamptz
);
insert into landing.sale
select
    i::text, '2026-02-27', 'b1', 'A-1', (10000 + i)::text, '3', 9, 30, 12, 1, '2026-02-27 18:00Z'
from generate_series(1, 30) as i;
insert into landing.sale values ('31', 'soon', 'b9', 'A-9', 'x', 'three', 9, 10, 4, 1, '2026-02-27 18:00Z');
create table landing.shop (id text, branch_number text);
"""


@pytest.fixture(scope="module")
def diagnosed(server: Any, tmp_path_factory: pytest.TempPathFactory) -> Diagnosis:
    database: Database = server.create_database("diagnosed")
    with database.connect() as conn:
        conn.execute(LANDING.encode())
    home = tmp_path_factory.mktemp("diagnosed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(doctor, "find_target", lambda _: target_of(database, home))
        return diagnose(None, "{}")


def target_of(database: Database, home: Path) -> Target:
    write_profile(home, database)
    connection = {"host": database.server.socket_dir, "port": "5432", "user": "postgres", "dbname": database.name}
    return Target("toy", home, "analytics", connection, None, home)


def table(diagnosed: Diagnosis, name: str) -> TableReport:
    return next(report for report in diagnosed.tables if report.name == name)


def test_it_finds_the_schema_that_holds_a_landing(diagnosed: Diagnosis) -> None:
    assert diagnosed.schemas == ("landing",)
    assert diagnosed.variables["prohandel_schema"] == "landing"


def test_tables(diagnosed: Diagnosis) -> None:
    assert {report.name: report.rows for report in diagnosed.tables} == {
        "article": 2,
        "customer": 40,
        "sale": 31,
        "shop": 0,
        "category": 2,
    }
    assert "landing.inventory" in diagnosed.absent
    assert table(diagnosed, "shop").problem == "no rows"
    newest = table(diagnosed, "sale").newest_sync
    assert newest is not None
    assert newest.isoformat() == "2026-02-27T18:00:00+00:00"


def test_generations_and_columns(diagnosed: Diagnosis) -> None:
    article = table(diagnosed, "article")
    assert article.generation == "mixed"
    assert {column.name: column.generation for column in article.columns}["number"] == "api"
    assert article.unknown == ["colour"]
    assert "brand" in article.missing
    assert table(diagnosed, "sale").generation == "mixed"


def test_what_cannot_be_read(diagnosed: Diagnosis) -> None:
    sale = {column.name: column for column in table(diagnosed, "sale").columns}
    assert (sale["date"].unreadable, sale["date"].samples, sale["date"].is_essential) == (1, ("soon",), True)
    assert (sale["quantity"].unreadable, sale["quantity"].samples) == (1, ("three",))
    article = {column.name: column for column in table(diagnosed, "article").columns}
    assert article["price"].unreadable == 0
    customer = {column.name: column for column in table(diagnosed, "customer").columns}
    assert (customer["created_at"].unreadable, customer["created_at"].is_essential) == (40, False)


def test_nothing_personal_is_shown(diagnosed: Diagnosis) -> None:
    console = Console(width=200, record=True, file=open("/dev/null", "w", encoding="utf-8"))  # noqa: SIM115, PTH123
    show(diagnosed, console)
    text = console.export_text()
    assert "sale.date: 1 values cannot be read, such as 'soon'; these rows are rejected" in text
    assert "example.com" not in text
    assert "10001" not in text


def test_references(diagnosed: Diagnosis) -> None:
    found = {entry.column: entry for entry in diagnosed.references}
    category = found["article.category_ref"]
    assert (category.different, category.by_number, category.by_id, category.neither) == (2, 1, 1, 0)
    assert found["sale.article_number"].neither == 1
    assert found["sale.branch_ref"].neither == 2


def test_prices_are_read_as_they_are_meant(diagnosed: Diagnosis) -> None:
    """Three pieces: label 30 and cost 12 are the line's, 9 paid and 1 off are the piece's."""
    assert {entry.variable: entry.fits for entry in diagnosed.prices} == {
        "label_price_per": "line",
        "sale_price_per": "unit",
        "purchase_price_per": "line",
        "discount_per": "unit",
    }


def test_the_variables_fit_and_can_be_handed_to_a_run(diagnosed: Diagnosis) -> None:
    given = parse_variables(block(diagnosed.variables))
    assert given == diagnosed.variables
    assert given["using_category"] is True
    assert given["using_inventory"] is False
    assert given["using_shop"] is False
    assert "using_sale" not in given, "the default fits"
    assert given["min_customer_number_length"] == 5
    assert (given["label_price_per"], given["sale_price_per"]) == ("line", "unit")


def test_defaults_that_fit_give_an_empty_block() -> None:
    assert yaml.safe_load(block({})) == {"vars": {}}


def test_nothing_landed(target: Target, conn: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    conn.execute("create table something (id int)")
    monkeypatch.setattr(doctor, "find_target", lambda _: target)
    with pytest.raises(ProhandelError, match="No table of ProHandel has landed"):
        diagnose(None)


def test_both_catalogues_of_landed_tables_agree(database: Database, tmp_path: Path) -> None:
    """The one that lands (prohandel/landing/tables.py) and the one that reads (macros/staging/tables.sql)."""
    target = target_of(database, tmp_path)
    names = Dbt(target, {}).evaluate("landed_table_names()")
    assert sorted(names) == sorted(LANDED_TABLES)
    # Each evaluation starts dbt: one for all tables.
    lists = ", ".join(f"'{name}': columns_of('{name}')['columns']" for name in names)
    columns = Dbt(target, {}).evaluate("{" + lists + "}")
    for name, table_ in LANDED_TABLES.items():
        read = columns[name]
        accepted = set()
        for column in read:
            for candidate in column["landed"]:
                accepted |= {candidate} if isinstance(candidate, str) else set(_flat(candidate))
        assert table_.landed_names - accepted == set(), f"{name}: landed and never read"
        essential = {landed for column in read if "essential" in column for landed in column["landed"]}
        assert {column.name for column in table_.columns if column.essential} <= essential, name


def _flat(candidate: Any) -> list[str]:
    return list(candidate.values()) if isinstance(candidate, dict) else list(json.loads(json.dumps(candidate)))
