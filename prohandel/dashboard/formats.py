"""Numbers, dates and units as a German or English reader writes them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pandas as pd

Language = Literal["de", "en"]
Kind = Literal["money", "money_cents", "units", "units_exact", "days", "weeks", "hours", "percent", "factor", "count",
               "date", "moment", "text", "yes_no"]  # fmt: skip

NOTHING = "\u2013"
MINUS = "\u2212"
BERLIN = ZoneInfo("Europe/Berlin")

_FACTORS = {"turnover_rate", "gmroi", "weekly_demand_cv", "z", "rmsse", "tracking_signal", "units_per_receipt"}
"""Columns of the unit `rate` that are no share: 1.5 means one and a half times, not 150 %."""

_KINDS: dict[str, Kind] = {
    "EUR net": "money",
    "EUR gross": "money",
    "units": "units",
    "days": "days",
    "weeks": "weeks",
    "hours": "hours",
    "rate": "percent",
    "count": "count",
    "ordinal": "count",
}

_MONTHS = {
    "de": ("Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}
_WEEKDAYS = {
    "de": ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}


def kind_of(column: str, unit: str) -> Kind:
    """How a column of a mart is shown, by its name and the unit in its meta."""
    if column in _FACTORS:
        return "factor"
    return _KINDS.get(unit, "text")


@dataclass(frozen=True)
class Formats:
    """Writes values for one language; what is missing becomes a dash.

    Attributes:
        language: de or en.
    """

    language: Language

    def number(self, value: Any, decimals: int = 0) -> str:
        """1.234,5 or 1,234.5; a true minus sign."""
        if is_missing(value):
            return NOTHING
        rounded = round(float(value), decimals) + 0.0
        text = f"{abs(rounded):,.{decimals}f}"
        if self.language == "de":
            text = text.translate(str.maketrans(",.", ".,"))
        return f"{MINUS}{text}" if rounded < 0 else text

    def money(self, value: Any, decimals: int = 0) -> str:
        """1.234 € or €1,234."""
        if is_missing(value):
            return NOTHING
        text = self.number(value, decimals)
        if self.language == "de":
            return f"{text}\u00a0€"
        return f"{MINUS}€{text[1:]}" if text.startswith(MINUS) else f"€{text}"

    def money_short(self, value: Any) -> str:
        """Six figures at most: 694.563 €, 1,28 Mio. €."""
        if is_missing(value):
            return NOTHING
        if abs(float(value)) < 999_500:
            return self.money(value)
        millions = self.number(float(value) / 1e6, 2)
        if self.language == "de":
            return f"{millions}\u00a0Mio.\u00a0€"
        return f"{MINUS}€{millions[1:]}M" if millions.startswith(MINUS) else f"€{millions}M"

    def percent(self, value: Any, decimals: int = 1) -> str:
        """12,3 % of a rate of 0.123."""
        if is_missing(value):
            return NOTHING
        text = self.number(float(value) * 100, decimals)
        return f"{text}\u00a0%" if self.language == "de" else f"{text}%"

    def change(self, value: Any, decimals: int = 1) -> str:
        """A relative change with its sign: +3,2 %."""
        if is_missing(value):
            return NOTHING
        text = self.percent(value, decimals)
        return text if text.startswith(MINUS) or round(float(value) * 100, decimals) == 0 else f"+{text}"

    def points(self, value: Any) -> str:
        """The difference of two rates in percentage points, with its sign."""
        if is_missing(value):
            return NOTHING
        text = self.number(float(value) * 100, 1)
        sign = "" if text.startswith(MINUS) or round(float(value) * 100, 1) == 0 else "+"
        return f"{sign}{text}\u00a0{'PP' if self.language == 'de' else 'pp'}"

    def day(self, value: Any, *, weekday: bool = False, year: bool = True) -> str:
        """27.02.2026, Fr 27.02.2026 or 27.02.; in English 27 Feb 2026."""
        if is_missing(value):
            return NOTHING
        moment = pd.Timestamp(value)
        if self.language == "de":
            text = f"{moment:%d.%m.%Y}" if year else f"{moment:%d.%m.}"
        else:
            text = f"{moment.day} {_MONTHS['en'][moment.month - 1]}" + (f" {moment.year}" if year else "")
        return f"{_WEEKDAYS[self.language][moment.weekday()]} {text}" if weekday else text

    def moment(self, value: datetime | None) -> str:
        """Day and time in Berlin."""
        if is_missing(value) or value is None:
            return NOTHING
        here = value.astimezone(BERLIN)
        return f"{self.day(here.date())} {here:%H:%M}"

    def week(self, value: date) -> str:
        """The ISO week of a day: KW 9 or W9."""
        number = value.isocalendar().week
        return f"KW\u00a0{number}" if self.language == "de" else f"W{number}"

    def month(self, value: Any) -> str:
        """Feb. 2026."""
        moment = pd.Timestamp(value)
        return f"{_MONTHS[self.language][moment.month - 1]} {moment.year}"

    def value(self, value: Any, kind: Kind) -> str:
        """A value as a cell of a table shows it; units stand in the heading, except those of money and percent."""
        if is_missing(value):
            return NOTHING
        match kind:
            case "money":
                return self.money(value)
            case "money_cents":
                return self.money(value, 2)
            case "percent":
                return self.percent(value)
            case "factor":
                return self.number(value, 2)
            case "units_exact" | "weeks" | "hours":
                return self.number(value, 1)
            case "units" | "count" | "days":
                return self.number(value)
            case "date":
                return self.day(value)
            case "moment":
                return self.moment(pd.Timestamp(value).to_pydatetime())
            case "yes_no":
                return self._yes_no(bool(value))
            case _:
                return str(value)

    def _yes_no(self, value: bool) -> str:
        if self.language == "de":
            return "ja" if value else "nein"
        return "yes" if value else "no"

    def vega_locale(self) -> dict[str, Any]:
        """Numbers and dates on the axes and in the tooltips of charts, as d3-format and d3-time-format want them."""
        if self.language == "en":
            return {"number": {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["€", ""]}}
        days = ["Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"]
        months = ["Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
                  "November", "Dezember"]  # fmt: skip
        return {
            "number": {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["", "\u00a0€"],
                       "percent": "\u00a0%"},
            "time": {
                "dateTime": "%A, %e. %B %Y %X", "date": "%d.%m.%Y", "time": "%H:%M:%S", "periods": ["", ""],
                "days": days, "shortDays": [day[:2] for day in days],
                "months": months, "shortMonths": [name[:3] for name in months],
            },
        }  # fmt: skip


def is_missing(value: Any) -> bool:
    """Is it None, NaN, NaT or infinite?"""
    if value is None or value is pd.NaT:
        return True
    return isinstance(value, float) and not math.isfinite(value)


def change_rate(now: Any, before: Any) -> float | None:
    """(now - before) / |before|; None over a missing or empty base."""
    if is_missing(now) or is_missing(before) or float(before) == 0:
        return None
    return (float(now) - float(before)) / abs(float(before))
