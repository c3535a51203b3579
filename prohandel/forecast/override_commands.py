"""The commands `prohandel forecast override ...`."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from prohandel.console import AsJson, ProfilesDir, TargetName, out, print_json, say_done, use_profiles

if TYPE_CHECKING:
    import psycopg

    from prohandel.pipeline.target import Target

override_app = typer.Typer(
    name="override", help="Overrides: what planners know better than the forecast.", no_args_is_help=True
)


@override_app.command("add")
def override_add(
    article: Annotated[str, typer.Argument(help="Number of the article.")],
    branch: Annotated[str, typer.Argument(help="Number of the branch.")],
    first: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d", "%d.%m.%Y"], help="First day.", show_default=False)
    ],
    last: Annotated[
        datetime, typer.Option("--to", formats=["%Y-%m-%d", "%d.%m.%Y"], help="Last day, included.", show_default=False)
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why the forecast is wrong.", show_default=False)],
    factor: Annotated[float | None, typer.Option("--factor", help="Multiplies the forecast of these days.")] = None,
    units: Annotated[float | None, typer.Option("--units", help="Expected over all of these days together.")] = None,
    author: Annotated[str, typer.Option("--author", help="Who says so; your login by default.")] = "",
    target: TargetName = None,
    profiles_dir: ProfilesDir = None,
    as_json: AsJson = False,
) -> None:
    """Correct the forecast of one article in one branch; the next batch applies it.

    Examples:

        prohandel forecast override add 100123 0901 --from 2026-12-01 --to 2026-12-24 --factor 1.5 --reason "market"
        prohandel forecast override add 100123 0901 --from 2026-12-01 --to 2026-12-07 --units 40 --reason "club order"
    """
    from prohandel.forecast.override_table import Wish, add

    wish = Wish(article, branch, first.date(), last.date(), factor, units, reason, author or getpass.getuser())
    with _opened(target, profiles_dir) as (conn, where):
        numbers = add(conn, where.schema_of("forecasting"), where.schema_of("marts"), [wish])
    _say_added(numbers, 1, as_json=as_json)


@override_app.command("import")
def override_import(
    path: Annotated[Path, typer.Argument(metavar="FILE.csv", help="UTF-8, with a header.")],
    author: Annotated[str, typer.Option("--author", help="Of rows that name none; your login by default.")] = "",
    target: TargetName = None,
    profiles_dir: ProfilesDir = None,
    as_json: AsJson = False,
) -> None:
    """Add the overrides of a CSV file, all or none; those that are in force already are left out.

    Columns: article_number, branch_number, starts_on, ends_on, factor, units (one of both empty), reason and, if you
    like, author. Semicolons and decimal commas are understood as well.

    Example: `prohandel forecast override import overrides.csv`
    """
    from prohandel.forecast.override_table import add, read_file

    wishes = read_file(path, author or getpass.getuser())
    with _opened(target, profiles_dir) as (conn, where):
        numbers = add(conn, where.schema_of("forecasting"), where.schema_of("marts"), wishes)
    _say_added(numbers, len(wishes), as_json=as_json)


@override_app.command("list")
def override_list(
    everything: Annotated[bool, typer.Option("--all", help="Those that were revoked as well.")] = False,
    target: TargetName = None,
    profiles_dir: ProfilesDir = None,
    as_json: AsJson = False,
) -> None:
    """List the overrides in force, the newest first.

    Example: `prohandel forecast override list --all --json`
    """
    from prohandel.forecast.override_table import listed

    with _opened(target, profiles_dir) as (conn, where):
        found = listed(conn, where.schema_of("forecasting"), revoked=everything)
    if as_json:
        print_json(found)
        return
    table = Table("number", "article", "branch", "from", "to", "says", "reason", "author")
    for row in found:
        says = f"x {row['factor']:g}" if row["factor"] is not None else f"{row['units']:g} units"
        dates = (str(row["starts_on"]), str(row["ends_on"]))
        said = f"{says} (revoked)" if row["revoked_at"] else says
        table.add_row(
            str(row["override_id"]),
            row["article_number"],
            row["branch_number"],
            *dates,
            said,
            row["reason"],
            row["author"],
        )
    out.print(table if found else "No override is in force.")


@override_app.command("revoke")
def override_revoke(
    number: Annotated[int, typer.Argument(help="As `prohandel forecast override list` shows it.")],
    target: TargetName = None,
    profiles_dir: ProfilesDir = None,
) -> None:
    """Take an override out of force from the next batch on.

    Example: `prohandel forecast override revoke 12`
    """
    from prohandel.forecast.override_table import revoke

    with _opened(target, profiles_dir) as (conn, where):
        revoke(conn, where.schema_of("forecasting"), number)
    say_done(f"override {number} is out of force from the next batch on")


@contextmanager
def _opened(name: str | None, profiles_dir: Any) -> Iterator[tuple[psycopg.Connection, Target]]:
    """A connection to a target whose tables of forecasts are there."""
    from prohandel.forecast.store import prepare
    from prohandel.pipeline.target import find_target

    use_profiles(profiles_dir)
    where = find_target(name)
    with where.connect() as conn:
        prepare(conn, where.schema_of("forecasting"))
        yield conn, where


def _say_added(numbers: list[int], asked: int, *, as_json: bool) -> None:
    if as_json:
        print_json({"added": numbers, "in_force_already": asked - len(numbers)})
        return
    added = f"added {len(numbers)}: {', '.join(map(str, numbers))}" if numbers else "added none"
    before = f"; {asked - len(numbers)} in force already" if asked > len(numbers) else ""
    say_done(f"overrides {added}{before}; the next `prohandel forecast` applies them")
