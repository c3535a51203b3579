"""Series from Parquet and forecasts to Parquet, without any warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from prohandel.errors import ProhandelError
from prohandel.forecast.distribution import LEVEL_NAMES, Demand, Quantiles
from prohandel.forecast.panel import FREQUENCIES, Floats, Panel, future_periods

NEEDED = ("series_id", "date", "units")
OPTIONAL = ("in_stock_share",)
OLDEST = np.datetime64("1970-01-01")
MOST_PERIODS = 20_000
_ROWS = 4_000_000
"""Rows read at a time."""
_WORDS = {"D": "day", "W": "week (Monday to Sunday)", "M": "month"}


@dataclass(frozen=True)
class _Bounds:
    """What a look over the whole file has found."""

    rows: int
    first: np.datetime64
    origin: np.datetime64


def read_panel(path: Path, freq: str, horizon: int) -> Panel:
    """Reads series; days without a row inside of a series are days on which nothing sold.

    The origin is the last date with units in any series. Rows behind it may hold columns known in advance, with units
    empty. Columns besides the four named ones are known in advance if they are numbers or booleans; text that is the
    same in all rows of a series groups series (`category`, `weekday`, `cold_start`).

    Args:
        path: Parquet with series_id, date, units, and perhaps in_stock_share and others.
        freq: D, W or M; dates are taken into the week (Monday) or month that they lie in.
        horizon: H; columns known in advance have to reach so many periods past the origin.

    Raises:
        ProhandelError: the file cannot be read, or holds what no demand can be.
    """
    return panel_of(scan(path, NEEDED), str(path), freq, horizon)


def panel_of(frame: pl.LazyFrame, path: str, freq: str, horizon: int, origin: date | None = None) -> Panel:
    """The series of a frame that has the columns of such a file.

    Args:
        frame: as in `read_panel`, with the columns that are needed.
        path: what messages call it.
        freq: D, W or M.
        horizon: H.
        origin: of the series that these are a part of; else the last date with units in any of these.

    Raises:
        ProhandelError: the frame holds what no demand can be.
    """
    if freq not in FREQUENCIES:
        raise ProhandelError(f"--freq {freq} is unknown.", f"One of {', '.join(FREQUENCIES)}.")
    schema = frame.collect_schema()
    extra = [name for name in schema.names() if name not in (*NEEDED, *OPTIONAL)]
    known = [name for name in extra if schema[name].is_numeric() or schema[name] == pl.Boolean]
    grouping = [name for name in extra if schema[name] in (pl.String, pl.Categorical, pl.Enum)]
    _check_types(path, schema)
    columns = [
        pl.col("series_id").cast(pl.String),
        pl.col("date").cast(pl.Date),
        pl.col("units").cast(pl.Float32),
        *([pl.col("in_stock_share").cast(pl.Float32)] if "in_stock_share" in schema else []),
        *(pl.col(name).cast(pl.Float32) for name in known),
        *(pl.col(name).cast(pl.String) for name in grouping),
    ]
    rows = frame.select(columns)
    bounds = _check_values(path, rows, "in_stock_share" in schema, origin)
    first, last = _place(np.array([bounds.first, bounds.origin]), freq)
    length = int(last - first) + 1
    if length > MOST_PERIODS:
        raise ProhandelError(f"{path} spans {length:,} periods, more than {MOST_PERIODS:,}.", "Check its oldest dates.")
    ids = rows.select(pl.col("series_id").unique().sort()).collect(engine="streaming").to_series()
    filled = _fill(path, rows, ids, bounds, freq, (first, length, horizon), known)
    return Panel(
        tuple(ids.to_list()),
        _starts(first + np.arange(length), freq),
        freq,
        filled.units,
        filled.share,
        known=_checked_known(path, filled, ids, length),
        groups={name: _codes(path, rows, name) for name in grouping},
    )


def scan(path: Path, needed: tuple[str, ...]) -> pl.LazyFrame:
    """The file, lazily, with the columns that are needed.

    Raises:
        ProhandelError: no such file, no Parquet, no such column, or no row.
    """
    if not path.is_file():
        raise ProhandelError(f"There is no file {path}.")
    try:
        frame = pl.scan_parquet(path)
        schema = frame.collect_schema()
    except pl.exceptions.PolarsError as error:
        raise ProhandelError(f"{path} cannot be read as Parquet: {error}", "Write it as Parquet.") from error
    missing = [name for name in needed if name not in schema]
    if missing:
        there = ", ".join(schema.names())
        raise ProhandelError(f"{path} lacks the column {', '.join(missing)}.", f"It has: {there}. Rename or add it.")
    if not frame.select(pl.len()).collect().item():
        raise ProhandelError(f"{path} has no rows.")
    return frame


def _check_types(path: str, schema: pl.Schema) -> None:
    kinds = schema["series_id"]
    if not (kinds in (pl.String, pl.Categorical, pl.Enum) or kinds.is_integer()):
        raise ProhandelError(f"Column series_id of {path} is {kinds}.", "It has to be text or whole numbers.")
    if schema["date"] not in (pl.Date, pl.Datetime):
        raise ProhandelError(f"Column date of {path} is {schema['date']}, no date.", "Cast it to a date.")
    for name in ("units", "in_stock_share"):
        if name in schema and not schema[name].is_numeric():
            raise ProhandelError(f"Column {name} of {path} is {schema[name]}, no number.", "Cast it to a number.")


def _check_values(path: str, rows: pl.LazyFrame, has_share: bool, given: date | None) -> _Bounds:
    """Looks over all rows once; an offending row is looked for only where there is one."""
    units = pl.col("units")
    origin = pl.col("date").filter(units.is_not_null() & units.is_not_nan()).max()
    found = rows.select(
        pl.len().alias("rows"),
        pl.col("date").min().alias("first"),
        origin.alias("origin"),
        units.min().alias("least"),
        (pl.col("series_id").is_null() | pl.col("date").is_null()).any().alias("nameless"),
        units.is_infinite().any().alias("infinite"),
    ).collect(engine="streaming")
    seen = found.row(0, named=True)
    if seen["nameless"]:
        raise ProhandelError(f"{path} has rows without series_id or date.", "Leave them out.")
    if seen["origin"] is None:
        raise ProhandelError(f"No row of {path} has units.", "Fill the column units, with 0 where nothing sold.")
    if np.datetime64(seen["first"]) < OLDEST:
        _refuse(path, rows, pl.col("date") < pl.lit(OLDEST.item()), "dates before 1970", "Correct or leave them out.")
    if given is not None and seen["origin"] > given:
        _refuse(path, rows, (pl.col("date") > given) & units.is_not_null(), f"units after {given}", "Take its origin.")
    last = given or seen["origin"]
    past = pl.col("date") <= last
    if rows.select((past & (units.is_null() | units.is_nan())).any()).collect(engine="streaming").item():
        hint = "Write 0 where nothing sold, or leave the row out; without stock, 0 and in_stock_share 0."
        _refuse(path, rows, past & (units.is_null() | units.is_nan()), "no units up to the last date with units", hint)
    if seen["least"] < 0:
        _refuse(path, rows, units < 0, "negative units", "Returns are no demand: leave them out.")
    if seen["infinite"]:
        _refuse(path, rows, units.is_infinite(), "infinite units", "Correct them.")
    if has_share:
        share = pl.col("in_stock_share")
        wrong = past & (share.is_null() | share.is_nan() | ~share.is_between(0, 1))
        if rows.select(wrong.any()).collect(engine="streaming").item():
            _refuse(path, rows, wrong, "an in_stock_share outside of 0 to 1", "It is a share of the period: 0..1.")
    return _Bounds(seen["rows"], np.datetime64(seen["first"]), np.datetime64(last))


def _refuse(path: str, rows: pl.LazyFrame, wrong: pl.Expr, what: str, remedy: str) -> None:
    """Raises an error that names the first of the offending rows."""
    found = rows.filter(wrong).select(pl.len().alias("rows"), pl.first("series_id"), pl.first("date")).collect()
    count, series, date = found.row(0)
    raise ProhandelError(f"{path}: {count:,} rows have {what}, first series {series} on {date}.", remedy)


@dataclass(frozen=True)
class _Filled:
    units: Floats
    share: Floats
    known: dict[str, Floats]


def _fill(
    path: str,
    rows: pl.LazyFrame,
    ids: pl.Series,
    bounds: _Bounds,
    freq: str,
    calendar: tuple[np.int64, int, int],
    known: list[str],
) -> _Filled:
    """Writes the rows into arrays, some million rows at a time."""
    first, length, horizon = calendar
    n = len(ids)
    units = np.zeros((n, length), dtype=np.float32)
    has_share = "in_stock_share" in rows.collect_schema()
    share = np.ones((n, length) if has_share else (1, 1), dtype=np.float32)
    columns = {name: np.full((n, length + horizon), np.nan, dtype=np.float32) for name in known}
    taken = np.zeros(n * (length + horizon), dtype=bool)
    start = np.full(n, length, dtype=np.int64)
    number = pl.col("series_id").cast(pl.Enum(ids)).to_physical().cast(pl.Int64)
    numbered = rows.with_columns(number.alias("series_id"), (_place_of_column(freq) - int(first)).alias("date"))
    for offset in range(0, bounds.rows, _ROWS):
        part = numbered.slice(offset, _ROWS).filter(pl.col("date") < length + horizon).collect()
        row, period = part["series_id"].to_numpy(), part["date"].to_numpy()
        before = np.count_nonzero(taken)
        taken[row * (length + horizon) + period] = True
        if np.count_nonzero(taken) - before < len(row):
            _refuse_duplicates(path, rows, freq)
        for name, values in columns.items():
            values[row, period] = part[name].to_numpy()
        past: slice | NDArray[np.bool_] = slice(None) if len(period) and period.max() < length else period < length
        row, period = row[past], period[past]
        units[row, period] = part["units"].to_numpy()[past]
        np.minimum.at(start, row, period)
        if has_share:
            share[row, period] = part["in_stock_share"].to_numpy()[past]
    if np.any(start == length):
        missing = ids[int(np.flatnonzero(start == length)[0])]
        raise ProhandelError(f"Series {missing} of {path} has no units at all.", "Leave it out, or give it units.")
    for place in range(0, n, 10_000):
        block = slice(place, place + 10_000)
        units[block][np.arange(length) < start[block, None]] = np.nan
    return _Filled(units, share if has_share else np.broadcast_to(share, (n, length)), columns)


def _refuse_duplicates(path: str, rows: pl.LazyFrame, freq: str) -> None:
    truncated = pl.col("date").dt.truncate({"D": "1d", "W": "1w", "M": "1mo"}[freq])
    twice = rows.group_by("series_id", truncated).len().filter(pl.col("len") > 1).sort("series_id", "date").head(1)
    series, date, count = twice.collect(engine="streaming").row(0)
    raise ProhandelError(
        f"{path} has {count} rows of series {series} in the {_WORDS[freq]} of {date}.", "Add them up: one row a period."
    )


def _checked_known(path: str, filled: _Filled, ids: pl.Series, length: int) -> dict[str, Floats]:
    for name, values in filled.known.items():
        row, period = np.nonzero(np.isnan(values[:, length:]))
        if len(row):
            raise ProhandelError(
                f"Column {name} of {path} is empty for series {ids[int(row[0])]}, {period[0] + 1} periods after the "
                "last with units.",
                "A column known in advance needs a row for each period of the horizon; or leave the column out.",
            )
    return filled.known


def _codes(path: str, rows: pl.LazyFrame, name: str) -> NDArray[np.int32]:
    """(n,) codes of a text column, in the order of the series."""
    by_series = rows.group_by("series_id").agg(pl.col(name).n_unique().alias("kinds"), pl.col(name).first())
    found = by_series.sort("series_id").collect(engine="streaming")
    varying = found.filter(pl.col("kinds") > 1)
    if len(varying):
        raise ProhandelError(
            f"Column {name} of {path} changes within series {varying['series_id'][0]}.",
            "Text is to be the same in all rows of a series; what changes has to be a number.",
        )
    codes = found[name].fill_null("").rank("dense").to_numpy() - 1
    return np.asarray(codes, dtype=np.int32)


def _place(dates: NDArray[np.datetime64], freq: str) -> NDArray[np.int64]:
    """Numbers of the periods since 1970: days, weeks that begin on Monday, months."""
    if freq == "M":
        return dates.astype("datetime64[M]").astype(np.int64)
    days = dates.astype("datetime64[D]").astype(np.int64)
    # 1970-01-01 was a Thursday.
    return days if freq == "D" else (days + 3) // 7


def _place_of_column(freq: str) -> pl.Expr:
    """The same of the column date."""
    date = pl.col("date")
    if freq == "M":
        return (date.dt.year().cast(pl.Int64) - 1970) * 12 + date.dt.month() - 1
    days = date.to_physical().cast(pl.Int64)
    return days if freq == "D" else (days + 3) // 7


def _starts(places: NDArray[np.int64], freq: str) -> NDArray[np.datetime64]:
    """The first days of periods."""
    if freq == "M":
        return places.astype("datetime64[M]").astype("datetime64[D]")
    return (places if freq == "D" else places * 7 - 3).astype("datetime64[D]")


def forecast_table(panel: Panel, horizon: int, forecast: Demand | Quantiles, model: str) -> pl.DataFrame:
    """The columns series_id, date, mean, p05 ... p99, model."""
    dates = future_periods(panel, horizon)
    frames = []
    step = 20_000
    for start in range(0, len(panel.series_ids), step):
        block = slice(start, start + step)
        values = _quantiles(forecast, block)
        count = len(values)
        ids = pl.Series("series_id", panel.series_ids[block], dtype=pl.String)
        frames.append(
            pl.DataFrame(
                {
                    "series_id": ids.gather(np.repeat(np.arange(count), horizon)),
                    "date": np.tile(dates, count),
                    "mean": forecast.mean[block].ravel(),
                    **{name: np.ascontiguousarray(values[..., q]).ravel() for q, name in enumerate(LEVEL_NAMES)},
                }
            )
        )
    return pl.concat(frames, rechunk=False).with_columns(pl.lit(model).alias("model"))


def write_forecast(path: Path, panel: Panel, horizon: int, forecast: Demand | Quantiles, model: str) -> int:
    """Writes `forecast_table`; the file appears whole or not at all.

    Returns:
        Number of rows.
    """
    table = forecast_table(panel, horizon, forecast, model)
    beside = path.with_name(f"{path.name}.part")
    try:
        table.write_parquet(beside)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise ProhandelError(f"{path} cannot be written: {error.strerror or error}") from error
    return len(table)


def _quantiles(forecast: Demand | Quantiles, rows: slice) -> Floats:
    if isinstance(forecast, Quantiles):
        return forecast.values[rows]
    return Demand(forecast.mean[rows], forecast.dispersion[rows], forecast.level_cv2[rows]).quantiles()
