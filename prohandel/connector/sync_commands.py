"""The commands of `prohandel connector` that start, follow and answer syncs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from prohandel.connector.connected import connection_id_of, say_line
from prohandel.connector.opening import File, opened
from prohandel.connector.webhook_commands import newest_events, webhook_app
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
from prohandel.errors import EXIT_ANOTHER_RUN, EXIT_GOOD, EXIT_TESTS_FAILED, ProhandelError

if TYPE_CHECKING:
    from prohandel.connector.config import Connection
    from prohandel.connector.fivetran import Fivetran
    from prohandel.connector.syncing import Outcome
    from prohandel.connector.verification import Verification
    from prohandel.connector.watching import ReadLog
    from prohandel.pipeline.target import Target

Wait = Annotated[bool, typer.Option("--wait", "-w", help="Wait for its end; the exit code says how it ended.")]
Hours = Annotated[float, typer.Option("--limit-hours", min=0.01, help="Give up waiting after so many hours.")]


def add_to(app: typer.Typer) -> None:
    """Adds these commands to `prohandel connector`."""
    app.command("sync")(sync)
    app.command("resync")(resync)
    app.command("watch")(watch)
    app.command("status")(status)
    app.add_typer(webhook_app)


def sync(
    wait: Wait = False,
    force: Annotated[bool, typer.Option("--force", help="Stop a sync that runs, and start anew.")] = False,
    limit_hours: Hours = 6,
    file: File = None,
    as_json: AsJson = False,
) -> None:
    """Start a sync.

    With --wait, a sync that runs already is waited for first, because it may have begun before what you want to see.
    A rescheduled one is waited for, and asked for again where the schedule is manual.

    Exit code 0 started, or ended well; 1 failed, broken, paused, cancelled or never begun; 3 not ended within the
    limit; 4 another sync runs (without --wait); 2 configuration or refused.

    Examples:

        prohandel connector sync
        prohandel connector sync --wait && prohandel run --target prod --gate
    """
    from prohandel.connector.fivetran import FivetranError
    from prohandel.connector.snapshot import snapshot_of

    config, client = opened(file)
    with client:
        connection_id = connection_id_of(client, config)
        if wait:
            outcome = _wait(client, connection_id, lambda: client.sync(connection_id, force), limit_hours, force=force)
            _end(outcome, as_json=as_json)
            return
        seen = snapshot_of(client.connection(connection_id))
        if seen.is_paused:
            raise ProhandelError(f"{config.name} is paused.", "prohandel connector resume", EXIT_TESTS_FAILED)
        running = ProhandelError(
            f"A sync of {config.name} runs already, and no other was started.",
            "Wait for it and start one after it: --wait. Stop it and start anew: --force",
            EXIT_ANOTHER_RUN,
        )
        if seen.is_syncing and not force:
            raise running
        try:
            client.sync(connection_id, force)
        except FivetranError as error:
            raise (running if error.status == 409 else error) from None
    if as_json:
        print_json({"started": True, "connection": seen.as_json()})
    else:
        say_done(f"asked for a sync of {config.name}. Next: prohandel connector watch")


def resync(
    table: Annotated[list[str], typer.Option("--table", "-t", help="Landed table; may be repeated.")],
    wait: Wait = False,
    limit_hours: Hours = 24,
    yes: Yes = False,
    file: File = None,
    as_json: AsJson = False,
) -> None:
    """Read tables whole again, from their first row on. What has landed stays until it is written anew.

    Exit codes as those of `sync`.

    Example: `prohandel connector resync --table sale --table inventory --wait`
    """
    from prohandel.connector.fivetran import FivetranError

    config, client = opened(file)
    chosen = [name for name, choice in config.tables.items() if choice.sync]
    for name in table:
        if name not in chosen:
            raise ProhandelError(
                f"connector.yml syncs no table {name}.", f"Name one of these: {', '.join(chosen)}; as they land."
            )
    names = list(dict.fromkeys(table))
    with client:
        connection_id = connection_id_of(client, config)
        confirm(f"Read {', '.join(names)} whole again? ProHandel's API is asked for every row.", yes=yes)

        def ask() -> object:
            return client.resync(connection_id, {config.schema_name: names})

        if wait:
            _end(_wait(client, connection_id, ask, limit_hours), as_json=as_json)
            return
        try:
            ask()
        except FivetranError as error:
            if error.status != 409:
                raise
            raise ProhandelError(
                f"A sync of {config.name} runs, and Fivetran takes no re-sync meanwhile.",
                "Wait for it and ask after it: --wait",
                EXIT_ANOTHER_RUN,
            ) from None
    if as_json:
        print_json({"started": True, "tables": names})
    else:
        say_done(f"asked for {', '.join(names)} to be read again. Next: prohandel connector watch")


def watch(
    expect: Annotated[
        list[str] | None,
        typer.Option("--expect", help="Rows that are to arrive, e.g. sale=2400000, for an estimate of the time left."),
    ] = None,
    logs: Annotated[bool, typer.Option(help="Show the Lambda's log, where AWS lets us read it.")] = True,
    verify: Annotated[bool, typer.Option(help="Look at what has landed at the end.")] = True,
    limit_hours: Hours = 72,
    file: File = None,
    target: TargetName = None,
    profiles_dir: ProfilesDir = None,
) -> None:
    """Follow the first sync, or the one that runs: state, rows arriving, tasks, the Lambda's log. Starts nothing.

    Ends with a verification: each table there, keys unique, rows, newest business day, dbt source freshness.

    Exit code 0 the sync ended well and what landed is good; 1 not; 3 not ended within the limit; 2 configuration.

    Examples:

        prohandel connector watch --target prod
        prohandel connector watch --target prod --expect sale=2400000 --expect inventory=90000
    """
    from prohandel.connector.arrivals import Counter
    from prohandel.connector.syncing import Clock
    from prohandel.connector.waiting import Limits
    from prohandel.connector.watch_view import showing
    from prohandel.connector.watching import Sources, watch_sync
    from prohandel.pipeline.target import find_target

    use_profiles(profiles_dir)
    config, client = opened(file)
    tables = [name for name, choice in config.tables.items() if choice.sync]
    expected = _expected(expect or [], tables)
    where = find_target(target)
    clock = Clock()
    counter = Counter(config.schema_name, tables)
    with client:
        connection_id = connection_id_of(client, config)
        with _counting(where, counter) as count, showing(err) as show:
            sources = Sources(
                lambda: client.connection(connection_id), count, _lambda_log(config, clock) if logs else None
            )
            limits = Limits(total=timedelta(hours=limit_hours))
            outcome = watch_sync(sources, tables, clock, show, expected=expected, limits=limits)
    exit_code = _told(outcome)
    if exit_code == EXIT_GOOD and verify:
        exit_code = _verified(where, config.schema_name, tables)
    if exit_code:
        raise typer.Exit(exit_code)


def status(
    file: File = None, target: TargetName = None, profiles_dir: ProfilesDir = None, as_json: AsJson = False
) -> None:
    """Say how the connection is: state, newest syncs, tasks, warnings, and what the webhook has brought.

    Exit code 0 nothing is wrong, 1 broken, incomplete, paused, delayed, or the newest sync failed, 2 configuration.

    Example: `prohandel connector status --target prod --json`
    """
    from prohandel.connector.snapshot import snapshot_of
    from prohandel.connector.status_view import problems_of, show_status

    use_profiles(profiles_dir)
    config, client = opened(file)
    with client:
        seen = snapshot_of(client.connection(connection_id_of(client, config)))
    events = newest_events(target)
    problems = problems_of(seen)
    if as_json:
        print_json(seen.as_json() | {"problems": problems, "webhook_events": events})
    else:
        show_status(seen, problems, events, out)
    if problems:
        raise typer.Exit(EXIT_TESTS_FAILED)


def _wait(
    client: Fivetran, connection_id: str, ask: Callable[[], object], limit_hours: float, *, force: bool = False
) -> Outcome:
    from prohandel.connector.syncing import Clock, wait_for_sync
    from prohandel.connector.waiting import Limits

    limits = Limits(total=timedelta(hours=limit_hours))
    return wait_for_sync(
        lambda: client.connection(connection_id), ask, Clock(), limits=limits, force=force, say=say_line
    )


def _end(outcome: Outcome, *, as_json: bool) -> None:
    if as_json:
        print_json(outcome.as_json())
        exit_code = outcome.exit_code
    else:
        exit_code = _told(outcome)
    if exit_code:
        raise typer.Exit(exit_code)


def _told(outcome: Outcome) -> int:
    """Says what became of a sync, and gives the exit code."""
    if outcome.exit_code == EXIT_GOOD:
        say_done(outcome.what)
    else:
        print_error(ProhandelError(outcome.what, outcome.remedy))
    return outcome.exit_code


def _verified(where: Target, schema: str, tables: list[str]) -> int:
    """Looks at what has landed, and gives the exit code."""
    from prohandel.connector.watch_view import show_verification

    verification = _verification(where, schema, tables)
    show_verification(verification, out)
    if not verification.is_good:
        bad = sum(check.level == "bad" for check in verification.checks)
        print_error(ProhandelError(f"What has landed is not good: {bad} of {len(verification.checks)} checks are bad."))
        return EXIT_TESTS_FAILED
    say_done("What has landed is good. Next: prohandel run")
    return EXIT_GOOD


def _verification(where: Target, schema: str, tables: list[str]) -> Verification:
    from prohandel.connector.dbt_answers import ask_dbt, variables_of
    from prohandel.connector.verification import verify
    from prohandel.quality.watch import look_time

    with where.connect("prohandel connector watch") as conn:
        now = look_time(variables_of(where, schema))
        return verify(conn, schema, tables, now, lambda: ask_dbt(where, schema))


def _expected(given: list[str], tables: list[str]) -> dict[str, int]:
    """Reads `--expect table=rows`.

    Raises:
        ProhandelError: an entry has another form, or names a table that is not synced.
    """
    expected = {}
    for entry in given:
        name, _, rows = entry.partition("=")
        if name not in tables:
            raise ProhandelError(f"--expect {entry}: no table {name} is synced.", f"Known: {', '.join(tables)}.")
        try:
            expected[name] = int(rows.replace("_", ""))
        except ValueError:
            raise ProhandelError(f"--expect {entry}: {rows!r} is no number of rows.", f"Write {name}=100000.") from None
    return expected


@contextmanager
def _counting(where: Target, counter: Any) -> Iterator[Callable[[], Any]]:
    """Gives what counts the tables; it connects again where the connection was lost."""
    open_connections: list[Any] = []

    def count() -> Any:
        if not open_connections or open_connections[-1].closed:
            open_connections.append(where.connect("prohandel connector watch"))
        return counter.count(open_connections[-1])

    try:
        yield count
    finally:
        for conn in open_connections:
            conn.close()


def _lambda_log(config: Connection, clock: Any) -> ReadLog | None:
    from prohandel.aws.logs import connect, log_group_of
    from prohandel.connector.lambda_log import tail

    try:
        client = connect(config.region)
    except ProhandelError as error:
        say_line(f"The Lambda's log is not shown: {error.message}")
        return None
    return tail(client, log_group_of(config.function_name), clock.now(), clock.now)
