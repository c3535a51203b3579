"""Overrides by command and by file: what is refused, what is written, what is in force."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner, Result

from prohandel.errors import ProhandelError
from prohandel.forecast.override_commands import override_app
from prohandel.forecast.override_table import read_file
from prohandel.forecast.overrides import Override
from prohandel.forecast.store import read_overrides
from prohandel.pipeline.target import Target

HEADER = "article_number,branch_number,starts_on,ends_on,factor,units,reason\n"


def call(*words: str) -> Result:
    return CliRunner().invoke(override_app, list(words))


def add(*words: str, days: tuple[str, str] = ("2026-12-01", "2026-12-24")) -> Result:
    return call("add", *words, "--from", days[0], "--to", days[1], "--reason", "market", "--author", "anna")


def refusal(result: Result) -> str:
    assert isinstance(result.exception, ProhandelError)
    return str(result.exception)


def in_force(conn: psycopg.Connection[Any]) -> list[Override]:
    return read_overrides(conn, "forecasting", date(2026, 1, 1), date(2027, 1, 1))


def test_added_overrides_are_in_force_until_they_are_revoked(
    target: Target, connected: psycopg.Connection[Any]
) -> None:
    assert json.loads(add("100", "0901", "--factor", "1.5", "--json").stdout) == {"added": [1], "in_force_already": 0}
    assert add("200", "0902", "--units", "40", days=("01.12.2026", "07.12.2026")).exit_code == 0
    assert in_force(connected) == [
        Override(1, "0901", "100", date(2026, 12, 1), date(2026, 12, 24), 1.5, None),
        Override(2, "0902", "200", date(2026, 12, 1), date(2026, 12, 7), None, 40.0),
    ]
    assert call("revoke", "1").exit_code == 0
    assert [one.override_id for one in in_force(connected)] == [2]
    assert "No override 1 is in force" in refusal(call("revoke", "1"))
    assert [row["override_id"] for row in json.loads(call("list", "--json").stdout)] == [2]
    assert [row["override_id"] for row in json.loads(call("list", "--all", "--json").stdout)] == [2, 1]
    shown = call("list", "--all").stdout
    assert "40 units" in shown
    assert "x 1.5" in shown


def test_what_is_in_force_is_not_added_again(target: Target, connected: psycopg.Connection[Any]) -> None:
    add("100", "0901", "--factor", "1.5")
    again = json.loads(add("100", "0901", "--factor", "1.5", "--json").stdout)
    assert again == {"added": [], "in_force_already": 1}
    call("revoke", "1")
    assert json.loads(add("100", "0901", "--factor", "1.5", "--json").stdout)["in_force_already"] == 0
    assert len(in_force(connected)) == 1


@pytest.mark.parametrize(
    ("words", "days", "says"),
    [
        (("1000", "0901", "--factor", "2"), None, "there is no article 1000.\nDid you mean 100?"),
        (("100", "901", "--factor", "2"), None, "there is no branch 901.\nDid you mean 0901"),
        (("100", "0901", "--factor", "2"), ("2026-12-24", "2026-12-01"), "ends on 2026-12-01, before it starts"),
        (("100", "0901"), None, "neither a factor nor units"),
        (("100", "0901", "--factor", "2", "--units", "3"), None, "both a factor and units"),
        (("100", "0901", "--factor", "-1"), None, "factor is -1"),
        (("100", "0901", "--units", "-0.5"), None, "units is -0.5"),
        (("100", "0901", "--factor", "nan"), None, "factor is nan"),
        (("100", "0901", "--units", "1e300"), None, "units is 1e+300"),
    ],
)
def test_what_makes_no_sense_is_refused(
    target: Target, connected: psycopg.Connection[Any], words: tuple[str, ...], days: tuple[str, str] | None, says: str
) -> None:
    assert says in refusal(add(*words, days=days or ("2026-12-01", "2026-12-24")))
    assert in_force(connected) == []


def test_a_reason_has_to_be_given(target: Target) -> None:
    result = call("add", "100", "0901", "--from", "2026-12-01", "--to", "2026-12-02", "--factor", "2", "--reason", " ")
    assert "has no reason" in refusal(result)


@pytest.mark.parametrize(
    "text",
    [
        HEADER + "100,0901,2026-12-01,2026-12-24,1.5,,market\n\n200,0902,2026-12-01,2026-12-07,,40,club\n",
        "\ufeff" + HEADER.replace(",", ";") + "100;0901;01.12.2026;24.12.2026;1,5;;market\n"
        "200;0902;01.12.2026;07.12.2026;;40;club\n",
    ],
    ids=["commas", "semicolons"],
)
def test_files_are_imported(target: Target, connected: psycopg.Connection[Any], tmp_path: Path, text: str) -> None:
    path = tmp_path / "overrides.csv"
    path.write_text(text, encoding="utf-8")
    assert json.loads(call("import", str(path), "--json").stdout)["added"] == [1, 2]
    assert [(one.factor, one.units) for one in in_force(connected)] == [(1.5, None), (None, 40.0)]


def test_a_file_is_imported_whole_or_not_at_all(
    target: Target, connected: psycopg.Connection[Any], tmp_path: Path
) -> None:
    path = tmp_path / "overrides.csv"
    path.write_text(HEADER + "100,0901,2026-12-01,2026-12-24,1.5,,a\n100,0999,2026-12-01,2026-12-24,1.5,,b\n")
    assert f"{path}, line 3: there is no branch 0999" in refusal(call("import", str(path)))
    assert in_force(connected) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("article_number,branch\n", "lacks branch_number, starts_on, ends_on, factor, units, reason and has branch"),
        (HEADER + "100,0901,1.13.2026,2026-12-24,1.5,,a\n", "line 2: starts_on is '1.13.2026', not a date"),
        (HEADER + "100,0901,2026-12-01,2026-12-24,viel,,a\n", "line 2: factor is 'viel', not a number"),
        ("", "lacks article_number"),
    ],
)
def test_files_that_cannot_be_read_say_why(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "overrides.csv"
    path.write_text(text)
    with pytest.raises(ProhandelError, match=says):
        read_file(path, "anna")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProhandelError, match="cannot be read"):
        read_file(tmp_path / "none.csv", "anna")
