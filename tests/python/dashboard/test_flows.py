"""Readers' ways through the pages in Chromium: clicks, addresses, languages; nothing leaves the machine."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.python.dashboard.browsing import CHROMIUM, FLAGS, PATIENCE, serving, settle

pytestmark = pytest.mark.slow

_PAGES = (
    "", "inventory_overview", "stock_monitoring", "product?article=A1", "warehouse_performance", "product_performance",
    "sales_analysis", "forecast_reorder?article=A1&at=0902", "data_quality",
)  # fmt: skip


@pytest.fixture
def address(marts: psycopg.Connection[Any]) -> Iterator[str]:
    """The dashboard over the hand-made retailer, on a free port."""
    with serving(os.environ) as base:
        yield base


@pytest.fixture
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"there is no {CHROMIUM}")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield opened
        opened.close()


def visit(browser: Browser, address: str, path: str, **context: Any) -> Page:
    """A page in a browser of its own, once the script has come to its end."""
    page = browser.new_context(locale="de-DE", viewport={"width": 1440, "height": 2400}, **context).new_page()
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page.goto(f"{address}/{path}" if address else path)
    settle(page)
    return page


@pytest.mark.parametrize("path", _PAGES)
def test_nothing_leaves_the_machine(browser: Browser, address: str, path: str) -> None:
    page = browser.new_context(locale="de-DE").new_page()
    page.set_default_timeout(PATIENCE)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/{path}")
    settle(page)
    page.wait_for_timeout(1500)
    inside = (address, address.replace("http", "ws"), "data:", "blob:")
    assert asked
    assert [url for url in asked if not url.startswith(inside)] == []


@pytest.mark.parametrize("path", _PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Browser, address: str, path: str, scheme: Any) -> None:
    page = visit(browser, address, path, color_scheme=scheme)
    page.wait_for_timeout(1500)
    found = Axe().run(page).response["violations"]
    serious = {}
    for rule in found:
        # The sparkline of st.metric holds an empty group of Vega's that has no name; no setting gives it one.
        nodes = [node["html"][:120] for node in rule["nodes"] if "metric_chart_" not in node["html"]]
        if nodes and rule["impact"] in ("serious", "critical"):
            serious[rule["id"]] = nodes[:3]
    assert serious == {}


@pytest.mark.parametrize("path", _PAGES)
def test_a_phone_needs_no_scrolling_to_the_side(browser: Browser, address: str, path: str) -> None:
    page = browser.new_context(locale="de-DE", viewport={"width": 390, "height": 844}).new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}/{path}")
    settle(page)
    widths = page.evaluate("(() => { const m = document.querySelector('[data-testid=stMain]');"
                           " return [m.scrollWidth, m.clientWidth]; })()")  # fmt: skip
    assert widths[0] <= widths[1]


def test_from_the_overview_to_an_article_and_its_csv(browser: Browser, address: str) -> None:
    page = visit(browser, address, "inventory_overview")
    page.locator(".st-key-chart-abc-xyz [aria-roledescription='rect mark'][aria-label*='xyz_class: X']").click()
    grid = page.locator("[class*='st-key-table-class-A-X'] [data-testid=stDataFrame]")
    grid.wait_for()
    grid.click(position={"x": 16, "y": 52})
    page.wait_for_url(re.compile(r"/product\?.*article=A1"))
    settle(page)
    expect(page.get_by_role("heading", name="Hemd weiß")).to_be_visible()
    expect(page.locator(".st-key-panel-size-grid")).to_contain_text("Größen je Filiale")
    with page.expect_download() as download:
        page.locator(".st-key-csv-size-grid button").first.dispatch_event("click")
    written = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert written[0] == "branch_number;article_size_number;on_hand;is_core_size;size_share_of_sales"
    assert "0901;L;5,0;True;0,3" in written
    page.locator(".st-key-go-forecast button").first.click()
    page.wait_for_url(re.compile(r"/forecast_reorder\?.*article=A1"))
    settle(page)
    expect(page.locator(".st-key-panel-forecast")).to_contain_text("Prognose und Verkauf")
    with page.expect_download() as download:
        page.locator(".st-key-csv-forecast button").first.dispatch_event("click")
    written = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert written[0] == "period_start;demand_units;demand_mean;demand_p50;demand_p80;demand_p95;pairs"
    # Two branches expect 10.5 pieces in 7 days; of such a Poisson 10, 13 and 16 are the quantiles.
    assert "2026-02-28;;10,5;10,0;13,0;16,0;2,0" in written
    with page.expect_download() as download:
        page.locator(".st-key-order_file button").first.dispatch_event("click")
    written = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert "Lieferant;0902;A1;M;7;15,00;2026-02-27" in written


def test_filters_go_with_the_reader_and_with_the_address(browser: Browser, address: str) -> None:
    page = visit(browser, address, "?period=p90&branch=0902")
    expect(page.locator(".st-key-filter-chosen")).to_contain_text("0902 Berlin")
    page.get_by_role("link", name="Bestandsübersicht").click()
    page.wait_for_url(re.compile("/inventory_overview"))
    settle(page)
    expect(page.locator(".st-key-filter-chosen")).to_contain_text("0902 Berlin")
    page.wait_for_url(re.compile("branch=0902"))
    other = visit(browser, "", page.url)
    expect(other.locator(".st-key-filter-chosen")).to_contain_text("0902 Berlin")
    expect(other.locator(".st-key-filter-bar")).to_contain_text("Letzte 90 Tage")


_COUNT_RUNS = """() => {
  const app = document.querySelector('[data-testid=stApp]');
  window.runs = 0;
  let before = app.dataset.testScriptState;
  new MutationObserver(() => {
    const now = app.dataset.testScriptState;
    if (now !== before && now === 'running') window.runs += 1;
    before = now;
  }).observe(app, {attributes: true});
  document.querySelectorAll('[data-testid=stVegaLiteChart], [data-testid=stMetric]').forEach(drawn => drawn.old = true);
}"""
_NEW = """() => [...document.querySelectorAll('[data-testid=stVegaLiteChart], [data-testid=stMetric]')]
  .filter(drawn => !drawn.old).length"""


def test_a_filter_runs_the_page_once_and_replaces_no_chart(browser: Browser, address: str) -> None:
    page = visit(browser, address, "inventory_overview")
    page.locator(".st-key-chart-abc-xyz .marks").wait_for()
    page.locator(".st-key-filter-bar").get_by_test_id("stPopoverButton").click()
    page.locator(".st-key-filter_branch input").click()
    page.get_by_role("option").first.wait_for()
    page.evaluate(_COUNT_RUNS)
    page.get_by_role("option", name="0902 Berlin").click()
    expect(page.locator(".st-key-filter-chosen")).to_contain_text("0902 Berlin")
    page.wait_for_url(re.compile("branch=0902"))
    settle(page)
    page.wait_for_timeout(1500)
    assert page.evaluate("window.runs") == 1
    assert page.evaluate(_NEW) == 0


def test_the_language_changes_and_the_filters_stay(browser: Browser, address: str) -> None:
    page = visit(browser, address, "inventory_overview?branch=0902")
    page.get_by_role("radio", name="English").or_(page.get_by_role("button", name="English")).first.click()
    expect(page.get_by_role("heading", name="Inventory Overview")).to_be_visible()
    page.wait_for_url(re.compile("lang=en"))
    expect(page.locator(".st-key-filter-chosen")).to_contain_text("0902 Berlin")


def test_a_click_on_a_point_opens_its_article(browser: Browser, address: str, marts: psycopg.Connection[Any]) -> None:
    marts.execute("update marts.product_profitability set turnover_rate = 4 where article_number = 'A2'")
    page = visit(browser, address, "product_performance")
    page.locator(".st-key-chart-margin-turnover [aria-roledescription='point']").click()
    page.wait_for_url(re.compile(r"/product\?.*article=A2"))
    settle(page)
    expect(page.get_by_role("heading", name="Kleid rot")).to_be_visible()
