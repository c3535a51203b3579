"""The commands `prohandel publications` and `prohandel rollback`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from prohandel.console import AsJson, ProfilesDir, TargetName, out, print_json, say_done, use_profiles

publications_app = typer.Typer(name="publications", help="What gated runs have published.")


@publications_app.callback(invoke_without_command=True)
def publications(
    context: typer.Context, target: TargetName = None, profiles_dir: ProfilesDir = None, as_json: AsJson = False
) -> None:
    """List what gated runs have published or refused, the newest first, and which publication people read.

    Example: `prohandel publications`
    """
    from prohandel.pipeline.target import find_target
    from prohandel.publication.gate import listed
    from prohandel.publication.show import show_publications

    if context.invoked_subcommand:
        return
    use_profiles(profiles_dir)
    found = listed(find_target(target))
    if as_json:
        print_json([asdict(one) for one in found])
    else:
        show_publications(found, out)


@publications_app.command("release")
def publications_release(
    target: TargetName = None,
    note: Annotated[str | None, typer.Option("--note", help="Why, for those who read the list.")] = None,
    profiles_dir: ProfilesDir = None,
) -> None:
    """Let the next gated run publish again after a rollback.

    Example: `prohandel publications release --note "prices mended in ProHandel"`
    """
    from prohandel.pipeline.target import find_target
    from prohandel.publication.gate import free

    use_profiles(profiles_dir)
    free(find_target(target), note)
    say_done("the next gated run publishes again")


def rollback(
    publication: Annotated[
        int | None, typer.Argument(help="Number of the publication; the one before the current by default.")
    ] = None,
    target: TargetName = None,
    note: Annotated[str | None, typer.Option("--note", help="Why, for those who read the list.")] = None,
    profiles_dir: ProfilesDir = None,
) -> None:
    """Take readers back to an earlier publication, in one transaction, and put publishing on hold.

    Later gated runs build and test, but publish nothing before `prohandel publications release`.

    Example: `prohandel rollback --note "prices of 14:00 are off by 100"`
    """
    from prohandel.pipeline.dbt import Dbt
    from prohandel.pipeline.lock import only_run
    from prohandel.pipeline.run import run_variables
    from prohandel.pipeline.target import find_target
    from prohandel.publication.gate import back

    use_profiles(profiles_dir)
    where = find_target(target)
    with only_run(where):
        manifest = Dbt(where, run_variables(where, {}, gate=True)).parse()
        done = back(where, manifest, publication, note)
    say_done(
        f"readers see the run of {done.run_at:%Y-%m-%d %H:%M} UTC again ({done.rows_changed:,} rows put back). "
        "Next: prohandel publications release, once the cause is mended"
    )
