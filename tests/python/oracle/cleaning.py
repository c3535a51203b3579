"""Landed text to values.

Every landed value arrives here as text (or null). Money and quantities become whole numbers of a small unit, so that
sums and comparisons are exact; a value that cannot be read is told apart from one that is missing.

Readings chosen:
    * Text is trimmed; text that is empty then is missing.
    * With both a dot and a comma in a number the last of them is the decimal mark; a lone comma is the decimal mark; a
      lone dot too; several dots without a comma group thousands. NaN and infinity are unreadable.
    * A date without a zone is the wall clock of Berlin, also at midnight.
    * `dd.mm.yyyy` (with or without a time) is readable besides ISO 8601.
    * A boolean may be spelled true/false, t/f, 1/0, yes/no, y/n, ja/nein, j/n in any case.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

BERLIN = ZoneInfo("Europe/Berlin")
EPOCH_DAY = date(1970, 1, 1).toordinal()

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_GROUPED_GERMAN = re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d*)?")
_PLAIN_GERMAN = re.compile(r"[+-]?\d*,\d*")
_GROUPED_ENGLISH = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d*")
_GERMAN_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TRUE = frozenset({"true", "t", "1", "yes", "y", "ja", "j"})
_FALSE = frozenset({"false", "f", "0", "no", "n", "nein"})

T = TypeVar("T")


@dataclass(frozen=True)
class Parsed:
    """A cleaned column.

    Attributes:
        values: the readable values, null elsewhere; index as the input.
        unreadable: True where text landed that could not be read.
    """

    values: pd.Series[Any]
    unreadable: pd.Series[bool]


def text(column: pd.Series[Any]) -> pd.Series[Any]:
    """Trimmed text; null where missing or empty."""
    return _parse(column, lambda raw: raw, "string").values


def number(column: pd.Series[Any], places: int = 4) -> Parsed:
    """Numbers as whole multiples of 10**-places (Int64), rounded half away from zero."""
    return _parse(column, lambda raw: scaled(raw, places), "Int64")


def scaled(raw: str, places: int) -> int | None:
    """One number as a whole multiple of 10**-places, or None where the text is no number."""
    plain = _plain_number(raw)
    if plain is None:
        return None
    shifted = Decimal(plain).scaleb(places).to_integral_value(ROUND_HALF_UP)
    whole = int(shifted)
    return whole if abs(whole) < 2**62 else None


def boolean(column: pd.Series[Any]) -> Parsed:
    """Booleans in all spellings (nullable boolean)."""

    def one(raw: str) -> bool | None:
        folded = raw.lower()
        return True if folded in _TRUE else False if folded in _FALSE else None

    return _parse(column, one, "boolean")


def day(column: pd.Series[Any]) -> Parsed:
    """Business days (calendar dates in Berlin) as days since 1970-01-01 (Int64)."""

    def one(raw: str) -> int | None:
        moment = _moment(raw)
        if moment is None:
            return None
        local = moment.astimezone(BERLIN) if moment.tzinfo else moment
        return local.toordinal() - EPOCH_DAY

    return _parse(column, one, "Int64")


def instant(column: pd.Series[Any]) -> Parsed:
    """Moments as microseconds since 1970-01-01T00:00Z (Int64); without a zone they are Berlin's wall clock."""

    def one(raw: str) -> int | None:
        moment = _moment(raw)
        if moment is None:
            return None
        aware = moment if moment.tzinfo else moment.replace(tzinfo=BERLIN)
        since = aware.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
        return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds

    return _parse(column, one, "Int64")


def berlin_day(instants: pd.Series[Any]) -> pd.Series[Any]:
    """The Berlin day (days since 1970-01-01, Int64) of moments in microseconds."""
    stamps = pd.to_datetime(instants.astype("Int64"), unit="us", utc=True)
    local = stamps.dt.tz_convert(BERLIN).dt.tz_localize(None)
    days = (local - pd.Timestamp(0)).dt.days
    return days.astype("Int64")


def divide(numerator: pd.Series[Any], denominator: pd.Series[Any] | int) -> pd.Series[Any]:
    """Whole numbers divided and rounded half away from zero; null where either is null or the divisor is 0."""
    top = numerator.astype("Int64")
    below = pd.Series(denominator, index=top.index, dtype="Int64")
    known = (top.notna() & below.notna() & below.ne(0)).fillna(False).to_numpy(dtype=bool)
    high = top.fillna(0).to_numpy(dtype=np.int64)
    low = np.where(known, below.fillna(1).to_numpy(dtype=np.int64), 1)
    size = np.abs(low)
    quotient = np.sign(high) * np.sign(low) * ((2 * np.abs(high) + size) // (2 * size))
    return pd.Series(quotient, index=top.index).astype("Int64").mask(pd.Series(~known, index=top.index))


def _plain_number(raw: str) -> str | None:
    compact = raw.replace("\u00a0", "").strip()
    if _NUMBER.fullmatch(compact):
        return compact
    if _GROUPED_GERMAN.fullmatch(compact) or (_PLAIN_GERMAN.fullmatch(compact) and any(map(str.isdigit, compact))):
        return compact.replace(".", "").replace(",", ".")
    if _GROUPED_ENGLISH.fullmatch(compact):
        return compact.replace(",", "")
    return None


def _moment(raw: str) -> datetime | None:
    german = _GERMAN_DATE.fullmatch(raw)
    try:
        if german:
            day, month, year, *clock = (int(part or 0) for part in german.groups())
            return datetime.combine(date(year, month, day), time(clock[0], clock[1], clock[2]))
        return datetime.fromisoformat(raw) if _ISO_DATE.match(raw) else None
    except ValueError:
        return None


def _parse(column: pd.Series[Any], one: Callable[[str], T | None], dtype: str) -> Parsed:
    # Landed values repeat: every distinct one is read once.
    codes, uniques = pd.factorize(column.astype("object"))
    trimmed = [str(raw).strip() for raw in uniques]
    parsed: Any = pd.Series([one(raw) if raw else None for raw in trimmed], dtype="object")
    present = np.array([bool(raw) for raw in trimmed] + [False])[codes]
    taken = parsed.astype(dtype).array.take(codes, allow_fill=True)
    values: pd.Series[Any] = pd.Series(taken, index=column.index)
    return Parsed(values, values.isna() & present)
