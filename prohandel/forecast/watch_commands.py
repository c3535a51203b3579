"""The commands `prohandel forecast watch` and `prohandel forecast value`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

from prohandel.console import AsJson, ProfilesDir, TargetName, out, print_json, say_done, use_profiles
from prohandel.forecast.explain_commands import forecast_explain
from prohandel.forecast.override_commands import override_app

if TYPE_CHECKING:
    from prohandel.forecast.watching import Judged


def add_to(app: typer.Typer) -> None:
    """Adds the commands that look back on stored forecasts to `prohandel forecast`."""
    app.add_typer(override_app)
    app.command("watch")(forecast_watch)
    app.command("value")(forecast_value)
    app.command("explain")(forecast_explain)


def forecast_watch(target: TargetName = None, profiles_dir: ProfilesDir = None, as_json: AsJson = False) -> None:
    """Score the stored forecasts whose days have passed, and look whether they still fit.

    Judges the newest whole week by segment (tracking signal, WAPE, population of series; lead times of suppliers), and
    opens an incident where something drifts, which ends when it does no more. The next batch takes a lasting change
    into account. A batch does this by itself before it forecasts.

    Example: `prohandel forecast watch --json`
    """
    from prohandel.forecast.store import prepare
    from prohandel.forecast.warehouse_series import read_series
    from prohandel.forecast.watching import look
    from prohandel.pipeline.run import landed_variables
    from prohandel.pipeline.target import find_target
    from prohandel.quality.channels import rules_of_project
    from prohandel.quality.watch import look_time, watch_forecasts

    use_profiles(profiles_dir)
    where = find_target(target)
    with where.connect() as conn:
        prepare(conn, where.schema_of("forecasting"))
        series = read_series(conn, where.schema_of("intermediate"))
        found = look(conn, where.schema_of("forecasting"), where.schema_of("intermediate"), series)
    variables = landed_variables(where.home) if where.is_embedded else {}
    incidents = watch_forecasts(where, rules_of_project(), look_time(variables))
    report = _report(found)
    report["incidents"] = [incident.as_json() for incident in incidents]
    if as_json:
        print_json(report)
    else:
        _show(report)


def _report(found: Judged) -> dict[str, Any]:
    return {
        "week": found.week,
        "scored": found.scored,
        "segments": sum(map(len, found.verdicts.values())),
        "drifting": [
            {
                "model": model,
                "segment": one.segment,
                "because_of": list(one.reasons),
                "tracking_signal": round(one.tracking_signal, 2),
                "wape": _known(one.wape),
                "baseline_wape": _known(one.baseline_wape),
                "psi": _known(one.psi),
            }
            for model, verdicts in found.verdicts.items()
            for one in verdicts
            if one.is_drifting
        ],
        "breaks": [{"segment": one.segment, "since": one.since, "ratio": round(one.ratio, 3)} for one in found.breaks],
        "late_suppliers": {name: round(signal, 2) for name, signal in found.late_suppliers.items()},
    }


def _known(value: float) -> float | None:
    """JSON has no nan."""
    return None if value != value else round(value, 4)


def _show(report: dict[str, Any]) -> None:
    say_done(f"{report['scored']:,} live scores written")
    if report["week"] is None:
        out.print("No stored forecast covers a whole week that has passed, so nothing can be judged yet.")
        return
    if report["drifting"]:
        table = Table("segment", "model", "because of", "tracking signal", "WAPE", "usually", "PSI")
        for one in report["drifting"]:
            figures = (one["tracking_signal"], one["wape"], one["baseline_wape"], one["psi"])
            shown = ("" if figure is None else f"{figure:.2f}" for figure in figures)
            table.add_row(one["segment"], one["model"], ", ".join(one["because_of"]), *shown)
        out.print(table)
    for one in report["breaks"]:
        out.print(f"{one['segment']} sells {one['ratio']:g} times as much since {one['since']}; the next batch knows.")
    for supplier, signal in report["late_suppliers"].items():
        out.print(f"{supplier} is late: tracking signal {signal:g}")
    said = (
        f"{len(report['drifting'])} of {report['segments']} segments drift" if report["drifting"] else "nothing drifts"
    )
    say_done(f"week of {report['week']}: {said}; incidents open: {len(report['incidents'])}")


def forecast_value(target: TargetName = None, profiles_dir: ProfilesDir = None, as_json: AsJson = False) -> None:
    """Show what planners have added to forecasts, and buyers to order proposals.

    Forecasts: WAPE of what was used against the model's own and the naive forecast, over the days that have passed.
    Orders: what was received and sold in the 28 days after a proposal, by what was decided.

    Example: `prohandel forecast value --json`
    """
    from prohandel.forecast.live import orders_against_recommended, rounded, value_added
    from prohandel.forecast.store import prepare
    from prohandel.pipeline.target import find_target

    use_profiles(profiles_dir)
    where = find_target(target)
    with where.connect() as conn:
        prepare(conn, where.schema_of("forecasting"))
        forecasts = rounded(value_added(conn, where.schema_of("forecasting")))
        orders = rounded(orders_against_recommended(conn, where.schema_of("forecasting"), where.schema_of("marts")))
    if as_json:
        print_json({"forecasts": forecasts, "orders": orders})
        return
    _show_rows(forecasts, "No stored forecast has been scored yet: prohandel forecast watch")
    _show_rows(orders, "No order was proposed yet.")


def _show_rows(rows: list[dict[str, Any]], otherwise: str) -> None:
    if not rows:
        out.print(otherwise)
        return
    table = Table(*(name.replace("_", " ") for name in rows[0]))
    for row in rows:
        table.add_row(
            *("" if value is None else f"{value:,}" if not isinstance(value, str) else value for value in row.values())
        )
    out.print(table)
