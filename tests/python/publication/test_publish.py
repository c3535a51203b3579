"""What is built reaches its readers whole, and costs what has changed."""

from __future__ import annotations

from decimal import Decimal

import psycopg
import pytest

from prohandel.errors import ProhandelError
from tests.python.publication.shop import MARTS, Shop


def test_the_first_publication_shows_what_was_built(shop: Shop) -> None:
    done = shop.publish()
    assert shop.is_published()
    assert (done.outcome, done.rows_changed, done.tables_changed, done.is_kept) == ("published", 5, 4, False)
    assert str(done.as_of_date) == "2026-03-01"


def test_equal_rows_are_not_touched(shop: Shop) -> None:
    shop.publish()
    before = shop.rows("(select ctid::text, line_id from marts.fct_lines)")
    shop.write([("a", "2026-03-01", 10, None)])
    assert shop.publish().rows_changed == 0
    assert shop.rows("(select ctid::text, line_id from marts.fct_lines)") == before


def test_new_changed_and_gone_rows_are_published(shop: Shop) -> None:
    shop.publish()
    shop.write([("a", "2026-03-01", 11, None), ("c", "2026-03-02", 1, None)], [("0901", "2026-02-01", 4)])
    shop.remove("b")
    done = shop.publish()
    assert shop.is_published()
    assert done.rows_changed == 3 + 2 + 1
    assert shop.rows("marts.day_sums")[0][1] == Decimal("11.00")


def test_what_a_refused_run_wrote_is_published_by_the_next(shop: Shop) -> None:
    shop.publish()
    shop.write([("c", "2026-03-02", 1, None)])
    shop.refuse("unique_fct_lines")
    assert [row[0] for row in shop.rows("marts.fct_lines")] == ["a", "b"]
    shop.write([("d", "2026-03-02", 2, None)])
    shop.publish()
    assert shop.is_published()


def test_a_table_that_was_built_whole_is_compared_whole(shop: Shop) -> None:
    shop.publish()
    shop.conn.execute("create table marts_audit.again (like marts_audit.fct_lines including all)")
    shop.conn.execute("insert into marts_audit.again values ('z', '2026-03-02', 3, null)")
    shop.conn.execute("drop table marts_audit.fct_lines")
    shop.conn.execute("alter table marts_audit.again rename to fct_lines")
    shop.build_sums()
    assert shop.publish().rows_changed == 3 + 2
    assert shop.is_published()
    shop.write([("y", "2026-03-02", 4, None)])
    shop.publish()
    assert shop.is_published()


def test_nothing_is_published_where_publishing_breaks_off(shop: Shop) -> None:
    shop.publish()
    shop.write([("c", "2026-03-02", 1, None)])
    before = [shop.rows(f"marts.{name}") for name in MARTS]
    shop.conn.execute("drop view marts_audit.levels")
    with pytest.raises(ProhandelError, match="Not built, so not published: levels"):
        shop.publish()
    assert [shop.rows(f"marts.{name}") for name in MARTS] == before


def test_a_reader_in_a_transaction_goes_on_seeing_what_it_saw(shop: Shop) -> None:
    shop.publish()
    with psycopg.connect(shop.conn.info.dsn) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        query = "select (select sum(revenue) from marts.fct_lines), (select sum(revenue) from marts.day_sums)"
        assert reader.execute(query).fetchone() == (30, 30)
        shop.write([("c", "2026-03-02", 1, None)])
        shop.publish()
        assert reader.execute(query).fetchone() == (30, 30)
        reader.commit()
        assert reader.execute(query).fetchone() == (31, 31)


def test_views_grants_and_comments_of_people_stay(shop: Shop) -> None:
    shop.conn.execute("drop role if exists buyer_of_publish")
    shop.conn.execute("create role buyer_of_publish")
    shop.publish(readers=("buyer_of_publish",))
    shop.conn.execute("create view public.theirs as select sum(revenue) as revenue from marts.fct_lines")
    shop.conn.execute("grant select on marts.levels to public")
    shop.conn.execute("comment on table marts.day_sums is 'Mine.'")
    shop.write([("c", "2026-03-02", 1, None)])
    shop.publish()
    assert shop.rows("(select revenue, 1 from public.theirs)") == [(Decimal("31.00"), 1)]
    granted = shop.rows(
        "(select table_name, grantee from information_schema.role_table_grants where table_schema = 'marts' "
        "and grantee in ('PUBLIC', 'buyer_of_publish'))"
    )
    assert granted == [
        ("day_sums", "buyer_of_publish"), ("fct_lines", "buyer_of_publish"), ("levels", "PUBLIC"),
        ("levels", "buyer_of_publish"),
    ]  # fmt: skip
    comments = shop.rows("(select obj_description(('marts.' || name)::regclass), name from "
                         "unnest(array['day_sums', 'fct_lines', 'levels']) as name)")  # fmt: skip
    assert comments == [("Levels.", "levels"), ("Mine.", "day_sums"), ("Sale lines.", "fct_lines")]
    shop.conn.execute("drop owned by buyer_of_publish")
    shop.conn.execute("drop role buyer_of_publish")


def test_a_new_column_is_published_under_the_views_of_people(shop: Shop) -> None:
    shop.publish()
    shop.conn.execute("create view public.theirs as select line_id from marts.fct_lines")
    shop.conn.execute("alter table marts_audit.fct_lines add column units int default 1")
    shop.publish()
    assert shop.is_published()
    shop.conn.execute("alter table marts_audit.fct_lines alter column note type int using length(note)")
    shop.publish()
    assert shop.is_published()
    shop.conn.execute("alter table marts_audit.fct_lines alter column line_id type int using ascii(line_id)")
    with pytest.raises(ProhandelError, match=r"somebody's view depends on one of them: .*theirs"):
        shop.publish()
    assert [row[0] for row in shop.rows("marts.fct_lines")] == ["a", "b"]


def test_marts_that_were_built_without_the_gate_are_taken_over(shop: Shop) -> None:
    shop.conn.execute("create schema marts")
    shop.conn.execute(
        "create table marts.fct_lines (line_id text primary key, day date, revenue numeric(18, 2), note text)"
    )
    shop.conn.execute(
        "insert into marts.fct_lines values ('a', '2026-03-01', 10, null), ('old', '2026-01-01', 1, null)"
    )
    shop.conn.execute("create view marts.day_sums as select 1 as day")
    shop.conn.execute("create table marts.levels (branch text)")
    shop.publish()
    assert shop.is_published()


def test_what_was_published_is_noted_as_tested(shop: Shop) -> None:
    shop.publish()
    assert shop.rows("state.model_state") == [("audit fct_lines", 7, 7), ("int_spans", 7, 7)]


def test_a_table_without_a_key_is_named(shop: Shop) -> None:
    shop.conn.execute("alter table marts_audit.day_sums drop constraint day_sums_pkey")
    with pytest.raises(ProhandelError, match="day_sums has neither a primary key nor a unique index"):
        shop.publish()
