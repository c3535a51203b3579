"""`prohandel elementary-report`: which package it takes, what it tells edr, and what becomes of the page."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from prohandel import warehouse
from prohandel.errors import ProhandelError
from prohandel.pipeline import elementary_report
from prohandel.pipeline.elementary_report import without_network
from prohandel.pipeline.target import PROJECT
from tests.python.conftest import Database, Server
from tests.python.pipeline.conftest import Toy, write_profile
from tests.python.project.vendored import vendored_packages

FONTS = """
    <link
      rel="stylesheet"
      href="https://fonts.googleapis.com/css?family=Roboto:300,400&display=swap"
    />
    <link rel="preconnect" href="https://fonts.gstatic.com" crossorigin />"""
PAGE = f"""<script>window.elementaryData = 1;</script><!DOCTYPE html>
<html>
  <head>
    <link rel="icon" href="data:image/png;base64,iVBORw0KGgo=" />{FONTS}
    <script type="module" crossorigin>const shown = '<img src="https://example.com/in-a-string.png">';</script>
  </head>
  <body><div id="root"></div><a href="https://example.com/docs">docs</a></body>
</html>
"""
REMOTE = re.compile(r"""<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=["']?(?:https?:)?//[^>]*>""")

# Writes down how it was called, then the page.
EDR = """
import json, os, sys
from pathlib import Path
options = dict(zip(sys.argv[2::2], sys.argv[3::2]))
profiles = Path(options["--profiles-dir"])
seen = {
    "command": sys.argv[1],
    "options": options,
    "profile": (profiles / "profiles.yml").read_text(),
    "modes": [(profiles / "profiles.yml").stat().st_mode, profiles.stat().st_mode],
    "settings": (Path(options["--config-dir"]) / "config.yml").read_text(),
    "packages": {
        name: os.path.realpath(os.path.join(os.environ["DBT_PACKAGES_FOLDER"], name))
        for name in os.listdir(os.environ["DBT_PACKAGES_FOLDER"])
    },
    "environment": dict(os.environ),
}
here = Path(__file__).parent
(here / "seen.json").write_text(json.dumps(seen))
page = here / "page.html"
if not page.exists():
    sys.exit("the warehouse is not there")
Path(options["--file-path"]).write_text(page.read_text())
"""

# The same as Elementary in what matters here: a hook that keeps the results of tests in a table of its own.
PACKAGE = {
    "dbt_project.yml": """
name: elementary
version: "0.25.1"
config-version: 2
model-paths: [models]
macro-paths: [macros]
on-run-end: ["{{ elementary.keep(results) }}"]
""",
    "models/elementary_test_results.sql": """
{{ config(schema='elementary', materialized='incremental', enabled=var('elementary_enabled', false)) }}
select cast(null as text) as test_name, cast(null as timestamp) as detected_at where false
""",
    "macros/keep.sql": """
{% macro keep(results) %}
    {% if execute and var('elementary_enabled', false) and flags.WHICH == 'build' %}
        {% for result in results if result.node.resource_type == 'test' %}
            insert into elementary.elementary_test_results values ('{{ result.node.name }}', timezone('UTC', now()));
        {% endfor %}
    {% endif %}
{% endmacro %}
""",
}


@dataclass(frozen=True)
class Elementary:
    """A project whose packages and whose edr are made up.

    Attributes:
        toy: the project.
        packages: folder of the packages.
        edr: the program.
    """

    toy: Toy
    packages: Path
    edr: Path

    def seen(self) -> dict[str, Any]:
        """What edr was told."""
        return dict(json.loads(self.edr.with_name("seen.json").read_text()))

    def renders(self, page: str) -> None:
        """Has edr write this page."""
        self.edr.with_name("page.html").write_text(page)

    def arguments(self, output: Path) -> tuple[str, ...]:
        return (
            *("elementary-report", "--target", "toy", "--output", str(output)),
            *("--packages", str(self.packages), "--edr", str(self.edr)),
        )


@pytest.fixture
def project(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> Iterator[Toy]:
    """The toy project with the stand-ins of the packages, nothing recorded."""
    monkeypatch.setattr(elementary_report, "PROJECT", toy.folder)
    toy.execute("drop schema if exists elementary cascade")
    assert toy.prohandel("packages", "--source", "minimal").code == 0
    yield toy
    toy.prohandel("packages", "--source", "minimal")


@pytest.fixture
def elementary(project: Toy, tmp_path: Path) -> Elementary:
    packages = tmp_path / "real packages"
    shutil.copytree(PROJECT / "packages" / "minimal", packages)
    shutil.rmtree(packages / "elementary")
    for name, content in PACKAGE.items():
        file = packages / "elementary" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    folder = tmp_path / "an environment"
    folder.mkdir()
    script = folder / "edr.py"
    script.write_text(EDR)
    edr = folder / "edr"
    edr.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(script))} "$@"\n')
    edr.chmod(0o755)
    made = Elementary(project, packages, edr)
    made.renders(PAGE)
    return made


def record(elementary: Elementary) -> None:
    """A run with Elementary's hooks on."""
    installed = elementary.toy.prohandel("packages", "--source", str(elementary.packages))
    assert installed.code == 0, installed.err
    done = elementary.toy.run("--vars", "elementary_enabled: true")
    assert done.code == 0, done.err + done.out


def test_without_the_real_package_the_three_ways_to_it_are_named(project: Toy, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    done = project.prohandel("elementary-report", "--target", "toy", "--output", str(page))
    assert done.code == 2
    assert "does not answer" in done.err
    for way in ("prohandel packages --source hub", "DBT_PACKAGE_HUB_URL", "elementary-report --packages FOLDER"):
        assert way in done.err
    assert not page.exists()


def test_a_package_that_records_nothing_is_not_the_real_one(project: Toy) -> None:
    stand_ins = str(PROJECT / "packages" / "minimal")
    done = project.prohandel("elementary-report", "--target", "toy", "--packages", stand_ins)
    assert done.code == 2
    assert "has no hook that records runs" in done.err
    assert "prohandel packages --source hub" in done.err


def test_a_missing_program_is_named(elementary: Elementary, tmp_path: Path) -> None:
    elementary.edr.unlink()
    done = elementary.toy.prohandel(*elementary.arguments(tmp_path / "report.html"))
    assert done.code == 2
    assert str(elementary.edr) in done.err
    assert "make elementary-report installs it" in done.err


def test_a_warehouse_of_others_is_not_built_for_the_report(elementary: Elementary, tmp_path: Path) -> None:
    done = elementary.toy.prohandel(*elementary.arguments(tmp_path / "report.html"))
    assert done.code == 2
    assert 'prohandel run --target toy --nightly --vars "elementary_enabled: true"' in done.err
    assert elementary.toy.value("select to_regclass('marts.sales_performance')") is None


def test_the_page_and_what_edr_is_told(elementary: Elementary, tmp_path: Path) -> None:
    toy = elementary.toy
    write_profile(toy.folder, toy.database, password="pass word", sslmode="prefer")
    record(elementary)
    output = tmp_path / "site" / "report.html"
    done = toy.prohandel(*elementary.arguments(output))
    assert done.code == 0, done.err
    assert output.as_uri() in done.err
    assert REMOTE.findall(re.sub(r"<script\b.*?</script>", "", output.read_text(), flags=re.DOTALL)) == []

    seen = elementary.seen()
    folder = Path(seen["options"]["--profiles-dir"])
    assert seen["command"] == "report"
    assert seen["options"] == {
        "--profiles-dir": str(folder),
        "--config-dir": str(folder / ".edr"),
        "--target-path": str(folder / "target"),
        "--file-path": str(folder / "report.html"),
        "--days-back": "7",
        "--env": "toy",
        "--open-browser": "false",
        "--disable-samples": "true",
    }
    assert yaml.safe_load(seen["profile"])["elementary"] == {
        "target": "toy",
        "outputs": {
            "toy": {
                "type": "postgres",
                "host": toy.database.server.socket_dir,
                "port": warehouse.PORT,
                "user": warehouse.USER,
                "password": "{{ env_var('DBT_ENV_SECRET_ELEMENTARY_PASSWORD') }}",
                "dbname": toy.database.name,
                "schema": "elementary",
                "threads": 1,
                "connect_timeout": 10,
                "keepalives_idle": 60,
                "sslmode": "prefer",
            }
        },
    }
    assert yaml.safe_load(seen["settings"]) == {
        "anonymous_usage_tracking": False,
        "disable_elementary_version_check": True,
        "run_dbt_deps_if_needed": False,
    }
    installed = (toy.folder / "dbt_packages").resolve()
    assert seen["packages"] == {name: str(installed / name) for name in ("dbt_utils", "elementary")}


def test_edr_gets_no_secret_but_the_password_and_leaves_none_behind(elementary: Elementary, tmp_path: Path) -> None:
    toy = elementary.toy
    write_profile(toy.folder, toy.database, password="pass word")
    record(elementary)
    done = toy.prohandel(
        *elementary.arguments(tmp_path / "report.html"),
        PROHANDEL_ALERTS_ON_CALL="json://token@example.com",
        DBT_ENV_SECRET_OTHER="another",
        DBT_TARGET="other",
    )
    assert done.code == 0, done.err
    seen = elementary.seen()
    assert [stat.S_IMODE(mode) for mode in seen["modes"]] == [0o600, 0o700]
    assert "pass word" not in seen["profile"]
    folder, environment = seen["options"]["--profiles-dir"], seen["environment"]
    assert environment["DBT_ENV_SECRET_ELEMENTARY_PASSWORD"] == "pass word"
    kept_from_it = {"PROHANDEL_HASH_KEY", "PROHANDEL_ALERTS_ON_CALL", "DBT_ENV_SECRET_OTHER", "DBT_TARGET"}
    assert kept_from_it & environment.keys() == set()
    assert environment["HOME"] == folder
    assert not Path(folder).exists()
    assert "pass word" not in done.err + done.out


def test_what_stops_edr_is_told_and_the_page_stays(elementary: Elementary, tmp_path: Path) -> None:
    record(elementary)
    elementary.edr.with_name("page.html").unlink()
    output = tmp_path / "report.html"
    output.write_text("as it was")
    done = elementary.toy.prohandel(*elementary.arguments(output))
    assert done.code == 2
    assert "the warehouse is not there" in done.err
    assert output.read_text() == "as it was"
    assert not Path(elementary.seen()["options"]["--profiles-dir"]).exists()


def test_the_page_loses_its_fonts_and_may_fetch_nothing() -> None:
    before, policy, after = without_network(PAGE).partition(elementary_report._NOTHING_FROM_OUTSIDE)
    assert before.endswith("<head>")
    assert "default-src data: blob:" in policy
    assert REMOTE.findall(FONTS) != []
    # What a script or a link to click on says is left alone.
    assert before + after == PAGE.replace(FONTS, "\n    \n    ")


@pytest.mark.parametrize(
    "asset",
    [
        '<script src="https://cdn.example.com/app.js"></script>',
        '<link rel="stylesheet" href="//cdn.example.com/app.css">',
        '<img alt="" src="http://cdn.example.com/logo.png"/>',
    ],
)
def test_a_page_that_needs_the_network_is_refused(asset: str) -> None:
    with pytest.raises(ProhandelError, match=r"cdn\.example\.com"):
        without_network(PAGE.replace("</head>", f"{asset}</head>"))


@pytest.mark.slow
def test_the_real_report_of_a_simulated_retailer(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a landing to the page, with the real packages and Elementary's own program."""
    packages, edr = vendored_packages(), PROJECT / ".venv-elementary" / "bin" / "edr"
    if not (packages / "elementary" / "dbt_project.yml").is_file():
        pytest.skip(f"{packages} has no real dbt packages; PROHANDEL_DBT_PACKAGES_DIR names their folder")
    if not edr.exists():
        pytest.skip("make elementary-report has not installed .venv-elementary")
    copy = tmp_path / "a project"
    copy.mkdir()
    for name in ("dbt_project.yml", "packages.yml", ".dbtignore"):
        shutil.copy(PROJECT / name, copy)
    for name in ("models", "macros", "seeds", "snapshots", "analyses", "tests", "packages"):
        shutil.copytree(PROJECT / name, copy / name, ignore=shutil.ignore_patterns("python", "__pycache__"))
    monkeypatch.setattr(elementary_report, "PROJECT", copy)
    home = tmp_path / "home"
    # Not in the database of the test session: the embedded warehouse is the one that is built for the report.
    embedded = Toy(copy, Database(server, "unused"), {"PROHANDEL_HOME": str(home), "COLUMNS": "200"})
    output = tmp_path / "report.html"
    try:
        landed = embedded.prohandel("land", "simulate", "--scale", "small")
        assert landed.code == 0, landed.err
        done = embedded.prohandel(
            "elementary-report", "--packages", str(packages), "--edr", str(edr), "--output", str(output)
        )
        assert done.code == 0, done.err
        with warehouse.connect(home, autocommit=True) as conn:
            kept = conn.execute(
                "select count(*) filter (where status = 'pass'), count(*) from elementary.elementary_test_results"
            ).fetchone()
            samples = conn.execute("select count(*) from elementary.test_result_rows").fetchone()
            models = conn.execute(
                "select count(*) from elementary.model_run_results where package_name = 'prohandel_analytics'"
            ).fetchone()
    finally:
        warehouse.stop(home)
    assert kept is not None
    assert kept[0] > 100
    assert samples == (0,)
    assert models is not None
    assert models[0] > 50
    page = output.read_text(encoding="utf-8")
    assert "window.elementaryData" in page
    assert len(page) > 1_000_000
    assert elementary_report._NOTHING_FROM_OUTSIDE in page
    assert "fonts.googleapis.com/css" not in page
