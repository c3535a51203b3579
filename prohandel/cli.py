"""The command `prohandel`: a thin layer that parses arguments, calls one function, and prints what it returns."""

from __future__ import annotations

import errno
import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import psycopg
import typer
from rich import box
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from prohandel import __version__, warehouse
from prohandel.api.commands import api_app
from prohandel.aws.commands import alarms, logs
from prohandel.connector.commands import connector_app
from prohandel.console import (
    AsJson,
    ProfilesDir,
    TargetName,
    Yes,
    confirm,
    err,
    out,
    print_error,
    print_json,
    say_done,
    use_profiles,
)
from prohandel.dashboard.commands import dashboard_app
from prohandel.errors import EXIT_CONFIGURATION, EXIT_FAULT, ProhandelError
from prohandel.forecast.commands import forecast_app
from prohandel.persons.commands import disclose, forget
from prohandel.pipeline.elementary_command import elementary_report
from prohandel.publication.commands import publications_app, rollback
from prohandel.quality.commands import alerts_app
from prohandel.report.commands import report_app
from prohandel.roles.commands import roles_app

if TYPE_CHECKING:
    from prohandel.landing.files import FileReport
    from prohandel.landing.simulate import Summary

LANDED_SCHEMA = "prohandel"
_SECONDS_BETWEEN_LINES = 2.0

app = typer.Typer(
    name="prohandel",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
land_app = typer.Typer(
    name="land", help="Land rows in the embedded warehouse, as Fivetran would.", no_args_is_help=True
)
db_app = typer.Typer(name="db", help="The embedded warehouse (PostgreSQL).", no_args_is_help=True)
app.add_typer(api_app)
app.add_typer(alerts_app)
app.add_typer(publications_app)
app.command()(rollback)
app.command()(elementary_report)
app.add_typer(connector_app)
app.add_typer(dashboard_app)
app.add_typer(forecast_app)
app.command()(logs)
app.command()(alarms)
app.add_typer(report_app)
app.add_typer(roles_app)
app.command()(forget)
app.command()(disclose)
app.add_typer(land_app)
app.add_typer(db_app)

Schema = Annotated[str, typer.Option("--schema", help="Schema that the rows land in.")]


class ScaleChoice(StrEnum):
    """Sizes of the simulated retailer."""

    small = "small"
    demo = "demo"
    large = "large"


class NamesChoice(StrEnum):
    """Generations of column names."""

    declared = "declared"
    api = "api"


class SimulatedNamesChoice(StrEnum):
    """Generations of column names that the simulated retailer can land."""

    declared = "declared"
    api = "api"
    mixed = "mixed"


def _show_version(wanted: bool) -> None:
    if wanted:
        out.print(f"prohandel {__version__}")
        raise typer.Exit


@app.callback()
def prohandel(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Lands ProHandel's tables, builds tested marts from them, and looks after the embedded warehouse.

    Exit codes: 0 good, 1 a model or test failed, 2 configuration, 3 a source is stale, 4 another run is active,
    70 a fault of prohandel itself.

    PROHANDEL_HOME names the folder of the embedded warehouse (./.prohandel by default). PROHANDEL_DEBUG=1 shows
    where an error comes from.
    """


@land_app.command("simulate")
def land_simulate(
    scale: Annotated[ScaleChoice, typer.Option(help="Size of the retailer.")] = ScaleChoice.demo,
    seed: Annotated[int, typer.Option(help="The same seed gives the same rows.")] = 1,
    syncs: Annotated[int, typer.Option(min=0, help="Hourly syncs to land after the history.")] = 0,
    generation: Annotated[
        SimulatedNamesChoice, typer.Option(help="Generation of the column names.")
    ] = SimulatedNamesChoice.declared,
    dirt: Annotated[float, typer.Option(min=0, max=0.2, help="Share of a table's rows that each trap hits.")] = 0.001,
    purchase_orders: Annotated[
        bool, typer.Option("--purchase-orders", help="Land the optional purchase_order as well.")
    ] = False,
    schema: Schema = LANDED_SCHEMA,
    as_json: AsJson = False,
) -> None:
    """Land a simulated German fashion retailer.

    The first call lands its history, a further one lands more hourly syncs of the same retailer.

    Examples:

        prohandel land simulate --scale small
        prohandel land simulate --syncs 24
    """
    from prohandel.landing.simulate import simulate
    from prohandel.landing.state import note_landing

    home = warehouse.home()
    with warehouse.connect(home, autocommit=True) as conn, _busy("simulate") as progress:
        summary = simulate(
            conn,
            schema,
            scale=scale.value,
            seed=seed,
            syncs=syncs,
            generation=generation.value,
            dirt=dirt,
            home=home,
            progress=progress,
            purchase_orders=purchase_orders,
        )
        note_landing(conn, schema, home)
    if as_json:
        print_json(asdict(summary))
    else:
        _print_simulated(summary)


@land_app.command("files")
def land_files(
    directory: Annotated[Path, typer.Argument(help="Holds one file per landed table, e.g. sale.csv.gz.")],
    generation: Annotated[
        NamesChoice | None,
        typer.Option(help="Land the columns under the names of this generation; by default under their own."),
    ] = None,
    delete_missing: Annotated[
        bool, typer.Option("--delete-missing", help="Mark rows that a file lacks as deleted.")
    ] = False,
    schema: Schema = LANDED_SCHEMA,
    as_json: AsJson = False,
) -> None:
    """Land CSV, CSV.gz or Parquet files, one per landed table, upserted by primary key.

    Headers may be snake_case or camelCase; the separator (comma, semicolon, tab, bar) is found by itself. Types are
    inferred, and a column widens to text when a value does not fit. As with Fivetran, a row replaces the former one of
    its key whole. A file that cannot be read is refused, with line and column, and the others land.

    Examples:

        prohandel land files exports/
        prohandel land files exports/ --delete-missing --json
    """
    from prohandel.landing.files import land_files as land
    from prohandel.landing.state import has_notes, note_landing

    home = warehouse.home()
    with warehouse.connect(home, autocommit=True) as conn, _busy("land") as progress:
        reports = land(
            conn,
            schema,
            directory,
            generation=generation.value if generation else None,
            delete_missing=delete_missing,
            progress=progress,
        )
        if has_notes(home):
            note_landing(conn, schema, home)
    if as_json:
        print_json([asdict(report) for report in reports])
    else:
        _print_files(reports)
    refused = [report for report in reports if report.error]
    for report in refused:
        print_error(ProhandelError(f"{report.file} was refused: {report.error}", report.remedy or ""))
    if refused:
        raise typer.Exit(EXIT_CONFIGURATION)
    if not as_json:
        err.print("Next: prohandel doctor")


@app.command()
def run(
    target: TargetName = None,
    select: Annotated[list[str] | None, typer.Option("--select", "-s", help="dbt selector; may be repeated.")] = None,
    exclude: Annotated[list[str] | None, typer.Option("--exclude", help="dbt selector to leave out.")] = None,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="Build incremental models whole.")] = False,
    nightly: Annotated[bool, typer.Option("--nightly", help="Also find hard deletes and test whole tables.")] = False,
    gate: Annotated[
        bool, typer.Option("--gate", help="Build marts apart; publish all of them at once if nothing fails.")
    ] = False,
    variables: Annotated[str, typer.Option("--vars", help="Variables of the project, YAML or JSON.")] = "",
    profiles_dir: ProfilesDir = None,
    as_json: AsJson = False,
) -> None:
    """Freshness, snapshots, build, summary: what production schedules.

    Behind a gate marts are built and tested in the schema marts_audit. If no model and no test fails, all of them are
    published to the schema marts in one transaction; otherwise people go on reading the last good ones.

    Exit code 0 good, 1 a model or test failed, 2 configuration, 3 a source is stale, 4 another run is active.

    Examples:

        prohandel run
        prohandel run --vars "$(prohandel doctor --vars)"
        prohandel run --target prod --nightly
        prohandel run --target prod --gate
    """
    from prohandel.pipeline.run import RunOptions
    from prohandel.pipeline.run import run as run_pipeline
    from prohandel.pipeline.summary import show

    use_profiles(profiles_dir)
    options = RunOptions(
        target=target,
        select=tuple(select or ()),
        exclude=tuple(exclude or ()),
        full_refresh=full_refresh,
        nightly=nightly,
        gate=gate,
        variables=variables,
    )
    report = run_pipeline(options, err)
    if as_json:
        print_json(asdict(report))
    else:
        show(report, out)
    if report.exit_code:
        raise typer.Exit(report.exit_code)


@app.command()
def doctor(
    target: TargetName = None,
    vars_only: Annotated[
        bool, typer.Option("--vars", help="Print only the variables that fit, for `prohandel run --vars`.")
    ] = False,
    schema: Annotated[
        str | None, typer.Option("--schema", help="Landed schema to look at, in place of the project's.")
    ] = None,
    profiles_dir: ProfilesDir = None,
    as_json: AsJson = False,
) -> None:
    """Look at what has landed, and print the variables that fit it. Changes nothing.

    Lists the landed tables, their columns, generations and types, what is missing, unknown or unreadable.

    Examples:

        prohandel doctor --target prod
        prohandel run --vars "$(prohandel doctor --vars)"
    """
    from prohandel.pipeline.doctor import block, diagnose, show

    use_profiles(profiles_dir)
    diagnosis = diagnose(target, json.dumps({"prohandel_schema": schema}) if schema else "")
    if as_json:
        print_json(diagnosis.variables if vars_only else asdict(diagnosis))
    elif vars_only:
        print(block(diagnosis.variables), end="")
    else:
        show(diagnosis, out)


@app.command()
def packages(
    source: Annotated[
        str | None, typer.Option("--source", help="hub, minimal, or a folder of packages; installs anew from there.")
    ] = None,
) -> None:
    """Install the dbt packages: those there, from the hub, or the project's own minimal ones.

    `DBT_PACKAGE_HUB_URL` names a mirror of the hub. `prohandel run` does this by itself.

    Example: `prohandel packages`
    """
    from prohandel.pipeline.packages import resolve
    from prohandel.pipeline.target import PROJECT

    installed = resolve(PROJECT, source=source, say=err.print)
    say_done(f"dbt packages: {installed.describe()}")


@app.command()
def docs(
    target: TargetName = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The page to write.")] = Path("target/docs/index.html"),
    variables: Annotated[str, typer.Option("--vars", help="Variables of the project, YAML or JSON.")] = "",
    profiles_dir: ProfilesDir = None,
) -> None:
    """Write dbt's documentation, with the lineage, as one page that opens without a server or a network.

    Example: `prohandel docs --output lineage.html`
    """
    from prohandel.pipeline.documentation import write_documentation

    use_profiles(profiles_dir)
    written = write_documentation(output, target, variables, err)
    if not written.has_landing:
        err.print("Nothing has landed: the page has no compiled SQL. Next: make demo, then again.")
    say_done(f"{output.resolve().as_uri()} ({written.relations} relations of the warehouse)")


@db_app.command("start")
def db_start() -> None:
    """Start the embedded server, creating it the first time.

    Example: `prohandel db start`
    """
    warehouse.start()
    say_done(f"running under {warehouse.home()}")


@db_app.command("stop")
def db_stop() -> None:
    """Stop the embedded server; its data stay.

    Example: `prohandel db stop`
    """
    stopped = warehouse.stop()
    say_done("stopped" if stopped else "was not running")


@db_app.command("url")
def db_url() -> None:
    """Print the libpq URL of the embedded warehouse and nothing else, starting it if need be.

    Example: `psql "$(prohandel db url)"`
    """
    warehouse.start()
    print(warehouse.url())


@db_app.command("psql", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def db_psql(context: typer.Context) -> None:
    """Open psql on the embedded warehouse; further arguments go to psql.

    Examples:

        prohandel db psql
        prohandel db psql -c 'select count(*) from prohandel.sale'
    """
    program = warehouse.binary("psql")
    warehouse.start()
    sys.stdout.flush()
    os.execv(program, [str(program), warehouse.url(), *context.args])  # noqa: S606


@db_app.command("reset")
def db_reset(yes: Yes = False) -> None:
    """Remove the embedded warehouse with everything in it.

    Asks first: what snapshots have recorded cannot be built again (see: prohandel db backup).

    Example: `prohandel db reset --yes`
    """
    home = warehouse.home()
    if not (home / "pgdata").exists():
        say_done(f"nothing to remove under {home}")
        return
    confirm(f"Remove the warehouse under {home}? Snapshots in it cannot be built again.", yes=yes)
    warehouse.reset(home)
    say_done(f"removed {home}")


@db_app.command("backup")
def db_backup(file: Annotated[Path, typer.Argument(help="The backup to write.")]) -> None:
    """Write the embedded warehouse, snapshots included, into one file; others may go on working.

    Example: `prohandel db backup warehouse.tar`
    """
    from prohandel.backup import backup

    with _busy("backup") as progress:
        backup(file, say=progress)
    say_done(f"{file}, {file.stat().st_size / 1e6:,.1f} MB")


@db_app.command("restore")
def db_restore(file: Annotated[Path, typer.Argument(help="A file that `db backup` wrote.")], yes: Yes = False) -> None:
    """Replace the content of the embedded warehouse by a backup.

    Asks first where there is a warehouse already.

    Example: `prohandel db restore warehouse.tar`
    """
    from prohandel.backup import restore

    home = warehouse.home()
    if (home / "pgdata").exists():
        confirm(f"Replace everything in the warehouse under {home}?", yes=yes)
    with _busy("restore") as progress:
        manifest = restore(file, say=progress)
    say_done(f"restored, as of {manifest.taken_at}")


def main() -> None:
    """Runs the command and turns every error into a message with a remedy and an exit code."""
    # A log file that cannot be written (a full disk) must not bury under tracebacks what the command has to say.
    logging.raiseExceptions = False
    try:
        app(prog_name="prohandel")
    except ProhandelError as error:
        _fail(error)
    except psycopg.Error as error:
        _fail(warehouse.explain(error))
    except Exception as error:
        _fail(_unforeseen(error))


def _fail(error: ProhandelError) -> None:
    if os.environ.get("PROHANDEL_DEBUG") == "1":
        raise error
    print_error(error)
    sys.exit(error.exit_code)


def _unforeseen(error: Exception) -> ProhandelError:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ProhandelError(
            f"The disk is full: {error.filename or warehouse.home()} cannot be written.",
            "Free space, or choose another disk with PROHANDEL_HOME. Then run again.",
        )
    if isinstance(error, OSError) and error.strerror:
        where = f" {error.filename}" if error.filename else ""
        return ProhandelError(f"{error.strerror}:{where}", "Check space, rights and path.")
    return ProhandelError(
        f"Unforeseen: {type(error).__name__}: {error}",
        "This is a fault of prohandel. PROHANDEL_DEBUG=1 shows where; please report it.",
        EXIT_FAULT,
    )


class _Said:
    """Told what is being done and how much of it; shows it as a bar, or as a line now and then."""

    def __init__(self, step: str, bar: Progress | None) -> None:
        self._step = step
        self._bar = bar
        self._task = bar.add_task(step, total=None) if bar else None
        self._last_line = float("-inf")

    def __call__(self, what: str, share: float | None = None) -> None:
        if self._bar is not None and self._task is not None:
            total = None if share is None else 1.0
            self._bar.update(self._task, description=f"{self._step}: {escape(what)}", total=total, completed=share or 0)
        elif time.monotonic() - self._last_line > _SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            err.print(f"{self._step}: {escape(what)} ...", soft_wrap=True)


@contextmanager
def _busy(step: str) -> Iterator[_Said]:
    """Shows on standard error what a block is doing."""
    if not err.is_terminal:
        yield _Said(step, None)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        yield _Said(step, bar)


def _print_files(reports: list[FileReport]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("table")
    for name in ("rows", "inserted", "updated", "deleted", "repeated"):
        table.add_column(name, justify="right")
    landed = [report for report in reports if not report.error]
    for report in landed:
        counts = (report.rows, report.inserted, report.updated, report.soft_deleted, report.repeated)
        table.add_row(report.table, *(f"{count:,}" for count in counts))
    if landed:
        out.print(table)
    for report in landed:
        if report.unknown:
            out.print(f"{report.table}: landed beyond the catalogue: {escape(', '.join(report.unknown))}")


def _print_simulated(summary: Summary) -> None:
    if summary.rows:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("table")
        table.add_column("rows landed", justify="right")
        for name, rows in summary.rows.items():
            table.add_row(name, f"{rows:,}")
        out.print(table)
    history = "The history had landed before" if summary.reused else "History landed"
    out.print(
        f"{history}; {summary.syncs} more syncs, the last one at {summary.last_sync:%Y-%m-%d %H:%M %Z}. "
        f"Scale {summary.scale}, seed {summary.seed}, names {summary.generation}, "
        f"{summary.planted:,} traps planted. {summary.seconds:.1f} s",
        soft_wrap=True,
    )
