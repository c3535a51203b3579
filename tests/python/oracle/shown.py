"""Computed figures in the units that a mart shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Mart:
    """One computed mart.

    Attributes:
        rows: key columns (text, days as datetime64) and measures: units and money as floats (NaN = null), flags as
            nullable booleans, counts as Int64, dates as datetime64.
        key: the grain.
        money: the measures that are money.
        from_rounded: measures that a mart may work out from figures that it shows, rounded to 1e-6.
    """

    rows: pd.DataFrame
    key: list[str]
    money: tuple[str, ...] = ()
    from_rounded: tuple[str, ...] = ()


def shown(
    frame: pd.DataFrame,
    key: list[str],
    texts: list[str] | None = None,
    *,
    dates: dict[str, str] | None = None,
    units: list[str] | None = None,
    money: list[str] | None = None,
    counts: list[str] | None = None,
    floats: list[str] | None = None,
    flags: list[str] | None = None,
    from_rounded: list[str] | None = None,
) -> Mart:
    """A mart of some columns of a frame.

    Args:
        key: the grain; `date_day` is the frame's `day`.
        texts: columns shown as they are.
        dates: columns with days, by the name to show.
        units: columns in whole 1e-4.
        money: columns in whole 1e-6.
        counts: whole numbers.
        floats: plain numbers.
        flags: booleans.
        from_rounded: those of the floats that a mart may work out from rounded ones.
    """
    days = ({"date_day": "day"} if "date_day" in key else {}) | (dates or {})
    columns: dict[str, Any] = {}
    for column in [*key, *(texts or [])]:
        columns[column] = _dates(frame[days[column]]) if column in days else frame[column].astype("string")
    for column, source in days.items():
        columns[column] = _dates(frame[source])
    for column in units or []:
        columns[column] = _decimals(frame[column], 1e4)
    for column in money or []:
        columns[column] = _decimals(frame[column], 1e6)
    for column in counts or []:
        columns[column] = frame[column].astype("Int64")
    for column in floats or []:
        columns[column] = _decimals(frame[column], 1.0)
    for column in flags or []:
        columns[column] = frame[column].astype("boolean")
    return Mart(pd.DataFrame(columns), key, tuple(money or []), tuple(from_rounded or []))


def _decimals(values: pd.Series[Any], unit: float) -> pd.Series[Any]:
    plain = values.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    return pd.Series(plain / unit, index=values.index)


def _dates(days: pd.Series[Any]) -> pd.Series[Any]:
    return pd.to_datetime(days.astype("Int64"), unit="D").astype("datetime64[s]")
