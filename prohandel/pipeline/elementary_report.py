"""Elementary's report: what its hooks have recorded of models and tests, as one page that needs no network."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from psycopg import sql
from rich.console import Console

from prohandel.errors import EXIT_CONFIGURATION, ProhandelError
from prohandel.pipeline import packages
from prohandel.pipeline.dbt import Dbt
from prohandel.pipeline.explain import explain_nodes
from prohandel.pipeline.lock import only_run
from prohandel.pipeline.progress import showing
from prohandel.pipeline.run import RunOptions, run, run_variables
from prohandel.pipeline.target import PROJECT, Target, find_target
from prohandel.publication.gate import listed

DAYS_SHOWN = 7
REPORT_SECONDS = 900.0

_PACKAGE = "elementary"
# dbt takes a secret from the environment, and keeps it out of its logs, by this prefix.
_PASSWORD_VARIABLE = "DBT_ENV_SECRET_ELEMENTARY_PASSWORD"  # noqa: S105
_NUMBERS = frozenset({"port", "connect_timeout", "keepalives_idle"})
_INHERITED = frozenset({"PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "PGPASSFILE", "PGSERVICEFILE"})
_OF_HOME = {
    "PGPASSFILE": ".pgpass",
    "PGSSLROOTCERT": ".postgresql/root.crt",
    "PGSSLCERT": ".postgresql/postgresql.crt",
    "PGSSLKEY": ".postgresql/postgresql.key",
}
"""What libpq looks for in the home folder, by the variable that names it from elsewhere."""

_LOADING = {
    "link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src",
    "embed": "src", "object": "data",
}  # fmt: skip
"""The attribute by which a tag has the browser fetch something."""
_FONTS = frozenset({"fonts.googleapis.com", "fonts.gstatic.com"})
_NOTHING_FROM_OUTSIDE = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src data: blob: 'unsafe-inline' 'unsafe-eval'\" />"
)


@dataclass(frozen=True)
class ElementaryReport:
    """The page that was written.

    Attributes:
        path: of the page.
        size: in bytes.
        recorded_until: time of the newest test result that it shows.
    """

    path: Path
    size: int
    recorded_until: datetime


def write_elementary_report(
    path: Path,
    target_name: str | None = None,
    *,
    folder: Path | None = None,
    program: Path | None = None,
    console: Console | None = None,
) -> ElementaryReport:
    """Writes Elementary's report of the last `DAYS_SHOWN` days.

    Its tables are filled by runs with the variable `elementary_enabled`. Where they hold nothing yet, the embedded
    warehouse is built and tested once with it; a warehouse that people work with is not built for the sake of a report.

    Args:
        path: of the page; its folder is made.
        target_name: of the dbt profile; None for the embedded warehouse.
        folder: holds the real dbt packages, one folder each, which are then installed; None takes those installed, else
            the hub's.
        program: `edr`; None for that of `.venv-elementary`.
        console: where progress goes; standard error by default.

    Raises:
        ProhandelError: Elementary's dbt package or its program is missing, nothing is recorded, or the page cannot be
            written or would need the network.
    """
    console = console or Console(stderr=True)
    installed = _with_real_package(folder, console)
    console.print(f"dbt packages: {installed.describe()}", highlight=False, soft_wrap=True)
    edr = _found(program or PROJECT / ".venv-elementary" / "bin" / "edr")
    target = find_target(target_name)
    recorded_until = _recorded_until(target)
    if recorded_until is None:
        _record(target, console)
        recorded_until = _recorded_until(target)
    if recorded_until is None:
        raise ProhandelError(
            "The run has left no test result in Elementary's tables.",
            f"{target.logs / 'dbt.log'} says why: look for Elementary.",
        )
    with showing("report", console):
        page = _rendered(target, edr)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    new.write_text(page, encoding="utf-8")
    new.replace(path)
    return ElementaryReport(path, path.stat().st_size, recorded_until)


def _with_real_package(folder: Path | None, console: Console) -> packages.Installation:
    """Sees to it that Elementary's own dbt package is installed, not the empty one that stands in for it."""
    problem = "the package of that name in dbt_packages/ has no hook that records runs"
    installed = packages.resolve(PROJECT, source=str(folder) if folder else None, say=console.print)
    if installed.source == "minimal":
        try:
            installed = packages.resolve(PROJECT, source="hub", say=console.print)
        except ProhandelError as error:
            problem = f"an empty one stands in for it. {error.message}"
    if installed.source != "minimal" and _records_runs(PROJECT / "dbt_packages" / _PACKAGE):
        return installed
    raise ProhandelError(
        f"The report needs Elementary's dbt package, which is not installed: {problem}",
        "There are three ways to it: "
        "(1) prohandel packages --source hub, where dbt's package hub can be reached; "
        f"(2) the same with a mirror of the hub in {packages.HUB_URL_VARIABLE}; "
        "(3) prohandel packages --source FOLDER (or elementary-report --packages FOLDER) with the real packages of "
        "packages.yml and those that they need, one folder each.",
    )


def _records_runs(package: Path) -> bool:
    """Has this package the hook that fills what the report reads? The project's stand-in has none."""
    content = yaml.safe_load((package / "dbt_project.yml").read_text(encoding="utf-8"))
    return bool(content.get("on-run-end"))


def _found(program: Path) -> Path:
    found = shutil.which(program.expanduser())
    if found is None:
        raise ProhandelError(
            f"There is no program {program}, which renders the report.",
            "make elementary-report installs it; --edr or PROHANDEL_EDR names that of another environment.",
        )
    return Path(found).absolute()


def _recorded_until(target: Target) -> datetime | None:
    """When the newest test result was recorded that the report would show; None where there is none."""
    results = sql.Identifier(target.schema_of(_PACKAGE), "elementary_test_results")
    with target.connect() as conn:
        there = conn.execute("select to_regclass(%s) is not null", [results.as_string(conn)]).fetchone()
        if not there or not there[0]:
            return None
        row = conn.execute(
            sql.SQL(
                "select max(detected_at) from {} where detected_at > timezone('UTC', now()) - make_interval(days => {})"
            ).format(results, sql.Literal(DAYS_SHOWN))
        ).fetchone()
    # A timestamp without a zone, in UTC.
    return row[0].replace(tzinfo=UTC) if row and row[0] else None


def _record(target: Target, console: Console) -> None:
    """Builds Elementary's tables, then the warehouse, tests included, with Elementary's hooks on."""
    if not target.is_embedded:
        raise ProhandelError(
            f"Elementary has recorded no test of target '{target.name}' within {DAYS_SHOWN} days.",
            "Let a run record what it does, then again: "
            f'prohandel run --target {target.name} --nightly --vars "elementary_enabled: true"',
        )
    console.print("Elementary has recorded nothing yet: the warehouse is built and tested once with its hooks on.")
    # Its tables come first: the first step of a run is freshness, whose results go into one of them.
    variables = run_variables(target, {"elementary_enabled": True})
    with only_run(target), showing(_PACKAGE, console) as progress:
        outcome = Dbt(target, variables, progress).build(["--select", f"package:{_PACKAGE}"])
    failed = [node for node in outcome.nodes if node.has_failed]
    if failed or outcome.error:
        why = explain_nodes(failed)
        raise ProhandelError(
            f"Elementary's tables cannot be built: {why[0].what if why else outcome.error}",
            why[0].remedy if why else f"{target.logs / 'dbt.log'} has more.",
        )
    report = run(RunOptions(gate=bool(listed(target)), variables="elementary_enabled: true"), console)
    if report.exit_code == EXIT_CONFIGURATION and report.findings:
        raise ProhandelError(report.findings[0].what, report.findings[0].remedy)


def _rendered(target: Target, edr: Path) -> str:
    """The page, rendered by Elementary's program in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="prohandel-elementary-") as folder:
        home = Path(folder)
        page = home / "report.html"
        _write_settings(home, target)
        try:
            done = subprocess.run(
                _command(edr, home, page, target),
                cwd=home,
                env=_environment(home, target),
                capture_output=True,
                text=True,
                timeout=REPORT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ProhandelError(f"edr took longer than {REPORT_SECONDS:.0f} s to render the report.") from error
        if done.returncode != 0 or not page.is_file():
            said = [line.strip() for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip()]
            raise ProhandelError(
                f"edr has written no report (exit code {done.returncode}):\n" + "\n".join(said[-8:]),
                f"{edr} has to be of the same version as the dbt package, up to the second number.",
            )
        return without_network(page.read_text(encoding="utf-8"))


def _command(edr: Path, home: Path, page: Path, target: Target) -> Sequence[str]:
    return [
        str(edr),
        "report",
        *("--profiles-dir", str(home)),
        *("--config-dir", str(home / ".edr")),
        *("--target-path", str(home / "target")),
        *("--file-path", str(page)),
        *("--days-back", str(DAYS_SHOWN)),
        *("--env", target.name),
        *("--open-browser", "false"),
        # Rows that fail a test may hold what is known of customers.
        *("--disable-samples", "true"),
    ]


def _write_settings(home: Path, target: Target) -> None:
    """The profile, settings and dbt packages of edr's own dbt project, which then fetches and tells nothing."""
    profile = home / "profiles.yml"
    profile.touch(mode=0o600)
    profile.write_text(yaml.safe_dump(_profile(target)), encoding="utf-8")
    (home / ".edr").mkdir()
    settings = {
        "anonymous_usage_tracking": False,
        "disable_elementary_version_check": True,
        "run_dbt_deps_if_needed": False,
    }
    (home / ".edr" / "config.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    (home / "dbt_packages").mkdir()
    for name in ("dbt_utils", _PACKAGE):
        (home / "dbt_packages" / name).symlink_to(PROJECT / "dbt_packages" / name)


def _profile(target: Target) -> dict[str, Any]:
    """The target once more, as edr wants it: its schema is that of Elementary's tables, its password a variable."""
    given = {key: int(value) if key in _NUMBERS else value for key, value in target.connection.items()}
    output = {
        **given,
        "type": "postgres",
        "password": f"{{{{ env_var('{_PASSWORD_VARIABLE}') }}}}" if given.get("password") else "",
        "schema": target.schema_of(_PACKAGE),
        "threads": 1,
        **({"role": target.role} if target.role else {}),
    }
    return {_PACKAGE: {"target": target.name, "outputs": {target.name: output}}}


def _environment(home: Path, target: Target) -> dict[str, str]:
    """What edr may know: of the secrets around it, the password of the database alone."""
    given = {name: value for name, value in os.environ.items() if name in _INHERITED or name.startswith("PGSSL")}
    for name, file in _OF_HOME.items():
        if (Path.home() / file).is_file():
            given.setdefault(name, str(Path.home() / file))
    password = target.connection.get("password")
    return {
        **given,
        **({_PASSWORD_VARIABLE: password} if password else {}),
        # It writes into its home folder, and its dbt project into the folder that it is installed in.
        "HOME": str(home),
        "DBT_PACKAGES_FOLDER": str(home / "dbt_packages"),
        "DBT_TARGET_PATH": str(home / "target"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "PYTHONUTF8": "1",
    }


def without_network(page: str) -> str:
    """The page without its links to Google's fonts, and forbidden to fetch anything else.

    The report brings its scripts, styles and data along. Its fonts it asks Google for, which would tell Google who
    reads it; without them it takes those of the reader's system.

    Raises:
        ProhandelError: it would not show without the network.
    """
    seen = _Loading()
    seen.feed(page)
    seen.close()
    for written, address in seen.tags:
        if urlsplit(address).hostname not in _FONTS:
            raise ProhandelError(
                f"The report would fetch {address}, so it is not complete without a network.",
                "Another version of elementary-data may bring it along: pyproject.toml names the one that does.",
            )
        page = page.replace(written, "")
    opened, tag, rest = page.partition("<head>")
    return f"{opened}{tag}{_NOTHING_FROM_OUTSIDE}{rest}" if tag else f"{_NOTHING_FROM_OUTSIDE}{page}"


class _Loading(HTMLParser):
    """Collects the tags, as they are written, that fetch something from the network, with the address."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get(_LOADING.get(tag, "")) or ""
        if address.startswith(("http:", "https:", "//")):
            self.tags.append((self.get_starttag_text() or "", address))
