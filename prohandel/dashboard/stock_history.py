"""Key figures of stock on earlier days, computed from daily levels as the marts define them for the as-of date."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd

from prohandel.dashboard.filters import Span

WINDOW = 365
"""Days of a turnover."""

LEAST_DAYS = 28
"""Fewer days of known stock give no turnover (the variable min_stock_days)."""


def level(levels: pd.DataFrame, column: str, day: date) -> float | None:
    """The stock at the end of a day; where only every seventh day is known, at the last known day before.

    Args:
        levels: date_day and the column, one row a day.
        column: stock_units or stock_value_cost.
        day: the day.
    """
    known = levels.loc[levels["date_day"] <= pd.Timestamp(day), ["date_day", column]].dropna()
    if known.empty or (pd.Timestamp(day) - known["date_day"].iloc[-1]).days > 7:
        return None
    return float(known[column].iloc[-1])


def stockout_rate(levels: pd.DataFrame, span: Span) -> float | None:
    """Articles out over articles rated, summed over the days of a span (0..1); None without rated articles."""
    inside = levels["date_day"].between(pd.Timestamp(span.first), pd.Timestamp(span.last))
    rated = levels.loc[inside, "rated_articles"].sum()
    return float(levels.loc[inside, "rated_stocked_out_articles"].sum() / rated) if rated else None


def turnover(levels: pd.DataFrame, costs: pd.DataFrame, day: date) -> float | None:
    """Cost of sales of the 365 days up to a day, annualised over days of known stock, over mean stock at cost.

    Args:
        levels: date_day, stock_value_cost (EUR net); days without a row are unknown.
        costs: date_day, cogs (EUR net).
        day: last day of the window.

    Returns:
        Turns per year; None for fewer than 28 known days or no stock.
    """
    first, last = pd.Timestamp(day - timedelta(days=WINDOW - 1)), pd.Timestamp(day)
    known = levels.loc[levels["date_day"].between(first, last), ["date_day", "stock_value_cost"]].dropna()
    mean = known["stock_value_cost"].mean()
    if known.empty or not mean:
        return None
    step = 7 if len(known) > 1 and (known["date_day"].iloc[1] - known["date_day"].iloc[0]).days == 7 else 1
    days = min(len(known) * step, WINDOW)
    if days < LEAST_DAYS:
        return None
    since = known["date_day"].iloc[0] - pd.Timedelta(days=step - 1)
    sold = costs.loc[costs["date_day"].between(max(since, first), last), "cogs"].sum()
    return float(sold * WINDOW / days / mean)
