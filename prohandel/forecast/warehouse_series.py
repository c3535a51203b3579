"""The warehouse's series of demand as a panel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql
from psycopg.rows import class_row

from prohandel.errors import ProhandelError
from prohandel.forecast.distribution import Doubles
from prohandel.forecast.overrides import Key
from prohandel.forecast.panel import Floats, Integers, Panel
from prohandel.pipeline.target import exists

SERIES = "int_forecasting__series"
SPANS = "int_forecasting__demand_spans"
HISTORY_DAYS = 728
"""What the models look at: two years, each weekday as often."""
OLDEST = date(1970, 1, 1)
LEAST_GROUP = 20
"""Series that a group to borrow a level from has at least; a smaller one is part of the next wider."""
_SPAN = np.dtype([("first", ">i4"), ("last", ">i4"), ("units", ">f4"), ("share", ">f4")])
_BLOCK = 2_000
"""Series that are unfolded at a time."""


@dataclass(frozen=True)
class WarehouseSeries:
    """Every series of the warehouse, by branch and article in the order of their bytes.

    Attributes:
        panel: days up to the origin; groups `category`, `weekday` (category x branch), `cold_start` (category x whether
            it has a season x price tier x branch, or what is wider where that has few series), `life` (1 with a season)
            and `article`.
        keys: n pairs of branch and article.
        category: n names.
        abc_class: n classes; "none" where there is none.
        xyz_class: likewise.
        season_ends_on: (n,) days, NaT without a season.
        is_forecastable: (n,) whether active and in range.
        warnings: what was odd and was dealt with, in sentences.
    """

    panel: Panel
    keys: tuple[Key, ...]
    category: tuple[str, ...]
    abc_class: tuple[str, ...]
    xyz_class: tuple[str, ...]
    season_ends_on: NDArray[np.datetime64]
    is_forecastable: NDArray[np.bool_]
    warnings: tuple[str, ...] = ()

    @property
    def origin(self) -> date:
        """The last day that was observed."""
        day: date = self.panel.periods[-1].astype("datetime64[D]").item()
        return day


@dataclass(frozen=True)
class _Row:
    branch_number: str
    article_number: str
    series_start: date
    series_end: date
    category: str | None
    price_tier: str | None
    abc_class: str | None
    xyz_class: str | None
    season_ends_on: date | None
    is_forecastable: bool


def read_series(conn: psycopg.Connection, schema: str, days: int = HISTORY_DAYS) -> WarehouseSeries:
    """Reads all series from the two models that `dbt build` makes for forecasts, in one snapshot.

    Args:
        conn: not in a transaction.
        schema: of the intermediate models.
        days: of history at most.

    Raises:
        ProhandelError: a model is missing, there is no series, or a row holds what no demand can be.
    """
    for model in (SERIES, SPANS):
        if not exists(conn, sql.Identifier(schema, model)):
            raise ProhandelError(
                f"There is no {schema}.{model}, from which forecasts are made.", "Build it first: prohandel run"
            )
    with conn.transaction():
        conn.execute("set transaction isolation level repeatable read")
        # Before the snapshot is taken: a table that is replaced after it would look empty.
        for model in (SERIES, SPANS):
            conn.execute(sql.SQL("lock table {} in access share mode").format(sql.Identifier(schema, model)))
        rows = _series_rows(conn, schema)
        origin, warnings = _checked(rows, schema)
        first = max(min(row.series_start for row in rows), origin - timedelta(days=days - 1))
        length = (origin - first).days + 1
        units, share = _unfolded(conn, schema, rows, length)
    return _series(rows, origin, units, share, warnings)


def _series_rows(conn: psycopg.Connection, schema: str) -> list[_Row]:
    """The columns of every series; its place in the list is its number in the temporary table that this creates."""
    columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in fields(_Row))
    conn.execute(
        sql.SQL(
            "create temporary table forecast_series on commit drop as"
            ' select row_number() over (order by branch_number collate "C", article_number collate "C")::integer - 1'
            " as number, {columns} from {series}"
        ).format(columns=columns, series=sql.Identifier(schema, SERIES))
    )
    conn.execute("analyze forecast_series")
    query = sql.SQL("select {} from forecast_series order by number").format(columns)
    with conn.cursor(row_factory=class_row(_Row)) as cursor:
        return cursor.execute(query).fetchall()


def _checked(rows: Sequence[_Row], schema: str) -> tuple[date, list[str]]:
    """The origin, and what is odd about the series."""
    where = f"{schema}.{SERIES}"
    if not rows:
        raise ProhandelError(
            f"{where} has no rows: no article of any branch was ever in range.",
            "Land articles, inventory and sales, and build: prohandel run",
        )
    ends = {row.series_end for row in rows}
    if len(ends) > 1:
        raise ProhandelError(
            f"{where} ends on different days, {min(ends)} to {max(ends)}.", "Build it anew: prohandel run"
        )
    origin = ends.pop()
    late = next((row for row in rows if row.series_start > origin), None)
    if late:
        raise ProhandelError(
            f"{where} has branch {late.branch_number}, article {late.article_number} begin on {late.series_start}, "
            f"after its end on {origin}.",
            "Build it anew: prohandel run",
        )
    old = [row for row in rows if row.series_start < OLDEST]
    warnings = []
    if old:
        example = f"branch {old[0].branch_number}, article {old[0].article_number} on {old[0].series_start}"
        warnings.append(
            f"{len(old):,} series begin before {OLDEST.year}, first {example}: only the latest days are read. "
            "Correct the dates of their sales."
        )
    return origin, warnings


def _unfolded(conn: psycopg.Connection, schema: str, rows: Sequence[_Row], length: int) -> tuple[Floats, Floats]:
    """Units and share in stock of each day: (n, T) both.

    A day of no stretch is one without stock on which nothing sold; before a series starts units are nan.
    """
    n = len(rows)
    origin = rows[0].series_end
    units, share = np.zeros((n, length), dtype=np.float32), np.zeros((n, length), dtype=np.float32)
    for numbers, sizes, spans in _span_blocks(conn, schema, length):
        row = np.repeat(numbers, sizes)
        values = {name: spans[name].astype(float) for name in ("first", "last", "units", "share")}
        _check_spans(f"{schema}.{SPANS}", rows, row, values)
        last = np.minimum(values["last"], 0).astype(np.int64) + length - 1
        first = values["first"].astype(np.int64) + length - 1
        inside = first >= 0
        np.add.at(units, (row[inside], first[inside]), values["units"][inside])
        first = np.maximum(first, 0)
        days = np.maximum(last - first + 1, 0)
        at = np.repeat(row.astype(np.int64) * length + first - (np.cumsum(days) - days), days)
        share.reshape(-1)[at + np.arange(len(at))] = np.repeat(values["share"], days)
    start = np.array([max(0, (row.series_start - origin).days + length - 1) for row in rows])
    for place in range(0, n, 10_000):
        block = slice(place, place + 10_000)
        units[block][np.arange(length) < start[block, None]] = np.nan
    return units, share


def _span_blocks(
    conn: psycopg.Connection, schema: str, length: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.void]]]:
    """Numbers of some series (S,), how many stretches each has (S,), and the stretches themselves.

    The stretches of a series come as one value of sixteen bytes each: a row of the copy for each of them would take
    ten times as long.
    """
    query = sql.SQL(
        "copy (select series.number, string_agg(int4send(spans.first_day - series.series_end)"
        " || int4send(spans.last_day - series.series_end)"
        " || float4send(coalesce(spans.demand_units::float4, 'nan'))"
        " || float4send(coalesce(spans.in_stock_share::float4, 'nan')), '')"
        " from forecast_series as series inner join {spans} as spans"
        " on series.branch_number = spans.branch_number and series.article_number = spans.article_number"
        " where spans.last_day > series.series_end - {length}::integer"
        " and spans.first_day <= series.series_end group by series.number) to stdout (format binary)"
    ).format(spans=sql.Identifier(schema, SPANS), length=sql.Literal(length))
    numbers: list[int] = []
    blobs: list[bytes] = []
    with conn.cursor() as cursor, cursor.copy(query) as copy:
        copy.set_types(["int4", "bytea"])
        for number, blob in copy.rows():
            numbers.append(number)
            blobs.append(blob)
            if len(blobs) == _BLOCK:
                yield _as_block(numbers, blobs)
                numbers, blobs = [], []
    if blobs:
        yield _as_block(numbers, blobs)


def _as_block(numbers: list[int], blobs: list[bytes]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.void]]:
    sizes = np.array([len(blob) // _SPAN.itemsize for blob in blobs], dtype=np.int64)
    return np.array(numbers, dtype=np.int64), sizes, np.frombuffer(b"".join(blobs), dtype=_SPAN)


def _check_spans(where: str, rows: Sequence[_Row], row: NDArray[np.int64], values: dict[str, Doubles]) -> None:
    units, share = values["units"], values["share"]
    for wrong, what, remedy in (
        (~np.isfinite(units), "demand_units that is no number", "Correct the quantities of its sales."),
        (units < 0, "negative demand_units", "Returns are no demand: build it anew with prohandel run."),
        (~((share >= 0) & (share <= 1)), "an in_stock_share outside of 0 to 1", "Build it anew: prohandel run"),
        (values["last"] < values["first"], "a last_day before its first_day", "Build it anew: prohandel run"),
    ):
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            series = rows[int(row[at])]
            day = series.series_end + timedelta(days=int(values["first"][at]))
            raise ProhandelError(
                f"{where} has {what}: branch {series.branch_number}, article {series.article_number}, first_day {day}.",
                remedy,
            )


def _series(rows: Sequence[_Row], origin: date, units: Floats, share: Floats, warnings: list[str]) -> WarehouseSeries:
    category = tuple(row.category or "unknown" for row in rows)
    branches = [row.branch_number for row in rows]
    seasonal = [row.season_ends_on is not None for row in rows]
    kinds = list(zip(category, seasonal, strict=True))
    tiers = [(*kind, row.price_tier) for kind, row in zip(kinds, rows, strict=True)]
    narrow = [(*tier, branch) for tier, branch in zip(tiers, branches, strict=True)]
    length = units.shape[1]
    panel = Panel(
        tuple(f"{row.branch_number}/{row.article_number}" for row in rows),
        np.datetime64(origin) - np.arange(length - 1, -1, -1),
        "D",
        units,
        share,
        groups={
            "category": _codes(category),
            "weekday": _codes(list(zip(category, branches, strict=True))),
            "cold_start": _codes(_borrowed([narrow, tiers, kinds])),
            # What has a season fades; of the rest nothing is known.
            "life": np.array(seasonal, dtype=np.int32),
            "article": _codes([row.article_number for row in rows]),
        },
    )
    return WarehouseSeries(
        panel,
        tuple((row.branch_number, row.article_number) for row in rows),
        category,
        tuple(row.abc_class or "none" for row in rows),
        tuple(row.xyz_class or "none" for row in rows),
        np.array([row.season_ends_on for row in rows], dtype="datetime64[D]"),
        np.array([row.is_forecastable for row in rows], dtype=bool),
        tuple(warnings),
    )


def _codes(names: Sequence[Hashable]) -> Integers:
    """(n,) codes from 0 in the order of the names."""
    place = {name: code for code, name in enumerate(sorted(set(names), key=repr))}
    return np.array([place[name] for name in names], dtype=np.int32)


def _borrowed(groupings: Sequence[Sequence[Hashable]]) -> list[Hashable]:
    """Each series' first group, from narrow to wide, that has LEAST_GROUP series; the widest if none has."""
    found: list[Hashable] = list(groupings[-1])
    for names in reversed(groupings[:-1]):
        sizes = Counter(names)
        found = [name if sizes[name] >= LEAST_GROUP else wider for name, wider in zip(names, found, strict=True)]
    return found
