"""The variables that a user may set: their names, what they may hold, and how they come together for a run."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from prohandel.errors import ProhandelError
from prohandel.landing.tables import LANDED_TABLES

Check = Callable[[Any], str]
"""Says what a value should be, or an empty string where it is fine."""


@dataclass(frozen=True)
class Variable:
    """One documented variable of the dbt project.

    Attributes:
        name: as in `vars:`.
        check: what a value may be.
        only_by_vars: it has no default in dbt_project.yml, because dbt reads it while it reads that file.
    """

    name: str
    check: Check
    only_by_vars: bool = False


def _boolean(value: Any) -> str:
    return "" if isinstance(value, bool) else "true or false"


def _whole_number(at_least: int) -> Check:
    def check(value: Any) -> str:
        fits = isinstance(value, int) and not isinstance(value, bool) and value >= at_least
        return "" if fits else f"a whole number, at least {at_least}"

    return check


def _number(above: float) -> Check:
    def check(value: Any) -> str:
        fits = isinstance(value, int | float) and not isinstance(value, bool) and value > above
        return "" if fits else f"a number above {above:g}"

    return check


def _rates(value: Any) -> str:
    fits = isinstance(value, list) and bool(value) and all(isinstance(item, float) and 0 < item < 1 for item in value)
    return "" if fits else "a list of numbers between 0 and 1, such as [0.2, 0.5]"


def _bounds_by_category(value: Any) -> str:
    shape = "a lower and an upper rate by category, such as {default: [-1, 0.95]}"
    if not isinstance(value, dict) or not all(isinstance(name, str) and _are_bounds(value[name]) for name in value):
        return shape
    return "" if "default" in value else f"{shape}; default is missing"


def _are_bounds(value: Any) -> bool:
    fits = isinstance(value, list) and len(value) == 2
    return fits and not any(_number(-math.inf)(limit) for limit in value) and bool(value[0] < value[1])


def _one_of(*choices: str) -> Check:
    return lambda value: "" if value in choices else " or ".join(repr(choice) for choice in choices)


def _text(value: Any) -> str:
    return "" if isinstance(value, str) and value.strip() else "a text"


def _pattern(value: Any) -> str:
    if not isinstance(value, str):
        return "a regular expression"
    try:
        re.compile(value)
    except re.error as error:
        return f"a regular expression ({error})"
    return ""


def _day(value: Any) -> str:
    try:
        date.fromisoformat(str(value))
    except ValueError:
        return "a day such as '2026-02-28'"
    return ""


def _moment(value: Any) -> str:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        moment = None
    return "" if moment is not None and moment.tzinfo is not None else "a time such as '2026-02-28T18:00:00+01:00'"


def _texts(value: Any) -> str:
    fits = isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value)
    return "" if fits else "a list of texts, such as [a, b]"


def _columns_by_table(value: Any) -> str:
    shape = "a list of columns by landed table, such as {article: [colour]}"
    if not isinstance(value, dict) or any(_texts(columns) for columns in value.values()):
        return shape
    unknown = [str(table) for table in value if table not in LANDED_TABLES]
    return f"{shape}; {', '.join(unknown)} is no landed table" if unknown else ""


def _or_null(check: Check) -> Check:
    def checked(value: Any) -> str:
        said = "" if value is None else check(value)
        return f"{said}, or null" if said else ""

    return checked


_PER = _one_of("line", "unit")

_CATALOGUE = (
    Variable("prohandel_schema", _text),
    Variable("prohandel_database", _or_null(_text)),
    Variable("prohandel_schemas", _texts),
    *(Variable(table.using_variable, _boolean) for table in LANDED_TABLES.values()),
    Variable("passthrough_columns", _columns_by_table),
    Variable("sale_price_per", _PER),
    Variable("discount_per", _PER),
    Variable("label_price_per", _PER),
    Variable("purchase_price_per", _PER),
    Variable("prices_include_vat", _boolean),
    Variable("zero_cost_is_known", _boolean),
    Variable("min_customer_number_length", _whole_number(0)),
    Variable("inventory_is_complete", _boolean),
    Variable("style_number_pattern", _or_null(_pattern)),
    Variable("as_of_date", _or_null(_day)),
    Variable("now", _or_null(_moment)),
    Variable("ranging_days", _whole_number(1)),
    Variable("min_stock_days", _whole_number(1)),
    Variable("max_cover_days", _whole_number(1)),
    Variable("new_article_days", _whole_number(0)),
    Variable("slow_after_days", _whole_number(1)),
    Variable("slow_cover_days", _whole_number(1)),
    Variable("dead_after_days", _whole_number(1)),
    Variable("low_cover_days", _whole_number(0)),
    Variable("phantom_expected_units", _whole_number(1)),
    Variable("min_demand_days", _whole_number(0)),
    Variable("transfer_horizon_days", _whole_number(1)),
    Variable("clearance_weeks", _whole_number(0)),
    Variable("markdown_elasticity", _number(0)),
    Variable("markdown_steps", _rates),
    Variable("max_price_factor", _number(0)),
    Variable("max_line_quantity", _whole_number(1)),
    Variable("max_stock_change", _whole_number(1)),
    Variable("margin_bounds", _bounds_by_category),
    Variable("overlap_minutes", _whole_number(0)),
    Variable("quality_retention_days", _whole_number(1)),
    Variable("quality_baseline_days", _whole_number(28)),
    Variable("nightly", _boolean),
    Variable("gate", _boolean, only_by_vars=True),
    Variable("publications_kept", _whole_number(1)),
    Variable("reader_roles", _texts, only_by_vars=True),
    Variable("elementary_enabled", _boolean, only_by_vars=True),
)

VARIABLES: dict[str, Variable] = {variable.name: variable for variable in _CATALOGUE}


def parse_variables(text: str) -> dict[str, Any]:
    """The mapping that `--vars` holds, written as YAML or JSON, with or without `vars:` above it.

    Raises:
        ProhandelError: it is no mapping.
    """
    try:
        given = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise ProhandelError(f"--vars cannot be read: {error}", _EXAMPLE) from error
    if isinstance(given, dict) and list(given) == ["vars"]:
        given = given["vars"] or {}
    if not isinstance(given, dict):
        raise ProhandelError(f"--vars holds {text!r}, which maps no name to a value.", _EXAMPLE)
    return _in_words_of_json(given)


_EXAMPLE = "Write YAML or JSON: --vars '{using_order: false, min_customer_number_length: 5}'"


def _in_words_of_json(given: dict[Any, Any]) -> dict[str, Any]:
    """YAML reads an unquoted day as a date; dbt hands variables on as JSON, which has none."""
    return {str(name): _json_value(value) for name, value in given.items()}


def _json_value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


def project_variables(project: Path) -> dict[str, Any]:
    """The `vars:` of dbt_project.yml, as the user has edited them."""
    content = yaml.safe_load((project / "dbt_project.yml").read_text(encoding="utf-8"))
    return _in_words_of_json(content.get("vars") or {})


def check_variables(given: Mapping[str, Any], where: str) -> None:
    """Refuses unknown names and values that a variable cannot hold, all of them at once.

    Args:
        given: the mapping to check. Mappings under the name of a dbt package, and names with a colon, belong to that
            package and are not looked at.
        where: the place that the user has to look at, e.g. "--vars".

    Raises:
        ProhandelError: names each variable that is wrong, with what it may be.
    """
    problems = []
    for name, value in given.items():
        if name not in VARIABLES:
            if ":" in name or (isinstance(value, dict) and name in ("elementary", "dbt_utils", "dbt_expectations")):
                continue
            close = get_close_matches(name, VARIABLES, n=1)
            problems.append(f"{name}: no such variable" + (f"; did you mean {close[0]}?" if close else ""))
        elif wish := VARIABLES[name].check(value):
            problems.append(f"{name}: {value!r} should be {wish}")
    if problems:
        raise ProhandelError(
            f"{where} holds what cannot be:\n" + "\n".join(f"  {problem}" for problem in problems),
            "The table of variables in README.md says what each one does.",
        )
