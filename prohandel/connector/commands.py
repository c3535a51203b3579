"""The commands `prohandel connector ...`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from prohandel.connector.opening import File, memory_of, opened
from prohandel.connector.sync_commands import add_to
from prohandel.console import (
    AsJson,
    ProfilesDir,
    TargetName,
    Yes,
    confirm,
    err,
    out,
    print_json,
    say_done,
)
from prohandel.errors import EXIT_TESTS_FAILED, ProhandelError

EXIT_CHANGES = 2
"""Of `plan` and `drift`, which say by 1 that they could not compare."""

connector_app = typer.Typer(
    name="connector",
    help="The Fivetran connection that lands ProHandel, as connector.yml has it.",
    no_args_is_help=True,
)


@connector_app.command("plan")
def connector_plan(
    file: File = None, target: TargetName = None, profiles_dir: ProfilesDir = None, as_json: AsJson = False
) -> None:
    """Show what `apply` would change. Changes nothing.

    Secrets are compared by fingerprints that the warehouse keeps, so a rotated one is a change.

    Exit code 0 nothing would change, 2 something would, 1 it could not be compared.

    Example: `prohandel connector plan --target prod`
    """
    from prohandel.connector.lambda_function import client_of, problems_of_function
    from prohandel.connector.plan import check_service, make_plan
    from prohandel.connector.show import show_plan

    with _errors_exit_one():
        config, client = opened(file)
        with client, memory_of(target, profiles_dir) as memory:
            plan = make_plan(client, config, memory, config.secret_values())
            problems, unchecked = problems_of_function(config, client_of(config))
            if as_json:
                print_json(plan.as_json() | {"problems": problems, "unchecked": unchecked})
            else:
                show_plan(plan, config.name, out, empty="nothing would change")
                for note in (*problems, *unchecked):
                    out.print(f"  note: {note}", markup=False, soft_wrap=True)
            if plan.connection_id is None:
                check_service(client, config)
    if not plan.is_empty:
        if not as_json:
            err.print("Next: prohandel connector apply")
        raise typer.Exit(EXIT_CHANGES)


@connector_app.command("drift")
def connector_drift(
    file: File = None, target: TargetName = None, profiles_dir: ProfilesDir = None, as_json: AsJson = False
) -> None:
    """Show what somebody has changed in Fivetran since connector.yml was applied. Needs no secret of ProHandel.

    Exit code 0 nothing, 2 something, 1 it could not be compared.

    Example: `prohandel connector drift --target prod --json`
    """
    from prohandel.connector.plan import drift
    from prohandel.connector.show import show_plan

    with _errors_exit_one():
        config, client = opened(file)
        with client, memory_of(target, profiles_dir) as memory:
            found = drift(client, config, memory)
    if as_json:
        print_json(found.as_json())
    else:
        show_plan(found, config.name, out, empty="nobody has changed anything")
    if not found.is_empty:
        raise typer.Exit(EXIT_CHANGES)


@connector_app.command("apply")
def connector_apply(
    file: File = None,
    target: TargetName = None,
    allow_destroy: Annotated[
        bool,
        typer.Option("--allow-destroy", help="Delete a connection of another service that lands in the same schema."),
    ] = False,
    yes: Yes = False,
    profiles_dir: ProfilesDir = None,
    as_json: AsJson = False,
) -> None:
    """Create the connection, or change it to what connector.yml says.

    A new one starts only when its tables are chosen and its setup tests have passed. Stopped half-way, it goes on when
    run again. Nothing is ever deleted without --allow-destroy.

    Exit code 0 good, 1 a setup test failed, 2 configuration or refused, 4 somebody else applies.

    Examples:

        prohandel connector apply --target prod
        prohandel connector apply --yes --json
    """
    from prohandel.connector.apply import apply, require_passed
    from prohandel.connector.plan import make_plan
    from prohandel.connector.show import show_plan, show_tests

    config, client = opened(file)
    secrets = config.secret_values()
    with client, memory_of(target, profiles_dir) as memory:
        if not yes:
            plan = make_plan(client, config, memory, secrets)
            if not as_json:
                show_plan(plan, config.name, out, empty="nothing would change")
            if not plan.is_empty:
                confirm("Change this in Fivetran?", yes=False)
        say = err.print if as_json else say_done
        applied = apply(client, config, memory, secrets, allow_destroy=allow_destroy, say=say)
    if as_json:
        print_json(
            {
                "connection_id": applied.connection_id,
                "done": applied.done,
                "setup_tests": [asdict(test) for test in applied.tests],
                "rest": applied.rest.as_json(),
            }
        )
    else:
        show_tests(applied.tests, (), out)
        for note in applied.rest.notes:
            out.print(f"note: {note}", markup=False, soft_wrap=True)
    require_passed(applied)
    if not as_json:
        say_done(f"{config.name} ({applied.connection_id}) is as connector.yml says. Next: prohandel connector watch")


@connector_app.command("test")
def connector_test(file: File = None, as_json: AsJson = False) -> None:
    """Run Fivetran's setup tests, and say what a failure usually means.

    Compares the time limit with that of the function where there are AWS credentials.

    Exit code 0 good, 1 a test failed, 2 configuration or refused.

    Example: `prohandel connector test`
    """
    from prohandel.connector.lambda_function import client_of, problems_of_function
    from prohandel.connector.located import look_up, require
    from prohandel.connector.plan import check_service
    from prohandel.connector.setup_tests import setup_tests
    from prohandel.connector.show import show_tests

    config, client = opened(file)
    with client:
        if look_up(client, config) is None:
            check_service(client, config)
        tests = setup_tests(client.test(require(client, config)["id"]))
    problems, unchecked = problems_of_function(config, client_of(config))
    if as_json:
        print_json({"setup_tests": [asdict(test) for test in tests], "problems": problems, "unchecked": unchecked})
    else:
        show_tests(tests, problems, out)
        for note in unchecked:
            out.print(f"note: {note}", markup=False, soft_wrap=True)
    failed = sum(test.has_failed for test in tests) + len(problems)
    if failed:
        raise typer.Exit(EXIT_TESTS_FAILED)
    if not as_json:
        say_done(f"{len(tests)} setup tests, none failed")


@connector_app.command("adopt")
def connector_adopt(
    connection: Annotated[str, typer.Argument(help="Id of the connection, as the dashboard's address has it.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path("connector.yml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Write connector.yml from a connection that exists. Changes nothing in Fivetran.

    Example: `prohandel connector adopt speak_inexpensive`
    """
    from prohandel.connector.adopt import adopt
    from prohandel.connector.fivetran import Fivetran
    from prohandel.connector.lambda_function import time_limit_in_aws

    if output.exists() and not force:
        raise ProhandelError(f"{output} exists already.", "Name another file with --output, or overwrite it: --force")
    with Fivetran.from_environment(say=err.print) as client:
        adopted = adopt(client, connection, time_limit_in_aws)
    output.write_text(adopted.text, encoding="utf-8")
    for note in adopted.notes:
        err.print(f"note: {note}", markup=False, soft_wrap=True)
    say_done(f"{output} describes {adopted.connection_id}. Next: prohandel connector plan")


@connector_app.command("pause")
def connector_pause(file: File = None) -> None:
    """Keep Fivetran from starting syncs. `plan` shows it until `resume`, or until connector.yml says it as well.

    Example: `prohandel connector pause`
    """
    _set_paused(file, paused=True)


@connector_app.command("resume")
def connector_resume(file: File = None) -> None:
    """Let Fivetran sync again.

    Example: `prohandel connector resume`
    """
    _set_paused(file, paused=False)


def _set_paused(file: Path | None, *, paused: bool) -> None:
    from prohandel.connector.located import require

    config, client = opened(file)
    with client:
        found = require(client, config)
        if found.get("paused") == paused:
            say_done(f"{config.name} {'is paused' if paused else 'runs'} already")
            return
        client.patch(found["id"], {"paused": paused, "run_setup_tests": False})
    say_done(f"{config.name} {'is paused' if paused else 'syncs again'}")
    if paused != config.schedule.paused:
        err.print(f"connector.yml says paused: {str(config.schedule.paused).lower()}, so `apply` would undo this.")


@contextmanager
def _errors_exit_one() -> Iterator[None]:
    """Has errors end with exit code 1, because 2 says that something would change."""
    from prohandel import warehouse

    try:
        yield
    except ProhandelError as error:
        error.exit_code = EXIT_TESTS_FAILED
        raise
    except psycopg.Error as error:
        told = warehouse.explain(error)
        told.exit_code = EXIT_TESTS_FAILED
        raise told from error


add_to(connector_app)
