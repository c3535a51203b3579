"""`prohandel roles` from outside: exit codes, and passwords that appear nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from prohandel.errors import ProhandelError
from prohandel.roles.commands import roles_app
from tests.python.pipeline.conftest import write_profile
from tests.python.roles.conftest import Roles


@pytest.fixture(autouse=True)
def _profile(roles: Roles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_profile(tmp_path, roles.database)
    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
    monkeypatch.setenv("PROHANDEL_HASH_KEY", "test key")


def run(roles: Roles, command: str, *arguments: str) -> Result:
    names = [word for kind, name in roles.wanted.names.items() for word in (f"--{kind}", name)]
    return CliRunner().invoke(roles_app, [command, "--target", "toy", *names, *arguments])


def test_exit_codes_say_whether_there_is_something_to_do(roles: Roles) -> None:
    first = run(roles, "plan")
    assert first.exit_code == 2
    assert f"+ role {roles.name('reader')}, the reader" in first.stdout
    assert run(roles, "apply").exit_code == 0
    second = run(roles, "plan")
    assert (second.exit_code, second.stdout) == (0, "All roles are as they should be.\n")
    assert run(roles, "apply").exit_code == 0


def test_an_error_is_neither(roles: Roles) -> None:
    failed = run(roles, "plan", "--password-env", "reader=NO_SUCH_VARIABLE")
    assert isinstance(failed.exception, ProhandelError)
    assert failed.exception.exit_code == 1
    assert "NO_SUCH_VARIABLE is not set" in failed.exception.message


def test_a_password_comes_from_the_environment_alone(roles: Roles, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(roles, "apply").exit_code == 0
    assert stored(roles) is None
    monkeypatch.setenv("READER_PASSWORD", "of-the-reader")
    option = ("--password-env", "reader=READER_PASSWORD")
    planned = run(roles, "plan", *option)
    assert (planned.exit_code, planned.stdout) == (2, f"~ password of {roles.name('reader')}, from READER_PASSWORD\n")
    applied = run(roles, "apply", *option)
    assert "of-the-reader" not in applied.output
    assert (stored(roles) or "").startswith("SCRAM-SHA-256$")
    assert run(roles, "plan", *option).exit_code == 0
    monkeypatch.setenv("READER_PASSWORD", "another one")
    assert run(roles, "plan", *option).exit_code == 2
    log = (roles.database.server.home / "pgdata" / "server.log").read_text(errors="replace")
    assert "of-the-reader" not in log


def stored(roles: Roles) -> str | None:
    with roles.database.connect() as conn:
        row = conn.execute("select rolpassword from pg_authid where rolname = %s", [roles.name("reader")]).fetchone()
    return row[0] if row else None
