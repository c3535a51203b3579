"""The weekly report: its figures by hand and against the pages, what the file may hold, and its way over a channel."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner

from prohandel.dashboard.database import Pool, open_pool
from prohandel.dashboard.settings import from_environment
from prohandel.errors import ProhandelError
from prohandel.pipeline.target import Target
from prohandel.quality.channels import Address, Channel, Rules
from prohandel.report import figures as asked
from prohandel.report import send as sending
from prohandel.report import svg
from prohandel.report.commands import report_app
from prohandel.report.page import document
from tests.python.conftest import Server
from tests.python.dashboard.conftest import metrics, open_page
from tests.python.dashboard.retailer import AS_OF

Marts = psycopg.Connection[Any]


@pytest.fixture
def year(marts: Marts) -> Marts:
    """The retailer with its sales by category of last year too."""
    marts.execute(
        """
        insert into marts.sales_performance (date_day, branch_number, category, net_revenue, gross_revenue)
        select date_day, branch_number, 'Hemden', net_revenue, gross_revenue from marts.branch_day_performance
        where date_day < %s
        """,
        [date(2025, 6, 1)],
    )
    return marts


@pytest.fixture
def pool(marts: Marts) -> Iterator[Pool]:
    with open_pool(from_environment()) as opened:
        yield opened


def text_of(html: str) -> str:
    """What a reader sees, without tags and hard spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.replace("\u00a0", " ")))


def test_the_week_adds_up(year: Marts, pool: Pool) -> None:
    """Week 8: seven days of 100 and 50 EUR, and 10 EUR of 0903 on Friday; last year 80, 50 and 10."""
    found = asked.read(pool, "2026-W08", is_whole=False)
    assert found.total["net_revenue"] == 1060
    assert found.total["net_revenue_before"] == 920
    assert found.by_branch.set_index("part")["net_revenue"].to_dict() == {"0901": 700, "0902": 350, "0903": 10}
    assert found.by_branch.set_index("part")["difference"].to_dict() == {"0901": 140, "0902": 0, "0903": 0}
    assert found.receipts["receipts"] == 22
    assert found.days["net_revenue"].tolist() == [150, 150, 150, 150, 160, 150, 150]
    told = text_of(document(found, "de"))
    assert "Wochenbericht KW 8 2026" in told
    assert "Umsatz 1.060 €, +15,2 % ggü. Vorjahr; 1 von 3 Filialen über Vorjahr." in told
    assert "Am weitesten voraus: 0901 München mit +140 €." in told
    assert "läuft noch" not in told
    english = text_of(document(found, "en"))
    assert "Revenue €1,060, +15.2% vs. last year; 1 of 3 branches above last year." in english


def test_the_report_and_the_page_show_the_same(year: Marts, pool: Pool) -> None:
    shown = metrics(open_page("sales_analysis", period="own", **{"from": "2026-02-16", "to": "2026-02-22"}))
    told = text_of(document(asked.read(pool, "2026-W08", is_whole=False), "de"))
    for label, name in (("Umsatz", "Umsatz netto"), ("Bons", "Bons"), ("Ø-Bon", "Ø-Bon")):
        assert f"{name} {shown[label]}" in told


def test_what_to_do_is_what_the_first_page_says(year: Marts, pool: Pool) -> None:
    """Order 12 at 15 EUR, 3 units for 61.50 EUR, 4 x 30 EUR, |120| + |-30| EUR, and one article without a cost."""
    told = text_of(document(asked.read(pool, None, is_whole=True), "de"))
    for task in ("Nachbestellen 180 €", "Umlagern 62 €", "Abschreiben 120 €", "Zählen 150 €", "Klären 0 €"):
        assert task in told
    assert "A2 Kleid rot" in told
    assert "Stille Filialen am Fr 27.02.2026" in told


def test_the_running_week_says_so(year: Marts, pool: Pool) -> None:
    found = asked.read(pool, None, is_whole=False)
    assert (found.monday, found.filters.span.last) == (date(2026, 2, 23), AS_OF)
    assert "Die Woche läuft noch: 5 von 7 Tagen." in text_of(document(found, "de"))


@pytest.mark.parametrize(
    ("as_of", "is_whole", "monday"),
    [
        (date(2026, 3, 1), True, date(2026, 2, 23)),
        (date(2026, 3, 2), True, date(2026, 2, 23)),
        (date(2026, 3, 7), True, date(2026, 2, 23)),
        (date(2026, 3, 1), False, date(2026, 2, 23)),
        (date(2026, 3, 2), False, date(2026, 3, 2)),
    ],
)
def test_which_week(as_of: date, is_whole: bool, monday: date) -> None:
    assert asked.monday_of(as_of, is_whole=is_whole) == monday


def test_weeks_by_name(pool: Pool) -> None:
    assert asked.week_of("2026-W01") == date(2025, 12, 29)
    assert asked.week_of("2026-w53") == date(2026, 12, 28)
    for name in ("2025-W53", "2026-12", "W12", "2026-Wxx"):
        with pytest.raises(ProhandelError, match="no ISO week"):
            asked.week_of(name)
    for name in ("2026-W10", "2020-W10"):
        with pytest.raises(ProhandelError, match="no complete day"):
            asked.read(pool, name, is_whole=False)


def test_the_plan_is_told_where_there_is_one(year: Marts, pool: Pool) -> None:
    year.execute("update marts.branch_day_performance set plan_net_revenue = 125 where branch_number = '0901'")
    told = text_of(document(asked.read(pool, "2026-W08", is_whole=False), "de"))
    assert "121 % vom Plan (875 €)." in told


def test_the_file_asks_nothing_of_the_network_and_runs_nothing(year: Marts, pool: Pool) -> None:
    year.execute("update marts.dim_articles set name = '<script>alert(1)</script>' where article_number = 'A2'")
    html = document(asked.read(pool, "2026-W08", is_whole=False), "de")
    assert not re.search(r"//|url\(|src=|href=|@import|<script|<link|<img|<iframe", html, re.IGNORECASE)
    assert "&lt;script&gt;" in html
    assert "@page" in html
    assert len(html.encode()) < 100_000


def test_an_empty_warehouse_has_no_report(empty_marts: Marts) -> None:
    with open_pool(from_environment()) as pool, pytest.raises(ProhandelError, match="nothing to report on"):
        asked.read(pool, None, is_whole=True)


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (0, [0, 1]),
        (8, [0, 2, 4, 6, 8]),
        (24568, [0, 10000, 20000, 30000]),
        (1000, [0, 250, 500, 750, 1000]),
        (1001, [0, 500, 1000, 1500]),
    ],
)
def test_the_axis_ends_at_a_round_number_above(most: float, expected: list[float]) -> None:
    assert svg.axis(most) == expected


def target_of(server: Server, home: Path) -> Target:
    way = {"host": server.socket_dir, "port": "5432", "user": "postgres", "dbname": from_environment().database}
    return Target("prod", home, "unused", way, None, home)


def test_the_command_writes_the_file_and_sends_it(
    year: Marts, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer
) -> None:
    target = target_of(server, tmp_path)
    monkeypatch.setattr("prohandel.pipeline.target.find_target", lambda _name: target)
    rules = Rules(channels=(Channel(name="buyers", url="BUYERS", severities=()),))
    monkeypatch.setattr("prohandel.quality.channels.rules_of_project", lambda: rules)
    monkeypatch.setenv("BUYERS", f"json://127.0.0.1:{httpserver.port}/")
    httpserver.expect_request("/", method="POST").respond_with_data("")
    answer = CliRunner().invoke(report_app, ["--week", "2026-W08", "--language", "en", "--send", "buyers"])
    assert answer.exception is None
    path = tmp_path / "reports" / "2026-W08-en.html"
    assert str(path) in answer.output.replace("\n", "")
    posted = json.loads(httpserver.log[0][0].get_data())
    assert posted["title"] == "Weekly report W8 2026"
    assert posted["message"].startswith("Revenue €1,060, +15.2% vs. last year")
    assert base64.b64decode(posted["attachments"][0]["base64"]) == path.read_bytes()


def test_a_channel_that_cannot_take_the_file_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = Rules(channels=(Channel(name="buyers", url="BUYERS"), Channel(name="unset", url="NOT_SET")))
    with pytest.raises(ProhandelError, match="no channel finance"):
        sending.chosen(rules, ["finance"])
    with pytest.raises(ProhandelError, match="NOT_SET is not set"):
        sending.chosen(rules, ["unset"])
    path = tmp_path / "week.html"
    path.write_text("x")
    buyers = rules.channels[0]
    with pytest.raises(ProhandelError, match="takes no files"):
        sending.send(Address(buyers, "rocket://user:password@127.0.0.1/channel"), "", "", path)
    with pytest.raises(ProhandelError, match="no Apprise URL"):
        sending.send(Address(buyers, "nothing"), "", "", path)
    with pytest.raises(ProhandelError, match="did not take"):
        sending.send(Address(buyers, "json://127.0.0.1:9/"), "a", "b", path)
