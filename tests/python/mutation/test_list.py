"""The list of deliberate errors fits the project as it is; `make mutation` plants them."""

from __future__ import annotations

import ast

import pytest

from tests.python.mutation.listing import KINDS, PROJECT, Mutation, planted, read

MUTATIONS = read()
UNIT_TESTS = "\n".join(path.read_text() for path in (PROJECT / "models").rglob("*unit_tests.yml"))


def test_names_are_unique() -> None:
    names = [mutation.name for mutation in MUTATIONS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.name)
def test_an_error_can_be_planted(mutation: Mutation) -> None:
    planted(mutation, (PROJECT / mutation.file).read_text())


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.name)
def test_what_has_to_notice_it_exists(mutation: Mutation) -> None:
    assert mutation.checks
    for check in mutation.checks:
        assert check.kind in KINDS
        for subject in check.subject.split() if check.kind == "pytest" else ():
            path, _, node = subject.partition("::")
            tree = ast.parse((PROJECT / path).read_text())
            functions = {item.name for item in tree.body if isinstance(item, ast.FunctionDef)}
            assert not node or node.partition("[")[0] in functions, subject
        for model in check.subject.split() if check.kind == "unit" else ():
            assert f"model: {model}\n" in UNIT_TESTS, model
