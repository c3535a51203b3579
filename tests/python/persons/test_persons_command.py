"""`prohandel forget` and `prohandel disclose` from outside, one after the other on one warehouse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from prohandel.errors import EXIT_ANOTHER_RUN, ProhandelError
from prohandel.persons.commands import disclose, forget
from prohandel.persons.recognition import returned_customers
from prohandel.pipeline.lock import only_run
from prohandel.pipeline.target import Target
from tests.python.conftest import Database
from tests.python.persons.conftest import HASH_KEY, ID, NUMBER, TEXTS, Store, insert
from tests.python.pipeline.conftest import write_profile
from tests.python.quality.kept import NOON

app = typer.Typer()
app.command()(forget)
app.command()(disclose)


@pytest.fixture(autouse=True)
def _profile(filled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The home of the test server.
    server = filled.server
    write_profile(tmp_path, Database(server, filled.target.connection["dbname"]))
    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
    monkeypatch.setenv("PROHANDEL_HASH_KEY", HASH_KEY)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--target", "toy"])


def failed(*arguments: str) -> ProhandelError:
    done = run(*arguments)
    assert isinstance(done.exception, ProhandelError), done.output
    return done.exception


def test_disclosed(filled: Store, tmp_path: Path) -> None:
    file = tmp_path / "about.json"
    done = run("disclose", "--customer", NUMBER, "--output", str(file))
    assert done.exit_code == 0, done.output
    content = json.loads(file.read_text())
    assert TEXTS[1] in json.dumps(content, ensure_ascii=False)
    assert TEXTS[1] not in done.output
    assert json.loads(run("disclose", "--customer", NUMBER).stdout)["tables"] == content["tables"]


def test_nobody_is_asked_for(filled: Store) -> None:
    assert "Whom?" in failed("forget", "--yes").message
    assert "Whom?" in failed("forget", "--customer", NUMBER, "--again", "--yes").message


def test_nobody_is_there_to_answer(filled: Store) -> None:
    assert "Nobody is there to answer" in failed("forget", "--customer", NUMBER).message
    assert len(filled.traces()) > 25


def test_while_a_run_is_active_nothing_is_erased(filled: Store) -> None:
    with only_run(filled.target):
        assert failed("forget", "--customer", NUMBER, "--yes").exit_code == EXIT_ANOTHER_RUN


def test_forgotten_and_back_and_forgotten_again(filled: Store, capfd: pytest.CaptureFixture[str]) -> None:
    done = run("forget", "--customer", NUMBER, "--reference", "DS-1", "--yes", "--json")
    assert done.exit_code == 0, done.output
    (said,) = json.loads(done.stdout)
    assert (said["erasure"], said["rows"]["prohandel.sale"]) == (1, 2)
    assert filled.traces() == []
    assert look(filled) == []
    assert "nobody who was erased" in run("forget", "--again", "--yes").output
    assert "holds nothing" in failed("forget", "--customer", NUMBER, "--yes").message

    insert(filled.conn, "prohandel.customer", id=ID, customer_number=NUMBER, name=TEXTS[0])
    for reference in (NUMBER, ID):
        insert(filled.conn, "intermediate.int_customers__references", customer_ref=reference, customer_number=NUMBER)
    (what,) = look(filled)
    assert what == "1 customer who was erased has landed again (erasure 1): prohandel forget --again."
    again = run("forget", "--again", "--yes")
    assert again.exit_code == 0, again.output
    assert filled.traces() == []
    assert look(filled) == []


def look(store: Store) -> list[str]:
    """What a run alerts of erased customers."""
    with store.target.connect() as conn:
        return [symptom.what for symptom in returned_customers(conn, store.target, NOON)]


def test_with_another_key_somebody_is_told(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROHANDEL_HASH_KEY", "another")
    assert isinstance(filled.target, Target)
    (what,) = look(filled)
    assert "2 erasures can no longer be recognised" in what
