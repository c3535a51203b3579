"""The command line: clean standard output, errors with a remedy, exit codes that scripts can rely on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psycopg
import pytest

from prohandel import __version__, cli, warehouse

if TYPE_CHECKING:
    from tests.python.conftest import Server

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = (
    ("land", "simulate"),
    ("land", "files"),
    ("run",),
    ("doctor",),
    ("packages",),
    *(("db", name) for name in ("start", "stop", "url", "psql", "reset", "backup", "restore")),
)


class Done(NamedTuple):
    """What a command left."""

    exit_code: int
    out: str
    err: str


Prohandel = Callable[..., Done]


@pytest.fixture
def prohandel(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], server: Server
) -> Iterator[Prohandel]:
    monkeypatch.setenv("PROHANDEL_HOME", str(server.home))
    monkeypatch.delenv("PROHANDEL_DEBUG", raising=False)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["prohandel", *arguments])
        capfd.readouterr()
        exit_code = 0
        try:
            cli.main()
        except SystemExit as ended:
            exit_code = int(ended.code or 0)
        return Done(exit_code, *capfd.readouterr())

    yield run
    with warehouse.connect(server.home, autocommit=True) as conn:
        conn.execute("drop schema if exists prohandel cascade")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "sale.csv").write_text("id,quantity,colour\n1,2,red\n2,3,blue\n")
    (tmp_path / "shop.csv").write_text("number\n0901\n")
    return tmp_path


@pytest.mark.parametrize("command", [(), *COMMANDS], ids=lambda command: " ".join(command) or "prohandel")
def test_every_command_has_help(prohandel: Prohandel, command: tuple[str, ...]) -> None:
    done = prohandel(*command, "--help")
    assert (done.exit_code, done.err) == (0, "")
    assert " ".join(("prohandel", *command)) in done.out
    if command:
        assert "Example" in done.out


def test_version(prohandel: Prohandel) -> None:
    assert prohandel("--version") == (0, f"prohandel {__version__}\n", "")


def test_url_prints_nothing_else(prohandel: Prohandel) -> None:
    done = prohandel("db", "url")
    assert (done.exit_code, done.err) == (0, "")
    with psycopg.connect(done.out.strip()) as conn:
        assert conn.info.dbname == "warehouse"


def test_landing_files_reports_what_landed_and_what_was_refused(prohandel: Prohandel, files: Path) -> None:
    done = prohandel("land", "files", str(files))
    assert done.exit_code == 2
    assert "landed beyond the catalogue: colour" in done.out
    assert "✗ shop.csv was refused: line 1: the key column id of 'shop' is missing." in done.err
    assert "→ Rows are upserted by id; the file has number." in done.err


def test_landing_files_as_json(prohandel: Prohandel, files: Path) -> None:
    (files / "shop.csv").unlink()
    done = prohandel("land", "files", str(files), "--json")
    (report,) = json.loads(done.out)
    assert done.exit_code == 0
    assert (report["table"], report["inserted"], report["unknown"]) == ("sale", 2, ["colour"])


def test_landing_an_unknown_directory(prohandel: Prohandel, tmp_path: Path) -> None:
    done = prohandel("land", "files", str(tmp_path / "nowhere"))
    assert done.exit_code == 2
    assert done.err.startswith("✗ There is no directory")
    assert "Traceback" not in done.err


def test_what_cannot_be_undone_asks_first(prohandel: Prohandel, server: Server, tmp_path: Path) -> None:
    for command in (("db", "reset"), ("db", "restore", str(tmp_path / "file"))):
        done = prohandel(*command)
        assert done.exit_code == 2
        assert "--yes" in done.err
    assert warehouse.is_running(server.home)


def test_reset_of_nothing(prohandel: Prohandel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PROHANDEL_HOME", str(tmp_path / "home"))
    done = prohandel("db", "reset")
    assert done.exit_code == 0
    assert "nothing to remove" in done.err


def test_backup_and_restore(prohandel: Prohandel, files: Path, tmp_path: Path) -> None:
    prohandel("land", "files", str(files))
    assert prohandel("db", "backup", str(tmp_path / "b.tar")).exit_code == 0
    prohandel("land", "files", str(files))
    assert prohandel("db", "restore", str(tmp_path / "b.tar"), "--yes").exit_code == 0


def test_a_wrong_word_is_a_configuration_error(prohandel: Prohandel) -> None:
    assert prohandel("lnad").exit_code == 2
    assert prohandel("land", "simulate", "--scale", "huge").exit_code == 2


@pytest.mark.parametrize(
    ("raised", "exit_code", "said"),
    [
        (psycopg.errors.DiskFull("could not extend file"), 2, "The disk of the warehouse is full"),
        (psycopg.OperationalError("connection refused"), 2, "cannot be reached"),
        (PermissionError(13, "Permission denied", "/etc/shadow"), 2, "Permission denied: /etc/shadow"),
        (KeyError("surprise"), 70, "Unforeseen: KeyError: 'surprise'"),
    ],
)
def test_every_error_is_said_without_a_traceback(
    prohandel: Prohandel, monkeypatch: pytest.MonkeyPatch, raised: Exception, exit_code: int, said: str
) -> None:
    def fail(*_: object) -> None:
        raise raised

    monkeypatch.setattr(warehouse, "url", fail)
    done = prohandel("db", "url")
    assert done.exit_code == exit_code
    assert said in done.err
    assert "→" in done.err
    assert "Traceback" not in done.err


def test_debugging_shows_the_traceback(prohandel: Prohandel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PROHANDEL_DEBUG", "1")
    with pytest.raises(Exception, match="no directory"):
        prohandel("land", "files", str(tmp_path / "nowhere"))


def test_psql_of_the_wheel(server: Server) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "prohandel", "db", "psql", "-Atc", "select 40 + 2"],
        env={"PROHANDEL_HOME": str(server.home), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "42\n"), done.stderr


def test_an_old_python_is_told_what_to_do() -> None:
    """The package says so before it imports anything that an old Python cannot parse."""
    source = (ROOT / "prohandel" / "__init__.py").read_text()
    pretend = "import sys\nsys.version_info = (3, 9, 0)\n"
    done = subprocess.run([sys.executable, "-c", pretend + source], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "needs Python 3.11 or newer; this is Python 3.9" in done.stderr
    assert 'f"' not in source
