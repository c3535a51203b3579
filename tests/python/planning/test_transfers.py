"""Transfers in SQL, by rounds, against a greedy that takes one candidate after the other."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.python.planning.greedy import Move, Pair, Relation, candidates, parcels, take
from tests.python.planning.queries import Queries

A = date(2026, 3, 29)
BRANCHES = {"a": "retail", "b": "retail", "c": "retail", "o": "outlet", "p": "outlet", "w": "warehouse"}
ARTICLES = ("x", "y", "no price")
PRICES = {"x": Decimal(40), "y": Decimal("9.99")}
# Between types, between branches, and one that is forbidden.
RELATIONS = {
    ("retail", "retail"): Relation(False, 28, 2, Decimal(20)),
    ("retail", "outlet"): Relation(True, 28, 3, Decimal(0)),
    ("retail", "warehouse"): Relation(False, 28, 1, Decimal(60)),
    ("warehouse", "retail"): Relation(False, 0, 1, Decimal(0)),
    ("warehouse", "outlet"): Relation(True, 0, 1, Decimal(0)),
    ("outlet", "outlet"): Relation(True, 28, 0, Decimal(0)),
}
NAMED = {("a", "b"): Relation(False, 7, 0, Decimal(0))}
FORBIDDEN = ("c", "a")
REORDER_POINTS = "marts.reorder_points"
COLUMNS = (
    "branch_number text, article_number text, on_hand numeric(18, 4), on_order_units numeric(18, 4),"
    " avg_daily_demand_90d numeric(18, 6), demand_days_90d bigint, reorder_point numeric(18, 6),"
    " order_up_to_level numeric(18, 6), last_received_on date, out_of_stock_since date, as_of_date date"
)

_pairs = st.builds(
    Pair,
    st.sampled_from(sorted(BRANCHES)),
    st.sampled_from(["x", "x", "x", "y", "no price"]),
    st.integers(-1, 12),
    st.sampled_from([0, 0, 0, 2]),
    st.sampled_from([Decimal(rate) for rate in ("0", "0.01", "0.05", "0.1", "0.333333", "0.8")]),
    st.sampled_from([13, 14, 90]),
    st.sampled_from([None, *(Decimal(level) for level in ("0", "0.5", "1", "2.2", "3.999999", "5", "9.5"))]),
    st.sampled_from([None, None, 0, 6, 7, 27, 28, 60]),
    st.booleans(),
    st.sampled_from([0, 0, 1, 4]),
)


def _relation(sender: str, receiver: str) -> Relation | None:
    if sender == receiver or (sender, receiver) == FORBIDDEN:
        return None
    return NAMED.get((sender, receiver)) or RELATIONS.get((BRANCHES[sender], BRANCHES[receiver]))


FOUND = {(s, r): relation for s in BRANCHES for r in BRANCHES if (relation := _relation(s, r)) is not None}


def _seed() -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = [
        (scope, ends[0], scope, ends[1], True, one.rest_days, one.minimum_units, one.minimum_value)
        for scope, relations in (("shop_type", RELATIONS), ("branch", NAMED))
        for ends, one in relations.items()
    ]
    return [*rows, ("branch", FORBIDDEN[0], "branch", FORBIDDEN[1], False, 0, 0, 0)]


def _tables(pairs: list[Pair]) -> dict[str, list[tuple[Any, ...]]]:
    return {
        "intermediate.int_articles__resolved": [(article, "unknown", "unknown", False) for article in ARTICLES],
        "intermediate.int_branches__resolved": [(branch, kind, True, True, False) for branch, kind in BRANCHES.items()],
        "intermediate.int_inventory_with_metrics": [
            (pair.branch, pair.article, pair.on_hand, pair.rate, pair.is_slow, A, A, 0, 0) for pair in pairs
        ],
        "intermediate.int_planning__prices": list(PRICES.items()),
        "intermediate.int_inventory__size_runs": [
            (pair.branch, pair.article, f"{size}", size < pair.core_sizes, size < pair.core_sizes or size == 9)
            for pair in pairs
            for size in range(10)
        ],
        "reference.transfer_relations": _seed(),
        REORDER_POINTS: [
            (
                pair.branch,
                pair.article,
                pair.on_hand,
                pair.on_order,
                pair.rate,
                pair.demand_days,
                pair.level,
                pair.level,
                None if pair.received_days_ago is None else A - timedelta(days=pair.received_days_ago),
                None,
                A,
            )
            for pair in pairs
        ],
    }


def _as_rows(moves: list[Move]) -> list[tuple[Any, ...]]:
    return sorted(
        (move.article, move.sender, move.receiver, move.is_all, move.units, move.value_per_unit) for move in moves
    )


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_pairs, min_size=2, max_size=18, unique_by=lambda pair: (pair.branch, pair.article)))
def test_transfers_are_those_of_a_sequential_greedy(queries: Queries, pairs: list[Pair]) -> None:
    taken = take(candidates(pairs, FOUND, PRICES), {(pair.branch, pair.article): pair.need for pair in pairs})
    found = queries.run(
        _tables(pairs),
        {
            "int_planning__transfer_rounds": (
                "article_number", "from_branch", "to_branch", "is_all", "units", "value_per_unit",
            ),
            "transfer_recommendations": (
                "article_number", "from_branch", "to_branch", "is_sender_emptied", "units", "value_per_unit",
            ),
        },
        {REORDER_POINTS: COLUMNS},
    )  # fmt: skip
    assert found["int_planning__transfer_rounds"] == _as_rows(taken)
    recommended = found["transfer_recommendations"]
    assert recommended == _as_rows(parcels(taken, FOUND))
    _check_laws(pairs, recommended)


def _check_laws(pairs: list[Pair], recommended: list[tuple[Any, ...]]) -> None:
    by_key = {(pair.branch, pair.article): pair for pair in pairs}
    senders = {(row[1], row[0]) for row in recommended}
    receivers = {(row[2], row[0]) for row in recommended}
    assert not senders & receivers
    for key in senders:
        pair = by_key[key]
        rows = [row for row in recommended if (row[1], row[0]) == key]
        sent = sum(row[4] for row in rows)
        assert sent <= pair.on_hand
        assert pair.level is not None
        assert pair.on_hand - sent >= max(pair.level, pair.core_sizes) or (
            len(rows) == 1 and rows[0][3] and sent == pair.on_hand
        )


def test_rounds_suffice_for_many_branches(queries: Queries) -> None:
    """Fifty branches that hold an article, each of which may send to every other that needs it."""
    draw = random.Random(7)  # noqa: S311
    rows, order = [], []
    for article in range(24):
        senders = [(f"s{n:02}", draw.randint(1, 9), draw.random() < 0.3, draw.randint(0, 20)) for n in range(25)]
        receivers = [(f"r{n:02}", draw.randint(1, 9), draw.randint(30, 50)) for n in range(25)]
        moves = []
        for sender, units, is_slow, kept in senders:
            for receiver, need, sold in receivers:
                # As values are; at random; and all the same, where ties go by number.
                value = Decimal([sold - kept, draw.randint(1, 200), 1][article % 3]) / 4
                moves.append((Move(f"{article:02}", sender, receiver, False, value, max(1, units - 2)), units, need))
                if is_slow and units <= need:
                    moves.append((Move(f"{article:02}", sender, receiver, True, value, units), units, need))
        moves.sort(key=lambda one: (-one[0].value_per_unit, one[0].sender, one[0].receiver, not one[0].is_all))
        for place, (move, units, need) in enumerate(moves, 1):
            spare = max(1, units - 2)
            order.append((move, need))
            rows.append(
                (move.article, move.sender, move.receiver, move.is_all, units, spare, need, move.value_per_unit, place)
            )
    taken = take([move for move, _ in order], {(move.receiver, move.article): need for move, need in order})
    name = "intermediate.int_planning__transfer_candidates"
    found = queries.run(
        {name: rows},
        {
            "int_planning__transfer_rounds": (
                "article_number", "from_branch", "to_branch", "is_all", "units", "value_per_unit", "round",
            )
        },
        {
            name: (
                "article_number text, from_branch text, to_branch text, is_all boolean, from_on_hand numeric(18, 4),"
                " spare_units numeric(18, 4), needed_units numeric(18, 4), value_per_unit numeric(18, 6), place bigint"
            )
        },
    )["int_planning__transfer_rounds"]  # fmt: skip
    assert [row for row in found if row[6] is None] == []
    assert [row[:6] for row in found] == _as_rows(taken)
