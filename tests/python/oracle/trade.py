"""Branches by day and by period to date.

Readings chosen:
    * "Sold", "first line" and "a line in the period" take every line that is not deleted, of merchandise or not.
    * A day without a line has sums of 0, also of discount, but neither cogs nor margin, and no rate.
    * The first comparable day of a period is the earliest of the comparable days of its days.
    * Plans are added over the days of the period.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pandas as pd

from .cleaning import EPOCH_DAY, scaled
from .comparable import comparable_day, days_compared_with
from .facts import Facts
from .sales import BASES, UNITS, ratio, receipts, summed, with_rates
from .shown import Mart, shown

_KEY = ["day", "branch_number"]
_ADDED = [*UNITS, *BASES, "gross_revenue", "net_revenue", "receipts", "sale_lines"]


def marts(facts: Facts) -> dict[str, Mart]:
    """branch_day_performance and sales_to_date."""
    days = branch_days(facts)
    return {
        "branch_day_performance": shown(
            days,
            ["date_day", "branch_number"],
            units=["demand_units", "return_units", "net_units"],
            money=[
                "gross_revenue",
                "net_revenue",
                "cogs",
                "gross_margin",
                "discount_amount",
                "plan_net_revenue",
                "net_revenue_comparable_day",
            ],
            counts=["receipts", "sale_lines"],
            floats=[
                "margin_pct",
                "cost_coverage",
                "discount_rate",
                "return_rate",
                "basket_gross",
                "units_per_receipt",
            ],
            flags=["is_complete"],
        ),
        "sales_to_date": shown(
            to_date(facts, days),
            ["period", "branch_number"],
            dates={"period_start": "start_day", "period_end": "end_day"},
            money=[
                "net_revenue",
                "net_revenue_last_year",
                "plan_net_revenue",
                "gross_margin",
                "gross_margin_last_year",
            ],
            counts=["receipts", "receipts_last_year"],
            floats=["change_rate", "plan_rate"],
            flags=["is_like_for_like"],
        ),
    }


def branch_days(facts: Facts) -> pd.DataFrame:
    """Measures by business day and branch; a row also for days with a plan or a comparable day with sales."""
    lines = facts.lines
    sums = summed(lines, _KEY).merge(receipts(lines, _KEY), on=_KEY)
    sums = sums.merge(lines.groupby(_KEY).size().rename("sale_lines").reset_index(), on=_KEY)
    last = max(facts.newest, facts.as_of)
    followers = days_compared_with()
    later = sums[_KEY].assign(day=sums["day"].map(followers))
    plan = plans(facts)
    later = later[later["day"].le(last).fillna(False)]
    types = {"day": "int64", "branch_number": "object"}
    named = [frame.astype(types) for frame in (sums[_KEY], later, plan.loc[plan["day"].le(last), _KEY])]
    rows = pd.concat(named, ignore_index=True).drop_duplicates(ignore_index=True)
    keyed = sums.astype(types)
    days = rows.merge(keyed, on=_KEY, how="left").merge(plan, on=_KEY, how="left")
    days["discount_amount"] = days["discount_amount"].mask(days["sale_lines"].isna(), 0)
    for column in _ADDED:
        days[column] = days[column].astype("Int64").fillna(0)
    days = with_rates(days)
    revenue = keyed.set_index(_KEY)["net_revenue"]
    days["comparable"] = days["day"].map(comparable_day)
    known = pd.MultiIndex.from_arrays([days["comparable"], days["branch_number"]])
    before = pd.Series(revenue.reindex(known).array, index=days.index).astype("Int64").fillna(0)
    opened = days["branch_number"].map(lines.groupby("branch_number")["day"].min()).astype("Int64")
    days["net_revenue_comparable_day"] = before.mask(~opened.le(days["comparable"]).fillna(False))
    days["net_units"] = days["demand_units"] - days["return_units"]
    days["basket_gross"] = ratio(days["gross_revenue"], days["receipts"]) / 1e6
    days["units_per_receipt"] = ratio(days["net_units"], days["receipts"]) / 1e4
    return days.assign(is_complete=days["day"].le(facts.as_of))


def plans(facts: Facts) -> pd.DataFrame:
    """The sales plan: day, branch_number, plan_net_revenue (whole 1e-6)."""
    plan = facts.seeds.sales_plan
    return pd.DataFrame(
        {
            "day": pd.Series(
                [date.fromisoformat(on).toordinal() - EPOCH_DAY for on in plan["date_day"]], dtype="int64"
            ),
            "branch_number": pd.Series(list(plan["branch_number"]), dtype="object"),
            "plan_net_revenue": pd.Series([scaled(str(text), 6) for text in plan["plan_net_revenue"]], dtype="Int64"),
        }
    )


def periods(facts: Facts) -> dict[str, int]:
    """The first day of every period that ends at A."""
    today = date.fromordinal(facts.as_of + EPOCH_DAY)
    starts = {
        "day": today,
        "week_to_date": today - timedelta(days=today.weekday()),
        "month_to_date": today.replace(day=1),
        "year_to_date": today.replace(month=1, day=1),
    }
    firsts = {period: start.toordinal() - EPOCH_DAY for period, start in starts.items()}
    seasons = [day for day in facts.seeds.season_starts().values() if day <= facts.as_of]
    return firsts | ({"season_to_date": max(seasons)} if seasons else {})


def to_date(facts: Facts, days: pd.DataFrame) -> pd.DataFrame:
    """One row per period and branch."""
    opened = facts.lines.groupby("branch_number")["day"].min()
    plan = plans(facts)
    rows: list[dict[str, Any]] = []
    for period, start in periods(facts).items():
        span = range(start, facts.as_of + 1)
        compared = {comparable_day(day) for day in span}
        now, then = (_sums(days[days["day"].isin(chosen)]) for chosen in (span, compared))
        planned = plan[plan["day"].isin(span)].groupby("branch_number")["plan_net_revenue"].sum()
        nothing: dict[str, Any] = {"net_revenue": 0, "gross_margin": None, "receipts": 0}
        for branch in sorted({*now, *then, *planned.index}):
            this, last = now.get(branch, nothing), then.get(branch, nothing)
            rows.append(
                {
                    "period": period,
                    "branch_number": branch,
                    "start_day": start,
                    "end_day": facts.as_of,
                    **this,
                    **{f"{name}_last_year": value for name, value in last.items()},
                    "plan_net_revenue": planned.get(branch),
                    "is_like_for_like": branch in opened.index
                    and bool(opened[branch] <= min(compared))
                    and this["net_revenue"] != 0
                    and last["net_revenue"] != 0,
                }
            )
    columns = ["net_revenue", "net_revenue_last_year", "plan_net_revenue", "gross_margin", "gross_margin_last_year"]
    columns += ["receipts", "receipts_last_year", "start_day", "end_day"]
    frame = pd.DataFrame(rows, columns=["period", "branch_number", "is_like_for_like", *columns])
    frame = frame.astype(dict.fromkeys(columns, "Int64"))
    change = frame["net_revenue"] - frame["net_revenue_last_year"]
    return frame.assign(
        change_rate=ratio(change, frame["net_revenue_last_year"]),
        plan_rate=ratio(frame["net_revenue"], frame["plan_net_revenue"]),
    )


def _sums(days: pd.DataFrame) -> dict[str, dict[str, Any]]:
    with_lines = days[days["sale_lines"].gt(0)]
    grouped = with_lines.groupby("branch_number")
    sums = grouped[["net_revenue", "gross_margin", "receipts"]].sum()
    known = grouped["gross_margin"].count()
    return {
        str(branch): {
            "net_revenue": int(row["net_revenue"]),
            "gross_margin": int(row["gross_margin"]) if known[branch] else None,
            "receipts": int(row["receipts"]),
        }
        for branch, row in sums.iterrows()
    }
