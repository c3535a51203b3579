"""Measures of sales, from cleaned lines.

Money is in whole 1e-6, units and prices per unit in whole 1e-4, until `marts` turns them into decimals.

Readings chosen:
    * A line's own purchase price of zero is unknown like an article's, unless zero costs are known: the article's cost
      stands in.
    * Lines that are not merchandise have cogs, but no gross margin ("in no margin figure"); their net revenue counts in
      the base of cost_coverage.
    * A line without a price is flagged, adjustment lines included. Adjustment units keep their sign (negative).
    * The label price is the line's own; `list_price_gross` of a line is its label price per unit. Where prices exclude
      VAT, label and list prices do too: the rate of the line's day, for an article that of A, is added to them.
    * discount_amount is null on lines that have none by definition, and for a group without any such line.
    * A customer number of nothing but zeros is walk-in trade, whatever its length.
    * Deleted orders are in no mart.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pandas as pd

from .cleaning import divide
from .core import Core, resolve
from .landing import Staged
from .seeds import Seeds
from .variables import Variables

UNITS = ["demand_units", "return_units", "adjustment_units"]
MONEY = ["gross_revenue", "net_revenue", "cogs", "gross_margin", "discount_amount"]
BASES = ["net_revenue_with_margin", "label_revenue"]
_NULL_WITHOUT_LINES = ["cogs", "gross_margin", "discount_amount"]
_MILLION = 1_000_000


def sale_lines(staged: Staged, core: Core, seeds: Seeds, variables: Variables, hash_key: str) -> pd.DataFrame:
    """Every line that is not deleted, with its measures and flags; one row per sale_line_id."""
    sales = staged.sales
    lines = sales[~sales["is_deleted"]].reset_index(drop=True)
    lines["branch_number"] = core.branch_of(lines["branch_ref"])
    lines["customer_key"] = customer_keys(
        resolve(lines["customer_ref"], staged.customers, "customer_number", "customer_id"), variables, hash_key
    )
    article = core.articles.set_index("article_number").loc[lines["article_number"]].reset_index()
    lines["category"] = article["category"]
    lines["is_merchandise"] = article["is_merchandise"].astype(bool)

    by_line = variables.sale_price_per == "line"
    type_zero = lines["sale_type"].eq("0").fillna(False).astype(bool)
    negative = lines["quantity"].lt(0).astype(bool)
    unpaid = lines["sale_price"].fillna(0).eq(0).astype(bool)
    lines["is_adjustment"] = type_zero & negative & unpaid
    lines["is_return"] = ~lines["is_adjustment"] & (negative | ~type_zero)
    lines["is_demand"] = type_zero & lines["quantity"].gt(0).astype(bool)
    lines["is_price_missing"] = lines["sale_price"].isna()

    landed_quantity = lines["quantity"]
    lines["quantity"] = landed_quantity.mask(lines["is_return"], -landed_quantity.abs())
    paid = lines["sale_price"] * 100 if by_line else divide(lines["sale_price"] * landed_quantity, 100)
    paid = paid.mask(lines["is_return"], -paid.abs())
    vat_class = seeds.vat_class(article.assign(branch_number=lines["branch_number"]))
    rate = seeds.vat_rate(vat_class, lines["day"])
    if variables.prices_include_vat:
        lines["gross_revenue"] = paid
        lines["net_revenue"] = divide(paid * _MILLION, rate + _MILLION)
    else:
        lines["gross_revenue"] = divide(paid * (rate + _MILLION), _MILLION)
        lines["net_revenue"] = paid

    lines["cogs"] = _cogs(lines, article["unit_cost"], variables)
    margin = lines["net_revenue"] - lines["cogs"]
    lines["gross_margin"] = margin.mask(lines["is_adjustment"] | ~lines["is_merchandise"])
    lines["net_revenue_with_margin"] = lines["net_revenue"].mask(lines["gross_margin"].isna())

    label = lines["label_price"]
    added = rate.mask(rate.notna(), 0) if variables.prices_include_vat else rate
    if variables.label_price_per == "line":
        label_revenue = label.abs() * 100
        lines["list_price_gross"] = divide(label.abs() * (added + _MILLION), lines["quantity"].abs() * 100)
    else:
        label_revenue = divide(label * lines["quantity"], 100)
        lines["list_price_gross"] = divide(label * (added + _MILLION), _MILLION)
    label_revenue = divide(label_revenue * (added + _MILLION), _MILLION)
    discounted = lines["is_demand"] & label.notna() & lines["gross_revenue"].notna()
    lines["label_revenue"] = label_revenue.where(discounted)
    lines["discount_amount"] = (label_revenue - lines["gross_revenue"]).clip(lower=0).where(discounted)

    lines["demand_units"] = lines["quantity"].where(lines["is_demand"], 0)
    lines["return_units"] = (-lines["quantity"]).where(lines["is_return"], 0)
    lines["adjustment_units"] = lines["quantity"].where(lines["is_adjustment"], 0)
    return lines


def summed(lines: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Units and money of lines per group; a sum is null where it has to be and no line of the group is known."""
    grouped = lines.groupby(keys, sort=False, dropna=False)
    sums = grouped[[*UNITS, *MONEY, *BASES]].sum()
    known = grouped[_NULL_WITHOUT_LINES].count()
    for column in _NULL_WITHOUT_LINES:
        sums[column] = sums[column].mask(known[column].eq(0))
    return sums.reset_index()


def with_rates(sums: pd.DataFrame) -> pd.DataFrame:
    """Add margin_pct, cost_coverage, return_rate and discount_rate (floats; null over an empty base)."""
    return sums.assign(
        margin_pct=ratio(sums["gross_margin"], sums["net_revenue_with_margin"]),
        cost_coverage=ratio(sums["net_revenue_with_margin"], sums["net_revenue"]),
        return_rate=ratio(sums["return_units"], sums["demand_units"]),
        discount_rate=ratio(sums["discount_amount"], sums["label_revenue"]),
    )


def ratio(top: pd.Series[Any], base: pd.Series[Any]) -> pd.Series[Any]:
    """top / base as floats; NaN where either is null or the base is 0."""
    high = top.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    low = base.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        return pd.Series(np.where(low == 0, np.nan, high / low), index=top.index)


def sales_performance(lines: pd.DataFrame) -> pd.DataFrame:
    """Measures by business day, branch and category."""
    keys = ["day", "branch_number", "category"]
    sums = with_rates(summed(lines, keys))
    return sums.merge(receipts(lines, keys), on=keys, how="left", validate="one_to_one")


def receipts(lines: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The number of receipts per group.

    A receipt is a (branch, day, receipt number); a line without a receipt number is a receipt of its own.
    """
    own = lines["receipt_number"].isna()
    named = lines[[*{"day", "branch_number", *keys}]].assign(
        own=own, receipt=lines["receipt_number"].fillna(lines["sale_line_id"])
    )
    return named.drop_duplicates().groupby(keys).size().rename("receipts").reset_index()


def orders(staged: Staged, variables: Variables, hash_key: str) -> pd.DataFrame:
    """Orders that are not deleted; delivery_days from order to delivery."""
    landed = staged.orders[~staged.orders["is_deleted"]].reset_index(drop=True)
    numbers = resolve(landed["customer_ref"], staged.customers, "customer_number", "customer_id")
    return landed.assign(
        customer_key=customer_keys(numbers, variables, hash_key),
        delivery_days=landed["delivery_day"] - landed["order_day"],
    )


def customer_keys(numbers: pd.Series[Any], variables: Variables, hash_key: str) -> pd.Series[Any]:
    """The keyed hash of customer numbers; null for walk-in trade and staff."""
    codes, uniques = pd.factorize(numbers.astype("string"))

    def key(number: str) -> str | None:
        if not number.strip("0") or len(number) < variables.min_customer_number_length:
            return None
        return hashlib.sha256(f"{hash_key}:{number}".encode()).hexdigest()

    hashed = pd.array([key(str(number)) for number in uniques], dtype="string")
    return pd.Series(hashed.take(codes, allow_fill=True), index=numbers.index)


def dim_customers(staged: Staged, variables: Variables, hash_key: str) -> pd.DataFrame:
    """The key of every person that landed or that a sale or an order names."""
    refs = pd.concat([staged.sales["customer_ref"], staged.orders["customer_ref"]], ignore_index=True)
    named = resolve(refs, staged.customers, "customer_number", "customer_id")
    numbers = pd.concat([staged.customers["customer_number"], named], ignore_index=True).drop_duplicates()
    keys = customer_keys(numbers, variables, hash_key).dropna().drop_duplicates()
    return pd.DataFrame({"customer_key": keys}).reset_index(drop=True)


def newest_day(lines: pd.DataFrame) -> int | None:
    """N: the latest business day of a line that is not deleted."""
    return int(lines["day"].max()) if len(lines) else None


def as_of_day(newest: int | None, last_sync: int | None, variables: Variables) -> int | None:
    """A: the last complete day, or the day that the variable names."""
    if variables.as_of_date is not None:
        return (pd.Timestamp(variables.as_of_date) - pd.Timestamp(0)).days
    if newest is None:
        return None
    return newest if last_sync is not None and last_sync > newest else newest - 1


def _cogs(lines: pd.DataFrame, article_cost: pd.Series[Any], variables: Variables) -> pd.Series[Any]:
    landed = lines["purchase_price"]
    if not variables.zero_cost_is_known:
        landed = landed.mask(landed.eq(0).fillna(False))
    from_article = divide(lines["quantity"] * article_cost, 100)
    if variables.purchase_price_per == "unit":
        return divide(lines["quantity"] * landed, 100).fillna(from_article)
    direction = np.sign(lines["quantity"].to_numpy(dtype=np.int64))
    from_line: pd.Series[Any] = landed.abs() * direction * 100
    return from_line.mask(lines["quantity"].eq(0)).fillna(from_article)
