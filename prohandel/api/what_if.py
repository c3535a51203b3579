"""What would be ordered if something were different: from the stored distribution, nothing is forecast anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from prohandel.api.database import Connection, Schemas, rows_of
from prohandel.api.forecasts import Pair, Series
from prohandel.api.problems import Problem
from prohandel.forecast.distribution import SumDemand
from prohandel.replenishment.assortment import Ordering
from prohandel.replenishment.counts import CountDemand
from prohandel.replenishment.levels import level_for_cycle_service, level_for_fill_rate, with_lead_time_spread
from prohandel.replenishment.purchase import Terms, orders

_NOT_ORDERED = ("one_shot", "season", "outlet", "supplied", "inactive", "not_kept")
_RECOMMENDED = """
select
    lines.supplied_from, lines.on_hand::float8, lines.on_order_units::float8, lines.on_order_source,
    lines.inbound_transfer_units::float8, lines.lead_time_days, lines.lead_time_sd_days::float8,
    lines.review_period_days, lines.service_level::float8, lines.service_kind, lines.pack_units::float8,
    lines.unit_cost::float8, lines.reorder_point::float8, lines.order_up_to_level::float8,
    lines.recommended_order_units::float8, lines.replenishment_units::float8, lines.binding_constraint, lines.reason,
    lines.as_of_date, articles.list_price_gross::float8
from {marts}.reorder_recommendations as lines
inner join {marts}.dim_articles as articles on lines.article_number = articles.article_number
where lines.branch_number = %(branch_number)s and lines.article_number = %(article_number)s
"""


@dataclass(frozen=True)
class Line:
    """A row of the mart `reorder_recommendations`, with what the what-if needs of the article.

    Attributes:
        binding_constraint: what decided the units other than the need; None where nothing did.
    """

    supplied_from: str
    on_hand: float
    on_order_units: float
    on_order_source: str
    inbound_transfer_units: float
    lead_time_days: int
    lead_time_sd_days: float
    review_period_days: int
    service_level: float
    service_kind: str
    pack_units: float
    unit_cost: float | None
    reorder_point: float
    order_up_to_level: float
    recommended_order_units: float
    replenishment_units: float
    binding_constraint: str | None
    reason: str
    as_of_date: date
    list_price_gross: float | None

    @property
    def size_units(self) -> float:
        """What sizes and floors add to the reorder point in the order-up-to level."""
        return max(0.0, self.order_up_to_level - self.reorder_point)

    @property
    def hindrance(self) -> str | None:
        """Why nothing may be ordered; None where it may."""
        if self.binding_constraint not in _NOT_ORDERED or self.recommended_order_units > 0:
            return None
        return self.binding_constraint


def line_of(conn: Connection, schemas: Schemas, pair: Pair) -> Line | None:
    """The pair's row of the mart; None where there is none."""
    found = rows_of(conn, schemas.sql(_RECOMMENDED), {"branch_number": pair[0], "article_number": pair[1]})
    return Line(**found[0]) if found else None


def what_if(
    pair: Pair, series: Series, line: Line, given: Mapping[str, Any], elasticity: float | None
) -> dict[str, Any]:
    """The order as it is and as it would be.

    Args:
        pair: whose.
        series: its stored distribution.
        line: its row of the mart.
        given: service_level, lead_time_days, review_period_days, on_hand, on_order_units, price_gross,
            price_elasticity; None or left out means as it is.
        elasticity: that the server was started with, for a price without one of its own; None for none.

    Raises:
        Problem: a price without a known elasticity or list price.
    """
    changes = {name: given.get(name) for name in
               ("service_level", "lead_time_days", "review_period_days", "on_hand", "on_order_units")}  # fmt: skip
    changed = replace(line, **{name: value for name, value in changes.items() if value is not None})
    used, source, factor = _price(line, given, elasticity)
    return {
        "branch_number": pair[0],
        "article_number": pair[1],
        "as_of_date": line.as_of_date,
        "model": series.model,
        "forecast_origin": series.origin,
        "is_from_batch": series.is_from_batch,
        "price_elasticity": used,
        "price_elasticity_source": source,
        "demand_factor": round(factor, 6),
        "current": _order(line, line, series, 1.0),
        "what_if": _order(changed, line, series, factor),
        "recommended": {
            "reorder_point": line.reorder_point,
            "order_up_to_level": line.order_up_to_level,
            "recommended_order_units": line.recommended_order_units,
            "replenishment_units": line.replenishment_units,
            "reason": line.reason,
        },
        "notes": _notes(line, series, changed),
    }


def _price(line: Line, given: Mapping[str, Any], elasticity: float | None) -> tuple[float | None, str | None, float]:
    """Elasticity, where it comes from, and what demand is multiplied by: (price / list price) ** -elasticity.

    Constant elasticity: Talluri and van Ryzin, The Theory and Practice of Revenue Management, 2004, ch. 7.
    """
    price = given.get("price_gross")
    if price is None:
        return None, None, 1.0
    own = given.get("price_elasticity")
    used = elasticity if own is None else own
    if used is None:
        raise Problem(
            409,
            "How demand answers to this article's price is not known. Give price_elasticity with the request, or start "
            "the server with --price-elasticity.",
            "elasticity-unknown",
        )
    if not line.list_price_gross or line.list_price_gross <= 0:
        raise Problem(409, "The article has no list price to compare with.", "elasticity-unknown")
    # A bound, because no elasticity holds that far.
    factor = float(min(100.0, max(0.01, (price / line.list_price_gross) ** -used)))
    return float(used), "request" if own is not None else "server", factor


def _order(line: Line, mart: Line, series: Series, factor: float) -> dict[str, Any]:
    """What would be ordered of a line; sizes and floors add what they add in the mart."""
    days = line.lead_time_days + line.review_period_days
    protection_sum = _scaled(series, 0, days, factor)
    daily = protection_sum.mean / days if days else np.zeros(1)
    sd = np.array([line.lead_time_sd_days])
    protection = with_lead_time_spread(_counts(protection_sum), daily, sd)
    if line.service_kind == "fill":
        lead_sum = _scaled(series, 0, line.lead_time_days, factor)
        lead = with_lead_time_spread(_counts(lead_sum), lead_sum.mean / max(1, line.lead_time_days), sd)
        level = level_for_fill_rate(lead, protection, line.service_level, is_lost=False)
    else:
        level = level_for_cycle_service(protection, line.service_level)
    up_to = level + mart.size_units
    wanted = orders(
        up_to,
        up_to,
        np.array([max(0.0, line.on_hand)]),
        np.array([line.on_order_units]),
        np.array([line.inbound_transfer_units]),
        np.array([Ordering.ALLOWED], dtype=np.int8),
        Terms(pack_units=1.0 if mart.hindrance == "supplied" else line.pack_units, most_units=_most(line, mart)),
    )
    # Adding 0 makes a zero of either sign the same.
    units = float(wanted.units[0]) + 0.0
    ordered = 0.0 if mart.hindrance else units
    return {
        "service_level": line.service_level,
        "service_kind": line.service_kind,
        "lead_time_days": line.lead_time_days,
        "lead_time_sd_days": line.lead_time_sd_days,
        "review_period_days": line.review_period_days,
        "on_hand": line.on_hand,
        "on_order_units": line.on_order_units,
        "inbound_transfer_units": line.inbound_transfer_units,
        "expected_lead_time_demand": round(float(protection.mean[0]), 6),
        "safety_stock": round(float(level[0] - protection.mean[0]), 6),
        "reorder_point": float(level[0]),
        "order_up_to_level": float(up_to[0]),
        "recommended_order_units": ordered,
        "replenishment_units": units if mart.hindrance == "supplied" else 0.0,
        "order_value_cost": None if line.unit_cost is None else round(ordered * line.unit_cost, 2),
        "not_ordered_because": mart.hindrance,
    }


def _scaled(series: Series, first: int, days: int, factor: float) -> SumDemand:
    summed = series.demand(days).over(first, days)
    return SumDemand(summed.mean * factor, summed.dispersion)


def _counts(summed: SumDemand) -> CountDemand:
    return CountDemand(summed.mean, summed.variance())


def _most(line: Line, mart: Line) -> float:
    """Where the season's end has cut the order, what is there now more or less is ordered less or more."""
    if mart.binding_constraint != "season" or mart.hindrance:
        return np.inf
    more = max(0.0, line.on_hand) - max(0.0, mart.on_hand) + line.on_order_units - mart.on_order_units
    return max(0.0, mart.recommended_order_units - more)


def _notes(line: Line, series: Series, changed: Line) -> list[str]:
    notes = []
    if changed.lead_time_days + changed.review_period_days > len(series.mean):
        notes.append("Beyond the forecast's horizon every day is taken to be like the mean of its last week.")
    if line.size_units > 0:
        notes.append(
            "Sizes and the presentation minimum add to the order-up-to level what they add in the recommendation."
        )
    if line.binding_constraint == "season" or changed.lead_time_days > line.lead_time_days:
        notes.append("The end of a season is looked at when the marts are built, not here.")
    if line.on_order_source == "unknown":
        notes.append("What is on order is not known and counts as none.")
    if line.hindrance == "supplied":
        notes.append(f"The goods come from branch {line.supplied_from}.")
    return notes
