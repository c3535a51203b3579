"""`prohandel forecast file` and `score`: Parquet to Parquet, and what they say about files that are wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from prohandel.errors import ProhandelError
from prohandel.forecast import file as module
from prohandel.forecast.commands import forecast_app
from prohandel.forecast.distribution import LEVEL_NAMES
from prohandel.forecast.file import read_panel
from prohandel.forecast.score_file import score_file

START = date(2026, 1, 5)
Row = Mapping[str, Any]


def rows_of(series: str, units: Sequence[float | None], start: date = START, **more: Any) -> list[dict[str, Any]]:
    return [
        {"series_id": series, "date": start + timedelta(days=day), "units": sold, **more}
        for day, sold in enumerate(units)
    ]


def written(folder: Path, rows: Sequence[Row], name: str = "in.parquet") -> Path:
    path = folder / name
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(path)
    return path


def run(*arguments: object) -> Any:
    found = CliRunner().invoke(forecast_app, [str(each) for each in arguments])
    if found.exception and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found


def test_file_to_file_and_scored(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    history = [row for name in "ab" for row in rows_of(name, rng.poisson(2, 120).tolist())]
    future = [row for name in "ab" for row in rows_of(name, rng.poisson(2, 7).tolist(), START + timedelta(days=120))]
    out = tmp_path / "out.parquet"
    answer = run("file", written(tmp_path, history), out, "--horizon", 7, "--model", "negative_binomial", "--json")
    assert json.loads(answer.stdout)["rows"] == 14
    table = pl.read_parquet(out)
    assert table.columns == ["series_id", "date", "mean", *LEVEL_NAMES, "model"]
    assert table["date"].min() == START + timedelta(days=120)
    assert table["date"].max() == START + timedelta(days=126)
    assert table["series_id"].to_list() == ["a"] * 7 + ["b"] * 7
    assert table["mean"].to_numpy() == pytest.approx(2, abs=1.0)
    assert (np.diff(table.select(LEVEL_NAMES).to_numpy(), axis=1) >= 0).all()
    scores = json.loads(run("score", out, written(tmp_path, [*history, *future], "actual.parquet"), "--json").stdout)
    assert scores["n_points"] == 14
    assert 0.2 < scores["wql"] < 1
    assert scores["mase"] > 0
    without_history = json.loads(run("score", out, written(tmp_path, future, "future.parquet"), "--json").stdout)
    assert without_history["mase"] is None
    assert without_history["wql"] == scores["wql"]
    assert "wql" in run("score", out, tmp_path / "future.parquet").stdout


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    source = written(tmp_path, [row for name in range(20) for row in rows_of(str(name), rng.poisson(1, 150).tolist())])
    for out in ("one", "two"):
        run("file", source, tmp_path / out, "--model", "boosted", "--seed", 3, "--threads", 1)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_days_without_a_row_are_days_without_sales(tmp_path: Path) -> None:
    sparse = [
        *rows_of("a", [3]),
        *rows_of("a", [1], START + timedelta(days=4)),
        *rows_of("b", [2], START + timedelta(days=3)),
    ]
    panel = read_panel(written(tmp_path, sparse), "D", 3)
    np.testing.assert_array_equal(panel.units, [[3, 0, 0, 0, 1], [np.nan, np.nan, np.nan, 2, 0]])
    assert panel.in_stock_share.min() == 1


def test_weeks_and_months_hold_the_dates_within(tmp_path: Path) -> None:
    weekly = [
        {"series_id": 1, "date": date(2026, 1, 7), "units": 2},
        {"series_id": 1, "date": date(2026, 1, 19), "units": 4},
    ]
    panel = read_panel(written(tmp_path, weekly), "W", 3)
    assert panel.series_ids == ("1",)
    assert panel.periods.astype(str).tolist() == ["2026-01-05", "2026-01-12", "2026-01-19"]
    assert panel.units.tolist() == [[2, 0, 4]]
    with pytest.raises(ProhandelError, match="2 rows of series 1 in the month of 2026-01-01"):
        read_panel(tmp_path / "in.parquet", "M", 3)
    monthly = [{"series_id": 1, "date": date(2025, 12, 31), "units": 2}, {"series_id": 1, "date": START, "units": 4}]
    months = read_panel(written(tmp_path, monthly), "M", 3)
    assert months.periods.astype(str).tolist() == ["2025-12-01", "2026-01-01"]


def test_columns_known_in_advance_and_groups(tmp_path: Path) -> None:
    past = rows_of("b", [1, 2, 0], category="shoes", price=9.5) + rows_of("a", [0, 0, 1], category="hats", price=5.0)
    ahead = [
        row
        for name, of in (("a", "hats"), ("b", "shoes"))
        for row in rows_of(name, [None, None], START + timedelta(days=3), category=of, price=4.0)
    ]
    panel = read_panel(written(tmp_path, past + ahead), "D", 2)
    np.testing.assert_array_equal(panel.known["price"], [[5, 5, 5, 4, 4], [9.5, 9.5, 9.5, 4, 4]])
    assert panel.groups["category"].tolist() == [0, 1]
    with pytest.raises(ProhandelError, match=r"Column price of .* is empty for series a, 3 periods after"):
        read_panel(tmp_path / "in.parquet", "D", 3)


def test_a_file_read_in_pieces_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    source = written(tmp_path, [row for name in range(5) for row in rows_of(str(name), rng.poisson(1, 30).tolist())])
    whole = read_panel(source, "D", 7)
    monkeypatch.setattr(module, "_ROWS", 17)
    np.testing.assert_array_equal(read_panel(source, "D", 7).units, whole.units)


WRONG: list[tuple[str, list[dict[str, Any]], str]] = [
    ("missing column", [{"series_id": "a", "date": START}], "lacks the column units"),
    ("text for units", [{"series_id": "a", "date": START, "units": "3"}], "Column units .* is String, no number"),
    ("text for date", [{"series_id": "a", "date": "2026-01-05", "units": 3}], "Column date .* is String, no date"),
    ("twice", rows_of("a", [1, 2]) + rows_of("a", [3]), "2 rows of series a in the day of 2026-01-05"),
    ("NaN", rows_of("a", [1, float("nan"), 2]), "1 rows have no units .* first series a on 2026-01-06"),
    ("null", rows_of("a", [1, None, 2]), "1 rows have no units"),
    ("no units at all", rows_of("a", [float("nan"), float("nan")]), "No row of .* has units"),
    ("negative", rows_of("b", [1, -2, -1]), "2 rows have negative units, first series b on 2026-01-06"),
    ("infinite", rows_of("a", [1, float("inf")]), "infinite units"),
    ("200 years old", rows_of("a", [1], date(1826, 3, 1)) + rows_of("a", [1]), "dates before 1970.*1826-03-01"),
    ("far ahead", rows_of("a", [1]) + rows_of("a", [1], date(2226, 1, 1)), "spans .* periods"),
    ("share above one", rows_of("a", [1, 2], in_stock_share=1.2), "in_stock_share outside of 0 to 1"),
    ("nameless", [{"series_id": None, "date": START, "units": 1}, *rows_of("a", [1])], "without series_id or date"),
    (
        "text that changes",
        rows_of("a", [1], brand="x") + rows_of("a", [1], START + timedelta(days=1), brand="y"),
        "brand",
    ),
    (
        "only the future",
        rows_of("a", [1]) + rows_of("b", [None], START + timedelta(days=1)),
        "Series b .* no units at all",
    ),
]


@pytest.mark.parametrize(("rows", "said"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, rows: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(ProhandelError, match=said) as caught:
        read_panel(written(tmp_path, rows), "D", 2)
    assert caught.value.remedy


def test_no_file_no_parquet_no_rows(tmp_path: Path) -> None:
    with pytest.raises(ProhandelError, match="There is no file"):
        read_panel(tmp_path / "none.parquet", "D", 2)
    (tmp_path / "text").write_text("series_id,date,units\n")
    with pytest.raises(ProhandelError, match="cannot be read as Parquet"):
        read_panel(tmp_path / "text", "D", 2)
    empty = tmp_path / "empty.parquet"
    pl.DataFrame(schema={"series_id": pl.String, "date": pl.Date, "units": pl.Int64}).write_parquet(empty)
    with pytest.raises(ProhandelError, match="has no rows"):
        read_panel(empty, "D", 2)


@pytest.mark.parametrize("units", [[4.0], [0.0] * 90, [0.0] * 60 + [1.0]], ids=["one day", "all zeros", "one sale"])
@pytest.mark.parametrize("model", ["auto", "baseline", "negative_binomial", "boosted", "seasonal_naive", "croston_sba"])
def test_odd_series_get_a_forecast(tmp_path: Path, units: list[float], model: str) -> None:
    out = tmp_path / "out.parquet"
    run("file", written(tmp_path, rows_of("a", units)), out, "--model", model, "--horizon", 5)
    numbers = pl.read_parquet(out).select("mean", *LEVEL_NAMES).to_numpy()
    assert np.isfinite(numbers).all()
    assert len(numbers) == 5


def test_an_unknown_model_is_refused_before_the_file_is_read(tmp_path: Path) -> None:
    with pytest.raises(ProhandelError, match="no model deep"):
        run("file", tmp_path / "none.parquet", tmp_path / "out.parquet", "--model", "deep")


def forecast_rows(**change: Any) -> list[dict[str, Any]]:
    row = {"series_id": "a", "date": START, "mean": 1.0, **dict.fromkeys(LEVEL_NAMES, 1.0)}
    return [{**row, **change}]


@pytest.mark.parametrize(
    ("forecasts", "actual", "said"),
    [
        (forecast_rows() * 2, rows_of("a", [1]), "more than one row of series a"),
        (forecast_rows(p99=0.0), rows_of("a", [1]), "quantiles that fall"),
        (forecast_rows(mean=float("nan")), rows_of("a", [1]), "empty or infinite"),
        (forecast_rows(), rows_of("b", [1]), "no row of the series and dates"),
        (forecast_rows(), [{"series_id": "a", "date": START, "units": "x"}], "Column units .* no number"),
        ([{"series_id": "a", "date": START, "mean": 1.0}], rows_of("a", [1]), "lacks the column p05"),
    ],
)
def test_what_cannot_be_scored_is_said(
    tmp_path: Path, forecasts: list[dict[str, Any]], actual: list[dict[str, Any]], said: str
) -> None:
    with pytest.raises(ProhandelError, match=said):
        score_file(written(tmp_path, forecasts, "out.parquet"), written(tmp_path, actual, "actual.parquet"))
