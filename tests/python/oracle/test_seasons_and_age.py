"""Seasons, age of stock, anomalies and deliveries, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from .small import built, days, frame, rows, sale, seeds, stock, version

SYNCED = "2025-01-01 00:00:00+00"
CALENDAR = frame(
    [
        {"season": "FS24", "starts_on": "2024-02-01", "ends_on": "2024-07-31"},
        {"season": "FS25", "starts_on": "2025-02-01", "ends_on": "2025-07-31"},
    ]
)


def _article(number: str, season: str | None = None, **more: Any) -> dict[str, Any]:
    named = {"id": f"id{number}", "article_number": number, "price": "119", "cost": "40", "_fivetran_synced": SYNCED}
    return {**named, "season": season, **more}


def _history(article: str, levels: list[tuple[str, str]], branch: str = "B1") -> list[dict[str, Any]]:
    """Versions that each begin at 08:00Z of their day."""
    starts = [f"{day} 08:00:00+00" for day, _ in levels]
    ends = [f"{day} 07:59:59.999+00" for day, _ in levels[1:]]
    return [
        version(branch, article, units, start, end)
        for (_, units), start, end in zip(levels, starts, [*ends, None], strict=True)
    ]


def test_weeks_since_the_season_started() -> None:
    marts = built(
        [
            # before anything was received: counts in nothing
            sale("0", "2025-01-10", "NEW", "-1", sale_price="-1"),
            sale("1", "2025-02-07", "NEW", "2", sale_price="238"),
            sale("2", "2025-02-08", "NEW", "3", sale_price="357"),
            sale("3", "2024-02-09", "OLD", "4", sale_price="476"),
        ],
        articles=[_article("NEW", "FS25"), _article("OLD", "FS24")],
        history=[
            # delivered before the season: week 1 has it
            *_history("NEW", [("2025-01-20", "10"), ("2025-02-07", "8"), ("2025-02-08", "5"), ("2025-02-15", "9")]),
            *_history("OLD", [("2024-02-08", "8"), ("2024-02-09", "4")]),
        ],
        inventory=[
            stock("B1", "NEW", "9", "2025-02-15 08:00:00+00"),
            stock("B1", "OLD", "4", "2024-02-09 08:00:00+00"),
        ],
        given_seeds=seeds(
            seasons=CALENDAR,
            season_plan=frame(
                [{"season": "FS25", "category": "unknown", "season_week": "2", "plan_sell_through": "0.4"}]
            ),
        ),
        as_of_date="2025-02-16",
    )
    weeks = {key: row for key, row in rows(marts, "season_weeks").items() if key.startswith("FS25")}
    assert list(weeks) == ["FS25/unknown/1", "FS25/unknown/2", "FS25/unknown/3"]
    shown = ("received_units_cumulated", "net_units_cumulated", "sell_through_last_year", "plan_sell_through")
    assert [tuple(row[column] for column in shown) for row in weeks.values()] == [
        # Friday 2025-02-07 ends week 1; FS24 received in its week 2 only
        (10.0, 2.0, None, None),
        (10.0, 5.0, 0.5, 0.4),
        (14.0, 5.0, 0.5, None),
    ]
    season = rows(marts, "season_performance")["FS25/unknown/unknown/unknown"]
    assert (season["received_units"], season["net_units"]) == (14.0, 5.0)
    assert season["season_sell_through"] == pytest.approx(5 / 14)
    # 366 days lie between the starts: the 16th of FS25 is compared with 2024-02-16
    assert season["sell_through_same_week_last_year"] == 0.5
    assert (season["rest_units"], season["rest_value_cost"]) == (9.0, 360.0)


def test_markdown_is_against_the_first_label() -> None:
    marts = built(
        [
            sale("1", "2025-02-07", "NEW", "1", sale_price="119", label_price="119"),
            sale("2", "2025-02-08", "NEW", "2", sale_price="150", label_price="89"),
            sale("3", "2025-02-09", "NEW", "-1", sale_price="-75", label_price="89"),
            sale("4", "2025-02-10", "NEW", "1", sale_price="129", label_price="129"),
            sale("5", "2025-02-11", "NEW", "1", sale_price="60", label_price="59"),
        ],
        articles=[_article("NEW", "FS25")],
        as_of_date="2025-02-10",
    )
    season = rows(marts, "season_performance")["FS25/unknown/unknown/unknown"]
    # 2 x 30; dearer labels and returns mark nothing down, the 11th lies after A
    assert season["markdown_amount"] == 60.0
    assert season["markup"] == pytest.approx(60 / 40)
    assert season["received_units"] == 5.0 - 1.0 - 1.0 + 1.0


def _ages(season: str | None) -> dict[str, float]:
    marts = built(
        [sale("1", "2025-04-15", "X", "2", sale_price="1"), sale("2", "2025-06-30", "CLOCK", "1")],
        articles=[_article("X", season)],
        history=[
            *_history("X", [("2024-06-01", "4"), ("2025-04-01", "9"), ("2025-04-15", "7"), ("2025-06-20", "10")]),
            # a transfer: what leaves B1 on a day arrives at B2 on it
            *_history("X", [("2024-06-01", "0"), ("2025-06-25", "3")], "B2"),
            *_history("X", [("2024-06-01", "3"), ("2025-06-25", "0")], "B3"),
        ],
        inventory=[
            stock("B1", "X", "10", "2025-06-20 08:00:00+00"),
            stock("B2", "X", "3", "2025-06-25 08:00:00+00"),
            stock("B3", "X", "0", "2025-06-25 08:00:00+00"),
        ],
        as_of_date="2025-06-30",
    )
    return {key.split("/")[1]: row["stock_units"] for key, row in rows(marts, "stock_age").items()}


def test_age_of_stock() -> None:
    # 7 received on 2024-06-01, 5 on 2025-04-01, 3 on 2025-06-20; 13 are left: 3 + 5 + 5
    assert _ages(None) == {"0-30": 3.0, "31-90": 5.0, "366+": 5.0}
    # a seasonal article has the age of its first receipt
    assert _ages("FS25") == {"366+": 13.0}


def test_anomalies() -> None:
    fortnight = days("2025-06-01", 14)
    marts = built(
        [
            # one a day, then none for nine days: 9 were expected
            *[sale(day, day, "GHOST", "1", sale_price="119") for day in fortnight],
            sale("low", "2025-06-10", "CHEAP", "1", sale_price="23,80", purchase_price="30"),
            sale("clock", "2025-06-23", "CHEAP", "1", sale_price="238"),
        ],
        articles=[_article("GHOST"), _article("CHEAP", cost=None, price=None), _article("UNDER")],
        history=[
            *_history("GHOST", [("2025-06-01", "20")]),
            *_history("CHEAP", [("2025-06-05", "1")]),
            *_history("UNDER", [("2025-06-02", "-1"), ("2025-06-05", "0"), ("2025-06-08", "-2"), ("2025-06-09", "-3")]),
        ],
        inventory=[
            stock("B1", "GHOST", "20", "2025-06-01 08:00:00+00"),
            stock("B1", "CHEAP", "1", "2025-06-05 08:00:00+00"),
            stock("B1", "UNDER", "-3", "2025-06-09 08:00:00+00"),
        ],
        as_of_date="2025-06-23",
    )
    found = {key[3:]: row for key, row in rows(marts, "stock_anomalies").items()}
    assert {key: (row["since"], row["units"], row["value_cost"]) for key, row in found.items()} == {
        "UNDER/negative": ("2025-06-08", -3.0, -120.0),
        "GHOST/phantom": ("2025-06-15", 20.0, 800.0),
        "CHEAP/no_cost": ("2025-06-05", 1.0, None),
        "CHEAP/no_price": ("2025-06-05", 1.0, None),
        "CHEAP/below_cost_sale": ("2025-06-10", 1.0, 10.0),
    }


@pytest.mark.parametrize(("sold_here", "wanted"), [(False, ("2025-06-10", 4.0, 20, 3.0, "B2")), (True, None)])
def test_deliveries_that_sell_elsewhere(sold_here: bool, wanted: tuple[Any, ...] | None) -> None:
    marts = built(
        [
            sale("1", "2025-06-10", "X", "1", sale_price="1", branch_number="B3"),
            sale("2", "2025-06-12", "X", "2", sale_price="1", branch_number="B2"),
            sale("3", "2025-06-02", "X", "7", sale_price="1", branch_number="B3"),
            *([sale("4", "2025-06-10", "X", "1", sale_price="1")] if sold_here else []),
        ],
        articles=[_article("X")],
        # the delivery of the 17th is not settled yet
        history=_history("X", [("2025-06-01", "1"), ("2025-06-10", "4" if sold_here else "5"), ("2025-06-17", "9")]),
        inventory=[stock("B1", "X", "9", "2025-06-17 08:00:00+00")],
        tables={"shop": [{"id": "b1", "branch_number": "B1", "shop_type": "retail", "_fivetran_synced": SYNCED}]},
        as_of_date="2025-06-30",
    )
    columns = ("received_on", "received_units", "days_since", "demand_units_elsewhere_28d", "best_branch")
    found = [tuple(row[column] for column in columns) for row in rows(marts, "unsold_deliveries").values()]
    assert found == ([wanted] if wanted else [])
