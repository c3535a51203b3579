"""The documented variables, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

from prohandel.errors import ProhandelError
from prohandel.pipeline.target import PROJECT
from prohandel.pipeline.variables import VARIABLES, check_variables, parse_variables, project_variables


def test_the_project_holds_just_the_documented_variables_and_each_default_is_allowed() -> None:
    defaults = project_variables(PROJECT)
    assert {name for name in defaults if ":" not in name} == {
        name for name, variable in VARIABLES.items() if not variable.only_by_vars
    }
    check_variables(defaults, "dbt_project.yml")


def test_the_readme_explains_every_variable() -> None:
    readme = (PROJECT / "README.md").read_text()
    table = readme[readme.index("## Variables") :].split("\n## ")[0]
    assert set(re.findall(r"`(\w+)`", table)) >= set(VARIABLES)


def test_macros_name_only_variables_that_exist() -> None:
    named = {
        name
        for folder in ("models", "macros", "tests/generic", "tests/singular", "snapshots", "analyses")
        for path in (PROJECT / folder).rglob("*")
        if path.suffix in (".sql", ".yml")
        for name in re.findall(r"\bvar\(\s*['\"](\w+)['\"]\s*[,)]", path.read_text())
    }
    assert named <= set(VARIABLES)


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("", {}),
        ("{}", {}),
        ("vars: {using_order: false}", {"using_order": False}),
        ("vars:\n  using_order: false\n", {"using_order": False}),
        ("vars: {}  # the defaults fit", {}),
        ('{"using_order": false, "overlap_minutes": 5}', {"using_order": False, "overlap_minutes": 5}),
        ("using_order: false", {"using_order": False}),
        ("as_of_date: 2026-02-27", {"as_of_date": "2026-02-27"}),
    ],
)
def test_vars_may_be_yaml_or_json(text: str, given: dict[str, Any]) -> None:
    assert parse_variables(text) == given


@pytest.mark.parametrize("text", ["[1]", "using_order", "{a: b", "7"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(ProhandelError) as caught:
        parse_variables(text)
    assert "--vars" in caught.value.message
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("using_sale", [True, False], ["true", 1, None]),
        ("prohandel_schema", ["landing"], ["", None, 3]),
        ("prohandel_schemas", [[], ["a", "b"]], ["a", [1], None]),
        ("prohandel_database", [None, "other"], [3]),
        ("sale_price_per", ["line", "unit"], ["lines", None]),
        ("min_customer_number_length", [0, 7], [-1, "7", 1.5, True]),
        ("ranging_days", [1, 90], [0, None]),
        ("as_of_date", [None, "2026-02-27"], ["27.02.2026", "soon"]),
        ("now", [None, "2026-02-28T18:00:00+01:00"], ["2026-02-28T18:00:00", "now"]),
        ("style_number_pattern", [None, "^(.*)-"], ["(", 3]),
        ("passthrough_columns", [{}, {"article": ["colour"]}], [{"articles": ["colour"]}, {"article": "colour"}, []]),
    ],
)
def test_values(name: str, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        check_variables({name: value}, "--vars")
    for value in bad:
        with pytest.raises(ProhandelError, match=name):
            check_variables({name: value}, "--vars")


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ProhandelError) as caught:
        check_variables({"using_sales": True, "ranging_days": 0, "dbt_date:time_zone": "x"}, "--vars")
    assert "using_sales: no such variable; did you mean using_sale?" in caught.value.message
    assert "ranging_days: 0 should be a whole number, at least 1" in caught.value.message
    assert "dbt_date" not in caught.value.message
