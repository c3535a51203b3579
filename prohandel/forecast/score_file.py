"""Scores of a file of forecasts against a file of what happened."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from prohandel.errors import ProhandelError
from prohandel.forecast.distribution import LEVEL_NAMES, LEVELS, Floats
from prohandel.forecast.file import scan
from prohandel.forecast.score import Scores, score


def score_file(forecasts: Path, actual: Path, freq: str = "D") -> Scores:
    """Scores forecasts against what happened in the same periods.

    Rows of `actual` before the first forecast are the history that scaled scores (MASE, RMSSE, scaled pinball loss)
    need. Periods that `actual` has no row of are not scored.

    Args:
        forecasts: Parquet as `prohandel forecast file` writes it: series_id, date, mean, p05 ... p99.
        actual: Parquet with series_id, date, units.
        freq: D, W or M.

    Raises:
        ProhandelError: a file cannot be read or scored.
    """
    made = _columns(scan(forecasts, ("series_id", "date", "mean", *LEVEL_NAMES)), ["mean", *LEVEL_NAMES], forecasts)
    seen = _columns(scan(actual, ("series_id", "date", "units")), ["units"], actual)
    for path, frame in ((forecasts, made), (actual, seen)):
        twice = frame.filter(frame.select("series_id", "date").is_duplicated())
        if len(twice):
            series, date = twice.row(0)[:2]
            raise ProhandelError(f"{path} has more than one row of series {series} on {date}.", "Keep one.")
    values = made.select(LEVEL_NAMES).to_numpy()
    if not np.isfinite(made.select("mean", *LEVEL_NAMES).to_numpy()).all():
        raise ProhandelError(f"{forecasts} has empty or infinite forecasts.", "Each row needs mean and p05 to p99.")
    if np.any(np.diff(values, axis=1) < -1e-4):
        raise ProhandelError(f"{forecasts} has quantiles that fall from one level to the next.", "Sort them per row.")
    ids, dates = made["series_id"].unique().sort(), made["date"].unique().sort()
    future = _matrix(seen, "units", ids, dates)
    if np.isnan(future).all():
        raise ProhandelError(f"{actual} has no row of the series and dates of {forecasts}.", "Check ids and dates.")
    quantiles = np.stack([_matrix(made, name, ids, dates) for name in LEVEL_NAMES], axis=2)
    mean = _matrix(made, "mean", ids, dates)
    known = np.where(np.isnan(mean), np.nan, future).astype(np.float32)
    return score(known, mean, quantiles, _history(seen, ids, dates, freq), freq=freq, levels=LEVELS)


def _columns(frame: pl.LazyFrame, numbers: list[str], path: Path) -> pl.DataFrame:
    schema = frame.collect_schema()
    if schema["date"] not in (pl.Date, pl.Datetime):
        raise ProhandelError(f"Column date of {path} is {schema['date']}, no date.", "Cast it to a date.")
    wrong = [name for name in numbers if not schema[name].is_numeric()]
    if wrong:
        raise ProhandelError(f"Column {wrong[0]} of {path} is {schema[wrong[0]]}, no number.", "Cast it to a number.")
    return frame.select(
        pl.col("series_id").cast(pl.String),
        pl.col("date").cast(pl.Date),
        *(pl.col(name).cast(pl.Float32) for name in numbers),
    ).collect()


def _matrix(frame: pl.DataFrame, column: str, ids: pl.Series, dates: pl.Series) -> Floats:
    """(n, H) of a column; nan where there is no row."""
    inside = frame.filter(pl.col("series_id").is_in(ids.implode()) & pl.col("date").is_in(dates.implode()))
    result = np.full((len(ids), len(dates)), np.nan, dtype=np.float32)
    result[_places(inside["series_id"], ids), _places(inside["date"], dates)] = inside[column].to_numpy()
    return result


def _places(values: pl.Series, among: pl.Series) -> NDArray[np.int64]:
    """Places of values in a sorted column that holds all of them."""
    return np.asarray(among.search_sorted(values), dtype=np.int64)


def _history(seen: pl.DataFrame, ids: pl.Series, dates: pl.Series, freq: str) -> Floats | None:
    """(n, T) units before the first forecast, 0 where a started series has no row; None without any."""
    past = seen.filter(pl.col("date") < dates[0])
    if not len(past):
        return None
    step = {"D": "1d", "W": "1w", "M": "1mo"}[freq]
    calendar = pl.select(pl.date_range(pl.lit(past["date"].min()), pl.lit(past["date"].max()), step)).to_series()
    matrix = _matrix(past, "units", ids, calendar)
    started = np.cumsum(~np.isnan(matrix), axis=1) > 0
    return np.where(started, np.nan_to_num(matrix), np.nan).astype(np.float32)
