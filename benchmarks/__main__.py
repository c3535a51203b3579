"""`python -m benchmarks 100k 1M`: measures landings of these sizes and writes docs/benchmarks anew."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import report, scenario
from benchmarks.retailer import parse_size
from prohandel import warehouse

RESULTS = Path(__file__).resolve().parents[1] / "docs" / "benchmarks"


def main(
    sizes: Annotated[list[str] | None, typer.Argument(help="Sale lines: 100k, 1M, 10M. None: only the report.")] = None,
    home: Annotated[Path, typer.Option(help="Folder for the warehouses, one per size.")] = Path(".prohandel-benchmark"),
    keep: Annotated[bool, typer.Option("--keep", help="Leave the warehouses; a kept landing is used again.")] = False,
    hours: Annotated[
        int, typer.Option(min=1, max=scenario.MOST_HOURS, help="Hourly runs of each kind; their median counts.")
    ] = scenario.MOST_HOURS,
) -> None:
    """Measures runs on landings of any size, and writes JSON, table and plot into docs/benchmarks."""
    # Results must not depend on whose variables happen to be set.
    os.environ.pop("DBT_PROFILES_DIR", None)
    for size in map(parse_size, sizes or []):
        at = (home / size.label).resolve()
        try:
            result = scenario.measure(size, at, typer.echo, hours)
            typer.echo(f"{size.label}: {scenario.write(result, RESULTS)}")
        finally:
            warehouse.stop(at)
            if not keep:
                shutil.rmtree(at, ignore_errors=True)
    for path in report.write(RESULTS):
        typer.echo(str(path))


if __name__ == "__main__":
    typer.run(main)
