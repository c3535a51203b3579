"""Every number in a mart says what it is measured in, and the same name means the same measure everywhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.python.project.conftest import Parsed
from tests.python.project.graph import Graph

UNITS = frozenset(
    {
        "EUR gross",  # VAT included
        "EUR net",
        "units",  # pieces, or pieces a day where the name says so
        "days",
        "weeks",
        "hours",
        "rate",  # a quotient: shares, margins, and turnovers a year
        "count",  # how many of anything but pieces: receipts, lines, articles, branches
        "ordinal",  # a place in an order, of which a sum means nothing: week of the year, rank
    }
)
_NUMBERS = ("numeric", "decimal", "smallint", "integer", "bigint", "real", "double precision")


def numbers(graph: Graph) -> Iterator[tuple[str, str, str | None]]:
    """Mart, column and unit of every numeric column; None where it states no unit."""
    for model in graph.models:
        if graph.layer(model) == "marts":
            for column in model["columns"].values():
                if column["data_type"].lower().startswith(_NUMBERS):
                    yield model["name"], column["name"], column["config"]["meta"].get("unit")


def test_every_number_states_its_unit(graph: Graph) -> None:
    found = list(numbers(graph))
    assert len(found) > 80
    assert {f"{mart}.{column}": unit for mart, column, unit in found if unit not in UNITS} == {}


def test_nothing_else_states_one(graph: Graph) -> None:
    measured = {(mart, column) for mart, column, _ in numbers(graph)}
    stray = [
        f"{model['name']}.{column['name']}"
        for model in graph.models
        for column in model["columns"].values()
        if graph.layer(model) == "marts"
        and "unit" in column["config"]["meta"]
        and (model["name"], column["name"]) not in measured
    ]
    assert stray == []


def test_a_name_has_one_unit(graph: Graph) -> None:
    units: dict[str, set[str | None]] = {}
    for _, column, unit in numbers(graph):
        units.setdefault(column, set()).add(unit)
    assert {column: found for column, found in units.items() if len(found) > 1} == {}


def test_metrics_have_the_unit_of_the_columns_that_they_are_named_after(parsed: Parsed) -> None:
    of_columns = {column: unit for _, column, unit in numbers(parsed.graph)}
    metrics = {metric["name"]: metric["config"]["meta"].get("unit") for metric in parsed.metrics}
    assert {name: unit for name, unit in metrics.items() if unit not in UNITS} == {}
    assert {name: unit for name, unit in metrics.items() if unit != of_columns.get(name, unit)} == {}


@pytest.mark.parametrize(
    ("ending", "allowed"),
    [
        ("_gross", {"EUR gross"}),
        ("_cost", {"EUR net"}),
        ("_retail", {"EUR gross"}),
        ("_units", {"units"}),
        ("_days", {"days"}),
        ("_hours", {"hours"}),
        ("_rate", {"rate"}),
        ("_pct", {"rate"}),
        ("_share", {"rate"}),
    ],
)
def test_names_and_units_agree(ending: str, allowed: set[str], graph: Graph) -> None:
    astray = {f"{mart}.{column}": unit for mart, column, unit in numbers(graph) if column.endswith(ending)}
    assert {name: unit for name, unit in astray.items() if unit not in allowed} == {}
