"""Measures of drift by hand, and what they say of demand whose distribution is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from prohandel.forecast.breaks import Break, breaks, in_todays_terms
from prohandel.forecast.drift import (
    Weeks,
    judge,
    lead_time_signal,
    profiles,
    psi,
    roots,
    shifts,
    tracking_signal,
    week_of,
)
from prohandel.forecast.drift_limits import LIMITS, MAD_OF_SD
from prohandel.forecast.negative_binomial import fit
from prohandel.forecast.panel import Panel
from prohandel.forecast.store import Profile

ALL = {"all": np.array([True, True])}
EXACT = replace(LIMITS, common_cv=0.0)


def weeks(
    units: Sequence[Sequence[float]] | np.ndarray,
    expected: Sequence[Sequence[float]] | np.ndarray,
    variance: float,
    branch: Sequence[int] | None = None,
) -> Weeks:
    """Weeks of full stock, each series of an article of its own; absolute errors are those of the weeks."""
    sold, forecast = np.array(units, dtype=float), np.array(expected, dtype=float)
    of_branch = np.zeros(len(sold), dtype=np.intp) if branch is None else np.array(branch, dtype=np.intp)
    error = np.abs(sold - forecast)
    return Weeks(of_branch, np.arange(len(sold)), sold, forecast, np.full_like(sold, variance), sold, error)


def panel(units: np.ndarray, share: np.ndarray | None = None) -> Panel:
    n, length = units.shape
    days = np.datetime64("2026-03-01") - np.arange(length - 1, -1, -1)
    stock = np.ones_like(units) if share is None else share
    return Panel(tuple(map(str, range(n))), days, "D", units.astype(np.float32), stock.astype(np.float32))


def test_the_tracking_signal_sums_the_errors_of_up_to_four_weeks() -> None:
    # Errors of both series together by week: 10, 10, 12, 8, 12, with a variance of 200.
    found = weeks([[60, 60, 62, 58, 62], [50] * 5], [[50] * 5, [50] * 5], 100.0)
    (verdict,) = judge(found, ALL, limits=EXACT)
    assert verdict.tracking_signal == pytest.approx((10 + 12 + 8 + 12) / (math.sqrt(2 / math.pi) * math.sqrt(200)))
    assert verdict.first_week == 1
    assert verdict.ratio == pytest.approx(442 / 400)
    assert verdict.reasons == ()


def test_fewer_weeks_have_a_lower_limit() -> None:
    # Sums of 1, 2, 3 and 4 weeks: 4, 7, 7, 6. In terms of four weeks: 4 x 2, 7 x 1.414, 7 x 1.155, 6.
    start, signal = tracking_signal(np.array([9.0, -1.0, 0.0, 3.0, 4.0]))
    assert start == 3
    assert signal == pytest.approx(7 * 2**0.5)
    start, signal = tracking_signal(np.array([9.0, -1.0, 0.0, 3.0, -4.0]))
    assert start == 4
    assert signal == pytest.approx(-4 * 2)


def test_errors_from_before_the_last_drift_was_seen_do_not_count() -> None:
    scaled = np.array([1.0, 2.0, 2.0, 2.0, 2.0])
    assert tracking_signal(scaled, 3)[0] == 3
    assert tracking_signal(scaled, 3)[1] == pytest.approx(4 * 2**0.5)
    assert tracking_signal(scaled, 5)[0] == 4, "the newest week counts in any case"
    found = weeks([[60, 40, 70, 50, 80], [50] * 5], [[50] * 5, [50] * 5], 100.0)
    (verdict,) = judge(found, ALL, first_weeks={"all": 4}, limits=EXACT)
    assert verdict.tracking_signal == pytest.approx(2 * 30 / (MAD_OF_SD * math.sqrt(200)))
    assert (verdict.first_week, verdict.ratio) == (4, 1.3)


def test_larger_errors_of_the_past_make_the_deviation_larger() -> None:
    # Eight weeks of errors of 2 MAD move the smoothed size from 1 to 2 - 0.9^8 = 1.5695.
    mad = MAD_OF_SD * 10.0
    first = [50 + sign * 2 * mad for sign in (1, -1) * 4] + [50, 50, 50, 50 + 5 * mad]
    (verdict,) = judge(weeks([first, [0] * 12], [[50] * 12, [0] * 12], 50.0), ALL, limits=EXACT)
    assert verdict.tracking_signal == pytest.approx(2 * 5 / (2 - 0.9**8))


@pytest.mark.parametrize(("branch", "common"), [([0, 0], 1000.0**2), ([0, 1], 600.0**2 + 400.0**2)])
def test_what_the_series_of_a_branch_have_in_common_does_not_average_out(branch: list[int], common: float) -> None:
    found = weeks([[660], [440]], [[600], [400]], 500.0, branch)
    (verdict,) = judge(found, ALL, limits=replace(LIMITS, common_cv=0.1))
    assert verdict.tracking_signal == pytest.approx(2 * 100 / (MAD_OF_SD * math.sqrt(1000 + 0.01 * common)))


def test_the_limit_is_passed_by_chance_as_often_however_many_segments_are_judged() -> None:
    # The newest of four weeks without any drift, judged 20,000 times; Bonferroni's bound is not reached, since sums of
    # one, two, three and four weeks go together.
    rng = np.random.default_rng(12)
    limits = replace(LIMITS, chance=0.05)
    for segments in (1, 20):
        errors = rng.normal(0.0, 1.0 / MAD_OF_SD, (20_000, segments, 4))
        sums = np.cumsum(errors[:, :, ::-1], axis=2) * np.sqrt(4 / np.arange(1, 5))
        flagged = (np.abs(sums) > limits.tracking_signal(segments)).any(axis=(1, 2)).mean()
        assert 0.02 < flagged < 0.05
    assert LIMITS.tracking_signal(100) > LIMITS.tracking_signal(17) > LIMITS.tracking_signal(1) > 8.0


def test_one_article_alone_is_no_drift_of_a_segment() -> None:
    # 40 articles of 25 units a week in two branches each; in the last week one sells six times as much, or all sell 1.5
    # times as much.
    usual = np.full((80, 12), 25.0)
    members = {"all": np.ones(80, dtype=bool), "few": np.arange(80) < 10}
    alone, shared = usual.copy(), usual.copy()
    alone[[0, 40], -1] *= 6.0
    shared[:, -1] *= 1.5
    found = replace(weeks(alone, usual, 25.0), article=np.arange(80) % 40)
    verdicts = {one.segment: one for one in judge(found, members, limits=EXACT)}
    assert verdicts["few"].tracking_signal > LIMITS.tracking_signal(2)
    assert verdicts["few"].reasons == verdicts["all"].reasons == ()
    assert roots(found, members, limits=EXACT) == []
    verdicts = {one.segment: one for one in judge(weeks(shared, usual, 25.0), members, limits=EXACT)}
    assert "tracking_signal" in verdicts["few"].reasons


def test_a_root_need_not_be_the_segment_with_the_largest_signal() -> None:
    usual = np.full((80, 12), 25.0)
    units = usual.copy()
    units[0, -1] *= 20.0
    units[40:, -1] *= 1.5
    members = {"one": np.arange(80) < 5, "many": np.arange(80) >= 40}
    found = weeks(units, usual, 25.0)
    assert judge(found, members, limits=EXACT)[0].segment == "one"
    assert [one.segment for one in roots(found, members, limits=EXACT)] == ["many"]


def test_wape_is_held_against_backtests_or_earlier_weeks() -> None:
    # Errors go both ways, so that only their size has grown: 40 of 200 units as a rule, then 120 of 200.
    units = [[120, 80] * 4 + [160, 40, 160, 40], [80, 120] * 4 + [40, 160, 40, 160]]
    found = weeks(units, [[100] * 12, [100] * 12], 1e6)
    (verdict,) = judge(found, ALL)
    assert verdict.wape == pytest.approx(0.6)
    assert verdict.baseline_wape == pytest.approx(0.2)
    assert verdict.reasons == ("wape",)
    (verdict,) = judge(found, ALL, {"all": 0.55})
    assert verdict.baseline_wape == 0.55
    assert verdict.reasons == ()
    one = np.array(units, dtype=float)
    one[1] = 100.0
    (verdict,) = judge(weeks(one, [[100] * 12, [100] * 12], 1e6), ALL)
    assert verdict.wape > 1.25 * verdict.baseline_wape
    assert verdict.reasons == (), "one article alone"


def test_a_segment_that_explains_others_is_the_root() -> None:
    rng = np.random.default_rng(5)
    units = rng.poisson(100, (6, 10)).astype(float)
    units[0, 8:] = 0.0
    members = {
        "all": np.ones(6, dtype=bool),
        "branch:1": np.array([True, False, False, False, False, False]),
        "category:a": np.array([True, True, True, False, False, False]),
        "branch:2": np.array([False, True, True, True, True, True]),
    }
    units = units.repeat(8, axis=0)
    members = {name: rows.repeat(8) for name, rows in members.items()}
    found = weeks(units, np.full((48, 10), 100.0), 100.0, np.repeat(np.arange(6), 8).tolist())
    verdicts = judge(found, members)
    assert {one.segment for one in verdicts if one.is_drifting} == {"all", "branch:1", "category:a"}
    (root,) = roots(found, members)
    assert (root.segment, root.first_week, root.ratio) == ("branch:1", 8, 0.0)
    mondays = np.datetime64("2026-01-05") + 7 * np.arange(10)
    assert breaks([root], mondays) == [Break("branch:1", date(2026, 3, 2), 0.02, date(2026, 3, 9))]


def test_a_day_that_sold_out_is_compared_with_its_share_of_the_forecast() -> None:
    units = np.array([[3.0, 1.0, 0.0, np.nan]])
    share = np.array([[1.0, 0.25, 0.0, 1.0]])
    sold, expected, variance, full_units, error = week_of(
        units, share, np.full((1, 4), 2.0), np.array([0.5]), np.array([0.1])
    )
    assert (sold[0], expected[0], full_units[0], error[0]) == (4.0, 2.5, 3.0, 1.0)
    assert variance[0] == pytest.approx(2.5 + 0.1 * 2.5**2 + 0.5 * 1.1 * (2.0**2 + 0.5**2))


def test_stock_that_runs_out_is_no_error_of_a_right_forecast() -> None:
    # Poisson customers over a day, stock of two units: of 2 expected a day 1.46 are sold while there is stock.
    rng = np.random.default_rng(3)
    n = 40_000
    arrivals = np.sort(np.where(np.arange(12) < rng.poisson(2.0, n)[:, None], rng.random((n, 12)), 9.0), axis=1)
    share = np.minimum(arrivals[:, 1:2], 1.0)
    units = (arrivals <= share).sum(axis=1, keepdims=True).astype(float)
    sold, expected, *_, full_units, _ = week_of(units, share, np.full((n, 1), 2.0), np.zeros(n), np.zeros(n))
    assert sold.sum() / expected.sum() == pytest.approx(1.0, abs=0.01)
    assert full_units.sum() / (share[:, 0] >= 1.0).sum() < 0.7, "days with full stock alone are those that sold little"


def test_the_population_index_is_the_textbook_sum() -> None:
    expected = 0.3 * math.log(0.5 / 0.2) + -0.3 * math.log(0.5 / 0.8)
    assert psi([0.2, 0.8], [0.5, 0.5], 1000) == pytest.approx(expected)
    # An empty bin counts as half a series of fifty.
    assert psi([0.0, 1.0], [0.1, 0.9], 50) == pytest.approx(0.09 * math.log(0.1 / 0.01) + -0.1 * math.log(0.9 / 1.0))


def test_new_series_shift_the_population_and_old_ones_do_not() -> None:
    old = [Profile("all", "age_days", [28.0], [0.0, 1.0])]
    new = [Profile("all", "age_days", [28.0], [0.2, 0.8])]
    moved = shifts(old, new, {"all": 500})["all"]
    assert moved.psi > max(LIMITS.psi, moved.by_chance)
    assert shifts(new, old, {"all": 500}) == {}, "that series come of age is no shift"
    few = shifts(old, [Profile("all", "age_days", [28.0], [0.1, 0.9])], {"all": 20})["all"]
    assert few.psi < few.by_chance, "two of twenty are no evidence"


def test_branches_that_go_together_are_no_shift() -> None:
    # 40 articles in ten branches; in each sample an article is out of stock everywhere or nowhere with the correlation
    # that the benchmark's worlds have, about 0.1.
    rng = np.random.default_rng(2)
    size, beyond, beyond_if_independent = 400, 0, 0
    for _ in range(2000):
        shares = []
        for _ in range(2):
            level = rng.beta(0.3 * 9.0, 0.7 * 9.0, 40)
            out = rng.binomial(10, level).sum() / size
            shares.append([out, 1.0 - out])
        before, now = (Profile("all", "in_stock_share", [0.95], each) for each in shares)
        moved = shifts([before], [now], {"all": size})["all"]
        beyond += moved.psi > moved.by_chance
        beyond_if_independent += moved.psi > moved.by_chance / 2.0
    assert beyond < beyond_if_independent / 2


def test_samples_of_one_population_hardly_ever_shift() -> None:
    rng = np.random.default_rng(8)
    units = rng.negative_binomial(1.0, 0.7, (400, 56))
    members = {"all": np.ones(400, dtype=bool)}
    share = rng.beta(4.0, 1.0, (400, 2)).repeat(28, axis=1)
    before, now = (profiles(panel(units[:, days], share[:, days]), members) for days in (slice(28), slice(28, 56)))
    assert {one.feature for one in now} == {"in_stock_share", "age_days"}
    assert all(sum(one.shares) == pytest.approx(1.0) for one in now)
    moved = shifts(before, now, {"all": 400})["all"]
    assert moved.psi < moved.by_chance


def test_deliveries_are_summed_in_deviations_of_their_lead_time() -> None:
    # Of 4 deliveries 4 + 6 days, in terms of four: the last two weigh most.
    late = lead_time_signal([30.0, 0.0, 0.0, 4.0, 6.0], 2.0)
    assert late == pytest.approx(2**0.5 * 10.0 / (MAD_OF_SD * 2.0))
    assert 5.0 < lead_time_signal([0.0, 40.0], 2.0) <= LIMITS.lead_time, "one alone is no delay of a supplier"
    assert lead_time_signal([3.0], 0.0) == pytest.approx(2 * 3.0 / MAD_OF_SD)
    assert lead_time_signal([], 2.0) == 0.0


@pytest.mark.parametrize("ratio", [2.5, 0.4])
def test_history_in_todays_terms_has_todays_level_and_the_same_spread(ratio: float) -> None:
    rng = np.random.default_rng(11)
    level = np.repeat([[0.5], [2.0]], 100, axis=0)
    units = rng.negative_binomial(2.0, 1.0 / (1.0 + level / 2.0), (200, 364)).astype(float)
    units[:, :20] = np.nan
    history = panel(units)
    since = date(2026, 3, 2)
    there = {"all": np.ones(200, dtype=bool)}
    changed = fit(in_todays_terms(history, [Break("all", since, ratio, since)], there))
    plain = fit(history)
    np.testing.assert_allclose(changed.level[:100].mean(), ratio * plain.level[:100].mean(), rtol=0.05)
    np.testing.assert_allclose(changed.level[100:].mean(), ratio * plain.level[100:].mean(), rtol=0.05)
    np.testing.assert_allclose(changed.dispersion.mean(), plain.dispersion.mean(), rtol=0.25)


def test_history_after_a_break_and_other_segments_stay_as_they_are() -> None:
    history = panel(np.full((2, 10), 4.0))
    first = {"category:a": np.array([True, False])}
    since = date(2026, 2, 27)
    more = in_todays_terms(history, [Break("category:a", since, 2.0, since), Break("gone", since, 9.0, since)], first)
    assert more.in_stock_share.tolist() == [[0.5] * 7 + [1.0] * 3, [1.0] * 10]
    less = in_todays_terms(history, [Break("category:a", since, 0.5, since)], first, seed=1)
    again = in_todays_terms(history, [Break("category:a", since, 0.5, since)], first, seed=1)
    assert less.units[0, :7].sum() < 28
    assert less.units[:, 7:].tolist() == history.units[:, 7:].tolist()
    assert less.units[1].tolist() == history.units[1].tolist()
    assert less.units.tolist() == again.units.tolist()
