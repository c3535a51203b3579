"""The age of a landed table counts only hours in which a sync must have moved something."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.python.staging.staging import Staging

Age = Callable[[str | None, str], timedelta | None]


@pytest.fixture(scope="module")
def age(module_staging: Staging) -> Age:
    """The age of a table, by the query that dbt would send for it."""
    staging = module_staging
    staging.land("sale", {"id": "text"}, [])
    call = "{{ loaded_at(api.Relation.create(schema='prohandel', identifier='sale')) if execute }}"
    result = staging.invoke("compile", "--inline", call, now="the clock")
    assert result.success, result.exception
    query = result.result.results[0].node.compiled_code

    def find(synced: str | None, now: str) -> timedelta | None:
        staging.land("sale", {"id": "text"}, [] if synced is None else [{"id": "1", "_fivetran_synced": synced}])
        found = staging.rows(f"select now() - ({query.replace('the clock', now)}) as age")
        return found[0]["age"]

    return find


def freshness(staging: Staging, table: str = "sale", **variables: Any) -> Any:
    results = staging.invoke("source", "freshness", "--select", f"source:prohandel.{table}", **variables).result.results
    (found,) = [result for result in results if result.node.resource_type == "source"]
    return found


@pytest.mark.parametrize(
    ("synced", "now", "hours"),
    [
        # Tuesday in winter: 10:00 to 20:00 in Berlin is 09:00 to 19:00 UTC.
        ("2025-03-11 11:00+00", "2025-03-11 12:30+00", 1.5),
        ("2025-03-11 18:30+00", "2025-03-12 08:30+00", 0.5),
        ("2025-03-11 18:30+00", "2025-03-12 09:30+00", 1.0),
        # Saturday evening to Monday morning: the Sunday does not count.
        ("2025-03-15 18:30+00", "2025-03-17 09:30+00", 1.0),
        # Good Friday and Easter Monday, with a Saturday between them; summer time by now.
        ("2025-04-17 17:00+00", "2025-04-22 09:00+00", 1.0 + 10.0 + 1.0),
        ("2025-04-30 17:30+00", "2025-05-02 09:00+00", 0.5 + 1.0),  # May Day
        ("2025-05-28 17:30+00", "2025-05-30 09:00+00", 0.5 + 1.0),  # Ascension Day
        ("2025-06-07 17:30+00", "2025-06-10 09:00+00", 0.5 + 1.0),  # Whit Monday
        ("2025-10-02 17:30+00", "2025-10-04 09:00+00", 0.5 + 1.0),  # German Unity Day
        ("2025-12-24 18:30+00", "2025-12-27 10:00+00", 0.5 + 1.0),  # Christmas
        ("2025-12-31 18:30+00", "2026-01-02 10:00+00", 0.5 + 1.0),  # New Year
        # Years in which Gauss's rule needs its exceptions: Easter on 19 April 1981 and 18 April 1954.
        ("1981-04-16 18:00+00", "1981-04-21 09:00+00", 0.0 + 10.0 + 1.0),
        ("1954-04-15 19:00+00", "1954-04-20 10:00+00", 0.0 + 10.0 + 1.0),
        ("2025-03-11 12:00+00", "2025-03-11 11:00+00", 0.0),
    ],
)
def test_age(age: Age, synced: str, now: str, hours: float) -> None:
    assert age(synced, now) == timedelta(hours=hours)


def test_dbt_warns_and_fails_by_this_age(staging: Staging) -> None:
    staging.land("sale", {"id": "text"}, [{"id": "1", "_fivetran_synced": "2025-03-11 10:00+00"}])
    assert freshness(staging, now="2025-03-11 12:00+00").status == "pass"
    assert freshness(staging, now="2025-03-11 13:30+00").status == "warn"
    assert freshness(staging, now="2025-03-12 13:30+00").status == "error"


def test_an_empty_table_is_infinitely_old(staging: Staging, age: Age) -> None:
    assert age(None, "2025-03-11 12:00+00") is None
    assert freshness(staging, now="2025-03-11 12:00+00").status == "error"


def test_an_optional_table_may_be_empty(staging: Staging) -> None:
    staging.land("inventory_history", {"id": "text"}, [])
    assert freshness(staging, "inventory_history").status == "pass"


def test_the_tenant_that_lags_most_decides(staging: Staging) -> None:
    for schema, synced in {"north": "2025-03-11 12:00+00", "south": "2025-03-11 10:00+00"}.items():
        staging.land("sale", {"id": "text"}, [{"id": "1", "_fivetran_synced": synced}], schema=schema)
    found = freshness(staging, now="2025-03-11 13:00+00", prohandel_schemas=["north", "south"])
    assert round(found.age / 3600) == 3


def test_a_table_that_is_missing_is_named(staging: Staging) -> None:
    staging.land("article", {"id": "text"}, [])
    assert "'prohandel.sale' does not exist" in str(freshness(staging).message)
