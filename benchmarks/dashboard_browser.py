"""A dashboard to measure, and pages in Chromium that tell when they have come to rest.

A page rests when Streamlit's script has run since the mouse button went down and is over (`data-test-script-state` of
the app), no element is left of the run before (`data-stale`), no skeleton stands for something that loads, every chart
and every sparkline that is shown holds its marks, every table has painted cells, the title is the one asked for, and
nothing has changed for `QUIET` milliseconds. The time is that of the last change before this silence, by the clock of
the page: a change in the main part of the document, a call that paints text or a picture on a canvas in it (tables), or
the end of the script. It begins with `pointerdown` or, for a page opened by its address, with the navigation. What is
not in it: the frame in which the screen shows the last change.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from playwright.async_api import Browser, Page, Playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip
QUIET = 500
"""Milliseconds without a change after which a page counts as drawn."""
PATIENCE = 180_000
"""Milliseconds after which a page counts as stuck."""

_WATCH = """
(() => {
  const watch = window.prohandelWatch = {pressed: 0, changed: 0, first: 0, ran: false};
  const painted = new WeakSet();
  const all = (selector, fits) => [...document.querySelectorAll(selector)].every(
    element => element.offsetParent === null || fits(element));
  const main = () => document.querySelector('[data-testid=stMain]');
  const touch = () => {
    watch.changed = performance.now();
    if (!watch.first && document.querySelector('[data-testid=stVegaLiteChart] .marks')) watch.first = watch.changed;
  };
  for (const name of ['fillText', 'drawImage']) {
    const original = CanvasRenderingContext2D.prototype[name];
    CanvasRenderingContext2D.prototype[name] = function (...given) {
      if (this.canvas.isConnected && main()?.contains(this.canvas)) {
        painted.add(this.canvas);
        touch();
        if (!watch.first) watch.first = watch.changed;
      }
      return original.apply(this, given);
    };
  }
  addEventListener('pointerdown', () => {
    watch.pressed = watch.changed = performance.now();
    watch.first = 0;
    watch.ran = false;
  }, true);
  new MutationObserver(records => {
    const app = document.querySelector('[data-testid=stApp]');
    if (!app) return;
    if (app.dataset.testScriptState !== 'notRunning') watch.ran = true;
    if (records.some(record => record.target === app || main()?.contains(record.target))) touch();
  }).observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
  watch.rests = (title, quiet) => {
    const app = document.querySelector('[data-testid=stApp]');
    const heading = document.querySelector('[data-testid=stMain] h1');
    return !!app && !!heading && watch.ran && app.dataset.testScriptState === 'notRunning'
      && (title === null || heading.textContent.trim() === title)
      && !document.querySelector('[data-stale=true], [data-testid=stSkeleton]')
      && all('[data-testid=stVegaLiteChart], [data-testid=stMetricChart]', chart => chart.querySelector('.marks'))
      && all('[data-testid=stDataFrame]', table => [...table.querySelectorAll('canvas')].some(c => painted.has(c)))
      && performance.now() - watch.changed > quiet;
  };
  watch.told = () => ({
    drawn: watch.changed - watch.pressed,
    first: watch.first ? watch.first - watch.pressed : null,
    failure: document.querySelector(
      '.st-key-state-failed, .st-key-state-gone, [data-testid=stException]')?.textContent ?? null,
  });
})();
"""


@dataclass(frozen=True)
class Server:
    """A dashboard that runs.

    Attributes:
        base: its address.
        process: of the server, whose memory counts.
        seconds: from the start of the command until it answered.
        log: what it wrote to standard error.
    """

    base: str
    process: psutil.Process
    seconds: float
    log: Path

    def megabytes(self) -> float:
        """The resident set."""
        return float(self.process.memory_info().rss / 2**20)

    def tracebacks(self) -> int:
        """Errors that the server logged."""
        return self.log.read_text(encoding="utf-8", errors="replace").count("Traceback (most recent call last)")


@dataclass(frozen=True)
class Rest:
    """How a page came to rest.

    Attributes:
        drawn: seconds until the last change.
        first: seconds until the first chart or table; None where the page has none.
        failure: what the page says went wrong; None where nothing did.
    """

    drawn: float
    first: float | None
    failure: str | None


@contextmanager
def serving(target: str | None) -> Iterator[Server]:
    """`prohandel dashboard` over a target, on a free port, in a new process.

    Raises:
        TimeoutError: it did not answer in time.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "prohandel", "dashboard", "--port", str(port)]
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        (Path(folder) / "log").open("wb") as log,
        subprocess.Popen(
            [*command, *(["--target", target] if target else [])], stdout=subprocess.DEVNULL, stderr=log, env=os.environ
        ) as process,
    ):
        try:
            base = f"http://127.0.0.1:{port}"
            _await(base, process, Path(log.name))
            yield Server(base, psutil.Process(process.pid), time.monotonic() - began, Path(log.name))
        finally:
            process.terminate()


def _await(base: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(log.read_text(encoding="utf-8", errors="replace"))
        try:
            httpx.get(f"{base}/_stcore/health", timeout=5).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"{base} does not answer")


async def launch(playwright: Playwright) -> Browser:
    """A new Chromium with an empty profile."""
    return await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))


async def visit(browser: Browser, base: str, path: str, outside: list[str]) -> Page:
    """Opens an address in a session of its own; requests to anywhere else are added to `outside`."""
    context = await browser.new_context(locale="de-DE", viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE)
    inside = (base, base.replace("http", "ws"), "data:", "blob:")
    context.on("request", lambda request: None if request.url.startswith(inside) else outside.append(request.url))
    page = await context.new_page()
    page.on("websocket", lambda ws: None if ws.url.startswith(inside) else outside.append(ws.url))
    await page.add_init_script(_WATCH)
    await page.goto(f"{base}/{path}")
    return page


async def rest(page: Page, title: str | None = None) -> Rest:
    """Waits until the page rests, with this title where one is given, as the docstring of the module says."""
    await page.wait_for_function(
        "([title, quiet]) => window.prohandelWatch.rests(title, quiet)", arg=[title, QUIET], polling=50
    )
    told = await page.evaluate("window.prohandelWatch.told()")
    first = told["first"]
    return Rest(told["drawn"] / 1000, None if first is None else first / 1000, told["failure"])


async def to_page(page: Page, place: int) -> Rest:
    """Clicks on an entry of the menu, counted from 0."""
    entry = page.get_by_test_id("stSidebarNavLink").nth(place)
    title = (await entry.inner_text()).strip()
    await entry.click()
    return await rest(page, title)


async def to_article(page: Page, article: str, title: str) -> Rest:
    """Clicks on an article that the search has found; typing its number is not in the time."""
    field = page.locator(".st-key-search input")
    await field.fill(article)
    await field.press("Enter")
    hit = page.locator(f".st-key-hit-{article} button")
    await hit.wait_for()
    await rest_of_typing(page)
    await hit.click()
    return await rest(page, title)


async def rest_of_typing(page: Page) -> None:
    """Waits until nothing moves after something that was not a press of the mouse button."""
    await page.evaluate("window.prohandelWatch.ran = true")
    await page.wait_for_function("window.prohandelWatch.rests(null, 500)", polling=50)


async def choose_branch(page: Page, place: int) -> Rest:
    """Clicks on a branch in the list of the filters, counted from 0; opening the list is not in the time."""
    await page.locator(".st-key-filter-bar").get_by_test_id("stPopoverButton").click()
    field = page.locator(".st-key-filter_branch")
    await field.locator("input").click()
    options = page.get_by_role("option")
    await options.first.wait_for()
    await options.nth(place % await options.count()).click()
    found = await rest(page)
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    return found


async def choose_period(page: Page, place: int) -> Rest | None:
    """Clicks on a period other than the one that is chosen; None where the page has no period."""
    field = page.locator(".st-key-filter_period")
    if not await field.count():
        return None
    now = await field.locator("input").input_value()
    await field.get_by_role("button").click()
    options = page.get_by_role("option")
    await options.first.wait_for()
    names = [name.strip() for name in await options.all_inner_texts()]
    # The last one asks for two days and changes nothing yet.
    others = [name for name in names[:-1] if name != now]
    await options.filter(has_text=others[place % len(others)]).first.click()
    return await rest(page)
