"""The commands `prohandel forecast ...`; those that need no warehouse are here."""

from __future__ import annotations

import math
import os
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from prohandel.console import AsJson, out, print_json, say_done
from prohandel.forecast.batch_commands import forecast_backtest, forecast_batch
from prohandel.forecast.watch_commands import add_to

forecast_app = typer.Typer(name="forecast", help="Forecasts of demand, with their uncertainty.")
forecast_app.callback(invoke_without_command=True)(forecast_batch)
forecast_app.command("backtest")(forecast_backtest)
add_to(forecast_app)


class Frequency(StrEnum):
    """Lengths of a period."""

    D = "D"
    W = "W"
    M = "M"


Freq = Annotated[Frequency, typer.Option("--freq", help="Periods: D days, W weeks from Monday, M months.")]


@forecast_app.command("file")
def forecast_file(
    source: Annotated[Path, typer.Argument(metavar="IN.parquet", help="Columns series_id, date, units.")],
    target: Annotated[Path, typer.Argument(metavar="OUT.parquet", help="Is replaced if it is there.")],
    horizon: Annotated[int, typer.Option(min=1, max=1000, help="Periods to forecast.")] = 28,
    freq: Freq = Frequency.D,
    model: Annotated[str, typer.Option(help="auto, negative_binomial, boosted, combined, seasonal_naive, …")] = "auto",
    seed: Annotated[int, typer.Option(help="The same seed gives the same forecasts.")] = 0,
    threads: Annotated[int, typer.Option(min=0, help="Of the boosting; 0 for all processors.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Forecast the series of a Parquet file; no warehouse is needed.

    Reads series_id, date and units; optionally in_stock_share (0..1, the share of the period with stock), columns of
    numbers that are known in advance (with rows for the horizon, units empty), and text columns that group series
    (category, weekday, cold_start). Writes series_id, date, mean, p05 to p99, model. A period without a row inside of a
    series is one in which nothing sold. `auto` takes what was best over the last horizon of the history.

    Examples:

        prohandel forecast file sales.parquet forecast.parquet
        prohandel forecast file months.parquet forecast.parquet --freq M --horizon 12 --model boosted
    """
    from prohandel.forecast.file import read_panel, write_forecast
    from prohandel.forecast.models import forecast_by, model_of

    if model != "auto":
        model_of(model)
    panel = read_panel(source, freq.value, horizon)
    threads = threads or os.cpu_count() or 1
    made = forecast_by(model, panel, horizon, seed=seed, num_threads=threads)
    rows = write_forecast(target, panel, horizon, made.forecast, made.model)
    report: dict[str, Any] = {
        "file": str(target),
        "rows": rows,
        "series": len(panel.series_ids),
        "origin": str(panel.periods[-1]),
        "model": made.model,
        "candidates_wql": made.scores,
    }
    if as_json:
        print_json(report)
    else:
        say_done(f"{target}: {rows:,} rows, {report['series']:,} series after {report['origin']}, by {made.model}")


@forecast_app.command("score")
def forecast_score(
    forecasts: Annotated[Path, typer.Argument(metavar="OUT.parquet", help="As `prohandel forecast file` writes it.")],
    actual: Annotated[Path, typer.Argument(metavar="ACTUAL.parquet", help="Columns series_id, date, units.")],
    freq: Freq = Frequency.D,
    as_json: AsJson = False,
) -> None:
    """Score a file of forecasts against what happened.

    Rows of ACTUAL before the first forecast are the history that MASE, RMSSE and the scaled pinball loss are scaled by;
    without any these three are left out. Coverage counts ties as far as the distribution says.

    Example: `prohandel forecast score forecast.parquet actual.parquet --json`
    """
    from prohandel.forecast.score_file import score_file

    scores = _without_nan(asdict(score_file(forecasts, actual, freq.value)))
    if as_json:
        print_json(scores)
        return
    table = Table("score", "value")
    for name, value in scores.items():
        parts = value.items() if isinstance(value, dict) else [("", value)]
        for level, figure in parts:
            shown = "" if figure is None else f"{figure:,}" if isinstance(figure, int) else f"{figure:.4f}"
            table.add_row(f"{name} {level}".strip(), shown)
    out.print(table)


def _without_nan(value: Any) -> Any:
    """JSON has no nan: None in its place."""
    if isinstance(value, dict):
        return {name: _without_nan(each) for name, each in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value
