"""A small warehouse whose marts are empty tables of the contracts, filled by hand, and pages run over it."""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import streamlit as st
import yaml
from psycopg import sql
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from prohandel.dashboard import charts
from tests.python.conftest import Database, Server

_ROOT = Path(__file__).parents[3]
_SCRIPT = _ROOT / "prohandel" / "dashboard" / "entry" / "start.py"
_numbers = itertools.count(1)


@functools.cache
def contracts(folder: str) -> dict[str, dict[str, str]]:
    """Type by column of each model of a folder of models, as its contract has them."""
    found: dict[str, dict[str, str]] = {}
    for path in (_ROOT / "models" / folder).rglob("_*.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            columns = {column["name"]: column.get("data_type") for column in model.get("columns", [])}
            if columns and all(columns.values()):
                found[model["name"]] = columns
    return found


def create_schemas(conn: psycopg.Connection[Any]) -> None:
    """The schemas marts and quality, with an empty table for each model that has a contract."""
    for schema in ("marts", "quality"):
        conn.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
        for name, columns in contracts(schema).items():
            listed = sql.SQL(", ").join(
                sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(data_type))
                for column, data_type in columns.items()
            )
            conn.execute(sql.SQL("create table {} ({})").format(sql.Identifier(schema, name), listed))


def fill(conn: psycopg.Connection[Any], table: str, rows: list[dict[str, Any]]) -> None:
    """Inserts rows into `marts.<table>`, or into `schema.table`; columns that a row does not name are null."""
    schema, _, name = table.rpartition(".")
    for row in rows:
        conn.execute(
            sql.SQL("insert into {} ({}) values ({})").format(
                sql.Identifier(schema or "marts", name),
                sql.SQL(", ").join(map(sql.Identifier, row)),
                sql.SQL(", ").join([sql.Placeholder()] * len(row)),
            ),
            list(row.values()),
        )


def settings_of(
    monkeypatch: pytest.MonkeyPatch, server: Server, name: str, now: str = "2026-03-01T08:00:00+00:00"
) -> None:
    """The environment that the command would hand to the pages."""
    for key, value in {
        "PGHOST": server.socket_dir,
        "PGPORT": "5432",
        "PGUSER": "postgres",
        "PGDATABASE": name,
        "PROHANDEL_DASHBOARD_MARTS": "marts",
        "PROHANDEL_DASHBOARD_QUALITY": "quality",
        "PROHANDEL_DASHBOARD_NOW": now,
    }.items():
        monkeypatch.setenv(key, value)
    monkeypatch.delenv("PROHANDEL_DASHBOARD_HOME", raising=False)


@pytest.fixture(autouse=True)
def _charts_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every chart of a page is held against Vega-Lite's schema."""
    monkeypatch.setattr(charts, "CHECKED", True)


@pytest.fixture(scope="session")
def templates(server: Server) -> Iterator[dict[str, str]]:
    """Names of two databases that tests copy: `empty`, and `filled` with the retailer of `retailer.py`."""
    from tests.python.dashboard.retailer import land

    made = {kind: server.create_database(f"dashboard_{kind}_{os.getpid()}") for kind in ("empty", "filled")}
    for kind, database in made.items():
        with database.connect() as conn:
            create_schemas(conn)
            if kind == "filled":
                # Thousands of small rows: as one transaction, and without waiting for an answer to each.
                with conn.transaction(), conn.pipeline():
                    land(conn)
    yield {kind: database.name for kind, database in made.items()}
    for database in made.values():
        database.drop()


def _copy(server: Server, template: str) -> Database:
    name = f"dashboard_{os.getpid()}_{next(_numbers)}"
    with server.connect() as conn:
        conn.execute(sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template)))
    return Database(server, name)


def _pointed_at(server: Server, monkeypatch: pytest.MonkeyPatch, template: str) -> Iterator[psycopg.Connection[Any]]:
    database = _copy(server, template)
    settings_of(monkeypatch, server, database.name)
    with database.connect() as conn:
        yield conn
    st.cache_resource.clear()
    st.cache_data.clear()
    database.drop()


@pytest.fixture
def empty_marts(
    server: Server, monkeypatch: pytest.MonkeyPatch, templates: dict[str, str]
) -> Iterator[psycopg.Connection[Any]]:
    """A database whose marts are there and have no rows, and the environment that points there."""
    yield from _pointed_at(server, monkeypatch, templates["empty"])


@pytest.fixture
def marts(
    server: Server, monkeypatch: pytest.MonkeyPatch, templates: dict[str, str]
) -> Iterator[psycopg.Connection[Any]]:
    """The same with the retailer of `retailer.py`."""
    yield from _pointed_at(server, monkeypatch, templates["filled"])


def open_page(page: str = "", **address: str | list[str]) -> AppTest:
    """Runs a page with an address.

    Args:
        page: url path; empty for the first page.
        address: query parameters.
    """
    app = AppTest.from_file(str(_SCRIPT), default_timeout=120)
    for name, value in address.items():
        app.query_params[name] = value
    # AppTest.switch_page knows pages that are files; these are functions, whose hash is that of their path.
    app._page_hash = calc_hash(page) if page else ""
    return app.run()


def texts(app: AppTest) -> str:
    """Everything that a page says outside of charts and tables."""
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.warning)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def metrics(app: AppTest) -> dict[str, str]:
    """Values of the key figures by label, without the spaces that do not break."""
    return {metric.label.replace("\u00a0", " "): metric.value.replace("\u00a0", " ") for metric in app.metric}
