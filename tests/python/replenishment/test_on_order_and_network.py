"""What is on its way, and what a supplying branch orders for others: by hand."""

from __future__ import annotations

import numpy as np

from prohandel.replenishment.network import supply
from prohandel.replenishment.on_order import Events, on_order

AS_OF = np.datetime64("2025-10-01")


def events(*rows: tuple[int, str, float]) -> Events:
    pair, day, units = zip(*rows, strict=True)
    return Events(np.array(pair), np.array(day, dtype="datetime64[D]"), np.array(units, dtype=np.float64))


def test_landed_orders_come_first() -> None:
    found = on_order(2, AS_OF, 14, landed=np.array([5.0, 0.0]), from_file=np.array([9.0, 9.0]))
    assert found.units.tolist() == [5, 0]
    assert found.source.tolist() == ["landed", "landed"]


def test_then_the_file_then_proposals_then_nobody_knows() -> None:
    assert on_order(1, AS_OF, 14, from_file=np.array([9.0])).source.tolist() == ["csv"]
    assert on_order(1, AS_OF, 14, decided=events((0, "2025-09-25", 3))).source.tolist() == ["proposals"]
    unknown = on_order(1, AS_OF, 14)
    assert (unknown.units.tolist(), unknown.source.tolist()) == ([0], ["unknown"])


def test_receipts_lessen_the_oldest_proposal() -> None:
    decided = events((0, "2025-09-20", 6), (0, "2025-09-10", 10), (1, "2025-09-20", 4))
    # 12 came on the 22nd: ten of the 10th, two of the 20th. What came on the 5th belongs to an order before.
    receipts = events((0, "2025-09-05", 50), (0, "2025-09-22", 12))
    found = on_order(2, AS_OF, 14, decided=decided, receipts=receipts)
    assert found.units.tolist() == [4, 4]


def test_what_came_on_the_day_of_the_decision_was_ordered_before() -> None:
    found = on_order(1, AS_OF, 14, decided=events((0, "2025-09-20", 6)), receipts=events((0, "2025-09-20", 6)))
    assert found.units.tolist() == [6]


def test_more_than_was_ordered_is_no_debt() -> None:
    decided = events((0, "2025-09-10", 3), (0, "2025-09-25", 5))
    assert on_order(1, AS_OF, 14, decided=decided, receipts=events((0, "2025-09-15", 20))).units.tolist() == [5]


def test_after_lead_time_and_grace_a_proposal_counts_no_more() -> None:
    # Lead time 7, grace 14: of the 10th (21 days old) it still counts, of the 9th no more.
    decided = events((0, "2025-09-10", 3), (1, "2025-09-09", 5))
    found = on_order(2, AS_OF, np.array([7.0, 7.0]), decided=decided)
    assert found.units.tolist() == [3, 0]
    assert found.overdue_units.tolist() == [0, 5]


def test_what_was_exported_and_has_not_landed_yet_is_not_proposed_again() -> None:
    decided = events((0, "2025-09-29", 8), (1, "2025-09-29", 8))
    found = on_order(3, AS_OF, 14, landed=np.array([0.0, 11.0, 2.0]), decided=decided)
    assert found.units.tolist() == [8, 11, 2]
    assert found.source.tolist() == ["proposals", "landed", "landed"]


# Rows: 0 the warehouse, 1 and 2 stores that it supplies, 3 a store that buys for itself.
SERVER = np.array([0, 0, 0, 3])


def test_the_warehouse_sends_before_it_buys() -> None:
    found = supply(
        SERVER,
        level=np.array([0.0, 10, 8, 6]),
        position=np.array([7.0, 4, 1, 2]),
        on_hand=np.array([7.0, 4, 1, 2]),
        urgency=np.array([0.0, 0.2, 0.9, 0.5]),
    )
    # Store 2 is the most urgent: it gets its 7, store 1 nothing; its 6 are bought. Store 3 buys 4 of its own.
    assert found.from_server.tolist() == [0, 0, 7, 0]
    assert found.to_buy.tolist() == [6, 0, 0, 4]


def test_each_need_is_counted_once() -> None:
    level, position = np.array([5.0, 10, 8, 6]), np.array([9.0, 4, 1, 2])
    found = supply(SERVER, level, position, on_hand=position, urgency=np.zeros(4))
    # What the group lacks: 23 less 14.
    assert found.to_buy[0] == 9
    assert found.from_server.sum() == 4


def test_what_is_on_its_way_to_the_warehouse_covers_its_stores() -> None:
    found = supply(
        SERVER,
        level=np.array([0.0, 10, 8, 6]),
        position=np.array([20.0, 4, 1, 6]),
        on_hand=np.array([0.0, 4, 1, 6]),
        urgency=np.zeros(4),
    )
    assert found.from_server.tolist() == [0, 0, 0, 0]
    assert found.to_buy.tolist() == [0, 0, 0, 0]


def test_stores_are_sent_whole_lots() -> None:
    found = supply(
        SERVER,
        level=np.array([0.0, 10, 8, 6]),
        position=np.array([10.0, 4, 8, 6]),
        on_hand=np.array([10.0, 4, 8, 6]),
        urgency=np.zeros(4),
        lot=4,
    )
    assert found.from_server.tolist() == [0, 8, 0, 0]
