"""Types inferred from text."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prohandel.landing.inference import infer_column, infer_types


def local(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["true", "FALSE", None], [True, False, None]),
        (["1", "-20", None], [1, -20, None]),
        (["9223372036854775807"], [2**63 - 1]),
        (["12.90", "-0.5", "3"], [12.9, -0.5, 3.0]),
        (["0.30000000000000004"], [0.30000000000000004]),
        (["2026-02-28", None], [date(2026, 2, 28), None]),
        (["2026-02-28T18:00:00", "2026-02-28 18:00", "2026-02-28"], [local(2026, 2, 28, h) for h in (18, 18, 0)]),
        (["2026-02-28 18:00:00.25"], [local(2026, 2, 28, 18, 0, 0, 250_000)]),
        (
            ["2026-02-28T18:00:00Z", "2026-02-28 18:00:00+01:00", "2026-02-28 18:00:00.5+0100", "2026-02-28 18:00-05"],
            [
                datetime(2026, 2, 28, 18, tzinfo=UTC),
                datetime(2026, 2, 28, 17, tzinfo=UTC),
                datetime(2026, 2, 28, 17, 0, 0, 500_000, tzinfo=UTC),
                datetime(2026, 2, 28, 23, tzinfo=UTC),
            ],
        ),
    ],
)
def test_read_as_what_it_is(texts: list[str | None], values: list[Any]) -> None:
    read = infer_column(pl.Series("column", texts, pl.String))
    assert read.to_list() == values
    assert read.dtype != pl.String


@pytest.mark.parametrize(
    "texts",
    [
        ["0901", "0902"],
        ["1", "0901"],
        ["1", "x"],
        ["12,90"],
        ["1.234,50"],
        ["1e5"],
        ["84E5", "15056"],
        ["+1"],
        ["9223372036854775808"],
        ["4006381333931000000000"],
        ["ja", "nein"],
        ["true", "1"],
        ["2026-02-30"],
        ["28.02.2026"],
        ["2026-02-28T25:00:00"],
        ["2026-02-28T18:00:00", "2026-02-28T18:00:00Z"],
        ["2026-02-28", "2026-02-28T18:00:00Z"],
        ["nan"],
        ["inf"],
        [" 1"],
        [None, None],
        [],
    ],
)
def test_stays_text(texts: list[str | None]) -> None:
    values = pl.Series("column", texts, pl.String)
    read = infer_column(values)
    assert read.dtype == pl.String
    assert read.to_list() == texts


def test_names_and_numbers_of_things_are_no_amounts() -> None:
    """An article 12.50 read as an amount would come back as 12.5, which is another article."""
    rows = pl.DataFrame({"article_number": ["12.50", "7"], "season": ["2026-01-01", None], "price": ["12.50", "7"]})
    read = infer_types(rows, no_decimals=["article_number", "season"])
    assert read.schema == {"article_number": pl.String, "season": pl.String, "price": pl.Float64}


def test_a_column_that_landed_as_text_keeps_its_text() -> None:
    rows = pl.DataFrame({"price": ["12.50"], "quantity": ["1"]})
    assert infer_types(rows, keep_text=["price"]).schema == {"price": pl.String, "quantity": pl.Int64}


def test_what_does_not_fit_may_come_late() -> None:
    read = infer_column(pl.Series("column", [*map(str, range(10_000)), "x"]))
    assert read.dtype == pl.String


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_whole_numbers_come_back(numbers: list[int]) -> None:
    assert infer_column(pl.Series("column", [str(number) for number in numbers])).to_list() == numbers


@given(st.lists(st.datetimes(), min_size=1))
def test_local_times_come_back(moments: list[datetime]) -> None:
    texts = [moment.isoformat(timespec="microseconds") for moment in moments]
    assert infer_column(pl.Series("column", texts)).to_list() == moments
