"""The database stops and comes back while readers look: the pages say so, and go on without a new server of theirs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import streamlit as st
from playwright.sync_api import expect, sync_playwright

from prohandel import warehouse
from prohandel.dashboard.states import _SECONDS_BETWEEN_TRIES
from tests.python.conftest import Server
from tests.python.dashboard.browsing import CHROMIUM, FLAGS, PATIENCE, serving, settle
from tests.python.dashboard.conftest import create_schemas, fill, metrics, open_page, settings_of, texts
from tests.python.dashboard.retailer import RUN_AT, land

pytestmark = pytest.mark.slow

_GONE = "Die Datenbank antwortet nicht"


@pytest.fixture
def own_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The home of a server of this test's own with the retailer in it, and the environment that points there."""
    home = tmp_path / "home"
    warehouse.start(home)
    server = Server(home, warehouse.parameters(home)["host"])
    with server.connect(warehouse.DATABASE) as conn:
        create_schemas(conn)
        land(conn)
    settings_of(monkeypatch, server, warehouse.DATABASE)
    monkeypatch.setenv("PROHANDEL_DASHBOARD_HOME", str(home))
    st.cache_resource.clear()
    st.cache_data.clear()
    yield home
    st.cache_resource.clear()
    st.cache_data.clear()
    warehouse.stop(home)


def test_pages_in_chromium_go_on_after_a_restart_of_the_database(own_server: Path) -> None:
    """The page that a reader turned to while the database was away draws itself, and so does the next one."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"there is no {CHROMIUM}")
    expect.set_options(timeout=PATIENCE)
    with serving(os.environ) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_context(locale="de-DE", viewport={"width": 1440, "height": 900}).new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(base)
        settle(page)
        expect(page.get_by_test_id("stMetric").first).to_contain_text("250")
        warehouse.stop(own_server)
        page.get_by_role("link", name="Filialleistung").click()
        expect(page.locator(".st-key-state-gone")).to_contain_text(_GONE)
        page.wait_for_timeout(1500 * _SECONDS_BETWEEN_TRIES)
        expect(page.locator(".st-key-state-gone")).to_contain_text(_GONE)
        expect(page.get_by_test_id("stException")).to_have_count(0)
        warehouse.start(own_server)
        # Nobody clicks and nothing is loaded anew: the page looks again by itself.
        expect(page.locator(".st-key-state-gone")).to_have_count(0)
        settle(page)
        expect(page.get_by_test_id("stMetric").filter(has_text="Lagerwert (EK)")).to_contain_text("1.500")
        page.get_by_role("link", name="Bestandsübersicht").click()
        page.wait_for_url(re.compile("/inventory_overview"))
        settle(page)
        expect(page.get_by_test_id("stMetric").first).to_be_visible()
        expect(page.locator(".st-key-state-failed, .st-key-state-gone")).to_have_count(0)
        browser.close()


def test_a_page_on_broken_connections_is_answered_by_new_ones(own_server: Path) -> None:
    """The pool holds connections of the server that went: none of them reaches the page."""
    assert metrics(open_page("warehouse_performance"))["Lagerwert (EK)"] == "1.500 €"
    warehouse.stop(own_server)
    gone = open_page("warehouse_performance")
    assert not gone.exception
    assert _GONE in texts(gone)
    assert not gone.metric
    warehouse.start(own_server)
    server = Server(own_server, warehouse.parameters(own_server)["host"])
    with server.connect(warehouse.DATABASE) as conn:
        conn.execute("update marts.warehouse_performance set inventory_value_cost = 600 where branch_number = '0901'")
        fill(conn, "quality.test_results", [{"run_at": RUN_AT + timedelta(hours=1), "test_id": "t"}])
    # The same session runs again, as its fragment asks for.
    shown = gone.run()
    assert _GONE not in texts(shown)
    assert metrics(shown)["Lagerwert (EK)"] == "1.600 €"
