"""Readers can go back to an earlier publication, and publishing waits until somebody lets it go on."""

from __future__ import annotations

import pytest

from prohandel.errors import ProhandelError
from prohandel.publication.history import current, publications
from tests.python.publication.shop import MARTS, SCHEMAS, Shop


def seen(shop: Shop) -> list[object]:
    return [shop.rows(f"marts.{name}") for name in MARTS]


@pytest.fixture
def states(shop: Shop) -> list[list[object]]:
    """What readers saw after each of four publications."""
    found = []
    for number, line in enumerate([None, ("a", "2026-03-01", 99, "n"), ("c", "2026-03-02", 5, None), None]):
        if line:
            shop.write([line], [("0901", f"2026-02-0{number + 1}", number)])
        elif number:
            shop.remove("b")
        shop.publish()
        found.append(seen(shop))
    return found


def test_back_to_the_one_before(shop: Shop, states: list[list[object]]) -> None:
    done = shop.roll_back()
    assert seen(shop) == states[2]
    assert (done.outcome, done.note) == ("rolled back", "prices are wrong")
    now = current(publications(shop.conn, SCHEMAS))
    assert now is not None
    assert now.publication_id == 3


def test_back_over_several_at_once_and_one_by_one(shop: Shop, states: list[list[object]]) -> None:
    shop.roll_back(3)
    assert seen(shop) == states[2]
    shop.roll_back(1)
    assert seen(shop) == states[0]


def test_publishing_waits_until_it_is_released(shop: Shop, states: list[list[object]]) -> None:
    shop.roll_back(2)
    shop.write([("d", "2026-03-03", 7, None)])
    assert shop.publish().outcome == "held"
    assert seen(shop) == states[1]
    shop.release()
    assert shop.publish().outcome == "published"
    assert shop.is_published()
    with pytest.raises(ProhandelError, match="not on hold"):
        shop.release()


def test_what_was_undone_comes_again_without_a_further_change(shop: Shop, states: list[list[object]]) -> None:
    shop.roll_back(1)
    shop.release()
    shop.publish()
    assert seen(shop) == states[3]
    shop.roll_back()
    assert seen(shop) == states[0]


def test_only_so_many_are_kept(shop: Shop) -> None:
    for number in range(5):
        shop.write([("e", "2026-03-01", number, None)])
        shop.publish(kept=2)
    with pytest.raises(ProhandelError, match="Publication 2 cannot be reached: what 3 replaced is not kept") as caught:
        shop.roll_back(2)
    assert caught.value.remedy == "Readers can go back to: 4, 3."
    assert shop.rows("(select distinct publication_id, 1 from state.replaced__marts__fct_lines)") == [(4, 1), (5, 1)]


def test_no_rollback_behind_a_change_of_columns(shop: Shop, states: list[list[object]]) -> None:
    shop.conn.execute("alter table marts_audit.fct_lines add column units int")
    shop.publish()
    with pytest.raises(ProhandelError, match="columns changed"):
        shop.roll_back()
    shop.conn.execute("insert into marts_audit.fct_lines values ('f', '2026-03-01', 1, null, 2)")
    before = seen(shop)
    shop.publish()
    shop.roll_back()
    assert seen(shop) == before


def test_nothing_to_go_back_to(shop: Shop) -> None:
    shop.publish()
    with pytest.raises(ProhandelError, match="There is no earlier publication"):
        shop.roll_back()
    with pytest.raises(ProhandelError, match="There is no publication 7"):
        shop.roll_back(7)
