"""Articles of a season that their season is too short for, and the price step that clears them.

Readings chosen:
    * A candidate has stock, a season that the calendar ends, and no assortment type nos. Without demand its stock lasts
      for ever.
    * The weeks that are left are (last day of the season - A) / 7, also in the middle of a week.
    * Nothing sells that is not there: what is expected is at most on_hand.
    * A new article gets no step, whether it sold or not.
    * At the current price an article without demand sells nothing, so that a step costs no margin.

Source: Talluri, van Ryzin, The Theory and Practice of Revenue Management, 2004, chapter 7 (constant elasticity).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pandas as pd

from .facts import Facts
from .ranges import classified, company_stock
from .shown import Mart, shown

_DAYS = 28
_TEXTS = ["category", "brand", "season"]
_UNITS = ["on_hand", "demand_units_28d", "current_price_gross"]
_WEEKS = ["weeks_of_cover", "weeks_of_season_left"]
_PRICES = ["price_step_rate", "new_price_gross"]
_EXPECTED = [
    "expected_units_without_step",
    "expected_extra_units",
    "margin_cost",
    "margin_gained",
    "capital_freed",
]


def marts(facts: Facts) -> dict[str, Mart]:
    """markdown_candidates."""
    return {
        "markdown_candidates": shown(
            markdown_candidates(facts),
            ["article_number"],
            _TEXTS,
            units=_UNITS,
            floats=[*_WEEKS, *_PRICES, *_EXPECTED],
            flags=["is_new_article"],
            dates={"as_of_date": "as_of_day"},
            from_rounded=_EXPECTED,
        )
    }


def markdown_candidates(facts: Facts) -> pd.DataFrame:
    """Every article whose stock lasts longer than its season."""
    ends = facts.seeds.season_ends()
    demand = facts.window(_DAYS).groupby("article_number")["demand_units"].sum()
    sold = demand.reindex(facts.articles.index).fillna(0)
    is_new = classified(facts).set_index("article_number")["is_new_article"]
    rows = []
    for number, units in company_stock(facts).items():
        article = facts.articles.loc[number]
        if units <= 0 or article["assortment_type"] == "nos" or article["season"] not in ends:
            continue
        left = Fraction(max(0, ends[article["season"]] - facts.as_of), 7)
        per_week = Fraction(int(sold[number]), 40_000)
        on_hand = Fraction(int(units), 10_000)
        if per_week and on_hand <= left * per_week:
            continue
        row: dict[str, Any] = {
            "article_number": number,
            **article[_TEXTS],
            "is_new_article": bool(is_new[number]),
            "on_hand": units,
            "demand_units_28d": int(sold[number]),
            "weeks_of_cover": float(on_hand / per_week) if per_week else None,
            "weeks_of_season_left": float(left),
            "current_price_gross": article["list_price"],
            "as_of_day": facts.as_of,
        }
        rows.append(row | _step(facts, article, on_hand, per_week, left, is_new=row["is_new_article"]))
    columns = ["article_number", *_TEXTS, "is_new_article", *_UNITS, *_WEEKS, *_PRICES, *_EXPECTED, "as_of_day"]
    return pd.DataFrame(rows, columns=columns).astype({"current_price_gross": "Int64"})


def _step(
    facts: Facts, article: pd.Series[Any], on_hand: Fraction, per_week: Fraction, left: Fraction, *, is_new: bool
) -> dict[str, float | None]:
    steps = sorted(Fraction(str(step)) for step in facts.variables.markdown_steps)
    at_current = per_week * max(left, Fraction(facts.variables.clearance_weeks))

    def sells(step: Fraction) -> Fraction:
        return at_current * _factor(step, facts.variables.markdown_elasticity)

    step = Fraction(0)
    if not is_new:
        step = next((one for one in [step, *steps] if sells(one) >= on_hand), steps[-1])
    without = min(on_hand, at_current)
    extra = min(on_hand, sells(step)) - without if per_week else None
    gross = None if pd.isna(article["list_price"]) else article["list_price"] / 1e4
    net = None if gross is None else float(facts.list_price_net[article["article_number"]])
    cost = None if pd.isna(article["unit_cost"]) else article["unit_cost"] / 1e4
    kept = float(1 - step)
    return {
        "price_step_rate": float(step),
        "new_price_gross": None if gross is None else gross * kept,
        "expected_units_without_step": float(without),
        "expected_extra_units": None if extra is None else float(extra),
        "margin_cost": None if net is None else float(without * step) * net,
        "margin_gained": None if extra is None or net is None or cost is None else float(extra) * (net * kept - cost),
        "capital_freed": None if extra is None or cost is None else float(extra) * cost,
    }


def _factor(step: Fraction, elasticity: float) -> Fraction:
    """What a step multiplies demand by; exact for a whole elasticity, because sales on the edge clear the stock."""
    if float(elasticity).is_integer():
        return Fraction(1) / Fraction((1 - step) ** int(elasticity))
    return Fraction(float(1 - step) ** -elasticity)
