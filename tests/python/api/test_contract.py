"""What schemathesis makes of the OpenAPI document: answers as described, and no fault of the server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case
from schemathesis.core.result import Ok

from tests.python.api.asking import Api, served
from tests.python.api.hand_made import build, examples
from tests.python.api.live import already_started, listening, run_schemathesis
from tests.python.conftest import Server

_EXAMPLES = 1
_OPERATIONS = 15


@pytest.fixture(scope="module")
def described(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API on marts that have what the document has as examples."""
    created = server.create_database("api_contract")
    with created.connect() as conn:
        build(conn)
        examples(conn)
    with served(created, Path(tmp_path_factory.mktemp("contract"))) as api:
        yield api
    created.drop()


def test_every_operation_answers_as_described(described: Api) -> None:
    headers = {"Authorization": f"Bearer {described.write}", "Host": "localhost"}
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", already_started(described.app), headers=headers)
    tried = set()
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        tried.add(operation.label)

        @settings(
            max_examples=_EXAMPLES,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def answers(case: Case[Any]) -> None:
            case.call_and_validate(headers=headers)

        answers()
    assert len(tried) == _OPERATIONS


def test_the_examples_of_the_document_work(described: Api) -> None:
    document = described.get("/v1/openapi.json").json()
    bodies = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["description"], (method, path)
            assert operation["responses"].keys() >= {"401", "429", "500", "503"}, (method, path)
            for content in operation.get("requestBody", {}).get("content", {}).values():
                name = content["schema"]["$ref"].rpartition("/")[2]
                for example in document["components"]["schemas"][name]["examples"]:
                    response = described.post(path, example, key=described.write)
                    assert response.status_code in (200, 201), response.text
                    assert response.json().get("missing", []) == []
                    bodies += 1
    assert bodies == 6
    for shape in document["components"]["schemas"].values():
        assert shape.get("type") == "object"


@pytest.mark.slow
def test_ten_minutes_find_nothing(described: Api) -> None:
    with listening(described) as address:
        done = run_schemathesis(address, described.write, 600)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
