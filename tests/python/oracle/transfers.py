"""Laws that recommended transfers have to keep, whatever they recommend.

Readings chosen:
    * A relation finds the rows of `transfer_relations` that fit both ends; the one that names more branches counts.
    * Minimums hold for all that goes from one branch to another.
    * A pair without a reorder point has nothing to keep.
    * A branch that is no outlet gets less than one unit more than lifts it to its order-up-to level.
    * A relation rests for `rest_days` after the sender's pair received something, the day of the receipt included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg

from .database import read_table
from .seeds import SEEDS

Pair = tuple[str, str]

_SLACK = 1e-6


@dataclass(frozen=True)
class Level:
    """What a pair holds, keeps and fills up to, in units; NaN where unknown."""

    on_hand: float
    reorder_point: float
    order_up_to_level: float


_NOTHING = Level(0.0, float("nan"), 0.0)


@dataclass(frozen=True)
class Transfers:
    """What was recommended, and what it has to respect. Pairs are (branch_number, article_number).

    Attributes:
        moves: article_number, from_branch, to_branch, units, value.
        levels: of every pair with stock of its own.
        shop_types: by branch.
        relations: the seed `transfer_relations`, as text.
        received: days since the newest receipt, by pair.
        core_sizes: how many core sizes are in stock, by pair; 0 where it is not in it.
    """

    moves: pd.DataFrame
    levels: Mapping[Pair, Level]
    shop_types: Mapping[str, str]
    relations: pd.DataFrame
    received: Mapping[Pair, int]
    core_sizes: Mapping[Pair, int] = field(default_factory=dict)


def read_transfers(conn: psycopg.Connection[Any], schema: str = "marts", seeds: Path = SEEDS) -> Transfers:
    """The recommendations of a built database."""
    moves = read_table(conn, schema, "transfer_recommendations")
    points = read_table(conn, schema, "reorder_points")
    shops = read_table(conn, schema, "dim_shops")
    columns = ["date_day", "branch_number", "article_number", "inferred_receipts"]
    daily = read_table(conn, schema, "fct_inventory_daily", columns)
    as_of = pd.Timestamp(read_table(conn, schema, "inventory_status", ["as_of_date"])["as_of_date"].max())
    daily = daily[pd.to_numeric(daily["inferred_receipts"]).gt(0)]
    age = (as_of - pd.to_datetime(daily["date_day"])).dt.days
    aged = daily.assign(age=age)[age.ge(0)]
    received: dict[Pair, int] = {}
    for branch, article, days in zip(aged["branch_number"], aged["article_number"], aged["age"], strict=True):
        received[str(branch), str(article)] = min(int(days), received.get((str(branch), str(article)), int(days)))
    sizes = read_table(conn, schema, "size_availability")
    core = sizes[sizes["is_core_size"].astype(bool) & sizes["is_in_stock"].astype(bool)]
    core_sizes: dict[Pair, int] = {}
    for branch, article in zip(core["branch_number"], core["article_number"], strict=True):
        core_sizes[str(branch), str(article)] = core_sizes.get((str(branch), str(article)), 0) + 1
    levels = {
        (str(row["branch_number"]), str(row["article_number"])): Level(
            float(row["on_hand"]), float(row["reorder_point"]), float(row["order_up_to_level"])
        )
        for row in points.to_dict("records")
    }
    return Transfers(
        moves.assign(units=pd.to_numeric(moves["units"]), value=pd.to_numeric(moves["value"])),
        levels,
        dict(zip(shops["branch_number"], shops["shop_type"], strict=True)),
        pd.read_csv(seeds / "transfer_relations.csv", dtype=str),
        received,
        core_sizes,
    )


def broken_laws(transfers: Transfers) -> list[str]:
    """One line per broken law; empty where all hold."""
    moves = transfers.moves
    found = [f"moves nothing: {row.article_number} to {row.to_branch}" for row in moves.itertuples() if row.units <= 0]
    sent, got = _per_pair(moves, "from_branch"), _per_pair(moves, "to_branch")
    found += [f"sends and receives: {pair}" for pair in sorted(sent.keys() & got.keys())]
    for pair, units in sent.items():
        level = transfers.levels.get(pair, _NOTHING)
        left = level.on_hand - units
        if left < -_SLACK:
            found.append(f"sends {units} of {level.on_hand}: {pair}")
        elif left > _SLACK and left < level.reorder_point - _SLACK:
            found.append(f"keeps {left}, below its reorder point {level.reorder_point}: {pair}")
        elif _SLACK < left < transfers.core_sizes.get(pair, 0) - _SLACK:
            found.append(f"keeps {left} of {transfers.core_sizes[pair]} core sizes: {pair}")
    for pair, units in got.items():
        level = transfers.levels.get(pair, _NOTHING)
        lacks = level.order_up_to_level - level.on_hand
        if transfers.shop_types.get(pair[0]) != "outlet" and not units < lacks + 1:
            found.append(f"receives {units} and lacks {lacks}: {pair}")
    for (sender, receiver), parcel in moves.groupby(["from_branch", "to_branch"]):
        found += _broken_by_parcel(transfers, str(sender), str(receiver), parcel)
    return found


def _broken_by_parcel(transfers: Transfers, sender: str, receiver: str, parcel: pd.DataFrame) -> list[str]:
    way = f"{sender} to {receiver}"
    rule = _rule(transfers, sender, receiver)
    if rule is None or rule["is_allowed"] != "true":
        return [f"no relation allows it: {way}"]
    found = []
    for measure in ("units", "value"):
        least = float(rule[f"minimum_{measure}"])
        if parcel[measure].sum() < least - _SLACK:
            found.append(f"{measure} below {least}: {way}")
    rest = int(rule["rest_days"])
    for article in parcel["article_number"]:
        days = transfers.received.get((sender, str(article)))
        if days is not None and days < rest:
            found.append(f"goes on {days} days after its receipt: {article}, {way}")
    return found


def _rule(transfers: Transfers, sender: str, receiver: str) -> dict[str, str] | None:
    found, most = None, -1
    for row in transfers.relations.to_dict("records"):
        ends = ((row["from_scope"], row["from_value"], sender), (row["to_scope"], row["to_value"], receiver))
        names = [branch if scope == "branch" else transfers.shop_types.get(branch) for scope, _, branch in ends]
        named = sum(scope == "branch" for scope, _, _ in ends)
        if names == [value for _, value, _ in ends] and named > most:
            found, most = {str(key): str(value) for key, value in row.items()}, named
    return found


def _per_pair(moves: pd.DataFrame, end: str) -> dict[Pair, float]:
    units: dict[Pair, float] = {}
    for branch, article, moved in zip(moves[end], moves["article_number"], moves["units"], strict=True):
        units[str(branch), str(article)] = units.get((str(branch), str(article)), 0.0) + float(moved)
    return units
