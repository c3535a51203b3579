"""`python -m benchmarks.dashboard_speed --write docs/dashboards/speed.md`: the dashboard in Chromium, timed.

For every page of the menu, the median over repetitions, each with server processes of its own:

- first chart: a new server that nobody has asked yet and a new Chromium; from the navigation to the first chart or
  table, and to the whole page. The start of the server itself stands apart.
- page change: from the press on the menu (for the article page: on the article that the search found) until the page is
  drawn and Streamlit's script is over. Once as the first of that server, so that the database is asked, and once more
  when its answers are kept, as they are for everybody later in the day.
- filter: from the press on a branch, or on a period, in the list until the page is drawn anew. No answer is kept yet.

What exactly is waited for: `benchmarks/dashboard_browser.py`. Then many browsers at once change pages and filters
for minutes, and the memory of the server is looked at every second. The machine should do nothing else.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from playwright.async_api import Browser, Page, async_playwright
from playwright.async_api import Error as PlaywrightError
from psycopg import sql

from benchmarks.dashboard_browser import (
    Rest,
    Server,
    choose_branch,
    choose_period,
    launch,
    rest,
    serving,
    to_article,
    to_page,
    visit,
)
from prohandel.dashboard.app import FIRST, MENU
from prohandel.dashboard.database import Query, fetch, open_pool
from prohandel.dashboard.settings import environment_of, from_environment
from prohandel.dashboard.words import Words
from prohandel.pipeline.target import find_target

GOALS = {"first_chart": 4.0, "page_first": 1.0, "page_kept": 1.0, "branch": 0.7, "period": 0.7}
"""Seconds."""
_ARTICLE_PAGE = "product"
_PAUSE = (2.0, 6.0)
"""Seconds that a reader looks at a page before the next click."""
_WARM_UP_SHARE = 0.3
_EXAMPLE = sql.SQL(
    """
    select article_number
    from inventory_status
    group by article_number
    order by sum(inventory_value_cost) desc nulls last, article_number
    limit 1
    """
)

Times = dict[str, dict[str, list[float]]]
"""Seconds by page and by what was timed."""


def example_article(target: str | None) -> str:
    """The article with the largest stock."""
    pool = open_pool(from_environment({**os.environ, **environment_of(find_target(target), None)}))
    try:
        return str(fetch(pool, Query(_EXAMPLE, {}))["article_number"].iloc[0])
    finally:
        pool.close()


def address(name: str, article: str) -> str:
    """Path and query of a page."""
    return f"{name}?article={article}" if name == _ARTICLE_PAGE else "" if name == FIRST else name


def _worked(name: str, found: Rest) -> Rest:
    if found.failure:
        raise RuntimeError(f"page {name} failed: {found.failure}")
    return found


async def time_cold(target: str | None, names: Sequence[str], article: str, times: Times, outside: list[str]) -> None:
    """Each page by a new server and a new browser."""
    async with async_playwright() as playwright:
        for name in names:
            with serving(target) as server:
                browser = await launch(playwright)
                page = await visit(browser, server.base, address(name, article), outside)
                found = _worked(name, await rest(page))
                times[name]["server_start"].append(server.seconds)
                times[name]["cold_whole"].append(found.drawn)
                times[name]["first_chart"].append(found.drawn if found.first is None else found.first)
                await browser.close()


async def time_changes(
    target: str | None, names: Sequence[str], article: str, times: Times, outside: list[str], turn: int
) -> None:
    """Page changes, twice each, and filters, on one new server; the `turn` chooses another branch and period."""
    async with async_playwright() as playwright:
        with serving(target) as server:
            browser = await launch(playwright)
            page = await visit(browser, server.base, "", outside)
            await rest(page)
            for kind in ("page_first", "page_kept"):
                # The first page was there already: it comes last, and its answers are kept by then.
                for name in [*(name for name in names if name != FIRST), FIRST]:
                    found = _worked(name, await _open(page, name, article))
                    if name in names and (name != FIRST or kind == "page_kept"):
                        times[name][kind].append(found.drawn)
            for name in names:
                await _time_filters(browser, server, name, article, times, outside, turn)
            await browser.close()


async def _time_filters(
    browser: Browser, server: Server, name: str, article: str, times: Times, outside: list[str], turn: int
) -> None:
    for kind, choose in (("branch", choose_branch), ("period", choose_period)):
        page = await visit(browser, server.base, address(name, article), outside)
        _worked(name, await rest(page))
        if found := await choose(page, turn):
            times[name][kind].append(_worked(name, found).drawn)
        await page.context.close()


async def _open(page: Page, name: str, article: str) -> Rest:
    if name == _ARTICLE_PAGE:
        return await to_article(page, article, Words("de")(name))
    return await to_page(page, MENU.index(name))


async def crowd(target: str | None, browsers: int, seconds: float) -> dict[str, Any]:
    """Memory of the server, errors and requests to elsewhere while many sessions change pages and filters."""
    outside: list[str] = []
    failures: list[str] = []
    taken: list[float] = []
    with serving(target) as server:
        started = server.megabytes()
        async with async_playwright() as playwright:
            browser = await launch(playwright)
            pages = await asyncio.gather(*(visit(browser, server.base, "", outside) for _ in range(browsers)))
            for page in pages:
                await rest(page)
            began = time.monotonic()
            readers = [
                asyncio.create_task(_read(page, random.Random(number), began + seconds, failures, taken))  # noqa: S311
                for number, page in enumerate(pages)
            ]
            samples: list[tuple[float, float]] = []
            while not all(reader.done() for reader in readers):
                samples.append((round(time.monotonic() - began, 1), round(server.megabytes(), 1)))
                await asyncio.sleep(1)
            await asyncio.gather(*readers)
            await browser.close()
        failures += ["the server logged an error"] * server.tracebacks()
    warm = [megabytes for at, megabytes in samples if at >= seconds * _WARM_UP_SHARE] or [started]
    return {
        "browsers": browsers, "seconds": seconds, "actions": len(taken),
        "median_action_seconds": statistics.median(taken) if taken else None,
        "mb_at_start": round(started, 1), "mb_after_warm_up": warm[0], "mb_at_end": warm[-1],
        "mb_highest": max(megabytes for _, megabytes in samples), "samples": samples,
        "errors": failures, "requests_outside": outside,
    }  # fmt: skip


async def _read(page: Page, chance: random.Random, until: float, failures: list[str], taken: list[float]) -> None:
    """One reader: two of three clicks change the page, the others a filter."""
    while time.monotonic() < until:
        await asyncio.sleep(chance.uniform(*_PAUSE))
        try:
            found = await _act(page, chance)
        except PlaywrightError as error:
            failures.append(f"{page.url}: {error}")
            await page.keyboard.press("Escape")
            continue
        if found is not None:
            taken.append(found.drawn)
            if found.failure:
                failures.append(f"{page.url}: {found.failure}")


async def _act(page: Page, chance: random.Random) -> Rest | None:
    kind = chance.random()
    if kind < 2 / 3:
        return await to_page(page, chance.randrange(len(MENU)))
    if kind < 5 / 6:
        return await choose_period(page, chance.randrange(6))
    reset = page.locator(".st-key-filters_reset button")
    if await reset.count():
        await reset.click()
        return await rest(page)
    return await choose_branch(page, chance.randrange(12))


def summary(times: Times) -> dict[str, dict[str, float]]:
    """Medians by page and by what was timed."""
    return {name: {kind: statistics.median(found) for kind, found in of.items()} for name, of in times.items()}


def markdown(found: dict[str, Any]) -> str:
    """The figures as a page of the documentation."""
    words, machine, medians = Words("en"), found["machine"], found["medians"]
    kinds = ["first_chart", "cold_whole", "page_first", "page_kept", "branch", "period"]
    heads = ["First chart, cold", "Whole page, cold", "Page change, asked first", "Page change, answers kept",
             "Branch", "Period"]  # fmt: skip
    lines = ["# How fast the pages are"]
    if medians:
        lines += [
            "",
            f"Seconds in Chromium, medians of {found['repetitions']}, over {found['lines_of_sales']:,} lines of sales.",
            f"{_machine(machine)} What is waited for is the whole page: see `benchmarks/dashboard_browser.py`.",
            "",
            f"| Page | {' | '.join(heads)} |",
            f"|---|{'--:|' * len(heads)}",
            f"| *goal* | {' | '.join(f'< {GOALS[kind]:g}' if kind in GOALS else '' for kind in kinds)} |",
        ]  # fmt: skip
        for name, of in medians.items():
            cells = [_cell(of.get(kind), GOALS.get(kind)) for kind in kinds]
            lines.append(f"| {words(name)} | {' | '.join(cells)} |")
        every = [[of[kind] for of in medians.values() if kind in of] for kind in kinds]
        cells = [f"{statistics.median(values):.2f}" if values else "-" for values in every]
        lines.append(f"| **median of the pages** | {' | '.join(cells)} |")
        starts = [of["server_start"] for of in medians.values()]
        lines += ["", f"Bold is above the goal. The server answers {statistics.median(starts):.1f} s after its start."]
    if crowd_found := found["crowd"]:
        lines += ["", *_crowd_lines(crowd_found)]
    lines += ["", "Written by `python -m benchmarks.dashboard_speed`.", ""]
    return "\n".join(lines)


def _machine(machine: dict[str, Any]) -> str:
    before, after = machine["load_before"], machine["load_after"]
    return f"{machine['cores']} cores, load average {before:.1f} before and {after:.1f} after."


def _cell(value: float | None, goal: float | None) -> str:
    if value is None:
        return "-"
    return f"**{value:.2f}**" if goal is not None and value >= goal else f"{value:.2f}"


def _crowd_lines(found: dict[str, Any]) -> list[str]:
    median = found["median_action_seconds"]
    return [
        f"## {found['browsers']} browsers at once for {found['seconds']:g} seconds",
        "",
        "| | |",
        "|---|--:|",
        f"| clicks on pages and filters | {found['actions']} |",
        f"| median until the page is drawn | {'-' if median is None else f'{median:.2f} s'} |",
        f"| memory of the server before the first reader | {found['mb_at_start']:.0f} MB |",
        f"| after {_WARM_UP_SHARE:.0%} of the time | {found['mb_after_warm_up']:.0f} MB |",
        f"| at the end | {found['mb_at_end']:.0f} MB |",
        f"| highest | {found['mb_highest']:.0f} MB |",
        f"| errors | {len(found['errors'])} |",
        f"| requests that left the machine | {len(found['requests_outside'])} |",
    ]


def _lines_of_sales(target: str | None) -> int:
    pool = open_pool(from_environment({**os.environ, **environment_of(find_target(target), None)}))
    try:
        return int(fetch(pool, Query(sql.SQL("select count(*) as lines from fct_sale_lines"), {}))["lines"].iloc[0])
    finally:
        pool.close()


def main(
    target: Annotated[str | None, typer.Option(help="As `prohandel dashboard` takes it.")] = None,
    repetitions: Annotated[int, typer.Option(help="Of everything timed; 0 times nothing.")] = 5,
    browsers: Annotated[int, typer.Option(help="At once.")] = 20,
    seconds: Annotated[float, typer.Option(help="That they read; 0 leaves them out.")] = 300,
    pages: Annotated[str, typer.Option(help="Timed, separated by commas; by default all of the menu.")] = "",
    as_json: Annotated[Path | None, typer.Option("--json", help="File of all figures.")] = None,
    write: Annotated[Path | None, typer.Option("--write", help="Markdown file of the medians.")] = None,
) -> None:
    """Times the pages, then lets many read at once.

    Raises:
        RuntimeError: a page failed, asked somebody outside, or readers saw errors.
    """
    times: Times = defaultdict(lambda: defaultdict(list))
    outside: list[str] = []
    load_before = os.getloadavg()[0]
    article, names = example_article(target), pages.split(",") if pages else list(MENU)
    for turn in range(repetitions):
        asyncio.run(time_cold(target, names, article, times, outside))
        asyncio.run(time_changes(target, names, article, times, outside, turn))
        typer.echo(f"repetition {turn + 1} of {repetitions}", err=True)
    crowd_found = asyncio.run(crowd(target, browsers, seconds)) if seconds else None
    found = {
        "machine": {"cores": os.cpu_count(), "load_before": load_before, "load_after": os.getloadavg()[0]},
        "goals": GOALS,
        "repetitions": repetitions,
        "lines_of_sales": _lines_of_sales(target),
        "medians": summary(times),
        "times": times,
        "crowd": crowd_found,
        "requests_outside": outside,
    }
    if as_json:
        as_json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if write:
        write.write_text(markdown(found), encoding="utf-8")
    typer.echo(markdown(found))
    if outside or (crowd_found and (crowd_found["errors"] or crowd_found["requests_outside"])):
        raise RuntimeError("readers saw errors, or a request left the machine; --json has them")


if __name__ == "__main__":
    typer.run(main)
