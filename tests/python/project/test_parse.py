"""dbt reads the project without a word, and its YAML fits the schemas that dbt-core ships but skips for PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.jsonschemas.jsonschemas import CustomDraft7Validator, project_schema, resources_schema
from jsonschema import ValidationError

from prohandel.pipeline.target import PROJECT
from tests.python.project.conftest import Parsed

RESOURCE_FILES = sorted(
    path.relative_to(PROJECT)
    for folder in ("models", "seeds", "snapshots", "macros", "analyses", "tests/generic", "tests/singular")
    for path in (PROJECT / folder).rglob("*.yml")
)


def test_parse_is_silent(parsed: Parsed) -> None:
    assert parsed.complaints == []


@pytest.mark.parametrize("path", RESOURCE_FILES, ids=str)
def test_resources_fit_the_schema(path: Path) -> None:
    assert list(_violations(resources_schema(), path)) == []


def test_project_fits_the_schema() -> None:
    assert list(_violations(project_schema(), Path("dbt_project.yml"))) == []


def test_files_were_found() -> None:
    assert len(RESOURCE_FILES) > 10


def _violations(schema: dict[str, Any], path: Path) -> Iterator[str]:
    content = yaml.safe_load((PROJECT / path).read_text(encoding="utf-8"))
    for error in CustomDraft7Validator(schema).iter_errors(content):
        for leaf in _leaves(error):
            yield f"{'.'.join(map(str, leaf.absolute_path))}: {leaf.message[:200]}"


def _leaves(error: ValidationError) -> list[ValidationError]:
    """What is wrong; where a value may have several forms, what is wrong with it in the form that fits best."""
    if _is_jinja(error) or _is_another_case(error):
        return []
    if not error.context:
        return [error]
    forms: dict[Any, list[ValidationError]] = {}
    for inner in error.context:
        forms.setdefault(inner.schema_path[0], []).extend(_leaves(inner))
    fitting = [leaves for leaves in forms.values() if not any(leaf.validator == "type" for leaf in leaves)]
    return min(fitting or forms.values(), key=len)


def _is_jinja(error: ValidationError) -> bool:
    """A setting that becomes a number or a flag only when dbt renders it."""
    return isinstance(error.instance, str) and "{{" in error.instance


def _is_another_case(error: ValidationError) -> bool:
    """dbt takes `warn` as its documentation writes it, the schema wants `Warn`."""
    if error.validator != "enum":
        return False
    choices: list[Any] = list(error.schema["enum"])  # type: ignore[index]
    return str(error.instance).lower() in [str(choice).lower() for choice in choices]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("models: [{name: a, tests: [{unique: {config: {severty: warn}}}]}]", "severty"),
        ("models: [{name: a, config: {materialised: table}}]", "materialised"),
        ("models: [{name: a, descripton: b}]", "descripton"),
    ],
)
def test_the_check_finds_misspelt_keys(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "models.yml").write_text(content)
    assert any(said in violation for violation in _violations(resources_schema(), tmp_path / "models.yml"))
