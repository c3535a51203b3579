"""Lists: filters, pages, CSV, overrides written and revoked."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from prohandel.api.recommendations import COLUMNS
from tests.python.api.asking import Api, problem, served
from tests.python.api.hand_made import ODD_ARTICLE, build, recommend
from tests.python.conftest import Database, Server


def articles(api: Api, query: str = "") -> list[str]:
    response = api.get(f"/v1/recommendations{query}")
    assert response.status_code == 200, response.text
    return [row["article_number"] for row in response.json()["recommendations"]]


def test_the_most_urgent_come_first(api: Api) -> None:
    assert articles(api) == ["A1", "A2", "A3", ODD_ARTICLE]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?branch=B2", ["A3", ODD_ARTICLE]),
        ("?supplier=Nord", ["A2"]),
        ("?category=Jeans", ["A1", ODD_ARTICLE]),
        ("?urgency=now&urgency=later", ["A1", "A3"]),
        ("?category=Jeans&branch=B1&urgency=now", ["A1"]),
        ("?branch=nothing", []),
    ],
)
def test_filters(api: Api, query: str, expected: list[str]) -> None:
    assert articles(api, query) == expected


def test_one_has_its_sizes(api: Api) -> None:
    given = api.get("/v1/recommendations/B1/A1").json()
    assert set(given) == {*COLUMNS, "sizes"}
    assert (given["article_name"], given["recommended_order_units"], given["as_of_date"]) == ("=1+1", 8, "2026-02-27")
    assert [(size["article_size_number"], size["recommended_units"]) for size in given["sizes"]] == [("L", 5), ("M", 3)]
    odd = api.get(f"/v1/recommendations/B2/{quote(ODD_ARTICLE, safe='')}").json()
    assert (odd["article_number"], odd["sizes"]) == (ODD_ARTICLE, [])
    problem(api.get("/v1/recommendations/B1/nothing"), 404, "no-recommendation")


@pytest.mark.parametrize(
    ("query", "accept", "is_csv"),
    [
        ("?format=csv", "application/json", True),
        ("", "text/csv", True),
        ("", "application/json;q=0.5, text/csv", True),
        ("", "text/csv;q=0.5, application/json", False),
        ("", "*/*", False),
        ("?format=json", "text/csv", False),
    ],
)
def test_csv_where_it_is_asked_for(api: Api, query: str, accept: str, is_csv: bool) -> None:
    response = api.get(f"/v1/recommendations{query}", headers={"Accept": accept})
    assert response.headers["content-type"].startswith("text/csv") is is_csv


def test_csv_has_every_column_and_no_formula(api: Api) -> None:
    response = api.get("/v1/recommendations?format=csv&limit=1")
    rows = list(csv.DictReader(io.StringIO(response.text, newline="")))
    assert list(rows[0]) == list(COLUMNS)
    assert len(rows) == 1
    assert rows[0]["article_name"] == "'=1+1"
    assert (rows[0]["order_value_cost"], rows[0]["safety_stock_normal"], rows[0]["is_from_batch"]) == (
        "80.0",
        "",
        "true",
    )
    assert response.headers["link"].startswith("<?format=csv&limit=1&cursor=")


@pytest.fixture(scope="module")
def ties(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """240 recommendations, most of them alike in all that they are ordered by but their numbers."""
    created = server.create_database("api_ties")
    with created.connect() as conn:
        build(conn)
        conn.execute("delete from marts.reorder_recommendations")
        for number in range(240):
            value = (None, 20, 20, 20.5)[number % 4]
            urgency = ("now", "none")[number % 3 == 0]
            recommend(conn, f"B{number % 7}", f"Z{number:03}", urgency=urgency, order_value_cost=value)
    with served(created, Path(tmp_path_factory.mktemp("ties"))) as api:
        yield api
    created.drop()


@pytest.mark.parametrize("limit", [1, 7, 120, 239, 240])
def test_pages_are_complete_and_do_not_overlap(ties: Api, limit: int) -> None:
    if limit == 1:
        query = "/v1/recommendations?limit=1&branch=B3"
        whole = ties.get("/v1/recommendations?limit=1000&branch=B3").json()["recommendations"]
    else:
        query = f"/v1/recommendations?limit={limit}"
        whole = ties.get("/v1/recommendations?limit=1000").json()["recommendations"]
    read: list[dict[str, Any]] = []
    response = ties.get(query)
    while True:
        read += response.json()["recommendations"]
        if response.json()["next_cursor"] is None:
            break
        response = ties.get("/v1/recommendations" + response.headers["link"].removeprefix("<").partition(">")[0])
    assert read == whole
    assert len({row["article_number"] for row in read}) == len(read) == (34 if limit == 1 else 240)
    costs = [row["order_value_cost"] for row in read if row["urgency"] == "now"]
    assert costs == sorted(costs, key=lambda cost: -1 if cost is None else cost, reverse=True)


def test_a_cursor_of_another_list_or_day_is_refused(ties: Api, api: Api, marts: Database) -> None:
    cursor = ties.get("/v1/recommendations?limit=5").json()["next_cursor"]
    problem(ties.get(f"/v1/recommendations?limit=5&branch=B1&cursor={cursor}"), 409, "wrong-cursor")
    problem(ties.get("/v1/accuracy", params={"cursor": cursor}), 409, "wrong-cursor")
    for broken in ("", "x", "@@@@", cursor[:-3], "WyJ4Il0", "bnVsbA", cursor + "AAAA", "%00", "ä"):
        problem(ties.get("/v1/recommendations", params={"cursor": broken}), 409, "wrong-cursor")
    cursor = api.get("/v1/recommendations?limit=1").json()["next_cursor"]
    with marts.connect() as conn:
        conn.execute("update marts.reorder_recommendations set as_of_date = as_of_date + 1")
    try:
        problem(api.get(f"/v1/recommendations?limit=1&cursor={cursor}"), 409, "changed-since")
    finally:
        with marts.connect() as conn:
            conn.execute("update marts.reorder_recommendations set as_of_date = as_of_date - 1")


def test_accuracy_and_drift_newest_first(api: Api) -> None:
    rows = api.get("/v1/accuracy").json()["accuracy"]
    assert [(row["model"], row["forecast_origin"]) for row in rows] == [
        ("baseline", "2026-01-30"),
        ("boosted", "2026-01-30"),
        ("boosted", "2026-01-02"),
    ]
    assert (rows[1]["wape"], rows[1]["scaled_pinball"], rows[1]["is_champion"]) == (0.7, None, True)
    assert len(api.get("/v1/accuracy?is_champion=true&since=2026-01-15").json()["accuracy"]) == 1
    assert len(api.get("/v1/accuracy?model=boosted&segment=all").json()["accuracy"]) == 2
    first = api.get("/v1/accuracy?limit=2").json()
    rest = api.get("/v1/accuracy", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert (first["accuracy"] + rest["accuracy"], rest["next_cursor"]) == (rows, None)
    drift = api.get("/v1/drift").json()["drift"]
    assert [(row["segment"], row["week"], row["is_drifting"]) for row in drift] == [
        ("A/X", "2026-02-23", True),
        ("all", "2026-02-16", False),
    ]
    assert api.get("/v1/drift?is_drifting=true").json()["drift"] == drift[:1]
    assert api.get("/v1/drift?since=2026-02-24").json() == {"drift": [], "next_cursor": None}


def test_an_override_is_written_listed_and_revoked(api: Api, marts: Database) -> None:
    body = {"branch_number": "B1", "article_number": "A1", "starts_on": "2026-03-02", "days": 7, "reason": "Window"}
    created = api.post("/v1/overrides", body | {"factor": 1.5}, key=api.write)
    assert created.status_code == 201, created.text
    given = created.json()
    assert given["ends_on"] == "2026-03-08"
    assert (given["factor"], given["units"], given["author"], given["revoked_at"]) == (1.5, None, "planner", None)
    second = api.post("/v1/overrides", body | {"article_number": "A2", "units": 20, "days": 1}, key=api.write).json()
    assert (second["ends_on"], second["units"], second["factor"]) == ("2026-03-02", 20, None)
    with marts.connect() as conn:
        row = conn.execute(
            "select branch_number, article_number, starts_on::text, ends_on::text, factor, units, reason, author"
            " from forecasting.overrides where override_id = %s",
            [given["override_id"]],
        ).fetchone()
    assert row == ("B1", "A1", "2026-03-02", "2026-03-08", 1.5, None, "Window", "planner")

    def numbers(query: str) -> list[int]:
        return [one["override_id"] for one in api.get(f"/v1/overrides{query}").json()["overrides"]]

    ids = [second["override_id"], given["override_id"]]
    assert numbers("") == ids
    assert numbers("?article=A1") == numbers("?on=2026-03-08") == ids[1:]
    gone = api.request("DELETE", f"/v1/overrides/{ids[1]}", key=api.write).json()
    assert gone["revoked_at"]
    assert api.request("DELETE", f"/v1/overrides/{ids[1]}", key=api.write).json() == gone
    assert (numbers("?is_revoked=false"), numbers("?is_revoked=true")) == (ids[:1], ids[1:])
    problem(api.request("DELETE", "/v1/overrides/999999", key=api.write), 404)


def test_an_override_has_to_make_sense(api: Api) -> None:
    body = {"branch_number": "B1", "article_number": "A1", "starts_on": "2026-03-02", "days": 7, "reason": "Window"}
    for wrong in (
        {}, {"factor": 1, "units": 1}, {"factor": None, "units": 1}, {"factor": -1}, {"factor": 101}, {"units": "many"},
        {"factor": 1, "days": 0}, {"factor": 1, "days": 367}, {"factor": 1, "starts_on": "2026-02-30"},
        {"factor": 1, "starts_on": 20000}, {"factor": 1, "reason": "  "}, {"factor": 1, "reason": ""},
        {"factor": 1, "author": "somebody else"}, {"factor": True, "units": 1},
    ):  # fmt: skip
        problem(api.post("/v1/overrides", body | wrong, key=api.write), 422, "invalid-request")
    unknown = api.post("/v1/overrides", body | {"factor": 1, "branch_number": "B9"}, key=api.write)
    assert problem(unknown, 404, "unknown-pair")["errors"] == [{"in": "body.branch_number", "detail": "not known"}]


def test_before_any_batch_there_are_no_overrides_and_none_can_be_written(database: Database, tmp_path: Path) -> None:
    with database.connect() as conn:
        build(conn)
        conn.execute("drop schema forecasting cascade")
    with served(database, tmp_path) as api:
        assert api.get("/v1/overrides").json() == {"overrides": [], "next_cursor": None}
        body = {
            "branch_number": "B1",
            "article_number": "A1",
            "starts_on": "2026-03-02",
            "days": 7,
            "reason": "x",
            "units": 1,
        }
        problem(api.post("/v1/overrides", body, key=api.write), 503, "not-ready")
        assert api.get("/v1/forecasts/B1/A2").json()["model"] == "baseline"
        assert api.get("/v1/ready").json()["is_batch_used"] is False
