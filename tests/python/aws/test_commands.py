"""`prohandel logs` and `prohandel alarms`, as a user calls them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import typer
from typer.testing import CliRunner, Result

from prohandel.aws import logs as reading
from prohandel.aws.commands import alarms, logs
from prohandel.console import out
from prohandel.errors import ProhandelError
from tests.python.aws import samples
from tests.python.aws.deployed import deploy, write_log
from tests.python.aws.test_alarms import set_state

app = typer.Typer()
app.command()(logs)
app.command()(alarms)
NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(out, "width", 200)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, catch_exceptions=True)


def write(*messages: str, ago: timedelta = timedelta(hours=1), stream: str = "a") -> None:
    write_log(*messages, stream=stream, at=int((NOW - ago).timestamp() * 1000))


def land_trouble() -> None:
    """One good invocation and one that answered with an error, whose line holds a password."""
    deploy()
    write(samples.START, samples.LOGGED_INFO, samples.END, samples.REPORT)
    bad = (samples.START, samples.LOGGED_ERROR.replace("HTTP 500", "password=Geheim123"), samples.END, samples.REPORT)
    write(*(message.replace(samples.ID, samples.OTHER_ID) for message in bad), stream="b", ago=timedelta(minutes=30))


@pytest.mark.usefixtures("aws")
def test_logs_shows_invocations() -> None:
    land_trouble()
    result = call("logs")
    assert result.exit_code == 0
    shown = result.stdout
    for text in ("5f2b7c1e", "ok", "42.1", "141 of 256", "sale 1,204", "0a9b8c7d", "logged errors"):
        assert text in shown
    assert "Could not read sales: password=***" in shown
    assert "Geheim123" not in shown


@pytest.mark.usefixtures("aws")
def test_logs_of_errors_alone() -> None:
    land_trouble()
    result = call("logs", "--errors", "--json")
    (found,) = json.loads(result.stdout)
    assert (found["request_id"], found["result"]) == (samples.OTHER_ID, "logged errors")
    assert found["errors"] == ["Could not read sales: password=***"]
    assert (found["duration_ms"], found["memory_mb"], found["used_mb"]) == (42117.35, 256, 141)


@pytest.mark.usefixtures("aws")
def test_logs_of_nothing() -> None:
    deploy()
    result = call("logs", "--since", "30m")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "No invocation in /aws/lambda/prohandel-fivetran-connector since" in result.stderr


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_logs_follow(monkeypatch: pytest.MonkeyPatch, form: tuple[str, ...]) -> None:
    land_trouble()
    looks = iter(range(2))

    def sleep(_seconds: float) -> None:
        if next(looks, None) is None:
            raise KeyboardInterrupt

    followed = reading.follow
    monkeypatch.setattr(reading, "follow", lambda *given: followed(*given, sleep=sleep))
    result = call("logs", "--follow", "--errors", *form)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    if form:
        assert [json.loads(line)["request_id"] for line in lines] == [samples.OTHER_ID]
    else:
        assert lines[0].endswith(f"{samples.OTHER_ID} logged errors, 42.1 s, 141 of 256 MB")
        assert lines[1:] == ["    Could not read sales: password=***"]


@pytest.mark.usefixtures("aws")
def test_alarms_shows_all_of_them() -> None:
    deploy()
    set_state("silent", "OK")
    assert call("alarms").exit_code == 0
    set_state("errors", "ALARM", "Threshold Crossed: 1 datapoint")
    result = call("alarms")
    assert result.exit_code == 1
    for text in (
        "errors",
        "ALARM",
        "silent",
        "OK",
        "Nobody has invoked the function for too long.",
    ):
        assert text in result.stdout
    assert "errors: Threshold Crossed: 1 datapoint → docs/runbooks/alarm-errors.md" in result.stdout


@pytest.mark.usefixtures("aws")
def test_alarms_for_programs() -> None:
    deploy()
    set_state("slow", "ALARM")
    result = call("alarms", "--json")
    found = {one["name"]: one for one in json.loads(result.stdout)}
    assert (found["slow"]["state"], found["slow"]["severity"]) == ("ALARM", "warn")
    assert found["errors"]["severity"] == "error"
    assert result.exit_code == 1


@pytest.mark.parametrize("command", ["logs", "alarms"])
def test_without_a_region_or_credentials(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    error = call(command).exception
    assert isinstance(error, ProhandelError)
    assert "region" in error.message
    assert "AWS_REGION" in error.remedy
    error = call(command, "--region", "eu-central-1").exception
    assert isinstance(error, ProhandelError)
    assert "credentials" in error.message
    assert error.exit_code == 2


@pytest.mark.usefixtures("aws")
def test_another_function_is_named_by_option_or_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    deploy()
    assert call("alarms", "--function", "another").exception
    monkeypatch.setenv("PROHANDEL_FUNCTION", "another")
    error = call("logs").exception
    assert isinstance(error, ProhandelError)
    assert "/aws/lambda/another" in error.message
    assert call("alarms", "--function", "prohandel-fivetran-connector").exit_code == 0
