"""Laws that recommended transfers have to keep, whatever they recommend.

Readings chosen:
    * A relation finds the rows of `transfer_relations` that fit both ends; the one that names more branches counts.
    * Minimums hold for all that goes from one branch to another.
    * A pair without a reorder point has nothing to keep.
    * A branch that is no outlet gets less than one unit more than lifts it to its order-up-to level.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import psycopg

from .database import read_table
from .seeds import SEEDS

_REST_DAYS = 28
_SLACK = 1e-6
_NOTHING = {"on_hand": 0.0, "reorder_point": 0.0, "order_up_to_level": 0.0}


def broken_laws(conn: psycopg.Connection[Any], marts_schema: str = "marts", seeds: Path = SEEDS) -> list[str]:
    """One line per broken law and transfer, pair or relation; empty where all hold."""
    moves = _numbers(read_table(conn, marts_schema, "transfer_recommendations"), ["units", "value"])
    levels = _numbers(read_table(conn, marts_schema, "reorder_points"), list(_NOTHING))
    points = {
        (str(row["branch_number"]), str(row["article_number"])): {name: float(row[name]) for name in _NOTHING}
        for row in levels.to_dict("records")
    }
    kinds = read_table(conn, marts_schema, "dim_shops").set_index("branch_number")["shop_type"].to_dict()
    relations = pd.read_csv(seeds / "transfer_relations.csv", dtype=str)
    received = _received_lately(conn, marts_schema)
    found = [f"moves nothing, or nowhere: {row}" for row in moves.itertuples() if row.units <= 0]
    found += [f"stays where it is: {row}" for row in moves.itertuples() if row.from_branch == row.to_branch]
    sent, got = (_per_pair(moves, end) for end in ("from_branch", "to_branch"))
    found += [f"sends and receives: {pair}" for pair in sent.keys() & got.keys()]
    for pair, units in sent.items():
        if pair not in points:
            found.append(f"sends what it does not hold: {pair}")
            continue
        point = points[pair]
        left = point["on_hand"] - units
        if left < -_SLACK:
            found.append(f"sends {units} and has {point['on_hand']}: {pair}")
        if abs(left) > _SLACK and left < point["reorder_point"] - _SLACK:
            found.append(f"keeps {left} below its reorder point {point['reorder_point']}: {pair}")
        if pair in received:
            found.append(f"sends {_REST_DAYS} days or less after a receipt: {pair}")
    for pair, units in got.items():
        point = points.get(pair, _NOTHING)
        lacks = point["order_up_to_level"] - point["on_hand"]
        if kinds.get(pair[0]) != "outlet" and units >= lacks + 1:
            found.append(f"receives {units} and lacks {lacks}: {pair}")
    for (sender, receiver), both in moves.groupby(["from_branch", "to_branch"]):
        rule = _rule(relations, str(sender), str(receiver), kinds)
        if rule is None or rule["is_allowed"] != "true":
            found.append(f"no relation allows it: {sender} to {receiver}")
        elif both["units"].sum() < float(rule["minimum_units"]) or both["value"].sum() < float(rule["minimum_value"]):
            found.append(f"less than the relation asks for: {sender} to {receiver}")
    return found


def _rule(relations: pd.DataFrame, sender: str, receiver: str, kinds: dict[Any, Any]) -> dict[str, str] | None:
    best: tuple[int, dict[str, str] | None] = (-1, None)
    for row in relations.to_dict("records"):
        ends = ((row["from_scope"], row["from_value"], sender), (row["to_scope"], row["to_value"], receiver))
        if all(value == (branch if scope == "branch" else kinds.get(branch)) for scope, value, branch in ends):
            named = sum(scope == "branch" for scope, _, _ in ends)
            best = max(best, (named, {str(key): str(value) for key, value in row.items()}), key=lambda one: one[0])
    return best[1]


def _received_lately(conn: psycopg.Connection[Any], schema: str) -> set[tuple[str, str]]:
    daily = _numbers(
        read_table(
            conn,
            schema,
            "fct_inventory_daily",
            ["date_day", "branch_number", "article_number", "inferred_receipts"],
        ),
        ["inferred_receipts"],
    )
    as_of = read_table(conn, schema, "inventory_status", ["as_of_date"])["as_of_date"].max()
    if pd.isna(as_of):
        return set()
    age = (pd.Timestamp(as_of) - pd.to_datetime(daily["date_day"])).dt.days
    lately = daily[daily["inferred_receipts"].gt(0) & age.between(0, _REST_DAYS - 1)]
    return set(zip(lately["branch_number"], lately["article_number"], strict=True))


def _per_pair(moves: pd.DataFrame, end: str) -> dict[tuple[str, str], float]:
    units: dict[tuple[str, str], float] = {}
    for branch, article, moved in zip(moves[end], moves["article_number"], moves["units"], strict=True):
        units[str(branch), str(article)] = units.get((str(branch), str(article)), 0.0) + float(moved)
    return units


def _numbers(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    return frame.assign(**{column: pd.to_numeric(frame[column]) for column in columns})
