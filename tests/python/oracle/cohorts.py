"""Customers by the month of their first purchase.

Readings chosen:
    * A cohort has a row for every month from its own to that of A, active or not.
    * Lines of a customer before the first demand line (a return), and of customers without any, are in no cohort.
    * Revenue and receipts of walk-in trade are those of all lines without a customer up to A.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from .cleaning import EPOCH_DAY
from .facts import Facts
from .sales import ratio, receipts
from .shown import Mart, shown

WALK_IN = "walk_in"


def marts(facts: Facts) -> dict[str, Mart]:
    """customer_cohorts."""
    return {
        "customer_cohorts": shown(
            cohorts(facts),
            ["cohort_month", "months_since"],
            money=["net_revenue"],
            counts=["customers", "active_customers", "receipts"],
            floats=["repeat_rate"],
        )
    }


def cohorts(facts: Facts) -> pd.DataFrame:
    """One row per cohort and month since."""
    lines = facts.lines[facts.lines["day"].le(facts.as_of)]
    month = lines["day"].map(_month).astype("Int64")
    demand = lines["is_demand"] & lines["customer_key"].notna()
    first = month[demand].groupby(lines.loc[demand, "customer_key"]).min()
    cohort = lines["customer_key"].map(first).astype("Int64")
    walked_in = lines["customer_key"].isna()
    lines = lines.assign(cohort=cohort.mask(walked_in, -1), since=(month - cohort).mask(walked_in, 0))
    lines = lines[lines["since"].ge(0).fillna(False).astype(bool)]
    key = ["cohort", "since"]
    sums = lines.groupby(key)["net_revenue"].sum().reset_index().merge(receipts(lines, key), on=key)
    bought = lines[lines["is_demand"] & lines["customer_key"].notna()]
    active = bought.groupby(key)["customer_key"].nunique().rename("active_customers").reset_index()
    last = _month(facts.as_of)
    grid = [(int(start), since) for start in first.unique() for since in range(last - int(start) + 1)]
    grid += [(-1, 0)] if walked_in.any() else []
    rows = pd.DataFrame(grid, columns=key, dtype="Int64").merge(sums, on=key, how="left")
    rows = rows.merge(active, on=key, how="left")
    rows["customers"] = rows["cohort"].map(first.value_counts()).astype("Int64")
    for column in ("net_revenue", "receipts", "active_customers"):
        rows[column] = rows[column].astype("Int64").fillna(0)
    persons = rows["cohort"].ge(0)
    rows["active_customers"] = rows["active_customers"].mask(~persons)
    rows["repeat_rate"] = ratio(rows["active_customers"], rows["customers"])
    labels = [f"{int(at) // 12:04d}-{int(at) % 12 + 1:02d}" if at >= 0 else WALK_IN for at in rows["cohort"]]
    return rows.assign(cohort_month=np.array(labels, dtype=object), months_since=rows["since"])


def _month(day: Any) -> int:
    on = date.fromordinal(int(day) + EPOCH_DAY)
    return on.year * 12 + on.month - 1
