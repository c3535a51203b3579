"""Writes the seed of Germany's public holidays: `python -m prohandel.seeds.public_holidays seeds/public_holidays.csv`.

Source: the package `holidays` (a development dependency), category "public": a day counts for a state where it is a
holiday by law in the whole of it. Days that only some communities keep (Assumption in Bavaria, Corpus Christi in
parts of Saxony and Thuringia, the Peace Festival of Augsburg) are therefore not in it.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import holidays

FIRST_YEAR = 2009
LAST_YEAR = 2035
STATES = ("BB", "BE", "BW", "BY", "HB", "HE", "HH", "MV", "NI", "NW", "RP", "SH", "SL", "SN", "ST", "TH")


def public_holidays(first_year: int = FIRST_YEAR, last_year: int = LAST_YEAR) -> list[dict[str, str]]:
    """One row per day that is a holiday in at least one state, in order of days.

    Returns:
        Rows with `date_day` (ISO), `name` (German; two names on one day joined by a semicolon) and per state, in lower
        case, "true" or "false".
    """
    years = range(first_year, last_year + 1)
    by_state = {state: holidays.country_holidays("DE", subdiv=state, years=years, language="de") for state in STATES}
    days: dict[date, list[str]] = {}
    for calendar in by_state.values():
        for day, joined in calendar.items():
            names = days.setdefault(day, [])
            names.extend(name for name in joined.split("; ") if name not in names)
    return [
        {
            "date_day": day.isoformat(),
            "name": "; ".join(sorted(days[day])),
            **{state.lower(): str(day in by_state[state]).lower() for state in STATES},
        }
        for day in sorted(days)
    ]


def main(arguments: Sequence[str]) -> None:
    """Write the seed to the path given."""
    rows = public_holidays()
    with Path(arguments[0]).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main(sys.argv[1:])
