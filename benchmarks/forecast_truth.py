"""`python -m benchmarks.forecast_truth --json`: forecasts against demand whose distribution is known.

For each seed a history is generated and forecast. Scores are held against those of the generating process itself,
told the level at the origin: no forecast can be expected to do better. Settings are the project's own; nothing is
fitted here.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks.demand_process import Generated, Process, generate
from prohandel.forecast.distribution import Demand
from prohandel.forecast.models import model_of
from prohandel.forecast.score import exact_coverage, score

LEVELS_COVERED = (0.8, 0.95)
GOALS = {"wql / floor": (0.0, 1.05), "bias": (-0.02, 0.02), "p80": (0.77, 0.83), "p95": (0.93, 0.97)}


def measured(made: Generated, forecast: Demand) -> dict[str, float]:
    """Score, bias and coverage of a forecast of generated demand, by day and over the whole horizon."""
    horizon = made.future.shape[1]
    total, sums = made.future.sum(axis=1), forecast.over(0, horizon)
    days = score(made.future.astype(np.float32), forecast.mean, forecast.quantiles())
    together = score(
        total[:, None].astype(np.float32), sums.mean[:, None].astype(np.float32), sums.quantiles()[:, None, :]
    )
    dispersion = forecast.period_dispersion()[:, None]
    return {
        "wql": days.wql,
        "wql_of_sums": together.wql,
        "bias": float(forecast.mean.sum() / made.truth.mean.sum() - 1.0),
        **{
            f"p{round(level * 100)}": exact_coverage(made.future, forecast.mean, dispersion, level)
            for level in LEVELS_COVERED
        },
        **{
            f"p{round(level * 100)}_of_sums": exact_coverage(total, sums.mean, sums.dispersion, level)
            for level in LEVELS_COVERED
        },
    }


def compare(process: Process, seed: int, models: list[str]) -> dict[str, Any]:
    """The floor and the models on one generated history; `zeros kept` is the first model told nothing of stock."""
    made = generate(process, seed)
    blind = dataclasses.replace(made.panel, in_stock_share=np.ones_like(made.panel.units))
    results: dict[str, dict[str, float]] = {"floor": measured(made, made.truth)}
    for name in models:
        forecast = model_of(name, seed=seed)(made.panel, process.horizon)
        if not isinstance(forecast, Demand):
            raise typer.BadParameter(f"{name} has no distribution of sums")
        results[name] = measured(made, forecast)
    naive = model_of(models[0], seed=seed)(blind, process.horizon)
    if isinstance(naive, Demand):
        results[f"{models[0]}, zeros kept"] = measured(made, naive)
    for figures in results.values():
        figures["wql / floor"] = figures["wql"] / results["floor"]["wql"]
    return {"seed": seed, "stockout_days": float((made.panel.in_stock_share < 1).mean()), "results": results}


def misses(result: dict[str, Any], name: str) -> list[str]:
    """Goals that a model misses."""
    figures = result["results"][name]
    return [
        f"{key} {figures[key]:.4f}"
        for key in figures
        for goal, (least, most) in GOALS.items()
        if key in (goal, f"{goal}_of_sums") and not least <= figures[key] <= most
    ]


def main(
    models: Annotated[list[str] | None, typer.Argument(help="Models; negative_binomial by default.")] = None,
    series: Annotated[int, typer.Option(help="Series per seed.")] = 4_000,
    seeds: Annotated[str, typer.Option(help="Separated by commas.")] = "1,2,3",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Holds forecasts against the process that generated the demand; exit code 1 if a goal is missed."""
    chosen = models or ["negative_binomial"]
    found = [compare(Process(series=series), int(seed), chosen) for seed in seeds.split(",")]
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        for result in found:
            typer.echo(f"seed {result['seed']}, {result['stockout_days']:.1%} of the days short of stock")
            for name, figures in result["results"].items():
                typer.echo(f"  {name}: " + ", ".join(f"{key} {value:.4f}" for key, value in figures.items()))
    missed = [
        f"seed {result['seed']}, {name}: {miss}" for result in found for name in chosen for miss in misses(result, name)
    ]
    for miss in missed:
        typer.echo(f"missed: {miss}", err=True)
    if missed:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
