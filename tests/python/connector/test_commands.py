"""The commands over loopback: what they print, how they exit, and that no secret is anywhere."""

from __future__ import annotations

import io
import json
import logging
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from typer.testing import CliRunner, Result

from prohandel import warehouse
from prohandel.connector import lambda_function, opening
from prohandel.connector.commands import connector_app
from prohandel.connector.config import load
from prohandel.connector.memory import Memory
from prohandel.errors import ProhandelError
from tests.python.connector.fake_fivetran import GROUP, KEY, SECRET, FakeFivetran
from tests.python.connector.fake_network import Fault
from tests.python.connector.lab import SECRETS, example, written

ROTATED = "rotated-password-6621"
EVERYTHING_SECRET = (*SECRETS.values(), ROTATED, KEY, SECRET, "a hash key of the tests")


@dataclass
class Shell:
    """Runs commands as a person would.

    Attributes:
        fake: the API behind them.
        folder: the current one, with connector.yml.
        seen: all that was printed, and the traces of all errors.
    """

    fake: FakeFivetran
    folder: Path
    seen: list[str] = field(default_factory=list)

    def run(self, *words: str) -> Result:
        result = CliRunner().invoke(connector_app, list(words))
        self.seen.append(result.output)
        if result.exc_info and not isinstance(result.exception, SystemExit):
            self.seen.append("".join(traceback.format_exception(*result.exc_info)))
            self.seen.append(repr(result.exception))
            self.seen.append(str(result.exception))
        return result

    def code(self, *words: str) -> int:
        """The exit code, as the program's own main gives it."""
        result = self.run(*words)
        error = result.exception
        return error.exit_code if isinstance(error, ProhandelError) else result.exit_code

    def error(self, *words: str) -> ProhandelError:
        result = self.run(*words)
        assert isinstance(result.exception, ProhandelError), result.output
        return result.exception


@pytest.fixture
def shell(conn: psycopg.Connection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    fake = FakeFivetran()
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PROHANDEL_HASH_KEY", "a hash key of the tests")
    monkeypatch.setenv("FIVETRAN_API_KEY", KEY)
    monkeypatch.setenv("FIVETRAN_API_SECRET", SECRET)
    monkeypatch.setenv("PROHANDEL_HOME", str(tmp_path / "home"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(warehouse, "start", lambda home: _profile(home, conn))
    monkeypatch.chdir(tmp_path)
    written(tmp_path, example())
    with fake.serving() as url:
        monkeypatch.setenv("FIVETRAN_API_URL", url)
        yield Shell(fake, tmp_path)


def _profile(home: Path, conn: psycopg.Connection[Any]) -> Path:
    """A dbt profile whose embedded target is the database of this test."""
    folder = home / "profiles"
    folder.mkdir(parents=True, exist_ok=True)
    given = conn.info
    output = {
        "type": "postgres",
        "host": given.host,
        "port": given.port,
        "user": given.user,
        "dbname": given.dbname,
        "schema": "analytics",
    }
    content = {warehouse.PROFILE: {"target": warehouse.TARGET, "outputs": {warehouse.TARGET: output}}}
    (folder / "profiles.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder


def test_from_nothing_to_an_empty_plan(shell: Shell) -> None:
    planned = shell.run("plan")
    assert planned.exit_code == 2
    assert "+ connection" in planned.output
    assert "prohandel (not created yet)" in planned.output
    applied = shell.run("apply", "--yes")
    assert applied.exit_code == 0, applied.output
    assert "connection started" in applied.output
    planned = shell.run("plan")
    assert planned.exit_code == 0
    assert "nothing would change" in planned.output
    assert shell.run("drift").exit_code == 0


def test_a_change_is_told_with_its_former_value(shell: Shell) -> None:
    shell.run("apply", "--yes")
    shell.fake.connections["connection_1"]["sync_frequency"] = 360
    planned = shell.run("plan")
    assert planned.exit_code == 2
    assert [line.split() for line in planned.output.splitlines() if "~" in line] == [
        ["~", "schedule.every_minutes", "360", "→", "60"]
    ]
    told = json.loads(shell.run("drift", "--json").output)
    assert told["changes"] == [{"setting": "schedule.every_minutes", "now": "360", "wanted": "60"}]


def test_what_cannot_be_compared_exits_with_one(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("PROHANDEL_PASSWORD", "PROHANDEL_HASH_KEY", "FIVETRAN_API_KEY"):
        with monkeypatch.context() as without:
            without.delenv(variable)
            assert shell.code("plan") == 1
            assert variable in shell.error("plan").message
    shell.fake.groups = {"other_group": "Warehouse"}
    assert shell.code("plan") == 1
    assert "other_group (Warehouse)" in shell.error("drift").remedy
    (shell.folder / "connector.yml").write_text("name: x", encoding="utf-8")
    assert shell.code("drift") == 1


def test_drift_needs_neither_secrets_nor_a_hash_key(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.run("apply", "--yes")
    for variable in (*SECRETS, "PROHANDEL_HASH_KEY"):
        monkeypatch.delenv(variable)
    assert shell.run("drift").exit_code == 0


def test_a_refused_service_is_told_by_plan_test_and_apply(shell: Shell) -> None:
    shell.fake.refuses_functions = True
    for words in (("plan",), ("test",), ("apply", "--yes")):
        error = shell.error(*words)
        assert "2025-07-22" in error.remedy
        assert "Connector SDK" in error.remedy
    assert shell.code("plan") == 1
    assert shell.fake.connections == {}


def test_apply_asks_where_nobody_has_said_yes(shell: Shell) -> None:
    error = shell.error("apply")
    assert "--yes" in error.remedy
    assert shell.fake.connections == {}


def test_pause_and_resume(shell: Shell) -> None:
    shell.run("apply", "--yes")
    paused = shell.run("pause")
    assert "so `apply` would undo this" in paused.output
    assert shell.fake.connections["connection_1"]["paused"] is True
    assert "schedule.paused  true → false" in shell.run("plan").output
    assert "is paused already" in shell.run("pause").output
    shell.run("resume")
    assert shell.run("plan").exit_code == 0


def test_commands_on_a_connection_that_is_not_there(shell: Shell) -> None:
    for words in ("test", "pause", "resume"):
        assert "prohandel connector apply" in shell.error(words).remedy


FAILURES = {
    "User is not authorized to perform: sts:AssumeRole": "trust policy must name Fivetran's AWS account",
    "The external ID of the role does not match": "must be the group's id",
    "AccessDeniedException: not authorized to perform: lambda:InvokeFunction": "must allow lambda:InvokeFunction",
    "Function not found: arn:aws:lambda:eu-west-1": "check function and region",
    "Task timed out after 3.00 seconds": "its time limit in AWS must be 180 s",
    "Region us-east-7 is invalid": "must be the one of the function's ARN",
    "Login to the source failed: 401": "one of the secrets is wrong",
    "Could not parse the response": "not Fivetran's form",
    "Something odd": "prohandel logs --errors",
}


@pytest.mark.parametrize("message", FAILURES)
def test_a_failed_setup_test_says_what_it_usually_means(shell: Shell, message: str) -> None:
    shell.run("apply", "--yes")
    shell.fake.setup_tests = [
        {"title": "First", "status": "PASSED", "message": ""},
        {"title": "Second", "status": "FAILED", "message": message, "details": None},
    ]
    result = shell.run("test")
    assert result.exit_code == 1
    assert FAILURES[message] in result.output
    (told,) = [one for one in json.loads(shell.run("test", "--json").output)["setup_tests"] if one["meaning"]]
    assert told["message"] == message


def test_setup_tests_that_pass(shell: Shell) -> None:
    shell.run("apply", "--yes")
    result = shell.run("test")
    assert result.exit_code == 0
    assert "no AWS credentials" in result.output


def test_adopting_describes_the_connection(shell: Shell) -> None:
    shell.run("apply", "--yes")
    before = load(shell.folder / "connector.yml")
    assert "exists already" in shell.error("adopt", "connection_1").message
    result = shell.run("adopt", "connection_1", "--output", "adopted.yml")
    assert result.exit_code == 0, result.output
    assert load(shell.folder / "adopted.yml") == before
    assert shell.run("plan", "--file", "adopted.yml").exit_code == 0


def test_adopting_what_somebody_made_by_hand(shell: Shell) -> None:
    shell.fake.add_connection(
        "kasse",
        function="arn:aws:lambda:eu-central-1:123456789012:function:prohandel",
        region="eu-central-1",
        role_arn="arn:aws:iam::123456789012:role/x",
        secrets_list=[{"key": "apiKey", "value": "by-hand-key-553"}],
    )
    result = shell.run("adopt", "connection_1", "--force")
    assert "Fivetran knows none before the first sync" in result.output
    config = load(shell.folder / "connector.yml")
    assert (config.name, config.group, config.schedule.every_minutes) == ("kasse", GROUP, 360)
    assert config.secrets == {"apiKey": "PROHANDEL_API_KEY"}
    assert "by-hand-key-553" not in (shell.folder / "connector.yml").read_text()


def test_another_service_is_not_adopted(shell: Shell) -> None:
    shell.fake.add_connection("sheets", service="google_sheets")
    assert "google_sheets" in shell.error("adopt", "connection_1", "--force").message


def test_a_file_that_is_nowhere(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    (shell.folder / "connector.yml").unlink()
    monkeypatch.setattr("prohandel.pipeline.target.PROJECT", shell.folder)
    assert "connector.example.yml" in shell.error("plan").remedy


def test_no_secret_is_in_any_output_log_exception_file_or_table(
    shell: Shell, conn: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    plans: tuple[tuple[str, ...], ...] = (("plan",), ("plan", "--json"), ("drift",), ("drift", "--json"))
    for words in (*plans, ("apply", "--yes"), *plans, ("test",), ("test", "--json")):
        shell.run(*words)
    monkeypatch.setenv("PROHANDEL_PASSWORD", ROTATED)
    for words in (*plans, ("apply", "--yes", "--json"), ("adopt", "connection_1", "-o", "adopted.yml")):
        shell.run(*words)
    # Fivetran quotes what it was sent, in an error and in a setup test.
    quoting = (
        f"bad values {ROTATED} {SECRETS['PROHANDEL_AUTH_URL']} {SECRET} {json.dumps(SECRETS['PROHANDEL_USERNAME'])}"
    )
    monkeypatch.setenv("PROHANDEL_API_URL", "https://api.invalid/v3")
    shell.fake.faults = [Fault("status", "PATCH", status=400, message=quoting)]
    assert "bad values ******" in shell.error("apply", "--yes").message
    shell.fake.setup_tests = [{"title": quoting, "status": "FAILED", "message": quoting, "details": quoting}]
    shell.run("apply", "--yes")
    shell.run("apply", "--yes", "--json")
    assert "bad values ******" in shell.run("test", "--json").output
    shell.run("test")
    written(shell.folder, example(secrets={"PROHANDEL_PASSWORD": ROTATED}))
    shell.error("plan")
    monkeypatch.setenv("FIVETRAN_API_SECRET", "wrong-" + SECRET)
    written(shell.folder, example())
    shell.error("plan")

    (shell.folder / "connector.yml").unlink()
    files = [path.read_text(encoding="utf-8", errors="replace") for path in shell.folder.rglob("*") if path.is_file()]
    rows = [
        str(row)
        for table in ("operations.secret_fingerprints", "operations.connections")
        for row in conn.execute(f"select t::text from {table} as t")  # noqa: S608
    ]
    assert len(rows) > len(SECRETS)
    searched = "\n".join((*shell.seen, caplog.text, *files, *rows))
    assert [secret for secret in EVERYTHING_SECRET if secret in searched] == []
    # The search would find them: they did go over the wire.
    sent = str([one.body for one in shell.fake.requests])
    assert ROTATED in sent


def test_values_in_memory_are_not_in_reprs(shell: Shell, conn: psycopg.Connection[Any]) -> None:
    shell.run("apply", "--yes")
    config, client = opening.opened(None)
    with client:
        from prohandel.connector.plan import make_plan

        plan = make_plan(client, config, Memory(conn, "operations"), SECRETS | {"PROHANDEL_PASSWORD": ROTATED})
    shown = repr(plan) + repr(config) + repr(client) + str(plan.as_json())
    assert not plan.is_empty
    assert [secret for secret in EVERYTHING_SECRET if secret in shown] == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"Timeout": 180, "State": "Active"}, ""),
        ({"Timeout": 3, "State": "Active"}, "--timeout 180"),
        ({"Timeout": 180, "State": "Failed", "StateReason": "no subnet"}, "Failed: no subnet"),
    ],
)
def test_the_function_of_aws_is_compared(shell: Shell, found: dict[str, Any], said: str) -> None:
    import boto3
    from botocore.stub import Stubber

    client = boto3.client("lambda", "eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
    config = load(shell.folder / "connector.yml")
    with Stubber(client) as stub:
        stub.add_response("get_function_configuration", found, {"FunctionName": config.function})
        problems, unchecked = lambda_function.problems_of_function(config, client)
    assert unchecked == []
    assert (said in problems[0]) if said else problems == []


@pytest.mark.parametrize(
    ("code", "is_problem"), [("ResourceNotFoundException", True), ("AccessDeniedException", False)]
)
def test_a_function_that_aws_does_not_show(shell: Shell, code: str, is_problem: bool) -> None:
    import boto3
    from botocore.stub import Stubber

    client = boto3.client("lambda", "eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stub:
        stub.add_client_error("get_function_configuration", code)
        problems, unchecked = lambda_function.problems_of_function(load(shell.folder / "connector.yml"), client)
    assert (len(problems), len(unchecked)) == ((1, 0) if is_problem else (0, 1))


def test_a_crash_over_loopback_is_continued(shell: Shell) -> None:
    shell.fake.faults = [Fault("drop", "POST", r"/connections/connection_1/schemas", times=99)]
    stderr, sys.stderr = sys.stderr, io.StringIO()
    try:
        with pytest.MonkeyPatch.context() as quick:
            quick.setattr("prohandel.connector.fivetran.FIRST_WAIT", 0.0)
            assert "does not answer" in shell.error("apply", "--yes").message
    finally:
        sys.stderr = stderr
    assert shell.fake.connections["connection_1"]["paused"] is True
    shell.fake.faults = []
    assert shell.run("apply", "--yes").exit_code == 0
    assert len(shell.fake.connections) == 1
