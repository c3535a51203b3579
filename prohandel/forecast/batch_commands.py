"""The commands `prohandel forecast` and `prohandel forecast backtest`."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from prohandel.console import AsJson, ProfilesDir, TargetName, err, out, print_json, say_done, use_profiles

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from prohandel.forecast.backtest import BacktestSummary
    from prohandel.forecast.batch import Place, Summary

Horizon = Annotated[int, typer.Option(min=1, max=400, help="Days to forecast.")]
Seed = Annotated[int, typer.Option(help="The same seed and data give the same rows.")]
Threads = Annotated[int, typer.Option(min=0, help="Of the boosting; 0 for all processors.")]


def forecast_batch(
    context: typer.Context,
    target: TargetName = None,
    model: Annotated[
        str | None, typer.Option(help="One for all series, or auto; by default the champion of each.")
    ] = None,
    horizon: Horizon = 28,
    seed: Seed = 0,
    threads: Threads = 0,
    profiles_dir: ProfilesDir = None,
    as_json: AsJson = False,
) -> None:
    """Forecast every series of the warehouse and store the result; marts take it from the next `prohandel run` on.

    Reads what `prohandel run` has built, writes the schema forecasting in one transaction, and replaces the former
    batch of the same day. One that was killed changes nothing; the next goes on from the models that were ready.

    Exit code 0 good, 2 configuration, 4 another batch is active.

    Examples:

        prohandel forecast
        prohandel forecast --model auto --json
    """
    if context.invoked_subcommand:
        return
    from prohandel.forecast.batch import Options, run_batch

    with _warehouse(target, profiles_dir) as (conn, place), _saying() as say:
        summary = run_batch(conn, place, Options(model, horizon, seed, threads), say)
    if as_json:
        print_json(asdict(summary))
    else:
        _show(summary)


def forecast_backtest(
    origins: Annotated[
        int, typer.Option(min=1, help="Days in the past to forecast from; fewer than 8 decide nothing.")
    ] = 8,
    step: Annotated[int, typer.Option(min=1, help="Days between two of them.")] = 7,
    models: Annotated[
        str, typer.Option(help="Names, separated by commas; the champions are compared besides.")
    ] = "baseline,negative_binomial,boosted,combined,seasonal_naive",
    sample: Annotated[int, typer.Option(min=1, help="Series to compare at most.")] = 5_000,
    target: TargetName = None,
    horizon: Horizon = 28,
    seed: Seed = 0,
    threads: Threads = 0,
    profiles_dir: ProfilesDir = None,
    as_json: AsJson = False,
) -> None:
    """Score models on days that have passed, and let a better one take over.

    Writes forecast_accuracy's scores for each model, segment and week. A challenger becomes champion of a demand class
    only if it saves at least 1 % of the quantile loss, by more than noise (paired bootstrap) and at most origins; each
    change is kept with its evidence in forecasting.decisions.

    Examples:

        prohandel forecast backtest
        prohandel forecast backtest --origins 12 --models boosted,croston_sba --sample 2000
    """
    from prohandel.forecast.backtest import BacktestOptions, run_backtest

    chosen = tuple(name.strip() for name in models.split(",") if name.strip())
    options = BacktestOptions(origins, step, chosen, sample, horizon, seed, threads or os.cpu_count() or 1)
    with _warehouse(target, profiles_dir) as (conn, place), _saying() as say:
        summary = run_backtest(conn, place, options, say)
    if as_json:
        print_json(asdict(summary))
    else:
        _show_backtest(summary)


def _show_backtest(summary: BacktestSummary) -> None:
    say_done(
        f"{summary.series:,} series at {len(summary.origins)} origins from {summary.origins[0]} to "
        f"{summary.origins[-1]}: {summary.scores:,} scores"
    )
    table = Table("model", *(name.replace("_", " ") for name in next(iter(summary.overall.values()), {})))
    for model, scores in summary.overall.items():
        table.add_row(model, *(f"{value:.3f}" for value in scores.values()))
    out.print(table)
    for segment, model in sorted(summary.champions.items()):
        out.print(f"champion of {segment}: {model}", highlight=False)
    for change in summary.changes:
        out.print(f"[green]new[/] in {change['segment']}: {change['to']} in place of {change['from']}")


def _show(summary: Summary) -> None:
    for warning in summary.warnings:
        err.print(f"[yellow]![/] {warning}", soft_wrap=True)
    say_done(
        f"{summary.forecast:,} of {summary.series:,} series forecast {summary.horizon} days after {summary.origin}: "
        f"{summary.units:,.0f} units"
    )
    table = Table("what", "how many")
    table.columns[1].justify = "right"
    for name, count in summary.by_model.items():
        table.add_row(f"by {name}", f"{count:,}")
    table.add_row("with less than 28 days of history", f"{summary.cold_start:,}")
    table.add_row("whose season ends before the forecast does", f"{summary.season_ended:,}")
    table.add_row("that planners have changed", f"{summary.overridden:,}")
    table.add_row("former forecasts scored", f"{summary.scored:,}")
    for name, seconds in summary.seconds.items():
        table.add_row(f"[dim]seconds: {name}[/]", f"[dim]{seconds:.1f}[/]")
    out.print(table)
    if summary.resumed:
        err.print(f"Taken from a batch that was killed: {', '.join(summary.resumed)}")
    if summary.drifting:
        err.print(f"[yellow]![/] Forecasts drift in {', '.join(summary.drifting)}.", soft_wrap=True)
        err.print("Next: prohandel forecast backtest, then prohandel run")
    else:
        err.print("Next: prohandel run")


@contextmanager
def _warehouse(target: str | None, profiles_dir: Path | None) -> Iterator[tuple[psycopg.Connection, Place]]:
    from prohandel.forecast.batch import Place
    from prohandel.pipeline.target import find_target

    use_profiles(profiles_dir)
    where = find_target(target)
    place = Place(where.schema_of("intermediate"), where.schema_of("forecasting"), where.home / "forecast" / where.name)
    with where.connect(f"prohandel forecast {os.getpid()} {socket.gethostname()}"[:63]) as conn:
        yield conn, place


@contextmanager
def _saying() -> Iterator[Callable[[str], None]]:
    """Shows what is being done: one line that changes on a terminal, a line for each step in a log."""
    if not err.is_terminal:
        yield lambda what: err.print(f"  {what}", highlight=False)
        return
    with err.status("starting") as status:
        yield lambda what: status.update(what)
