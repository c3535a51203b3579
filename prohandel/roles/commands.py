"""The commands `prohandel roles ...`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import psycopg
import typer

from prohandel.console import AsJson, ProfilesDir, TargetName, err, out, print_json, say_done, use_profiles
from prohandel.errors import EXIT_GOOD, ProhandelError

if TYPE_CHECKING:
    from prohandel.roles.apply import Plan
    from prohandel.roles.wanted import Wanted

EXIT_CHANGES = 2
EXIT_ERROR = 1

roles_app = typer.Typer(name="roles", help="Database roles, each with the least that it needs.", no_args_is_help=True)

Loader = Annotated[str, typer.Option("--loader", help="Role that Fivetran logs in as.")]
Transformer = Annotated[str, typer.Option("--transformer", help="Role that runs log in as.")]
Reader = Annotated[str, typer.Option("--reader", help="Role of analysts.")]
Dashboard = Annotated[str, typer.Option("--dashboard", help="Role of the dashboards.")]
Api = Annotated[str, typer.Option("--api", help="Role of the API.")]
PasswordEnv = Annotated[
    list[str] | None,
    typer.Option("--password-env", help="KIND=VARIABLE: environment variable with the password of a role; repeatable."),
]


@roles_app.command("plan")
def roles_plan(
    loader: Loader = "prohandel_loader",
    transformer: Transformer = "prohandel_transformer",
    reader: Reader = "prohandel_reader",
    dashboard: Dashboard = "prohandel_dashboard",
    api: Api = "prohandel_api",
    password_env: PasswordEnv = None,
    target: TargetName = None,
    profiles_dir: ProfilesDir = None,
    as_json: AsJson = False,
) -> None:
    """Show what `apply` would change. Changes nothing.

    Exit code 0 nothing to change, 2 changes, 1 error.

    Examples:

        prohandel roles plan --target admin
        prohandel roles plan --target admin --loader fivetran --transformer analytics
    """
    names = {"loader": loader, "transformer": transformer, "reader": reader, "dashboard": dashboard, "api": api}
    with _errors_as_one(), _connected(target, profiles_dir, names, password_env) as (_, _, plan):
        if as_json:
            print_json({"changes": [f"{one.sign} {one.what}" for one in plan.changes], "notes": list(plan.notes)})
        else:
            _show(plan)
    raise typer.Exit(EXIT_CHANGES if plan.changes else EXIT_GOOD)


@roles_app.command("apply")
def roles_apply(
    loader: Loader = "prohandel_loader",
    transformer: Transformer = "prohandel_transformer",
    reader: Reader = "prohandel_reader",
    dashboard: Dashboard = "prohandel_dashboard",
    api: Api = "prohandel_api",
    password_env: PasswordEnv = None,
    target: TargetName = None,
    profiles_dir: ProfilesDir = None,
) -> None:
    """Create the roles and give each what it needs, and nothing else, in one transaction; again, it changes nothing.

    Passwords are set by nobody but you (`\\password` in psql), or from environment variables that `--password-env`
    names. Runs that are to follow log in as the transformer.

    Examples:

        prohandel roles apply --target admin
        prohandel roles apply --target admin --password-env dashboard=PROHANDEL_DASHBOARD_PASSWORD
    """
    from prohandel.roles.apply import apply

    names = {"loader": loader, "transformer": transformer, "reader": reader, "dashboard": dashboard, "api": api}
    with _errors_as_one(), _connected(target, profiles_dir, names, password_env) as (conn, wanted, plan):
        _show(plan)
        apply(conn, wanted, plan.changes)
    if plan.changes:
        say_done(f"{len(plan.changes)} changes made")


@contextmanager
def _connected(
    name: str | None, profiles_dir: Any, names: dict[str, str], password_env: list[str] | None
) -> Iterator[tuple[psycopg.Connection, Wanted, Plan]]:
    from prohandel.pipeline.landed import landing_schemas
    from prohandel.pipeline.run import run_variables
    from prohandel.pipeline.target import PROJECT, find_target
    from prohandel.pipeline.variables import project_variables
    from prohandel.roles.apply import plan
    from prohandel.roles.passwords import variables
    from prohandel.roles.wanted import KINDS, wanted

    use_profiles(profiles_dir)
    passwords = variables(password_env or [])
    where = find_target(name)
    landed = landing_schemas({**project_variables(PROJECT), **run_variables(where, {})})
    with where.connect("prohandel roles") as conn:
        asked = wanted(where, landed, {kind: names[kind] for kind in KINDS})
        yield conn, asked, plan(where, conn, asked, passwords)


@contextmanager
def _errors_as_one() -> Iterator[None]:
    """Exit code 2 says that there are changes, so an error has another one than elsewhere."""
    from prohandel import warehouse

    try:
        yield
    except psycopg.Error as error:
        known = warehouse.explain(error)
        raise ProhandelError(known.message, known.remedy, EXIT_ERROR) from error
    except ProhandelError as error:
        error.exit_code = EXIT_ERROR
        raise


def _show(plan: Plan) -> None:
    colours = {"+": "green", "-": "red", "~": "yellow"}
    for change in plan.changes:
        out.print(f"[{colours[change.sign]}]{change.sign}[/] ", end="")
        out.print(change.what, markup=False, soft_wrap=True)
    if not plan.changes:
        out.print("All roles are as they should be.")
    for note in plan.notes:
        err.print(note, markup=False, soft_wrap=True)
