"""`python -m benchmarks.forecast_speed 10000 50000 --json`: Parquet to Parquet, by number of daily series.

Each forecast runs in a process of its own, `prohandel forecast file`, so that its peak memory is its own. The files
hold one to two years of demand, two thirds of the days without a sale, 15 % with less than full stock.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
import typer

GOALS = {"negative_binomial": (30.0, 1.5), "boosted": (120.0, 3.0)}
"""Seconds and GB for 50,000 series."""
HORIZON = 28
SHORT_OF_STOCK = 0.15
"""Share of the days with less than full stock."""
_ORIGIN = np.datetime64("2026-06-30")
_COLOURS = {"negative_binomial": "#4269d0", "boosted": "#ff725c"}


def write_demand(path: Path, series: int, seed: int = 1) -> int:
    """Writes series of one to two years, sorted by series as a warehouse would export them; returns the rows."""
    rng = np.random.default_rng(seed)
    weekday = np.array([0.8, 0.8, 0.9, 1.0, 1.2, 1.6, 0.7])
    parts: list[pl.DataFrame] = []
    rows = 0
    for start in range(0, series, 5_000):
        count = min(5_000, series - start)
        days = rng.integers(365, 731, count)
        level = np.exp(rng.normal(-1.1, 1.0, count))
        place = np.repeat(np.arange(count), days)
        age = np.concatenate([np.arange(length)[::-1] for length in days])
        date = _ORIGIN - age
        mean = level[place] * weekday[(date.astype(np.int64) + 3) % 7]
        share = np.where(rng.random(len(mean)) < SHORT_OF_STOCK, rng.random(len(mean)), 1.0).astype(np.float32)
        units = rng.poisson(mean * share * rng.gamma(2.0, 0.5, len(mean)))
        names = pl.Series([f"series {start + each:07d}" for each in range(count)]).gather(place)
        parts.append(
            pl.DataFrame({"series_id": names, "date": date, "units": units.astype(np.int32), "in_stock_share": share})
        )
        rows += len(units)
    folder = path.with_suffix(".parts")
    folder.mkdir(parents=True, exist_ok=True)
    for number, part in enumerate(parts):
        part.write_parquet(folder / f"{number:04d}.parquet")
    del parts
    pl.scan_parquet(folder / "*.parquet").sink_parquet(path)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    return rows


def run(source: Path, target: Path, model: str, threads: int) -> dict[str, float]:
    """Seconds, processor seconds and peak memory (GB) of one forecast in a process of its own."""
    arguments = ["forecast", "file", str(source), str(target), "--model", model, "--threads", str(threads)]
    code = "import sys; from prohandel.forecast.commands import forecast_app; forecast_app(sys.argv[2:])"
    environment = {**os.environ, "POLARS_MAX_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", code, *arguments], env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"prohandel {' '.join(arguments)} ended with status {status}")
    return {
        "seconds": time.perf_counter() - began,
        "processor_seconds": usage.ru_utime + usage.ru_stime,
        "peak_gb": _gigabytes(usage),
    }


def _gigabytes(usage: resource.struct_rusage) -> float:
    """The largest resident set; macOS says bytes where Linux says kilobytes."""
    return usage.ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)


def svg(found: list[dict[str, Any]]) -> str:
    """Seconds by number of series, both on logarithmic scales, one line per model."""
    width, height, left, top = 640, 360, 60, 30
    sizes = sorted({entry["series"] for entry in found})
    low, high = np.log10(min(sizes)), np.log10(max(sizes))
    ceiling = int(np.ceil(np.log10(max(entry["seconds"] for entry in found))))
    base, span = height - 60, height - 60 - top

    def x(series: int) -> float:
        part = (np.log10(series) - low) / (high - low) if high > low else 0.5
        return float(left + 45 + part * (width - left - 90))

    def y(seconds: float) -> float:
        return float(base - span * max(0.0, np.log10(max(seconds, 1.0))) / max(1, ceiling))

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        'font-size="12">',
        "<title>Seconds of a forecast by number of series</title>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for power in range(max(1, ceiling) + 1):
        at = y(10**power)
        parts.append(f'<line x1="{left}" x2="{width - 10}" y1="{at:.0f}" y2="{at:.0f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{at + 4:.0f}" text-anchor="end">{10**power:,} s</text>')
    parts.extend(f'<text x="{x(size):.0f}" y="{base + 18}" text-anchor="middle">{size:,}</text>' for size in sizes)
    for place, model in enumerate(sorted({entry["model"] for entry in found})):
        colour = _COLOURS.get(model, "#3ca951")
        line = sorted(
            (entry["series"], entry["seconds"], entry["peak_gb"]) for entry in found if entry["model"] == model
        )
        points = " ".join(f"{x(series):.1f},{y(seconds):.1f}" for series, seconds, _ in line)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for series, seconds, memory in line:
            parts.append(
                f'<circle cx="{x(series):.1f}" cy="{y(seconds):.1f}" r="3" fill="{colour}">'
                f"<title>{model}, {series:,} series: {seconds:,.1f} s, {memory:.2f} GB</title></circle>"
            )
            parts.append(
                f'<text x="{x(series):.1f}" y="{y(seconds) - 8:.1f}" text-anchor="middle" font-size="10">'
                f"{seconds:,.0f} s, {memory:.1f} GB</text>"
            )
        parts.append(f'<text x="{left + 170 * place}" y="{height - 12}" fill="{colour}">{model}</text>')
    return "\n".join([*parts, "</svg>", ""])


def main(
    sizes: Annotated[list[int] | None, typer.Argument(help="Numbers of series; 50000 by default.")] = None,
    models: Annotated[str, typer.Option(help="Separated by commas.")] = "negative_binomial,boosted",
    folder: Annotated[Path, typer.Option(help="For the files, which are large.")] = Path(".prohandel-benchmark"),
    plot: Annotated[Path | None, typer.Option(help="SVG to write.")] = None,
    threads: Annotated[int, typer.Option(help="Of polars and of the boosting.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Times forecasts of simulated series, Parquet to Parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    found: list[dict[str, Any]] = []
    for series in sizes or [50_000]:
        source, target = folder / f"demand_{series}.parquet", folder / f"forecast_{series}.parquet"
        # In a process of its own: what a process starts inherits its memory as a first peak.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
            rows = apart.submit(write_demand, source, series).result()
        try:
            for model in models.split(","):
                entry = {"series": series, "rows": rows, "model": model, **run(source, target, model, threads)}
                entry["forecasts"] = pl.scan_parquet(target).select(pl.len()).collect().item()
                found.append(entry)
                if not as_json:
                    typer.echo(", ".join(f"{key} {value}" for key, value in entry.items()))
        finally:
            source.unlink(missing_ok=True)
            target.unlink(missing_ok=True)
    if plot:
        plot.write_text(svg(found), encoding="utf-8")
    if as_json:
        print(json.dumps({"goals_at_50000": GOALS, "horizon": HORIZON, "runs": found}, indent=2))


if __name__ == "__main__":
    typer.run(main)
