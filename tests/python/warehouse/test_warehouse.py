"""The embedded server: starts anywhere, comes back from everything, and says what is wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
import yaml

from prohandel import warehouse
from prohandel.errors import ProhandelError

if TYPE_CHECKING:
    from tests.python.conftest import Server


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "home"
    yield folder
    if (folder / "pgdata" / "PG_VERSION").exists():
        warehouse.stop(folder)


def value(at: Path, query: str, **options: Any) -> Any:
    with warehouse.connect(at, **options) as conn:
        row = conn.execute(query.encode()).fetchone()
    return row[0] if row else None


def kill(at: Path) -> int:
    """Kills the server as a power cut would, and returns its process."""
    pid = int((at / "pgdata" / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while warehouse.is_running(at) and time.monotonic() < deadline:
        time.sleep(0.02)
    return pid


def test_home_is_the_variable_or_a_folder_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PROHANDEL_HOME", str(tmp_path / "elsewhere"))
    assert warehouse.home() == tmp_path / "elsewhere"
    monkeypatch.delenv("PROHANDEL_HOME")
    monkeypatch.chdir(tmp_path)
    assert warehouse.home() == tmp_path / ".prohandel"


def test_the_database_is_tuned_and_has_its_key(server: Server) -> None:
    settings = {
        "synchronous_commit": "off",
        "jit": "off",
        "autovacuum": "on",
        "TimeZone": "UTC",
        "wal_level": "minimal",
        "listen_addresses": "",
        "prohandel.hash_key": warehouse.DEMO_HASH_KEY,
    }
    with warehouse.connect(server.home) as conn:
        for name, expected in settings.items():
            assert conn.execute("select current_setting(%s)", [name]).fetchone() == (expected,)


def test_a_key_of_the_user_wins(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGOPTIONS", "-c prohandel.hash_key=mine")
    assert value(server.home, "select current_setting('prohandel.hash_key')") == "mine"


def test_the_url_connects(server: Server) -> None:
    url = warehouse.url(server.home)
    assert parse_qs(urlsplit(url).query)["host"] == [server.socket_dir]
    with psycopg.connect(url) as conn:
        assert conn.execute("select current_database()").fetchone() == ("warehouse",)


def test_the_profile_names_the_socket(server: Server) -> None:
    profile = yaml.safe_load((server.home / "profiles" / "profiles.yml").read_text())
    output = profile[warehouse.PROFILE]["outputs"][warehouse.TARGET]
    assert (output["host"], output["dbname"], output["schema"]) == (server.socket_dir, "warehouse", "analytics")


def test_nobody_else_can_enter_the_socket_folder(server: Server) -> None:
    """The server asks for no password: the folder is what keeps others out."""
    assert Path(server.socket_dir).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "name",
    ["a b", 'it\'s "$x" `y` \\ ü', "comma, here", "x" * 150],
    ids=["space", "signs", "comma", "long"],
)
def test_any_path_will_do(tmp_path: Path, name: str) -> None:
    at = tmp_path / name
    try:
        assert value(at, "select 1") == 1
        socket_dir = Path(warehouse.parameters(at)["host"])
        assert len(os.fsencode(socket_dir / ".s.PGSQL.5432")) <= 107
        assert socket_dir.stat().st_mode & 0o077 == 0
    finally:
        warehouse.stop(at)
    assert not socket_dir.exists() or socket_dir == at / "pgdata"


def test_stop_and_start_keep_the_data(home: Path) -> None:
    with warehouse.connect(home) as conn:
        conn.execute("create table kept as select 7 as number")
    assert warehouse.stop(home)
    assert not warehouse.is_running(home)
    assert not warehouse.stop(home)
    assert value(home, "select number from kept") == 7


def test_a_killed_server_comes_back(home: Path) -> None:
    with warehouse.connect(home, autocommit=True) as conn:
        conn.execute("create table kept as select 7 as number")
        conn.execute("checkpoint")
    kill(home)
    assert value(home, "select number from kept") == 7


def test_a_pid_that_another_program_has_by_now_is_no_server(home: Path) -> None:
    warehouse.start(home)
    kill(home)
    pid_file = home / "pgdata" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert not warehouse.is_running(home)
    assert value(home, "select 1") == 1


def test_a_killed_first_start_leaves_nothing_in_the_way(home: Path) -> None:
    (home / "pgdata.new").mkdir(parents=True)
    (home / "pgdata.new" / "PG_VERSION").write_text("18\n")
    assert value(home, "select 1") == 1
    assert not (home / "pgdata.new").exists()


def test_a_log_that_cannot_be_written_is_named_with_its_remedy(home: Path) -> None:
    warehouse.start(home)
    warehouse.stop(home)
    log = home / "pgdata" / "server.log"
    log.chmod(0)
    if os.geteuid() == 0:
        # As after copying the folder as root.
        os.chown(log, 0, 0)
    with pytest.raises(ProhandelError, match=r"(?s)cannot be read or written.*owner of the folder"):
        warehouse.start(home)


def test_two_starts_at_once_make_one_server(home: Path) -> None:
    command = [sys.executable, "-m", "prohandel", "db", "start"]
    environment = {**os.environ, "PROHANDEL_HOME": str(home)}
    with ThreadPoolExecutor(3) as pool:
        done = list(
            pool.map(lambda _: subprocess.run(command, env=environment, capture_output=True, check=False), range(3))
        )
    assert [run.returncode for run in done] == [0, 0, 0], done
    assert value(home, "select 1") == 1


def test_variables_of_libpq_do_not_lead_astray(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, given in {"PGPORT": "6000", "PGHOST": "nowhere", "PGDATA": "/nowhere", "PGUSER": "x"}.items():
        monkeypatch.setenv(name, given)
    assert value(home, "select current_user || current_setting('port')") == "postgres5432"


def test_no_warning_without_a_runtime_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warehouse.start(home)


def test_reset_removes_everything_that_is_ours(home: Path) -> None:
    warehouse.start(home)
    for name in ("truth", "simulation"):
        (home / name).mkdir()
    (home / "state.json").write_text("{}")
    (home / "theirs.txt").write_text("stays")
    warehouse.reset(home)
    assert [path.name for path in home.iterdir()] == ["theirs.txt"]


# --- errors --------------------------------------------------------------------------------------------------------


def test_data_of_another_version_are_not_touched(home: Path) -> None:
    warehouse.start(home)
    warehouse.stop(home)
    version = home / "pgdata" / "PG_VERSION"
    version.write_text("16\n")
    with pytest.raises(ProhandelError, match="made by PostgreSQL 16; this is version 18") as refused:
        warehouse.start(home)
    assert "db backup" in refused.value.remedy
    version.write_text("18\n")


def test_a_folder_that_is_no_warehouse_is_refused(home: Path) -> None:
    (home / "pgdata").mkdir(parents=True)
    (home / "pgdata" / "photo.jpg").write_text("x")
    with pytest.raises(ProhandelError, match="is no PostgreSQL data folder"):
        warehouse.start(home)


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ProhandelError, match=r"cannot be kept in .*file/home") as refused:
        warehouse.start(tmp_path / "file" / "home")
    assert "PROHANDEL_HOME" in refused.value.remedy


def test_a_broken_setting_is_shown_with_the_servers_own_words(home: Path) -> None:
    warehouse.start(home)
    warehouse.stop(home)
    settings = home / "pgdata" / "postgresql.auto.conf"
    before = settings.read_text()
    settings.write_text("work_mem = 'plenty'\n")
    with pytest.raises(ProhandelError, match="work_mem"):
        warehouse.start(home)
    settings.write_text(before)


def test_parameters_of_a_stopped_server_say_how_to_start_it(home: Path) -> None:
    with pytest.raises(ProhandelError, match="not running") as refused:
        warehouse.parameters(home)
    assert refused.value.remedy == "Start it: prohandel db start"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk or become another user")
class TestAsRoot:
    """What needs a small disk or a second user."""

    @pytest.fixture
    def small_disk(self, tmp_path: Path) -> Iterator[Path]:
        disk = tmp_path / "disk"
        disk.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=90m", "tmpfs", disk],  # noqa: S607
            capture_output=True,
            check=False,
        )
        if mounted.returncode:
            pytest.skip("mounting is not allowed here")
        yield disk
        warehouse.stop(disk / "home")
        subprocess.run(["umount", disk], check=True)  # noqa: S607

    def test_a_full_disk_is_named_and_loses_nothing(self, small_disk: Path) -> None:
        home = small_disk / "home"
        with warehouse.connect(home, autocommit=True) as conn:
            conn.execute("create table kept as select 7 as number")
            with pytest.raises(psycopg.Error) as full:
                conn.execute("create table large as select repeat(md5(n::text), 60) from generate_series(1, 90000) n")
        error = warehouse.explain(full.value)
        assert "disk" in error.message
        assert "PROHANDEL_HOME" in error.remedy
        assert value(home, "select number from kept") == 7

    def test_too_small_a_disk_for_a_new_warehouse_is_named(self, small_disk: Path) -> None:
        with (small_disk / "ballast").open("wb") as ballast:
            ballast.write(bytes(70 << 20))
        with pytest.raises(ProhandelError, match="the disk is full"):
            warehouse.start(small_disk / "home")

    def test_a_home_of_another_user_is_run_as_that_user(self, home: Path) -> None:
        """`sudo make demo` after `make demo`: root may, and the owner is not locked out."""
        warehouse.start(home)
        warehouse.stop(home)
        owner = (home / "pgdata").stat().st_uid
        assert owner != 0
        assert value(home, "select 1") == 1
        assert (home / "pgdata").stat().st_uid == owner
        assert (home / "pgdata" / "prohandel.conf").stat().st_uid == owner
