"""How long the API takes: one series at 50 requests/s and 500 series at 5 requests/s, against a server of its own.

    python -m benchmarks.api_load --seconds 300 --json

Requests are planned beforehand and sent at their moment, whether or not those before have been answered; a latency
counts from the planned moment, so that a server that falls behind is not spared (open loop; Schroeder, Wierman,
Harchol-Balter, Open Versus Closed: A Cautionary Tale, NSDI 2006). Server, database and this program are three
processes on one machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil

from prohandel import warehouse
from prohandel.api.keys import add_key
from prohandel.forecast import store
from prohandel.forecast.distribution import LEVELS, Demand

AS_OF = date(2026, 2, 27)
HORIZON = 28
BRANCHES = 20
GOALS_MS = {"one": 50.0, "many": 500.0}
_WARM_UP_SECONDS = 5.0
_MARTS = """
create schema if not exists marts;
create table marts.reorder_recommendations (as_of_date date);
create table marts.demand_forecast (
    article_number text, branch_number text, forecast_date date, demand_mean numeric, dispersion numeric,
    level_cv2 numeric, model text, forecast_origin date, is_from_batch boolean
);
"""

Pair = tuple[str, str]


def fill(home: Path, series: int, seed: int) -> list[Pair]:
    """Stores forecasts of so many series in the embedded warehouse; gives their branches and articles."""
    random_ = np.random.default_rng(seed)
    pairs = [(f"{number % BRANCHES:04}", f"A{number // BRANCHES:06}") for number in range(series)]
    level = random_.gamma(0.6, 1.0, (series, 1))
    demand = Demand(
        (level * random_.uniform(0.5, 1.5, (series, HORIZON))).astype(np.float32),
        random_.gamma(2.0, 0.5, series).astype(np.float32),
        random_.gamma(2.0, 0.05, series).astype(np.float32),
    )
    batch = store.Batch(
        AS_OF,
        pairs,
        ["negative_binomial"] * series,
        np.zeros(series, dtype=np.bool_),
        demand.mean,
        demand.quantiles(LEVELS).transpose(0, 2, 1).copy(),
        np.full_like(demand.mean, np.nan),
        demand.dispersion,
        demand.level_cv2,
        np.full(series, 365, dtype=np.int32),
        np.zeros(series, dtype=np.int32),
    )
    with warehouse.connect(home, autocommit=True) as conn:
        conn.execute(_MARTS)
        conn.execute("insert into marts.reorder_recommendations values (%s)", [AS_OF])
        store.prepare(conn)
        run_id = store.begin_run(conn, store.SCHEMA, AS_OF, HORIZON, "benchmark", {})
        store.write_batch(conn, store.SCHEMA, run_id, batch, store.Outcome("benchmark"))
        conn.execute("analyze")
    return pairs


@contextmanager
def served(home: Path, keys: Path) -> Iterator[tuple[str, psutil.Process]]:
    """The address and the process of a server on the embedded warehouse."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = "from prohandel.api.commands import api_app; api_app()"
    command = [sys.executable, "-c", program, "--port", str(port), "--keys", str(keys), "--rate", "100000"]
    server = subprocess.Popen(command, env={**os.environ, "PROHANDEL_HOME": str(home)})
    address = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                if httpx.get(f"{address}/v1/ready").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        yield address, psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait(30)


async def load(
    address: str, key: str, bodies: Sequence[tuple[str, str, Any]], per_second: float, seconds: float
) -> tuple[list[float], list[str]]:
    """Sends requests at their moments, one after the other of `bodies` (method, path, JSON).

    Returns:
        Seconds from the planned moment to the whole answer, and what went wrong.
    """
    latencies: list[float] = []
    errors: list[str] = []
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=address, headers=headers, limits=limits, timeout=30) as client:

        async def one(planned: float, place: int) -> None:
            method, path, body = bodies[place % len(bodies)]
            await asyncio.sleep(max(0.0, planned - time.perf_counter()))
            try:
                response = await client.request(method, path, json=body)
                if response.status_code != 200:
                    errors.append(f"{response.status_code} {path}")
            except httpx.HTTPError as error:
                errors.append(f"{type(error).__name__} {path}")
            latencies.append(time.perf_counter() - planned)

        start = time.perf_counter()
        running: set[asyncio.Task[None]] = set()
        for place in range(round(per_second * seconds)):
            planned = start + place / per_second
            # A task is made shortly before its moment: thousands that wait would cost the loop time.
            await asyncio.sleep(max(0.0, planned - time.perf_counter() - 0.05))
            task = asyncio.create_task(one(planned, place))
            running.add(task)
            task.add_done_callback(running.discard)
        while running:
            await asyncio.wait(set(running))
    return latencies, errors


def measured(latencies: Sequence[float], errors: Sequence[str], rss: tuple[int, int], goal: float) -> dict[str, Any]:
    """Percentiles in milliseconds, errors, and the server's memory in MB at start and end."""
    p50, p95, p99 = (float(value) * 1000 for value in np.percentile(latencies, [50, 95, 99]))
    return {
        "requests": len(latencies),
        "p50_ms": round(p50, 1),
        "p95_ms": round(p95, 1),
        "p99_ms": round(p99, 1),
        "worst_ms": round(max(latencies) * 1000, 1),
        "goal_p95_ms": goal,
        "is_reached": p95 < goal,
        "errors": len(errors),
        "first_errors": list(errors[:3]),
        "rss_mb_start": round(rss[0] / 2**20, 1),
        "rss_mb_end": round(rss[1] / 2**20, 1),
    }


def run(series: int, seconds: float, seed: int) -> dict[str, Any]:
    """Both loads, one after the other, on a server of its own."""
    chooser = random.Random(seed)  # noqa: S311
    with tempfile.TemporaryDirectory(prefix="prohandel-load-") as folder:
        home = Path(folder) / "home"
        _, key = add_key(Path(folder) / "keys.json", "load", ["read"])
        try:
            pairs = fill(home, series, seed)
            named = [{"branch_number": branch, "article_number": article} for branch, article in pairs]
            loads: dict[str, tuple[float, list[tuple[str, str, Any]]]] = {
                "one": (
                    50.0,
                    [("GET", f"/v1/forecasts/{b}/{a}", None) for b, a in chooser.sample(pairs, min(series, 1000))],
                ),
                "many": (
                    5.0,
                    [("POST", "/v1/forecasts", {"pairs": chooser.sample(named, min(series, 500))}) for _ in range(20)],
                ),
            }
            result: dict[str, Any] = {"series": series, "seconds": seconds, "cores": os.cpu_count()}
            with served(home, Path(folder) / "keys.json") as (address, server):
                for name, (per_second, bodies) in loads.items():
                    asyncio.run(load(address, key, bodies, per_second, _WARM_UP_SECONDS))
                    before, busy = server.memory_info().rss, sum(server.cpu_times()[:2])
                    latencies, errors = asyncio.run(load(address, key, bodies, per_second, seconds))
                    result[name] = measured(latencies, errors, (before, server.memory_info().rss), GOALS_MS[name])
                    # Independent of what else the machine does.
                    spent = sum(server.cpu_times()[:2]) - busy
                    result[name]["server_cpu_ms_per_request"] = round(1000 * spent / len(latencies), 2)
        finally:
            warehouse.stop(home)
    result["load_average"] = [round(each, 2) for each in os.getloadavg()]
    return result


def main() -> None:
    """Prints what `run` finds."""
    parser = argparse.ArgumentParser(description="Load on the API, with its latencies.")
    parser.add_argument("--seconds", type=float, default=300.0, help="of each of the two loads")
    parser.add_argument("--series", type=int, default=50_000, help="stored forecasts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    found = run(given.series, given.seconds, given.seed)
    if given.json:
        print(json.dumps(found, indent=2))
        return
    for name in GOALS_MS:
        one = found[name]
        print(
            f"{name}: p50 {one['p50_ms']} p95 {one['p95_ms']} p99 {one['p99_ms']} ms (goal {one['goal_p95_ms']}),"
            f" {one['errors']} errors of {one['requests']}, {one['rss_mb_start']} -> {one['rss_mb_end']} MB"
        )


if __name__ == "__main__":
    main()
