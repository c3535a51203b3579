"""Rates of sales, made of sums, as the marts define them."""

from __future__ import annotations

import numpy as np
import pandas as pd

RATES = {
    "margin_pct": ("gross_margin", "net_revenue_with_cost"),
    "discount_rate": ("discount_amount", "label_value"),
    "return_rate": ("return_units", "demand_units"),
}
"""Numerator and denominator."""

RECEIPT_RATES = {"basket_gross": ("gross_revenue", "receipts"), "units_per_receipt": ("net_units", "receipts")}
"""The same, of receipts."""


SIDES = ("", "_before", "_comparable")
"""Suffixes of sums: of the period, of the days before, of those days of the period that have a day before."""


def with_rates(frame: pd.DataFrame, rates: dict[str, tuple[str, str]] = RATES) -> pd.DataFrame:
    """The frame with its rates on all sides; missing over an empty base.

    Args:
        frame: sums, as `sql.sales_analysis` brings them.
        rates: numerator and denominator by name of the rate.
    """
    made = {}
    for name, (above, below) in rates.items():
        for suffix in SIDES:
            base = frame[f"{below}{suffix}"].to_numpy(dtype=float)
            made[f"{name}{suffix}"] = frame[f"{above}{suffix}"].to_numpy(dtype=float) / np.where(
                base != 0, base, np.nan
            )
    return frame.assign(**made)


def with_changes(frame: pd.DataFrame, column: str, name: str = "change_rate") -> pd.DataFrame:
    """The frame with the relative change of a column, over the days that can be compared; missing over a base of zero.

    Args:
        frame: sums, as `sql.sales_analysis` brings them.
        column: of the sum.
        name: of the change.
    """
    before = pd.to_numeric(frame[f"{column}_before"])
    now = pd.to_numeric(frame[f"{column}_comparable"])
    return frame.assign(**{name: (now - before) / before.abs().where(before != 0)})
