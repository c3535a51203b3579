"""The commands `prohandel alerts ...`."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from prohandel.console import AsJson, ProfilesDir, TargetName, out, print_json, say_done, use_profiles

if TYPE_CHECKING:
    from prohandel.pipeline.target import Target

alerts_app = typer.Typer(name="alerts", help="Incidents of the data, and who is told of them.")

Number = Annotated[int, typer.Argument(help="Of the incident, as `prohandel alerts list` shows it.")]


@alerts_app.callback(invoke_without_command=True)
def alerts(
    context: typer.Context, target: TargetName = None, profiles_dir: ProfilesDir = None, as_json: AsJson = False
) -> None:
    """Look at what the last run has measured, and tell those whom alerts.yml names. `prohandel run` does so at its end.

    Examples:

        prohandel alerts
        prohandel alerts list --json
        prohandel alerts acknowledge 12 --by anna
    """
    from prohandel.pipeline.run import landed_variables
    from prohandel.quality.channels import rules_of_project
    from prohandel.quality.show import show_watch
    from prohandel.quality.watch import look_time, watch

    if context.invoked_subcommand:
        return
    where = _target(target, profiles_dir)
    variables = landed_variables(where.home) if where.is_embedded else {}
    seen = watch(where, rules_of_project(), look_time(variables))
    if as_json:
        print_json([incident.as_json() for incident in seen.open])
    else:
        show_watch(seen, out)


@alerts_app.command("list")
def alerts_list(target: TargetName = None, profiles_dir: ProfilesDir = None, as_json: AsJson = False) -> None:
    """List the open incidents.

    Example: `prohandel alerts list --json`
    """
    from prohandel.quality.incidents import open_incidents
    from prohandel.quality.show import show_incidents

    found = _with(_target(target, profiles_dir), open_incidents)
    if as_json:
        print_json([incident.as_json() for incident in found])
    else:
        show_incidents(found, out)


@alerts_app.command("show")
def alerts_show(number: Number, target: TargetName = None, profiles_dir: ProfilesDir = None) -> None:
    """Show one incident, open or over, as its message says it.

    Example: `prohandel alerts show 12`
    """
    from prohandel.pipeline.run import landed_variables
    from prohandel.quality.incidents import incident_of
    from prohandel.quality.messages import body, title
    from prohandel.quality.watch import lineage_of, look_time

    where = _target(target, profiles_dir)
    incident = _with(where, incident_of, number)
    now = look_time(landed_variables(where.home) if where.is_embedded else {})
    event = "opened" if incident.closed_at is None else "closed"
    out.print(title(incident, event), markup=False, soft_wrap=True)
    out.print(body(incident, event, lineage_of(where).context(incident), now), markup=False, soft_wrap=True)


@alerts_app.command("acknowledge")
def alerts_acknowledge(
    number: Number,
    by: Annotated[str, typer.Option("--by", help="Who knows.")] = "",
    target: TargetName = None,
    profiles_dir: ProfilesDir = None,
) -> None:
    """Note that somebody knows: no reminders; a worsening and the recovery are still told.

    Example: `prohandel alerts acknowledge 12 --by anna`
    """
    from prohandel.quality.incidents import acknowledge

    who = by or getpass.getuser()
    _with(_target(target, profiles_dir), acknowledge, number, who)
    say_done(f"{who} knows of incident {number}")


@alerts_app.command("snooze")
def alerts_snooze(
    number: Number,
    hours: Annotated[float, typer.Option("--hours", min=0.1, help="How long nothing is told of it.")] = 24,
    target: TargetName = None,
    profiles_dir: ProfilesDir = None,
) -> None:
    """Say nothing about an incident for some hours, whatever happens to it.

    Example: `prohandel alerts snooze 12 --hours 4`
    """
    from prohandel.pipeline.run import landed_variables
    from prohandel.quality.incidents import snooze
    from prohandel.quality.watch import look_time

    where = _target(target, profiles_dir)
    until = look_time(landed_variables(where.home) if where.is_embedded else {}) + timedelta(hours=hours)
    _with(where, snooze, number, until)
    say_done(f"nothing is told of incident {number} before {until.astimezone(UTC):%Y-%m-%d %H:%M} UTC")


@alerts_app.command("mark")
def alerts_mark(number: Number, target: TargetName = None, profiles_dir: ProfilesDir = None) -> None:
    """Mark an incident as a fault of the data: no baseline learns from its hours.

    Example: `prohandel alerts mark 12`
    """
    from prohandel.quality.incidents import mark

    _with(_target(target, profiles_dir), mark, number)
    say_done(f"no baseline learns from the hours of incident {number}")


@alerts_app.command("send")
def alerts_send(target: TargetName = None, profiles_dir: ProfilesDir = None) -> None:
    """Send the messages that wait, without a new look; for a timer between two runs.

    Example: `prohandel alerts send`
    """
    from prohandel.quality.channels import rules_of_project
    from prohandel.quality.watch import deliver

    done = deliver(_target(target, profiles_dir), rules_of_project(), datetime.now(UTC))
    taken = sum(delivery.is_delivered for delivery in done)
    say_done(f"{taken} messages delivered, {len(done) - taken} not taken")


def _target(name: str | None, profiles_dir: Any) -> Target:
    from prohandel.pipeline.target import find_target

    use_profiles(profiles_dir)
    return find_target(name)


def _with(target: Target, command: Any, *arguments: Any) -> Any:
    """Calls a function of incidents on a target's database."""
    from prohandel.quality.incidents import prepare

    schema = target.schema_of("quality")
    with target.connect() as conn:
        prepare(conn, schema)
        return command(conn, schema, *arguments)
