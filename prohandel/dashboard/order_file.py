"""Recommended orders as a file that an ERP imports."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd

from prohandel.dashboard.database import MOST_ROWS
from prohandel.dashboard.formats import Language

COLUMNS = (
    "supplier",
    "branch_number",
    "article_number",
    "article_size_number",
    "units",
    "unit_cost",
    "ordered_on",
)
"""One line per article, size and branch, under these names in every language.

supplier: as the article names it. branch_number: where the goods go. article_number, article_size_number: as landed;
the size is empty where an article has none. units: to order, above 0. unit_cost: EUR net, empty where it is not known.
ordered_on: day that the stock is as of, as 2026-02-27.
"""


def all_lines(part: Callable[[int], pd.DataFrame]) -> pd.DataFrame:
    """Every line, part by part, because no query brings more than MOST_ROWS of them.

    Args:
        part: the lines after so many.
    """
    parts = [part(0)]
    while len(parts[-1]) == MOST_ROWS:
        parts.append(part(MOST_ROWS * len(parts)))
    return pd.concat(parts, ignore_index=True)


def order_file(lines: pd.DataFrame, language: Language) -> bytes:
    """UTF-8 without a byte order mark; in German semicolons and a decimal comma, in English commas and a point.

    Args:
        lines: of COLUMNS.
        language: of the reader.
    """
    german = language == "de"
    separator, point = (";", ",") if german else (",", ".")
    written = lines[list(COLUMNS)].copy()
    for column, decimals in (("units", 0), ("unit_cost", 2)):
        written[column] = [_number(value, decimals, point) for value in written[column]]
    written["ordered_on"] = pd.to_datetime(written["ordered_on"]).dt.strftime("%Y-%m-%d")
    return written.to_csv(index=False, sep=separator, lineterminator="\r\n").encode("utf-8")


def _number(value: float | None, decimals: int, point: str) -> str:
    """Units that are no whole number, as metres, keep what they have."""
    if value is None or math.isnan(value):
        return ""
    text = f"{value:.{decimals}f}" if decimals or float(value).is_integer() else f"{value:.4f}".rstrip("0")
    return text.replace(".", point)
