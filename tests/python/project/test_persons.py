"""No table about customers is new to the registry that `prohandel forget` goes by."""

from __future__ import annotations

import pytest

from prohandel.landing.tables import LANDED_TABLES
from prohandel.persons.registry import HELD, NO_PERSON, held, is_open
from tests.python.project.graph import Graph

# Tables whose rows are stored; a view shows what they hold.
STORED = ("table", "incremental", "snapshot", "seed")


def stored(graph: Graph) -> list[tuple[str, str, list[str]]]:
    """Layer, name and columns of everything that the project stores or lands."""
    found = [("landed", node["name"], list(node["columns"])) for node in graph.of_kind("source")]
    for node in graph.of_kind("model", "snapshot", "seed"):
        if node["config"]["materialized"] in STORED:
            layer = node["config"].get("schema") or node["schema"]
            found.append((str(layer), node["alias"], list(node["columns"])))
    return found


def test_every_column_about_customers_is_covered(graph: Graph) -> None:
    open_columns = [
        f"{layer}.{table}.{column}"
        for layer, table, columns in stored(graph)
        for column in columns
        if is_open(layer, table, column)
    ]
    assert open_columns == []


def test_every_landed_column_is_covered() -> None:
    names = [
        (table.name, name) for table in LANDED_TABLES.values() for column in table.columns for name in column.names
    ]
    assert [f"{table}.{name}" for table, name in names if is_open("landed", table, name)] == []


def test_personal_columns_of_the_catalogue_lie_in_tables_whose_rows_go() -> None:
    for table in LANDED_TABLES.values():
        if any(column.personal for column in table.columns):
            one = held("landed", table.name)
            assert one is not None, table.name
            assert one.treatment == "delete", table.name


def test_the_registry_names_nothing_that_is_not_there(graph: Graph) -> None:
    there = {(layer, table): set(columns) for layer, table, columns in stored(graph)}
    for one in HELD:
        assert (one.layer, one.table) in there, f"{one.layer}.{one.table}"
        if one.layer != "landed":
            named = {*one.pointers, *one.hashes, *filter(None, (one.landed_as, one.row_name))}
            assert named <= there[one.layer, one.table], f"{one.layer}.{one.table}"
    for (layer, table), columns in NO_PERSON.items():
        if layer not in ("landed", "operations"):
            assert columns <= there[layer, table], f"{layer}.{table}"


@pytest.mark.parametrize(
    ("layer", "table", "column"),
    [
        ("marts", "fct_new", "customer_key"),
        ("intermediate", "int_new", "customer_ref"),
        ("marts", "fct_orders", "delivery_street"),
        ("landed", "voucher", "email"),
    ],
)
def test_a_new_one_would_be_found(layer: str, table: str, column: str) -> None:
    assert is_open(layer, table, column)
