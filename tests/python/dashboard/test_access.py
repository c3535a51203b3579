"""Who may see which branch: every query of every page, the pages themselves, and who is asked."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pandas as pd
import psycopg
import pytest
import streamlit as st
from psycopg import sql

from prohandel.dashboard import access, search
from prohandel.dashboard import sql as statements
from prohandel.dashboard.conditions import BRANCHES, HIDDEN, Table, seen_by
from prohandel.dashboard.database import Pool, Query, fetch, open_pool
from prohandel.dashboard.filters import from_values
from prohandel.dashboard.queries import tables_of_branches
from prohandel.dashboard.settings import from_environment
from prohandel.errors import ProhandelError
from tests.python.dashboard.conftest import contracts, fill, metrics, open_page, texts
from tests.python.dashboard.retailer import AS_OF

Marts = psycopg.Connection[Any]

_GIVEN: dict[str, Any] = {
    "filters": from_values({"period": "p90"}, AS_OF), "number": "A1", "article": "A1", "at": "0902", "step": 7,
    "stretches": 4, "supplier": None, "after": 0, "table": "sale", "text": "", "with_rows": True, "by": "branch_number",
    "days": [AS_OF, AS_OF - timedelta(days=7)], "first": AS_OF - timedelta(days=60), "last": AS_OF, "day": AS_OF,
    "as_of": AS_OF, "back": 28, "abc_class": "A", "xyz_class": "X", "kinds": ["negative", "phantom"],
    "has_recommendations": True, "season": "FS26", "category": "Hemden", "weeks": 8, "grain": "week",
}  # fmt: skip
"""What the functions of `sql` are called with, by the names of their parameters."""


def _given(name: str, parameter: inspect.Parameter) -> Any:
    if name not in _GIVEN and parameter.default is not inspect.Parameter.empty:
        return parameter.default
    # Some functions take days, others how many.
    return 28 if name == "days" and parameter.annotation == "int" else _GIVEN[name]


def all_queries() -> dict[str, Query]:
    """Every query that pages can ask, by module and function."""
    found = {"search": search.search_query("A")}
    for module in pkgutil.iter_modules(statements.__path__):
        loaded = importlib.import_module(f"{statements.__name__}.{module.name}")
        for name, function in inspect.getmembers(loaded, inspect.isfunction):
            if function.__module__ == loaded.__name__ and not name.startswith("_"):
                signature = inspect.signature(function)
                if signature.return_annotation in ("Query", Query):
                    given = {one: _given(one, kind) for one, kind in signature.parameters.items()}
                    found[f"{module.name}.{name}"] = function(**given)
    return found


@pytest.fixture
def pool(marts: Marts) -> Iterator[Pool]:
    for name, columns in (("incidents", "id bigint, kind text, table_name text, column_name text, branch_number text,"
                           " severity text, owner text, since timestamptz, opened_at timestamptz,"
                           " closed_at timestamptz, rows bigint, symptoms jsonb, acknowledged_by text,"
                           " snoozed_until timestamptz"),
                          ("publications", "publication_id bigint, decided_at timestamptz, outcome text,"
                           " as_of_date date, rows_changed bigint, tables_changed int, seconds numeric, failed text[],"
                           " note text, rolled_back_at timestamptz")):  # fmt: skip
        marts.execute(sql.SQL("create table quality.{} ({})").format(sql.Identifier(name), sql.SQL(columns)))
    opened = open_pool(from_environment())
    yield opened
    opened.close()


def rows(frame: pd.DataFrame) -> list[str]:
    return sorted(str(tuple(row)) for row in frame.astype(str).itertuples(index=False))


def test_every_query_answers_as_if_other_branches_were_not_there(marts: Marts, pool: Pool) -> None:
    """Asked with the condition, and again after the rows of all other branches are gone."""
    queries = all_queries()
    assert len(queries) > 40
    tables = tables_of_branches(pool, from_environment())
    allowed = ["0902"]
    seen = {name: rows(fetch(pool, seen_by(query, allowed, tables))) for name, query in queries.items()}
    whole = {name: rows(fetch(pool, query)) for name, query in queries.items()}
    for folder in ("marts", "quality"):
        for table, columns in contracts(folder).items():
            named = [column for column in BRANCHES if column in columns]
            condition = sql.SQL(" or ").join(
                sql.SQL("{} in ('0902', {})").format(sql.Identifier(column), "all" if folder == "quality" else "0902")
                for column in named
            )
            if named:
                marts.execute(sql.SQL("delete from {} where not ({})").format(sql.Identifier(folder, table), condition))
    marts.execute("truncate quality.rejected_rows")
    left = {name: rows(fetch(pool, query)) for name, query in queries.items()}
    assert seen == left
    assert len([name for name in seen if seen[name] != whole[name]]) > 25


def test_no_statement_names_a_schema() -> None:
    """One that did would not meet the rows that stand in for a table."""
    for name, query in all_queries().items():
        assert not re.search(r"\b(marts|quality|forecasting|reference)\.", query.text()), name


def test_every_table_with_a_branch_is_found(pool: Pool) -> None:
    tables = tables_of_branches(pool, from_environment())
    expected = {
        name for folder in ("marts", "quality") for name, columns in contracts(folder).items()
        if set(BRANCHES) & set(columns)
    }  # fmt: skip
    assert expected | set(HIDDEN) | {"incidents"} == set(tables)
    assert tables["transfer_recommendations"].columns == ("from_branch", "to_branch")
    assert tables["signals"].of_all


def test_a_query_without_rows_of_branches_stays_as_it_is() -> None:
    query = Query(sql.SQL("select name from dim_articles"), {})
    assert seen_by(query, ["0901"], {"dim_shops": Table("marts", ("branch_number",), False)}) is query


@pytest.fixture
def behind_proxy(marts: Marts, monkeypatch: pytest.MonkeyPatch) -> Marts:
    monkeypatch.setenv("PROHANDEL_DASHBOARD_ACCESS", "proxy")
    marts.execute("create table quality.dashboard_access (user_name text, branch_number text)")
    fill(marts, "quality.dashboard_access", [
        {"user_name": "Berlin@example.com", "branch_number": "0902"},
        {"user_name": "chef@example.com", "branch_number": "*"},
    ])  # fmt: skip
    return marts


def named(monkeypatch: pytest.MonkeyPatch, name: str | None) -> None:
    monkeypatch.setattr(access, "_name_of_proxy", lambda header: name)


def test_a_reader_sees_their_branches_alone(behind_proxy: Marts, monkeypatch: pytest.MonkeyPatch) -> None:
    named(monkeypatch, " berlin@EXAMPLE.com ")
    app = open_page()
    assert metrics(app)["Umsatz Fr 27.02."] == "50 €"
    assert "Angemeldet: berlin@example.com" in texts(app)
    assert metrics(open_page(branch="0901"))["Umsatz Fr 27.02."] == "50 €"
    assert metrics(open_page("inventory_overview"))["Lagerwert (EK)"] == "0 €"
    assert metrics(open_page("forecast_reorder"))["Zu bestellen"] == "12 Stück"


def test_a_star_stands_for_all(behind_proxy: Marts, monkeypatch: pytest.MonkeyPatch) -> None:
    named(monkeypatch, "chef@example.com")
    assert metrics(open_page())["Umsatz Fr 27.02."] == "250 €"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x@example.com", "Für x@example.com ist keine Filiale freigegeben"),
        (None, "Nicht angemeldet"),
        ("", "Nicht angemeldet"),
    ],
)
def test_strangers_see_nothing(
    behind_proxy: Marts, monkeypatch: pytest.MonkeyPatch, name: str | None, said: str
) -> None:
    named(monkeypatch, name)
    app = open_page()
    assert said in texts(app)
    assert not app.metric
    assert not app.dataframe


def test_without_the_seed_nobody_sees_anything(marts: Marts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROHANDEL_DASHBOARD_ACCESS", "proxy")
    named(monkeypatch, "chef@example.com")
    app = open_page()
    assert "seeds/dashboard_access.csv" in texts(app)
    assert not app.metric


def test_a_misspelt_kind_of_access_opens_nothing(marts: Marts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROHANDEL_DASHBOARD_ACCESS", "proxi")
    with pytest.raises(ProhandelError, match="proxi"):
        from_environment()
    assert not open_page().metric


def test_the_header_that_is_read_is_the_one_of_the_settings(marts: Marts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROHANDEL_DASHBOARD_ACCESS", "proxy")
    monkeypatch.setenv("PROHANDEL_DASHBOARD_USER_HEADER", "X-User")
    monkeypatch.setattr(st, "context", SimpleNamespace(headers={"X-User": "A@b.de", "X-Forwarded-Email": "c@d.de"}))
    assert access.signed_in(from_environment()) == "a@b.de"


class _User(dict[str, Any]):
    @property
    def is_logged_in(self) -> bool:
        return bool(self["is_logged_in"])


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ({"is_logged_in": False}, None),
        ({"is_logged_in": True, "email": "A@b.de"}, "a@b.de"),
        ({"is_logged_in": True, "email": "A@b.de", "email_verified": True}, "a@b.de"),
        ({"is_logged_in": True, "email": "A@b.de", "email_verified": False}, None),
        ({"is_logged_in": True}, None),
    ],
)
def test_the_name_of_a_token(
    marts: Marts, monkeypatch: pytest.MonkeyPatch, user: dict[str, Any], expected: str | None
) -> None:
    monkeypatch.setenv("PROHANDEL_DASHBOARD_ACCESS", "oidc")
    monkeypatch.setattr(st, "user", _User(user))
    assert access.signed_in(from_environment()) == expected


def test_openid_connect_that_is_not_set_up_says_so(marts: Marts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROHANDEL_DASHBOARD_ACCESS", "oidc")
    app = open_page()
    assert "secrets.toml" in texts(app)
    assert not app.metric
