"""Filters as values and as an address."""

from __future__ import annotations

from datetime import date

import pytest

from prohandel.dashboard.filters import Filters, Span, before_of, from_values, span_of, to_address

AS_OF = date(2026, 2, 27)


@pytest.mark.parametrize(
    ("period", "first"),
    [
        ("p7", date(2026, 2, 21)),
        ("p28", date(2026, 1, 31)),
        ("week", date(2026, 2, 23)),
        ("month", date(2026, 2, 1)),
        ("year", date(2026, 1, 1)),
    ],
)
def test_periods_end_at_the_last_complete_day(period: str, first: date) -> None:
    assert span_of(period, AS_OF) == Span(first, AS_OF)  # type: ignore[arg-type]


def test_the_period_before_is_as_long_and_ends_the_day_before() -> None:
    span = Span(date(2026, 2, 1), AS_OF)
    assert before_of(span, "previous") == Span(date(2026, 1, 5), date(2026, 1, 31))


def test_last_year_meets_the_same_weekday() -> None:
    before = before_of(Span(AS_OF, AS_OF), "last_year")
    assert before == Span(date(2025, 2, 28), date(2025, 2, 28))
    assert before.first.weekday() == AS_OF.weekday()


def test_an_own_period_is_put_in_order_and_cut_at_the_last_complete_day() -> None:
    chosen = from_values({"period": "own", "from": "2026-03-05", "to": "2026-02-10"}, AS_OF)
    assert chosen.span == Span(date(2026, 2, 10), AS_OF)


@pytest.mark.parametrize("junk", [{"period": "p9"}, {"period": "own", "from": "x"}, {"money": "free"}, {"compare": ""}])
def test_an_address_that_makes_no_sense_is_the_default(junk: dict[str, str]) -> None:
    assert from_values(junk, AS_OF) == from_values({}, AS_OF)


def test_an_address_leads_back_to_its_filters() -> None:
    chosen = from_values(
        {"period": "own", "from": "2026-01-03", "to": "2026-01-09", "branch": ["0901", "0902"], "brand": "Alster",
         "money": "gross", "compare": "previous", "assortment": "nos"},
        AS_OF,
    )  # fmt: skip
    assert from_values(to_address(chosen), AS_OF) == chosen


def test_defaults_leave_the_address_empty() -> None:
    assert to_address(from_values({}, AS_OF)) == {}


def test_fashion_is_what_is_not_always_there() -> None:
    chosen: Filters = from_values({"assortment": "fashion"}, AS_OF)
    assert chosen.parameters()["assortment_types"] == ["one_shot", "reorderable"]
    assert chosen.needs_articles
    assert not from_values({"branch": ["0901"], "category": ["Hemden"]}, AS_OF).needs_articles
