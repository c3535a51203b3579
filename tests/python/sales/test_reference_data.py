"""Seeds that a program wrote or that hold facts about Germany."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from prohandel.seeds.public_holidays import public_holidays
from tests.python.scenarios.harness import PROJECT


def _rows(name: str) -> list[dict[str, str]]:
    with Path(PROJECT, "seeds", f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_public_holidays_are_those_of_the_package() -> None:
    assert _rows("public_holidays") == public_holidays()


@pytest.mark.parametrize(
    ("day", "in_states", "not_in"),
    [
        ("2026-01-06", {"bw", "by", "st"}, {"nw", "he", "be"}),
        ("2026-06-04", {"bw", "by", "he", "nw", "rp", "sl"}, {"hh", "be", "sn"}),
        ("2017-10-31", {"be", "by", "nw"}, set()),
        ("2025-05-08", {"be"}, {"bb", "nw"}),
        ("2026-11-18", {"sn"}, {"by", "be"}),
    ],
)
def test_holidays_that_differ_by_state(day: str, in_states: set[str], not_in: set[str]) -> None:
    row = next(row for row in _rows("public_holidays") if row["date_day"] == day)
    assert {state for state in in_states if row[state] != "true"} == set()
    assert {state for state in not_in if row[state] != "false"} == set()


@pytest.mark.parametrize(
    ("postal_code", "state"),
    [
        ("01067", "SN"), ("03046", "BB"), ("04109", "SN"), ("06108", "ST"), ("07743", "TH"), ("10115", "BE"),
        ("14467", "BB"), ("18055", "MV"), ("20095", "HH"), ("22850", "SH"), ("24103", "SH"), ("26121", "NI"),
        ("27568", "HB"), ("28195", "HB"), ("30159", "NI"), ("33602", "NW"), ("34117", "HE"), ("37073", "NI"),
        ("39104", "ST"), ("40213", "NW"), ("49074", "NI"), ("50667", "NW"), ("55116", "RP"), ("60311", "HE"),
        ("63739", "BY"), ("66111", "SL"), ("67059", "RP"), ("68159", "BW"), ("70173", "BW"), ("80331", "BY"),
        ("88131", "BY"), ("89073", "BW"), ("89231", "BY"), ("97070", "BY"), ("98527", "TH"), ("99084", "TH"),
    ],
)  # fmt: skip
def test_state_of_a_postal_code(postal_code: str, state: str) -> None:
    found = [
        row["state"]
        for row in _rows("postal_code_states")
        if row["from_postal_code"] <= postal_code <= row["to_postal_code"]
    ]
    assert found == [state]


def test_every_postal_code_lies_in_a_range() -> None:
    rows = _rows("postal_code_states")
    ends = [0] + [int(row["to_postal_code"]) for row in rows]
    starts = [int(row["from_postal_code"]) for row in rows]
    assert starts[0] == 1000
    assert [end + 1 for end in ends[1:-1]] == starts[1:]


def test_vat_rates_on_the_days_that_they_changed() -> None:
    def rate(vat_class: str, day: date) -> list[str]:
        return [
            row["rate"]
            for row in _rows("vat_rates")
            if row["vat_class"] == vat_class and row["valid_from"] <= day.isoformat() <= (row["valid_to"] or "9999")
        ]

    assert rate("standard", date(2006, 12, 31)) == ["0.16"]
    assert rate("standard", date(2007, 1, 1)) == ["0.19"]
    assert rate("standard", date(2020, 6, 30)) == ["0.19"]
    assert [rate("standard", date(2020, 7, 1)), rate("reduced", date(2020, 12, 31))] == [["0.16"], ["0.05"]]
    assert [rate("standard", date(2021, 1, 1)), rate("reduced", date(2021, 1, 1))] == [["0.19"], ["0.07"]]
