"""What a change in the landing rewrites in the sales marts: all that it has to, and no more."""

from __future__ import annotations

import pytest

from tests.python.sales.building import MARTS, build, written_in
from tests.python.scenarios.harness import Warehouse, differences
from tests.python.scenarios.landed import change_rows, copy_row, delete_rows

pytestmark = pytest.mark.slow


def _cost_of(w: Warehouse, line: str) -> float:
    found = w.execute("select cogs from marts.fct_sale_lines where sale_line_id = %(line)s", {"line": line})
    return float(found[0][0])


def test_run_without_news_rewrites_nothing(sales: Warehouse) -> None:
    before = written_in(sales, "fct_sale_lines", "sale_line_id")
    build(sales)
    assert written_in(sales, "fct_sale_lines", "sale_line_id") == before


def test_cost_of_an_article_rewrites_lines_without_a_cost_of_their_own(sales: Warehouse) -> None:
    article = sales.execute("select min(article_number) from prohandel.sale where quantity > 0 and purchase_price > 0")
    number = article[0][0]
    copy_row(
        sales,
        "sale",
        f"article_number = '{number}' and quantity > 0",
        id="without-cost",
        quantity=1,
        purchase_price=None,
    )
    build(sales)
    before = written_in(sales, "fct_sale_lines", "sale_line_id")
    change_rows(sales, "article", f"article_number = '{number}'", cost=4.21)
    build(sales)
    after = written_in(sales, "fct_sale_lines", "sale_line_id")
    assert {line for line in after if after[line] != before[line]} == {"without-cost"}
    assert _cost_of(sales, "without-cost") == 4.21


def test_slices_heal_whatever_happens_to_lines_and_parents(sales: Warehouse) -> None:
    """Everything at once, in three runs: a later one undoes or moves on what an earlier one saw."""
    copy_row(sales, "sale", "quantity > 0", id="of-a-person", customer_number="8888888")
    copy_row(sales, "sale", "quantity > 0", id="of-a-shop", branch_number="shop-77")
    copy_row(sales, "sale", "quantity > 0", id="of-an-article", article_number="late-article")
    copy_row(sales, "sale", "quantity > 0", id="voided-later")
    copy_row(sales, "sale", "quantity > 0", id="unreadable-later")
    copy_row(sales, "sale", "quantity > 0", id="unreadable-first", quantity=None)
    copy_row(sales, "sale", "quantity > 0", id="moves-twice", branch_number="0901", date="2025-11-03T11:00:00")
    copy_row(sales, "sale", "quantity > 0", id="comes-back")
    build(sales)

    change_rows(sales, "sale", "id = 'moves-twice'", branch_number="0902", date="2025-11-05T11:00:00")
    delete_rows(sales, "sale", "quantity > 0 and id !~ '-'", limit=3)
    delete_rows(sales, "sale", "id = 'comes-back'")
    delete_rows(sales, "shop", "branch_number = '0902'")
    build(sales, nightly=True)
    gone = "select count(*) from intermediate.int_sales__line_changes where is_gone"
    assert sales.execute(gone) == [(4,)]

    change_rows(sales, "sale", "id = 'moves-twice'", article_number="late-article")
    change_rows(sales, "sale", "id = 'voided-later'", is_deleted=True)
    change_rows(sales, "sale", "id = 'unreadable-later'", date="31.02.2026")
    change_rows(sales, "sale", "id = 'unreadable-first'", quantity=3)
    copy_row(sales, "sale", "quantity > 0", id="comes-back", branch_number="0909")
    copy_row(sales, "customer", "true", id="8888888", customer_number="7654321")
    copy_row(sales, "shop", "true", id="shop-77", branch_number="0977")
    copy_row(sales, "article", "true", id="77770001", article_number="late-article", cost=3.5)
    change_rows(sales, "article", "article_number <> 'late-article'", name="Gutschein zum Fest")
    change_rows(sales, "category", "true", limit=3, name="Neuer Name")
    build(sales)
    assert sales.execute(gone) == [(3,)]

    whole = sales.clone("sales_whole")
    build(whole, full_refresh=True)
    assert set(MARTS) <= set(sales.tables("marts"))
    assert differences(sales, whole) == []
