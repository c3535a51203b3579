"""Classes and rates of articles, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from .small import built, days, rows, sale, stock, version


def _profit(marts: Any) -> dict[str, dict[str, Any]]:
    return rows(marts, "product_profitability")


def test_abc_counts_the_share_before_the_article() -> None:
    revenue = {"A1": 50, "A2": 30, "B1": 10, "B2": 5, "C1": 5, "GIFT": 500}
    marts = built(
        [sale(number, "2025-06-02", number, "1", sale_price=amount) for number, amount in revenue.items()]
        + [sale("back", "2025-06-02", "C2", "-1", sale_price="-7")],
        prices_include_vat=False,
    )
    classes = {number: row["abc_class"] for number, row in _profit(marts).items()}
    # shares before: A1 0, A2 .5, B1 .8, B2 .9 (by number before C1), C1 .95
    assert classes == {"A1": "A", "A2": "A", "B1": "B", "B2": "B", "C1": "C", "C2": "C", "GIFT": None}


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [([2] * 13, "X"), ([1, 3] * 7, "X"), ([0, 2] * 7, "Y"), ([0, 0, 0, 3] * 4, "Z"), ([2] * 12, None)],
)
def test_xyz_over_weeks(pattern: list[int], wanted: str | None) -> None:
    weeks = len(pattern)
    first = days("2025-06-30", 1, 1)[0]
    starts = days("2025-06-24", weeks, -7)[::-1]
    marts = built(
        [sale(f"w{n}", starts[n], "X", str(units), sale_price="1") for n, units in enumerate(pattern) if units]
        + [sale("clock", first, "HAT", "1", sale_price="1")],
        history=[version("B1", "X", "9", f"{starts[0]} 08:00:00+00")],
        inventory=[stock("B1", "X", "9", f"{starts[0]} 08:00:00+00")],
        as_of_date="2025-06-30",
    )
    assert _profit(marts)["X"]["xyz_class"] == wanted


def test_rates_of_a_year() -> None:
    article = {"id": "1", "article_number": "X", "price": "119", "cost": "40", "_fivetran_synced": "2025-01-01"}
    marts = built(
        [
            sale("1", "2025-06-02", "X", "2", sale_price="202,30", label_price="119"),
            sale("2", "2025-06-03", "X", "-1", sale_price="-101,15", label_price="119"),
            sale("too old", "2024-06-30", "X", "9", sale_price="1"),
        ],
        articles=[article],
        as_of_date="2025-06-30",
    )
    row = _profit(marts)["X"]
    # net 170 - 85, cogs 80 - 40
    assert (row["net_revenue_365d"], row["cogs_365d"], row["gross_margin_365d"]) == (85.0, 40.0, 45.0)
    assert row["margin_pct"] == pytest.approx(45 / 85)
    assert row["return_rate"] == 0.5
    assert row["discount_rate"] == pytest.approx(35.7 / 238)
    assert row["markup"] == pytest.approx((100 - 40) / 40)
    assert (row["gmroi"], row["sell_through_rate_90d"]) == (None, None)


def test_gmroi_and_sell_through_of_the_company() -> None:
    article = {"id": "1", "article_number": "X", "price": "119", "cost": "40", "_fivetran_synced": "2025-01-01"}
    moved = "2025-06-10 08:00:00+00"
    before = "2025-06-10 07:59:59.999+00"
    marts = built(
        [sale("1", "2025-06-02", "X", "2", sale_price="238"), sale("2", "2025-06-30", "Y", "1")],
        articles=[article],
        history=[
            version("B1", "X", "10", "2025-01-01 08:00:00+00", "2025-06-02 07:59:59.999+00"),
            version("B1", "X", "8", "2025-06-02 08:00:00+00", before),
            version("B1", "X", "3", moved),
            version("B2", "X", "0", "2025-01-01 08:00:00+00", before),
            version("B2", "X", "5", moved, "2025-06-20 07:59:59.999+00"),
            version("B2", "X", "9", "2025-06-20 08:00:00+00"),
        ],
        inventory=[stock("B1", "X", "3", moved), stock("B2", "X", "9", "2025-06-20 08:00:00+00")],
        as_of_date="2025-06-30",
    )
    row = _profit(marts)["X"]
    # 152 days at 10, 18 at 8, 11 at 12 (the 20th to the 30th of June): 1,796 unit-days at 40
    assert row["gmroi"] == pytest.approx((200 - 80) * 365 / (1796 * 40))
    # opening 10; 4 received on the 20th; the transfer of 5 is none
    assert row["sell_through_rate_90d"] == pytest.approx(2 / 14)
