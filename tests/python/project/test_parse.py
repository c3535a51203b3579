"""dbt reads the project without a word, and its YAML fits the schemas that dbt-core ships but skips for PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.jsonschemas.jsonschemas import CustomDraft7Validator, project_schema, resources_schema
from dbt_semantic_interfaces.parsing.schemas import metric_validator, semantic_model_validator
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
    errors = list(_semantic_errors(content))
    # dbt-core's schema has metrics in the form of 1.12 only, which 1.11 does not read.
    content.pop("metrics", None)
    errors += CustomDraft7Validator(schema).iter_errors(content)
    for error in errors:
        for leaf in _leaves(error):
            yield f"{'.'.join(map(str, leaf.absolute_path))}: {leaf.message[:200]}"


def _semantic_errors(content: dict[str, Any]) -> Iterator[ValidationError]:
    """What is wrong with metrics and semantic models, apart from the keys that dbt-core adds to MetricFlow's own."""
    for metric in content.get("metrics", []):
        config = {key: value for key, value in metric.get("config", {}).items() if key != "group"}
        yield from metric_validator.iter_errors({**metric, "config": config})
    for model in content.get("semantic_models", []):
        yield from semantic_model_validator.iter_errors({key: value for key, value in model.items() if key != "model"})


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
        ("metrics: [{name: a, type: simple, type_params: {measur: a}}]", "measur"),
        ("semantic_models: [{name: a, model: ref('a'), measures: [{name: a, ag: sum}]}]", "ag"),
    ],
)
def test_the_check_finds_misspelt_keys(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "models.yml").write_text(content)
    assert any(said in violation for violation in _violations(resources_schema(), tmp_path / "models.yml"))
