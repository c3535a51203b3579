"""Cleaning, by hand."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from . import cleaning


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ("12,90", 129_000),
        ("1.234,50", 12_345_000),
        ("1,234.50", 12_345_000),
        ("1.234", 12_340),
        (" -3,5 ", -35_000),
        ("1e-05", 0),
        ("0.00005", 1),
        ("-0.00005", -1),
        ("2.9500000000000002", 29_500),
        ("abc", None),
        ("NaN", None),
        ("12,90-", None),
        (",", None),
    ],
)
def test_numbers(raw: str, wanted: int | None) -> None:
    parsed = cleaning.number(pd.Series([raw]))
    assert (None if parsed.values.isna()[0] else parsed.values[0]) == wanted
    assert bool(parsed.unreadable[0]) == (wanted is None)


def test_empty_text_is_missing_and_not_unreadable() -> None:
    parsed = cleaning.number(pd.Series(["", "  ", None]))
    assert parsed.values.isna().all()
    assert not parsed.unreadable.any()


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ("2025-01-01", date(2025, 1, 1)),
        ("2025-01-01T23:30:00", date(2025, 1, 1)),
        ("2025-01-01T23:30:00Z", date(2025, 1, 2)),
        ("2025-07-01 21:59:59+00", date(2025, 7, 1)),
        ("2025-07-01 22:00:00+00", date(2025, 7, 2)),
        ("2025-03-29T23:00:00Z", date(2025, 3, 30)),
        ("2025-10-25T22:00:00Z", date(2025, 10, 26)),
        ("2025-10-26T22:59:59Z", date(2025, 10, 26)),
        ("31.12.2024 23:59", date(2024, 12, 31)),
        ("2025-02-30", None),
        ("yesterday", None),
    ],
)
def test_business_days(raw: str, wanted: date | None) -> None:
    parsed = cleaning.day(pd.Series([raw]))
    found = None if parsed.values.isna()[0] else date.fromordinal(int(parsed.values[0]) + cleaning.EPOCH_DAY)
    assert found == wanted


def test_booleans() -> None:
    parsed = cleaning.boolean(pd.Series(["ja", "J", "t", "1", "Nein", "N", "false", "0", "maybe", None]))
    assert parsed.values.tolist()[:8] == [True] * 4 + [False] * 4
    assert parsed.values.isna().tolist()[8:] == [True, True]
    assert parsed.unreadable.tolist()[8:] == [True, False]


def test_division_rounds_half_away_from_zero() -> None:
    quotient = cleaning.divide(pd.Series([5, -5, 7, None, 1], dtype="Int64"), pd.Series([2, 2, -2, 2, 0]))
    assert quotient.tolist()[:3] == [3, -3, -4]
    assert quotient.isna().tolist() == [False, False, False, True, True]
