"""Numbers, dates and sizes as readers write them."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime

import pytest

from prohandel.dashboard.column_words import COLUMNS, UNITS, VALUES
from prohandel.dashboard.formats import Formats, change_rate, kind_of
from prohandel.dashboard.sizes import size_order
from prohandel.dashboard.words import SHARED, Words

DE, EN = Formats("de"), Formats("en")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (DE.number(1234567.891, 1), "1.234.567,9"),
        (EN.number(1234567.891, 1), "1,234,567.9"),
        (DE.number(-1234.5), "\u22121.234"),
        (DE.number(-0.2), "0"),
        (DE.money(1234), "1.234\u00a0€"),
        (EN.money(-1234), "\u2212€1,234"),
        (DE.money_short(999_499), "999.499\u00a0€"),
        (DE.money_short(1_280_000), "1,28\u00a0Mio.\u00a0€"),
        (EN.money_short(1_280_000), "€1.28M"),
        (DE.percent(0.1234), "12,3\u00a0%"),
        (EN.percent(0.1234), "12.3%"),
        (DE.change(0.032), "+3,2\u00a0%"),
        (DE.change(-0.032), "\u22123,2\u00a0%"),
        (DE.change(0.0), "0,0\u00a0%"),
        (DE.points(0.012), "+1,2\u00a0PP"),
        (DE.day(date(2026, 2, 27), weekday=True), "Fr 27.02.2026"),
        (EN.day(date(2026, 2, 7)), "7 Feb 2026"),
        (DE.week(date(2026, 1, 1)), "KW\u00a01"),
        (DE.week(date(2027, 1, 1)), "KW\u00a053"),
        (DE.moment(datetime(2026, 7, 1, 22, 30, tzinfo=UTC)), "02.07.2026 00:30"),
        (DE.number(None), "\u2013"),
        (DE.money(math.nan), "\u2013"),
        (DE.value(True, "yes_no"), "ja"),
    ],
)
def test_values_as_readers_write_them(written: str, expected: str) -> None:
    assert written == expected


def test_a_share_is_a_percentage_and_a_turnover_is_not() -> None:
    assert kind_of("margin_pct", "rate") == "percent"
    assert kind_of("turnover_rate", "rate") == "factor"
    assert kind_of("gmroi", "rate") == "factor"


def test_a_change_from_nothing_is_no_change() -> None:
    assert change_rate(5, 0) is None
    assert change_rate(None, 5) is None
    assert change_rate(5, -10) == 1.5


def test_sizes_hang_in_the_order_of_the_rack() -> None:
    mixed = ["unknown", "XL", "38", "S", "32/34", "M", "9", "one", "XS", "32/32"]
    assert sorted(mixed, key=size_order) == ["XS", "S", "M", "XL", "9", "32/32", "32/34", "38", "one", "unknown"]


@pytest.mark.parametrize("pairs", [SHARED, COLUMNS, UNITS, VALUES])
def test_every_word_is_there_in_both_languages_with_the_same_gaps(pairs: dict[str, tuple[str, str]]) -> None:
    import string

    def gaps(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert all(german and english and gaps(german) == gaps(english) for german, english in pairs.values())


def test_unknown_values_are_told_in_the_readers_words() -> None:
    assert Words("de").of_value("unknown") == "unbekannt"
    assert Words("de").of_value("Hemden") == "Hemden"
