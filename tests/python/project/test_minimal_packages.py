"""The project's own macros do what the packages' documentation says, as the packages themselves do."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from dbt.cli.main import dbtRunner

from prohandel import warehouse
from prohandel.errors import ProhandelError
from prohandel.pipeline.packages import resolve
from prohandel.pipeline.target import PROJECT
from tests.python.conftest import Server
from tests.python.project.graph import PACKAGE
from tests.python.project.vendored import vendored_packages

NAMES = ("dbt_utils", "dbt_expectations")

Render = Callable[[str], str]


def _used() -> set[tuple[str, str]]:
    """Macros and tests of the packages that the project names."""
    found = set()
    for folder in ("models", "macros", "tests/generic", "tests/singular", "snapshots", "seeds", "analyses"):
        for path in (PROJECT / folder).rglob("*"):
            if path.suffix in (".sql", ".yml"):
                found |= set(re.findall(rf"\b({'|'.join(NAMES)})\.(\w+)", path.read_text()))
    return found


def _defined() -> set[tuple[str, str]]:
    return {
        (name, macro)
        for name in NAMES
        for path in (PROJECT / "packages" / "minimal" / name / "macros").rglob("*.sql")
        for macro in re.findall(r"\{%-?\s*(?:macro|test)\s+(\w+)", path.read_text())
    }


def test_just_what_is_used_is_there() -> None:
    assert _defined() == _used()


@pytest.fixture(scope="module", params=["minimal", "real"])
def render(request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Renders a Jinja expression with one set of packages or the other."""
    folder = tmp_path_factory.mktemp(request.param)
    shutil.copytree(PROJECT / "packages", folder / "packages")
    shutil.copy(PROJECT / "packages.yml", folder)
    source = "minimal" if request.param == "minimal" else str(vendored_packages())
    try:
        resolve(folder, source=source)
    except ProhandelError as error:
        pytest.skip(str(error))
    settings = {"name": PACKAGE, "profile": PACKAGE, "vars": {"dbt_date:time_zone": "Europe/Berlin"}}
    # Elementary belongs to the set, but not to what is compared here.
    settings |= {"models": {"elementary": {"+enabled": False}}}
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(settings))
    output = {"type": "postgres", "host": server.socket_dir, "port": warehouse.PORT, "user": warehouse.USER}
    output |= {"password": "", "dbname": "postgres", "schema": "public", "threads": 1}
    (folder / "profiles.yml").write_text(yaml.safe_dump({PACKAGE: {"target": "t", "outputs": {"t": output}}}))

    def rendered(expression: str) -> str:
        place = ["--project-dir", str(folder), "--profiles-dir", str(folder), "--log-path", str(folder / "logs")]
        result: Any = dbtRunner().invoke(["compile", "--quiet", "--inline", "{{ tojson(" + expression + ") }}", *place])
        if not result.success or not result.result.results:
            raise ValueError(str(result.exception or result.result))
        return str(json.loads(result.result.results[0].node.compiled_code))

    return rendered


@pytest.fixture
def some_rows(conn: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    conn.execute(
        "create table some_rows as"
        " select * from (values (1, 'a', 10.0), (2, 'a', 20.0), (3, 'b', null), (4, null, -5.0))"
        " as v (id, name, amount)"
    )
    return conn


def found(conn: psycopg.Connection[Any], query: str) -> list[tuple[Any, ...]]:
    return conn.execute(query.encode()).fetchall()


def test_surrogate_key(render: Render, some_rows: psycopg.Connection[Any]) -> None:
    key = render("dbt_utils.generate_surrogate_key(['id', 'name'])")
    keys = found(some_rows, f"select {key} from some_rows order by id")  # noqa: S608
    # The md5 of the texts joined by a dash, with the documented word for null.
    assert keys[0] == found(some_rows, "select md5('1-a')")[0]
    assert keys[3] == found(some_rows, "select md5('4-_dbt_utils_surrogate_key_null_')")[0]
    assert len(set(keys)) == 4


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2026-02-27", "2026-03-02", ["2026-02-27", "2026-02-28", "2026-03-01"]),
        ("2026-03-28", "2026-03-31", ["2026-03-28", "2026-03-29", "2026-03-30"]),
        ("2026-03-01", "2026-03-02", ["2026-03-01"]),
    ],
)
def test_date_spine(render: Render, conn: psycopg.Connection[Any], start: str, end: str, days: list[str]) -> None:
    query = render(f"dbt_utils.date_spine('day', \"cast('{start}' as date)\", \"cast('{end}' as date)\")")
    rows = found(conn, f"select cast(cast(date_day as date) as text) from ({query}) as spine order by 1")  # noqa: S608
    assert [day for (day,) in rows] == days


@pytest.mark.parametrize(
    ("arguments", "failing"),
    [
        ("min_value=0", 1),
        ("max_value=10", 1),
        ("min_value=-5, max_value=20", 0),
        ("min_value=-5, max_value=20, inclusive=false", 2),
        ("min_value='id'", 1),
    ],
)
def test_accepted_range(render: Render, some_rows: psycopg.Connection[Any], arguments: str, failing: int) -> None:
    query = render(f"dbt_utils.test_accepted_range('some_rows', 'amount', {arguments})")
    assert len(found(some_rows, query)) == failing


@pytest.mark.parametrize(
    ("arguments", "failing"),
    [("'amount > 0'", 1), ("'> 10', column_name='amount'", 2), ("'amount is not null'", 1), ("'id > 0'", 0)],
)
def test_expression_is_true(render: Render, some_rows: psycopg.Connection[Any], arguments: str, failing: int) -> None:
    assert len(found(some_rows, render(f"dbt_utils.test_expression_is_true('some_rows', {arguments})"))) == failing


@pytest.mark.parametrize(
    ("arguments", "failing"),
    [("['id']", 0), ("['name']", 1), ("['name', 'amount']", 0), ("['name'], quote_columns=true", 1)],
)
def test_unique_combination_of_columns(
    render: Render, some_rows: psycopg.Connection[Any], arguments: str, failing: int
) -> None:
    query = render(f"dbt_utils.test_unique_combination_of_columns('some_rows', {arguments})")
    assert len(found(some_rows, query)) == failing


@pytest.mark.parametrize(
    ("arguments", "failing"),
    [
        ("min_value=4", 0),
        ("min_value=5", 1),
        ("max_value=3", 1),
        ("min_value=1, max_value=4", 0),
        ("max_value=4, strictly=true", 1),
        ("max_value=2, row_condition=\"name = 'a'\"", 0),
    ],
)
def test_row_count(render: Render, some_rows: psycopg.Connection[Any], arguments: str, failing: int) -> None:
    query = render(f"dbt_expectations.test_expect_table_row_count_to_be_between('some_rows', {arguments})")
    assert len(found(some_rows, query)) == failing


def test_a_row_count_without_a_limit_is_refused(render: Render) -> None:
    with pytest.raises(ValueError, match="inline query"):
        render("dbt_expectations.test_expect_table_row_count_to_be_between('some_rows')")


def test_elementary_stands_in_as_an_empty_package() -> None:
    folder = PROJECT / "packages" / "minimal" / "elementary"
    assert yaml.safe_load((folder / "dbt_project.yml").read_text())["name"] == "elementary"
    assert [path.relative_to(folder) for path in folder.rglob("*.sql")] == [Path("models/absent.sql")]
    assert "enabled=false" in (folder / "models" / "absent.sql").read_text()
