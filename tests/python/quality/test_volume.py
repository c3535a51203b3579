"""A closed Sunday is no anomaly, a silent Tuesday noon is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prohandel.quality.detect import missing
from prohandel.quality.volume import BERLIN, _silence, drops
from tests.python.quality.series import STORES, WEB, Branch, Change, Series, berlin, hours_between, silent

TUESDAY = "2026-03-10"
EVERY_BRANCH = ["all", *(branch.number for branch in STORES)]


def all_of(*changes: Change) -> Change:
    return lambda branch, at: float(np.prod([change(branch, at) for change in changes]))


def of_day(day: str, share: float) -> Change:
    """All branches bring a share of a day."""
    return silent(None, day, f"{date.fromisoformat(day) + timedelta(days=1)}", share=share)


def test_days_as_ever_with_a_sunday_between_them() -> None:
    series = Series(branches=(*STORES, WEB))
    for day in ("2026-03-07", "2026-03-08", "2026-03-09", TUESDAY):
        for clock in ("06:00", "10:00", "15:00", "23:00"):
            assert series.drops(f"{day} {clock}") == []


def test_a_silent_tuesday_noon() -> None:
    (drop,) = Series(silent(None, f"{TUESDAY} 12:00")).drops(f"{TUESDAY} 12:00")
    assert (drop.branch, drop.since, drop.rows, drop.missing) == ("all", berlin(f"{TUESDAY} 12:00"), 0, 120)


def test_a_till_that_stopped_while_the_total_looks_fine() -> None:
    series = Series(silent({"3"}, f"{TUESDAY} 12:00"))
    assert series.drops(f"{TUESDAY} 11:00") == []
    for clock, hours in (("12:00", 1), ("13:00", 2), ("16:00", 5), ("23:00", 8)):
        (drop,) = series.drops(f"{TUESDAY} {clock}")
        assert (drop.branch, drop.rows, drop.since) == ("3", 0, berlin(f"{TUESDAY} 12:00"))
        # The others say what kind of a day it is, so that a few rows more or less are expected.
        assert drop.missing == pytest.approx(20 * hours, rel=0.06)


def test_a_small_branch_whose_days_stray_is_silent_for_a_day() -> None:
    small = Branch("7", per_hour=3)
    shares = (0.6, 1.4, 1.0, 1.5, 0.7)

    def strays(branch: str, at: datetime) -> float:
        return shares[at.toordinal() % len(shares)] if branch == "7" else 1.0

    series = Series(all_of(strays, silent({"7"}, f"{TUESDAY} 10:00")), branches=(*STORES, small))
    assert series.drops(f"{TUESDAY} 11:00") == []
    (drop,) = series.drops(f"{TUESDAY} 18:00")
    assert (drop.branch, drop.rows) == ("7", 0)


@pytest.mark.parametrize(("expected", "spread"), [(9, 0.1), (12.9, 0.19), (16, 0.25), (20, 0.3), (60, 0.3)])
def test_how_likely_silence_is_by_chance(expected: float, spread: float) -> None:
    """Against the integral over the mean's distribution that Laplace's method approximates."""
    z = np.linspace(-12, 12, 50_001)
    integrand = np.exp(-expected * np.exp(spread * z) - z**2 / 2) / np.sqrt(2 * np.pi)
    exact = -np.log(np.trapezoid(integrand, z))
    assert _silence(expected, spread) == pytest.approx(exact, rel=0.04)
    assert _silence(expected, spread) <= exact


def test_since_when_over_a_night() -> None:
    (drop,) = Series(silent({"3"}, f"{TUESDAY} 18:00"), until="2026-03-11 11:00").drops("2026-03-11 11:00")
    assert drop.since == berlin(f"{TUESDAY} 18:00")
    assert drop.missing == pytest.approx(80, rel=0.06)


def test_two_tills_are_named_and_more_are_all() -> None:
    assert Series(silent({"3", "4"}, TUESDAY)).named(f"{TUESDAY} 13:00") == ["3", "4"]
    assert Series(silent({"3", "4", "5"}, TUESDAY)).named(f"{TUESDAY} 13:00") == ["all"]


def test_a_web_shop_that_is_silent_on_a_sunday() -> None:
    (drop,) = Series(silent({"900"}, "2026-03-08 11:00"), (*STORES, WEB)).drops("2026-03-08 14:00")
    assert (drop.branch, drop.since) == ("900", berlin("2026-03-08 11:00"))


def test_a_holiday_is_closed_where_it_is_one() -> None:
    friday = date(2026, 3, 6)
    series = Series(of_day("2026-03-06", 0))
    assert series.named("2026-03-06 15:00") == ["all"]
    closed = dict.fromkeys(EVERY_BRANCH, frozenset({friday}))
    for now in ("2026-03-06 15:00", "2026-03-07 10:00", "2026-03-07 15:00", "2026-03-09 15:00"):
        assert series.drops(now, closed) == []
    # One branch is in a state where it is none.
    assert series.named("2026-03-06 15:00", closed=closed | {"3": frozenset()}) == ["3"]


def test_a_web_shop_sells_on_a_holiday_as_on_a_sunday() -> None:
    monday = date(2026, 3, 9)

    def slow(branch: str, at: datetime) -> float:
        return 0.4 if branch == WEB.number and (at.weekday() == 6 or at.date() == monday) else 1.0

    closed, quiet = dict.fromkeys(EVERY_BRANCH, frozenset({monday})), {WEB.number: frozenset({monday})}
    stores = silent({store.number for store in STORES}, "2026-03-09", "2026-03-10")
    series = Series(all_of(slow, stores), (*STORES, WEB))
    assert [drop.branch for drop in series.drops("2026-03-09 15:00", closed)] == [WEB.number]
    assert series.drops("2026-03-09 15:00", closed, quiet=quiet) == []
    lost = Series(all_of(slow, stores, silent({WEB.number}, "2026-03-09 11:00")), (*STORES, WEB))
    assert [drop.branch for drop in lost.drops("2026-03-09 19:00", closed, quiet=quiet)] == [WEB.number]


def test_a_sale_event_and_its_end() -> None:
    series = Series(silent(None, "2026-02-26", TUESDAY, share=3))
    for day in ("2026-02-26", "2026-03-05", TUESDAY):
        for clock in ("11:00", "15:00", "20:00"):
            assert series.drops(f"{day} {clock}") == []


def test_a_branch_that_opened_two_weeks_ago_has_no_baseline() -> None:
    gone = silent({"77"}, TUESDAY)
    assert Series(gone, (*STORES, Branch("77", opened_on=date(2026, 2, 24)))).drops(f"{TUESDAY} 19:00") == []
    assert Series(gone, (*STORES, Branch("77", opened_on=date(2026, 1, 10)))).named(f"{TUESDAY} 19:00") == ["77"]


def test_a_slow_day_everywhere_is_no_fault_of_a_till() -> None:
    assert Series(of_day(TUESDAY, 0.6)).drops(f"{TUESDAY} 18:00") == []
    assert Series(of_day(TUESDAY, 0.4)).named(f"{TUESDAY} 18:00") == ["all"]
    both = all_of(of_day(TUESDAY, 0.7), silent({"2"}, TUESDAY, share=0.4))
    assert Series(both).named(f"{TUESDAY} 19:00") == ["2"]


@pytest.mark.parametrize("sunday", ["2025-10-26", "2026-03-29"])
def test_the_clock_is_changed(sunday: str) -> None:
    branches, until = (*STORES, WEB), f"{date.fromisoformat(sunday) + timedelta(days=1)} 20:00"
    days = [str(date.fromisoformat(sunday) + timedelta(days=day)) for day in (-1, 0, 1)]
    series = Series(branches=branches, until=until)
    for day in days:
        for clock in ("10:00", "13:00", "20:00"):
            assert series.drops(f"{day} {clock}") == []
    lost = Series(silent({"900"}, f"{sunday} 01:00"), branches, until)
    for now in (f"{sunday} 10:00", f"{sunday} 20:00", until):
        (drop,) = lost.drops(now)
        assert (drop.branch, drop.since) == ("900", berlin(f"{sunday} 10:00"))


def test_christmas_eve_ends_at_noon() -> None:
    series = Series(silent(None, "2025-12-24 12:00"), until="2025-12-24 20:00")
    assert series.drops("2025-12-24 18:00") == []
    assert Series(silent(None, "2025-12-24"), until="2025-12-24 11:00").named("2025-12-24 11:00") == ["all"]


SLOWLY_LOST = Series(silent({"2"}, "2026-02-26", share=0.3))


def test_a_fault_that_lasts_is_forgotten_once_it_is_marked() -> None:
    evening = f"{TUESDAY} 19:00"
    assert SLOWLY_LOST.named("2026-02-27 19:00") == ["2"]
    assert SLOWLY_LOST.named(evening) == [], "a baseline learns what lasts for more than a week"
    hours = hours_between("2026-02-26 12:00", evening)
    assert SLOWLY_LOST.named(evening, ignored={"2": hours}) == ["2"]
    assert SLOWLY_LOST.named(evening, ignored={"3": hours}) == []


def test_lost_tuesdays_that_are_marked_do_not_make_tuesday_a_day_off() -> None:
    tuesdays = ("2026-02-03", "2026-02-10", "2026-02-17", "2026-02-24")
    lost = Series(all_of(*(of_day(day, 0) for day in (*tuesdays, TUESDAY))))
    assert lost.named(f"{TUESDAY} 15:00") == []
    marked = frozenset[datetime]().union(*(hours_between(f"{day} 09:00", f"{day} 21:00") for day in tuesdays))
    assert lost.named(f"{TUESDAY} 15:00", ignored={"all": marked}) == ["all"]


def test_detection_hands_the_marked_hours_on() -> None:
    now = berlin(f"{TUESDAY} 19:20")
    signals = SLOWLY_LOST.rows.select(
        "branch_number", "arrived_at", table_name=pl.lit("sale"), metric=pl.lit("rows"), numerator="rows"
    )
    assert missing(signals, now, {}) == []
    (symptom,) = missing(signals, now, {}, marked={"2": hours_between("2026-02-26 12:00", f"{TUESDAY} 19:00")})
    assert (symptom.kind, symptom.table, symptom.branch) == ("missing_data", "sale", "2")
    assert symptom.rows > 0


def by_chance(seed: int, branches: Iterable[Branch], first: date, days: int) -> pl.DataFrame:
    """Receipts come by chance, each of one line or more; days and branches have their ups and downs."""
    rng = np.random.default_rng(seed)
    rows = []
    for day in (first + timedelta(days=number) for number in range(days)):
        mood = rng.lognormal(0, 0.1)
        for branch in branches:
            own = mood * rng.lognormal(0, 0.1)
            for hour in range(10, 20):
                at = datetime(day.year, day.month, day.day, hour, tzinfo=BERLIN)
                receipts = rng.poisson(branch.usual(at) / 2 * own)
                if receipts:
                    rows.append((branch.number, at.astimezone(UTC), float(receipts + rng.poisson(receipts))))
    moments = pl.Datetime("us", "UTC")
    return pl.DataFrame(
        rows, schema={"branch_number": pl.String, "arrived_at": moments, "rows": pl.Float64}, orient="row"
    )


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), per_hour=st.lists(st.floats(2, 40), min_size=5, max_size=5))
def test_chance_alone_raises_no_alarm_and_hides_no_silent_till(seed: int, per_hour: list[float]) -> None:
    branches = [WEB, *(Branch(str(number), rows) for number, rows in enumerate(per_hour))]
    rows = by_chance(seed, branches, date(2026, 1, 12), 72)
    for back in range(10):
        now = berlin("2026-03-24 20:00") - timedelta(days=back)
        assert drops(rows, now, {}) == []
    lost = rows.filter((pl.col("branch_number") != "900") | (pl.col("arrived_at") < berlin("2026-03-23 14:00")))
    assert [drop.branch for drop in drops(lost, berlin("2026-03-24 13:00"), {})] == ["900"]
