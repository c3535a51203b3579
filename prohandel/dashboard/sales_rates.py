"""Rates of sales, made of sums, as the marts define them."""

from __future__ import annotations

import pandas as pd

RATES = {
    "margin_pct": ("gross_margin", "net_revenue_with_cost"),
    "discount_rate": ("discount_amount", "label_value"),
    "return_rate": ("return_units", "demand_units"),
}
"""Numerator and denominator."""

RECEIPT_RATES = {"basket_gross": ("gross_revenue", "receipts"), "units_per_receipt": ("net_units", "receipts")}
"""The same, of receipts."""


def with_rates(frame: pd.DataFrame, rates: dict[str, tuple[str, str]] = RATES) -> pd.DataFrame:
    """The frame with its rates, and those of the days before; missing over an empty base.

    Args:
        frame: sums, with `_before` sums beside them, as `sql.sales_analysis` brings them.
        rates: numerator and denominator by name of the rate.
    """
    made = {}
    for name, (above, below) in rates.items():
        for suffix in ("", "_before"):
            base = pd.to_numeric(frame[f"{below}{suffix}"])
            made[f"{name}{suffix}"] = pd.to_numeric(frame[f"{above}{suffix}"]) / base.where(base != 0)
    return frame.assign(**made)
