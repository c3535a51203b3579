"""`python -m benchmarks.car_parts car_parts_monthly.csv --json`: the car_parts benchmark by gift-eval's protocol.

The complete series of 51 months are forecast for their last 12, which nothing has seen: settings and the model that is
ours are those that were best twelve months earlier, by weighted quantile loss over months 28 to 39. `--tune` works that
selection out anew and says whether it still is the one that is used.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
import typer

from prohandel.errors import ProhandelError
from prohandel.forecast.boosted import BoostSettings, boosted
from prohandel.forecast.distribution import LEVELS, Demand, Quantiles
from prohandel.forecast.negative_binomial import SETTINGS, negative_binomial
from prohandel.forecast.panel import Panel
from prohandel.forecast.score import Scores, score
from prohandel.forecast.seasonal_naive import seasonal_naive

HELD_OUT = 12
PUBLISHED = {"seasonal naive": {"mase": 1.2015, "rmse": 1.583, "wql": 1.722}}
GOALS = {"wql": 0.88, "rmse": 1.10, "q90_loss": 1.08}
OURS = "boosted, 31 leaves, spread 1.0"
"""The candidate that was best twelve months before the months that are scored; `--tune` works it out."""
Forecast = Demand | Quantiles
Model = Callable[[Panel, int], Forecast]


def read_series(path: Path) -> Panel:
    """The complete series of a table with the column month and one column per part.

    Raises:
        ProhandelError: another table.
    """
    if not path.is_file():
        raise ProhandelError(f"There is no file {path}.")
    table = pl.read_csv(path, infer_schema_length=None)
    if "month" not in table.columns:
        raise ProhandelError(f"{path} has no column month.", "One row per month, one column per part.")
    complete = [name for name in table.columns if name != "month" and table[name].null_count() == 0]
    units = table.select(complete).to_numpy().T.astype(np.float32)
    periods = table["month"].to_numpy().astype("datetime64[M]").astype("datetime64[D]")
    return Panel(tuple(complete), periods, "M", units, np.ones_like(units))


def zeros(panel: Panel, horizon: int) -> Quantiles:
    """Nothing is ever demanded: the forecast that MASE likes and that a weighted quantile loss gives exactly 1."""
    shape = (len(panel.series_ids), horizon)
    return Quantiles(np.zeros(shape, np.float32), np.zeros((*shape, len(LEVELS)), np.float32))


def candidates(seed: int, threads: int) -> dict[str, Model]:
    """What the selection chooses from: the portfolio's models, some with several settings."""

    def plain(**change: Any) -> Model:
        settings = replace(SETTINGS["M"], **change)
        return lambda panel, horizon: negative_binomial(panel, horizon, settings)

    def boost(leaves: int, rounds: int, rate: float, **change: Any) -> Model:
        settings = BoostSettings(leaves=leaves, rounds=rounds, learning_rate=rate)
        of_spread = replace(SETTINGS["M"], **change)
        return lambda panel, horizon: boosted(
            panel, horizon, settings=settings, plain_settings=of_spread, seed=seed, num_threads=threads
        )

    models = {
        f"negative binomial, half-life {months}, spread {spread}": plain(half_life=months, dispersion_spread=spread)
        for months in (4.0, 6.0, 9.0)
        for spread in (0.25, 0.5, 1.0)
    }
    models |= {
        f"boosted, {leaves} leaves, spread {spread}": boost(leaves, rounds, rate, dispersion_spread=spread)
        for leaves, rounds, rate in ((8, 150, 0.03), (15, 150, 0.05), (31, 120, 0.05))
        for spread in (0.5, 1.0, 2.0)
    }
    return models


def scored(model: Model, panel: Panel, origin: int) -> Scores:
    """Scores of the HELD_OUT months after the first `origin`, forecast from those."""
    before = panel.until(origin)
    made = model(before, HELD_OUT)
    values = made.values if isinstance(made, Quantiles) else made.quantiles()
    actual = panel.units[:, origin : origin + HELD_OUT]
    return score(actual, made.mean, values, before.units, freq="M")


def tune(panel: Panel, seed: int, threads: int) -> dict[str, Scores]:
    """Scores of the candidates one year before the months that are held out, best first."""
    origin = len(panel.periods) - 2 * HELD_OUT
    found = {name: scored(model, panel, origin) for name, model in candidates(seed, threads).items()}
    return dict(sorted(found.items(), key=lambda each: each[1].wql))


def main(
    path: Annotated[Path, typer.Argument(help="CSV: month, and one column per part.")],
    tune_: Annotated[
        bool, typer.Option("--tune", help="Select on the earlier origin, and score nothing else.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the boosting.")] = 0,
    threads: Annotated[int, typer.Option(help="Of the boosting.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Scores the portfolio on car_parts; exit code 1 if ours misses a goal, or is no longer the one selected."""
    panel = read_series(path)
    if tune_:
        found = tune(panel, seed, threads)
        good = next(iter(found)) == OURS
    else:
        plain = "negative binomial, half-life 6.0, spread 1.0"
        models: dict[str, Model] = {
            "zeros": zeros,
            "seasonal naive": seasonal_naive,
            plain: candidates(seed, threads)[plain],
            OURS: candidates(seed, threads)[OURS],
        }
        found = {name: scored(model, panel, len(panel.periods) - HELD_OUT) for name, model in models.items()}
        ours = asdict(found[OURS])
        good = all(ours[goal] <= limit for goal, limit in GOALS.items())
    if as_json:
        report: dict[str, Any] = {"series": len(panel.series_ids), "ours": OURS, "goals": GOALS, "published": PUBLISHED}
        print(json.dumps({**report, "scores": {name: asdict(each) for name, each in found.items()}}, indent=2))
    else:
        for name, each in found.items():
            figures = asdict(each)
            shown = ", ".join(f"{key} {figures[key]:.4f}" for key in ("wql", "rmse", "q90_loss", "mase", "bias"))
            typer.echo(f"{name}: {shown}")
    if not good:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
