"""Orders by the baseline forecast, pair by pair, in plain Python.

Readings chosen:
    * What other branches send is taken as it was recommended: its laws are tested apart.
    * Accepted proposals are in no landing: without purchase orders nothing is known to be on order.
    * A pair whose stock rows name a size, but for some stock of no size, is ordered by sizes: those of its article.
    * Sizes share an order by their shares in sales to half a per cent.
    * Equal remainders of shares go to the size that comes first by name.

Sources: Silver, Pyke, Thomas, Inventory and Production Management in Supply Chains, 4th ed. 2017, chapter 6; sums of
days by the law of total variance.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor, sqrt
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from . import observations
from .buying import open_orders
from .facts import Facts
from .forecasts import HORIZON, Forecasts, active_branches, baseline, demand_forecast, known, quantile, stocked
from .landing import UNKNOWN
from .planning import reorder_points
from .seeds import ORDER_TERMS, PackRow
from .shown import Mart, shown
from .sizes import size_shares

Pair = tuple[str, str]
_PAIR = ["branch_number", "article_number"]
_FLOOR_DAYS = 28
_MILLION = 10**6


@dataclass
class Size:
    """One size of a pair; of a pair without sizes the whole."""

    name: str
    share: Fraction
    is_core: bool
    on_hand: float
    level: float = 0.0
    need: float = 0.0
    passed: float = 0.0
    units: float = 0.0
    pack: float = 1.0


@dataclass
class Order:
    """One pair."""

    key: Pair
    terms: dict[str, Any]
    on_hand: float
    on_order: float
    inbound: float
    means: Any = None
    dispersion: float = 0.0
    level_cv2: float = 0.0
    sizes: list[Size] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def net(self) -> float:
        """What it lacks itself, less what is on its way."""
        return max(0.0, sum(size.need for size in self.sizes) - self.on_order - self.inbound)


def marts(facts: Facts) -> dict[str, Mart]:
    """demand_forecast, reorder_recommendations and reorder_size_lines."""
    made = baseline(facts)
    orders = _orders(facts, made)
    for order in orders.values():
        _level(facts, order)
    for order in orders.values():
        _pass_on(order, orders)
    groups: dict[Pair, list[Order]] = defaultdict(list)
    for (_, article), order in orders.items():
        groups[order.terms["supplied_from"], article].append(order)
    for key, order in orders.items():
        _decide(facts, order, groups[key])
    points = reorder_points(facts).set_index(_PAIR)
    rows, lines = [], []
    for (branch, article), order in orders.items():
        figures = order.figures
        point = points.loc[(branch, article)] if (branch, article) in points.index else None
        terms = order.terms
        figures["safety_stock_normal"] = (
            np.nan
            if point is None
            else point["z"]
            * sqrt(
                (terms["lead_time_days"] + terms["review_period_days"]) * round(point["demand_sd_90d"], 6) ** 2
                + (round(point["avg_daily_demand_90d"], 6) * terms["lead_time_sd_days"]) ** 2
            )
        )
        rows.append({"branch_number": branch, "article_number": article, **terms, **figures})
        lines += [
            {
                "branch_number": branch,
                "article_number": article,
                "article_size_number": size.name,
                "on_hand": size.on_hand,
                "order_up_to_level": size.level,
                "needed_units": size.need,
                "recommended_units": size.units,
                "pack_units": size.pack,
                "is_core_size": size.is_core,
                "size_share_of_sales": float(size.share),
            }
            for size in order.sizes
            if size.name
        ]
    columns = [
        "on_hand", "on_order_units", "inbound_transfer_units", "lead_time_days", "lead_time_sd_days",
        "review_period_days", "service_level", "expected_daily_demand", "expected_lead_time_demand", "safety_stock",
        "safety_stock_normal", "reorder_point", "order_up_to_level", "needed_units", "recommended_order_units",
        "replenishment_units", "pack_units", "order_value_cost",
    ]  # fmt: skip
    sums = ["expected_daily_demand", "expected_lead_time_demand", "safety_stock", "safety_stock_normal"]
    of_lines = ["on_hand", "order_up_to_level", "needed_units", "recommended_units", "pack_units"]
    keys = ["article_number", "branch_number"]
    frame = pd.DataFrame(rows, columns=[*_PAIR, "urgency", *columns])
    sized = pd.DataFrame(
        lines, columns=[*_PAIR, "article_size_number", *of_lines, "is_core_size", "size_share_of_sales"]
    )
    return {
        "demand_forecast": demand_forecast(facts, made),
        "reorder_recommendations": shown(frame, keys, ["urgency"], floats=columns, from_rounded=sums),
        "reorder_size_lines": shown(
            sized,
            [*keys, "article_size_number"],
            floats=[*of_lines, "size_share_of_sales"],
            flags=["is_core_size"],
        ),
    }


def _orders(facts: Facts, made: Forecasts) -> dict[Pair, Order]:
    own = facts.own.assign(key=list(zip(facts.own["branch_number"], facts.own["article_number"], strict=True)))
    stock = {key: units / 1e4 for key, units in zip(own["key"], own["on_hand"].astype("Float64"), strict=True)}
    terms = _terms(facts)
    on_order = (open_orders(facts).groupby(_PAIR)["open_units"].sum() / 1e4).to_dict()
    orders: dict[Pair, Order] = {}

    def add(key: Pair) -> Order:
        if key not in orders:
            held = stock.get(key, 0.0)
            orders[key] = Order(
                key,
                terms[key],
                0.0 if pd.isna(held) else float(held),
                float(on_order.get(key, 0)),
                float(facts.inbound.get(key, 0)),
            )
        return orders[key]

    for at, row in enumerate(made.series.to_dict("records")):
        key = (row["branch_number"], row["article_number"])
        if key in stock and key in terms:
            order = add(key)
            order.means = np.round(made.means[at], 6)
            order.dispersion, order.level_cv2 = round(row["dispersion"], 6), round(row["level_cv2"], 6)
    for key in list(orders):
        add((orders[key].terms["supplied_from"], key[1]))
    _add_sizes(facts, orders)
    return orders


def _terms(facts: Facts) -> dict[Pair, dict[str, Any]]:
    pairs = facts.pairs.reset_index(drop=True)
    columns = ("brand", "category", "category_ref", "supplier")
    named = pairs[_PAIR].assign(**{column: facts.of_article(pairs, column) for column in columns})
    policy = facts.seeds.replenishment(named)
    floors = facts.seeds.presentation_minimum(named)
    landed = facts.staged.suppliers
    landed = landed[~landed["is_deleted"] & known(landed["lead_time_days"].ge(0), default=False)]
    of_supplier = (landed.groupby("name")["lead_time_days"].max() / 1e4).to_dict()
    branches = facts.core.branches.set_index("branch_number")
    runs = active_branches(facts)
    kept = {article for _, article in stocked(facts)}
    found: dict[Pair, dict[str, Any]] = {}
    borrowed: dict[Pair, dict[str, Any]] = {}
    for at, row in enumerate(named.to_dict("records")):
        key = (str(row["branch_number"]), str(row["article_number"]))
        said = {column: facts.seeds.order_term(row, column) for column in ORDER_TERMS}
        lead = policy["lead_time_days"].iloc[at]
        if policy["is_default"].iloc[at] and row["supplier"] in of_supplier:
            lead = floor(of_supplier[row["supplier"]] + 0.5)
        terms = {
            "supplied_from": str(branches.at[key[0], "supplied_from"]),
            "service_level": float(policy["service_level"].iloc[at]),
            "service_kind": said["service_kind"] or "cycle",
            "lead_time_days": int(lead if said["lead_time_days"] is None else float(said["lead_time_days"])),
            "lead_time_sd_days": float(said["lead_time_sd_days"] or 0),
            "review_period_days": int(policy["review_period_days"].iloc[at]),
            "pack_units": float(policy["pack_units"].iloc[at]),
            "minimum_order_units": float(said["minimum_order_units"] or 0),
            "floor": 0.0 if np.isnan(floors.iloc[at]) else float(floors.iloc[at]),
            "assortment_type": str(pairs["assortment_type"].iloc[at]),
            "shop_type": str(branches.at[key[0], "shop_type"]),
            "is_active": bool(runs[key[0]]),
            "is_stock_kept": key[1] in kept,
        }
        found[key] = terms
        supplier = (terms["supplied_from"], key[1])
        if supplier[0] != key[0] and (supplier not in borrowed or key[0] < borrowed[supplier]["from"]):
            borrowed[supplier] = {
                **terms,
                "floor": 0.0,
                "from": key[0],
                "shop_type": str(branches.at[supplier[0], "shop_type"]),
                "is_active": bool(runs[supplier[0]]),
            }
    return {**borrowed, **found}


def _add_sizes(facts: Facts, orders: dict[Pair, Order]) -> None:
    curves: dict[str, list[tuple[str, Fraction | None, bool]]] = defaultdict(list)
    shares = size_shares(facts)
    shares["weight"] = [
        np.nan if pd.isna(share) else floor(Fraction(f"{share:.6f}") * 200 + Fraction(1, 2))
        for share in shares["size_share_of_sales"]
    ]
    shares["total"] = shares.groupby("article_number")["weight"].transform("sum")
    for row in shares.to_dict("records"):
        weight, total = row["weight"], row["total"]
        share = None if pd.isna(weight) or not total else Fraction(floor(weight * _MILLION / total + 0.5), _MILLION)
        curves[str(row["article_number"])].append((str(row["article_size_number"]), share, bool(row["is_core_size"])))
    held = {
        (str(row["branch_number"]), str(row["article_number"]), str(row["article_size_number"])): row["quantity"] / 1e4
        for row in facts.sizes.to_dict("records")
    }
    blurred = _with_stock_of_no_size(facts)
    for key, order in orders.items():
        sizes = [] if key in blurred else sorted(curves.get(key[1], []))
        order.sizes = [
            Size(name, Fraction(1, len(sizes)) if share is None else share, core, float(held.get((*key, name), 0)))
            for name, share, core in sizes
        ] or [Size("", Fraction(1), False, order.on_hand)]


def _with_stock_of_no_size(facts: Facts) -> set[Pair]:
    if facts.variables.as_of_date is None:
        stock = observations.current_stock(facts.staged, facts.core)
    else:
        events = observations.observations(facts.staged, facts.core)
        until = events[events["day"].le(facts.as_of)]
        stock = until.groupby(observations.KEY, sort=False)["quantity"].last().reset_index()
    units = stock[stock["article_size_number"].eq(UNKNOWN)].groupby(_PAIR)["quantity"].sum()
    return {key for key, left in units.items() if left != 0}


def _season_end(facts: Facts, article: str) -> int | None:
    return facts.season_ends.get(str(facts.articles.at[article, "season"]))


def _mean_until(order: Order, days: int) -> tuple[float, float]:
    """Sum of the means of so many days, and of their squares."""
    if order.means is None:
        return 0.0, 0.0
    shown_days, beyond = order.means[: max(0, days)], max(0, days - HORIZON)
    last = float(order.means[-7:].mean())
    return float(shown_days.sum()) + beyond * last, float((shown_days**2).sum()) + beyond * last**2


def _sum_dispersion(order: Order, days: int) -> float:
    mean, squares = _mean_until(order, days)
    if mean <= 0:
        return 0.0
    spread = order.level_cv2 + order.dispersion * (1 + order.level_cv2) * squares / mean**2
    return float(spread + (order.terms["lead_time_sd_days"] / days) ** 2)


def _level(facts: Facts, order: Order) -> None:
    terms, figures = order.terms, order.figures
    lead, protected = terms["lead_time_days"], terms["lead_time_days"] + terms["review_period_days"]
    mean = _mean_until(order, protected)[0]
    if terms["service_kind"] == "fill" and mean > 0:
        point = _fill_level(order, lead, protected)
    else:
        point = float(quantile(mean, _sum_dispersion(order, protected), terms["service_level"]))
    end = _season_end(facts, order.key[1])
    has_floor = end is None or facts.as_of + _FLOOR_DAYS <= end
    level = max(point, ceil(terms["floor"]) if has_floor else 0)
    units = _whole(int(level), [size.share for size in order.sizes], [size.name for size in order.sizes])
    for size, of_size in zip(order.sizes, units, strict=True):
        size.level = max(of_size, 1 if size.is_core and has_floor and level > 0 else 0)
        size.need = max(0.0, size.level - max(size.on_hand, 0))
    figures |= {
        "on_hand": order.on_hand,
        "on_order_units": order.on_order,
        "inbound_transfer_units": order.inbound,
        "expected_daily_demand": 0.0 if order.means is None else float(order.means.mean()),
        "expected_lead_time_demand": mean,
        "safety_stock": point - mean,
        "reorder_point": point,
        "order_up_to_level": sum(size.level for size in order.sizes),
        "needed_units": sum(size.need for size in order.sizes),
    }


def _fill_level(order: Order, lead: int, protected: int) -> float:
    def loss(days: int, level: int) -> float:
        mean, spread = _mean_until(order, days)[0], _sum_dispersion(order, days)
        if mean <= 0:
            return 0.0
        size = 1 / spread
        return float(mean - stats.nbinom.sf(np.arange(level), size, size / (size + mean)).sum())

    allowed = (1 - order.terms["service_level"]) * (_mean_until(order, protected)[0] - _mean_until(order, lead)[0])
    level = 0
    while loss(protected, level) - loss(lead, level) > allowed + 1e-9:
        level += 1
    return float(level)


def _pass_on(order: Order, orders: dict[Pair, Order]) -> None:
    supplier = order.terms["supplied_from"]
    needed = sum(size.need for size in order.sizes)
    if supplier == order.key[0] or order.terms["shop_type"] == "outlet" or needed == 0:
        return
    at_supplier = {size.name: size for size in orders[supplier, order.key[1]].sizes}
    for size in order.sizes:
        if size.name in at_supplier:
            at_supplier[size.name].passed += size.need * order.net / needed


def _is(flag: Any, unknown: bool) -> bool:
    return unknown if pd.isna(flag) else bool(flag)


def _hindrance(facts: Facts, order: Order, days_left: int | None) -> str | None:
    terms, article = order.terms, facts.articles.loc[order.key[1]]
    if terms["shop_type"] == "outlet":
        return "outlet"
    if not terms["is_active"] or not _is(article["is_active"], True) or _is(article["is_deleted"], False):
        return "inactive"
    if not terms["is_stock_kept"]:
        return "not_kept"
    if terms["supplied_from"] != order.key[0]:
        return "supplied"
    if terms["assortment_type"] == "one_shot":
        return "one_shot"
    if days_left is not None and days_left < terms["lead_time_days"] + _FLOOR_DAYS:
        return "season"
    return None


def _decide(facts: Facts, order: Order, group: list[Order]) -> None:
    terms, figures, pack = order.terms, order.figures, order.terms["pack_units"]
    end = _season_end(facts, order.key[1])
    days_left = None if end is None else end - facts.as_of
    lacking = [max(0.0, size.level + size.passed - max(size.on_hand, 0)) for size in order.sizes]
    net = max(0.0, sum(lacking) - order.on_order - order.inbound)
    units = ceil(max(ceil(net - 0.001), terms["minimum_order_units"]) / pack) * pack if net > 0.001 else 0.0
    most = None
    if days_left is not None:
        ahead = sum(_mean_until(other, days_left)[0] for other in group)
        free = max(0.0, ahead - max(order.on_hand, 0) - order.on_order - order.inbound)
        most = floor(free / pack) * pack
    hindrance = _hindrance(facts, order, days_left)
    if hindrance is not None:
        units = 0.0
    elif most is not None:
        units = min(units, most)
    _share_out(facts, order, units, most)
    recommended = sum(size.units for size in order.sizes) if units > 0 else 0.0
    cost = facts.articles.at[order.key[1], "unit_cost"]
    figures |= {
        "recommended_order_units": recommended,
        "replenishment_units": ceil(order.net) if hindrance == "supplied" else 0,
        "order_value_cost": np.nan if pd.isna(cost) else recommended * float(cost) / 1e4,
    }
    position = order.on_hand + order.on_order + order.inbound
    if recommended == 0 and figures["replenishment_units"] == 0:
        figures["urgency"] = "none"
    elif position <= _mean_until(order, terms["lead_time_days"])[0]:
        figures["urgency"] = "now"
    else:
        figures["urgency"] = "soon" if position < figures["reorder_point"] else "later"


def _whole(units: int, shares: list[Fraction], names: list[str]) -> list[int]:
    """Units by their shares in whole ones: the largest remainders get one more, equal ones by name."""
    parts = [units * share for share in shares]
    whole = [floor(part) for part in parts]
    for at in sorted(range(len(parts)), key=lambda at: (whole[at] - parts[at], names[at])):
        if sum(whole) < units:
            whole[at] += 1
    return whole


def _share_out(facts: Facts, order: Order, units: float, most: float | None) -> None:
    needed = sum(size.need for size in order.sizes)
    beyond = Fraction(f"{max(0.0, units - needed):.4f}")
    weights = [Fraction(f"{size.need:.4f}") + size.share * beyond for size in order.sizes]
    total = sum(weights)
    portions = [weight / total if total else Fraction(0) for weight in weights]
    whole = [float(part) for part in _whole(int(units), portions, [size.name for size in order.sizes])]
    if order.sizes[0].name == "":
        order.sizes[0].units = units
        return
    article = facts.articles.loc[order.key[1]]
    packs: list[PackRow | None] = [facts.seeds.size_pack_of(article, size.name) for size in order.sizes]
    up, down = list(whole), list(whole)
    lot = sum(pack.units for pack in packs if pack and pack.is_lot)
    in_lots = sum(part for part, pack in zip(whole, packs, strict=True) if pack and pack.is_lot)
    for at, pack in enumerate(packs):
        if pack is None:
            order.sizes[at].pack = order.terms["pack_units"]
        else:
            order.sizes[at].pack = pack.units
            number = in_lots / lot if pack.is_lot else whole[at] / pack.units
            up[at], down[at] = ceil(number) * pack.units, floor(number) * pack.units
    chosen = down if most is not None and sum(up) > most else up
    for size, of_size in zip(order.sizes, chosen, strict=True):
        size.units = of_size
