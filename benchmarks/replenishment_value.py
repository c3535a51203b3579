"""`python -m benchmarks.replenishment_value`: what a service costs in stock, by policy, in a closed loop of a year.

Each policy is swept over its own safety parameter. Ours is asked for a service; the others are read off their curves at
the service that ours has reached. What value.json holds is not measured again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks import replenishment_policies as policies
from benchmarks import replenishment_report as report
from benchmarks.replenishment_world import HISTORY_WEEKS, SCORED_WEEKS, SETTLING_WEEKS, Retailer, retailer
from prohandel.console import AsJson
from prohandel.forecast.negative_binomial import negative_binomial
from prohandel.replenishment.simulation import Ledger, Policy, copied, open_ledger, outcome, run

RESULTS = Path(__file__).resolve().parents[1] / "docs" / "replenishment"
SCORED_SEEDS = (21, 22, 23)
"""Not looked at while settings were chosen; 1, 11 to 13 and 101 to 103 were."""
TARGETS = (0.90, 0.95, 0.98)
_HISTORY_SERVICE = 0.9
"""Of the textbook policy, under which the two years of history came about."""


def _by_revenue(store: Retailer, target: float) -> Policy:
    return policies.optimised(store, policies.by_forecast(store, negative_binomial), target, weight=store.price)


POLICIES: dict[str, tuple[Callable[[Retailer, float], Policy], tuple[float, ...]]] = {
    "min_max": (policies.four_week_average, (1, 4, 7, 10, 14, 21, 28, 42)),
    "normal": (policies.textbook_normal, (0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.998)),
    "ours": (
        lambda store, target: policies.optimised(store, policies.by_forecast(store, negative_binomial), target),
        TARGETS,
    ),
    "ours_by_revenue": (_by_revenue, TARGETS),
    "ours_one_level": (
        lambda store, level: policies.one_level(store, policies.by_forecast(store, negative_binomial), level),
        (0.8, 0.9, 0.97),
    ),
    "process_known": (
        lambda store, target: policies.optimised(store, policies.by_process(store), target),
        TARGETS,
    ),
}
"""What makes each policy of its parameter, and the parameters it is swept over."""


@lru_cache(maxsize=1)
def _beginning(seed: int, articles: int) -> tuple[Retailer, Ledger]:
    """The retailer and its ledger after two years, which is the same for every policy."""
    store = retailer(seed, articles)
    plain = policies.textbook_normal(store, _HISTORY_SERVICE)
    return store, run(store.world, plain, open_ledger(store.world), 0, HISTORY_WEEKS * 7)


def measure(seed: int, articles: int, name: str, parameter: float) -> dict[str, Any]:
    """Runs one policy with one parameter over the weeks that count."""
    store, ledger = _beginning(seed, articles)
    first = HISTORY_WEEKS * 7
    counted = first + SETTLING_WEEKS * 7
    last = counted + SCORED_WEEKS * 7
    done = run(store.world, POLICIES[name][0](store, parameter), copied(ledger), first, last)
    found = outcome(store.world, done, counted, last, store.unit_cost, store.price)
    of_run = {"seed": seed, "articles": articles, "policy": name, "parameter": parameter}
    return of_run | {key: round(value, 6) for key, value in asdict(found).items()}


def stock_at(curve: Sequence[dict[str, Any]], service: float, measure_of: str) -> float | None:
    """Stock value at a service, on the line between two points of a curve over log(1 - service); None outside of it."""
    points = sorted((float(point[measure_of]), float(point["stock_value"])) for point in curve)
    served, value = (np.array(each) for each in zip(*points, strict=True))
    if not served[0] <= service <= served[-1]:
        return None
    return float(np.exp(np.interp(np.log(1 - service), np.log(1 - served[::-1]), np.log(value[::-1]))))


def compared(runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Our runs beside what the others need for the same service, one row per seed, policy and target."""
    rows = []
    for each in runs:
        if each["policy"] not in ("ours", "ours_by_revenue", "ours_one_level", "process_known"):
            continue
        measure_of = "revenue_fill_rate" if each["policy"] == "ours_by_revenue" else "fill_rate"
        row = {key: each[key] for key in ("seed", "policy", "parameter", "stock_value", "pairs_below")}
        row["service"] = each[measure_of]
        for name in ("min_max", "normal"):
            curve = [run_ for run_ in runs if run_["policy"] == name and run_["seed"] == each["seed"]]
            stock = stock_at(curve, row["service"], measure_of) if curve else None
            row[f"saved_against_{name}"] = None if stock is None else round(1 - each["stock_value"] / stock, 4)
        rows.append(row)
    return rows


def main(
    articles: Annotated[int, typer.Option(help="Articles of a retailer, each in ten branches.")] = 100,
    seed: Annotated[list[int] | None, typer.Option(help="In place of the three that are scored.")] = None,
    policy: Annotated[list[str] | None, typer.Option(help="Only these policies.")] = None,
    results: Annotated[Path, typer.Option(help="Folder for value.json, the table and the plot.")] = RESULTS,
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure again what value.json holds.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measures every policy in every world, and writes JSON, table and plot into docs/replenishment."""
    results.mkdir(parents=True, exist_ok=True)
    kept = results / "value.json"
    runs: list[dict[str, Any]] = []
    if kept.exists() and not fresh:
        runs = json.loads(kept.read_text(encoding="utf-8"))["runs"]
    key = ("seed", "articles", "policy", "parameter")
    done = {tuple(each[part] for part in key) for each in runs}
    for one in seed or SCORED_SEEDS:
        for name, (_, parameters) in POLICIES.items():
            for parameter in parameters if not policy or name in policy else ():
                if (one, articles, name, parameter) not in done:
                    runs.append(measure(one, articles, name, parameter))
                    runs.sort(key=lambda each: tuple(each[part] for part in key))
                    kept.write_text(json.dumps({"runs": runs}, indent=1) + "\n", encoding="utf-8")
                    typer.echo(f"{one} {name} {parameter}: {runs[-1]['stock_value']:,.0f}", err=True)
    rows = compared(runs)
    for path in report.write(runs, rows, results):
        typer.echo(str(path), err=True)
    if as_json:
        typer.echo(json.dumps(rows, indent=1))


if __name__ == "__main__":
    typer.run(main)
