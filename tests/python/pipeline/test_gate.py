"""`prohandel run --gate`, `publications` and `rollback` from outside."""

from __future__ import annotations

import json

from tests.python.pipeline.conftest import Toy


def publications(toy: Toy) -> list[tuple[str, int]]:
    done = toy.prohandel("publications", "--target", "toy", "--json")
    assert done.code == 0, done.err
    return [(one["outcome"], one["rows_changed"]) for one in json.loads(done.out)]


def test_a_good_run_is_published(toy: Toy) -> None:
    report = toy.report("--gate")
    assert report["publication"]["outcome"] == "published"
    assert [step["name"] for step in report["steps"]][-3:] == ["publish", "alerts", "summary"]
    assert toy.value("select gross_revenue from marts.sales_performance") == 42.5
    toy.execute("insert into prohandel.sale values ('3', '2026-02-27', 'A1', 1, '1')")
    assert "Published: 2 changed rows of 1 tables" in toy.run("--gate").out
    assert publications(toy) == [("published", 2), ("published", 2)]


def test_what_fails_its_tests_is_not_read(toy: Toy) -> None:
    toy.report("--gate")
    toy.execute("update prohandel.sale set sale_price = -1")
    done = toy.run("--gate")
    assert done.code == 1
    assert "Not published: 1 failed; people go on reading the last good marts" in done.out
    assert toy.value("select gross_revenue from marts.sales_performance") == 42.5
    assert toy.value("select gross_revenue from marts_audit.sales_performance") == -2
    assert publications(toy) == [("refused", 0), ("published", 2)]
    listed = json.loads(toy.prohandel("publications", "--target", "toy", "--json").out)
    assert listed[0]["failed"] == ["positive_sales_performance_"]
    assert "refused" in toy.prohandel("publications", "--target", "toy").out


def test_a_model_that_fails_is_not_read(toy: Toy) -> None:
    toy.report("--gate")
    toy.execute("update prohandel.sale set sale_price = 'ten' where id = '1'")
    assert toy.report("--gate", code=1)["publication"]["outcome"] == "refused"
    assert toy.value("select gross_revenue from marts.sales_performance") == 42.5


def test_back_and_forth(toy: Toy) -> None:
    toy.report("--gate")
    toy.execute("update prohandel.sale set sale_price = '50' where id = '1'")
    toy.report("--gate")
    done = toy.prohandel("rollback", "--target", "toy", "--note", "50 is wrong")
    assert done.code == 0, done.err
    assert toy.value("select gross_revenue from marts.sales_performance") == 42.5
    assert "on hold since a rollback" in toy.run("--gate").out
    assert toy.value("select gross_revenue from marts.sales_performance") == 42.5
    assert toy.prohandel("publications", "release", "--target", "toy").code == 0
    toy.report("--gate")
    assert toy.value("select gross_revenue from marts.sales_performance") == 82.5


def test_nothing_to_go_back_to(toy: Toy) -> None:
    assert "Nothing was ever published" in toy.prohandel("publications", "--target", "toy").out
    toy.report("--gate")
    done = toy.prohandel("rollback", "--target", "toy")
    assert done.code == 2
    assert "There is no earlier publication" in done.err


def test_a_gate_takes_no_selection(toy: Toy) -> None:
    done = toy.run("--gate", "--select", "dim_articles")
    assert done.code == 2
    assert "builds all of them" in done.err
