"""Whether forecasts still fit: tracking signal, WAPE against its baseline, and the population of series by PSI.

All of it is judged by the week and by segment, a set of series. An error of a week is units sold less the forecast of
the time with stock: a day that sold out after a third of it is compared with a third of its forecast. As the last sale
ends the time with stock, the difference has the mean zero under a right forecast (a stopping time; see
`prohandel.forecast.negative_binomial`), while leaving such days out would make every forecast look too high.

Sources: tracking signal as the sum of errors over their mean absolute deviation, begun anew once it was acted upon,
R. G. Brown, Smoothing, Forecasting and Prediction of Discrete Time Series, 1963, and D. W. Trigg, Monitoring a
forecasting system, Operational Research Quarterly 15, 1964; limits of control charts, D. C. Montgomery, Introduction to
Statistical Quality Control, 8th ed. 2019; leaving out what weighs most, R. D. Cook, Detection of influential
observation in linear regression, Technometrics 19, 1977; population stability index with the limit 0.25, N. Siddiqi,
Credit Risk Scorecards, 2006, and its mean by chance, B. Yurdakul and J. Naranjo, Statistical properties of the
population stability index, Journal of Risk Model Validation 14(4), 2020.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from prohandel.forecast.distribution import Doubles
from prohandel.forecast.drift_limits import LIMITS, MAD_OF_SD, Limits
from prohandel.forecast.panel import Panel
from prohandel.forecast.store import Profile

Members = Mapping[str, NDArray[np.bool_]]
"""Segment to (n,) whether a series is in it."""


@dataclass(frozen=True)
class Weeks:
    """What n series sold in W weeks, and what was forecast before each week began.

    Attributes:
        branch: (n,) codes from 0.
        article: (n,) codes from 0.
        units: (n, W) sold.
        expected: (n, W) forecast of the time with stock.
        variance: (n, W) of units, by the forecast's own distribution.
        full_units: (n, W) units of days with full stock.
        abs_error: (n, W) sum of absolute daily errors on days with full stock.
    """

    branch: NDArray[np.intp]
    article: NDArray[np.intp]
    units: Doubles
    expected: Doubles
    variance: Doubles
    full_units: Doubles
    abs_error: Doubles

    def explained(self, rows: NDArray[np.bool_], first: int, last: int) -> Weeks:
        """The weeks with no error of these series in the weeks from `first` to `last`: a model has learned from it."""
        units = self.units.copy()
        units[rows, first : last + 1] = self.expected[rows, first : last + 1]
        return replace(self, units=units)

    def without(self, rows: NDArray[np.bool_]) -> Weeks:
        """The weeks with nothing in these series."""
        left = {name: np.where(rows[:, None], 0.0, values) for name, values in vars(self).items() if values.ndim == 2}
        return replace(self, **left)

    def without_largest(self, rows: NDArray[np.bool_], part: Doubles) -> NDArray[np.bool_]:
        """(n,) the series without those of the article whose parts, (n,), sum up to most."""
        largest = np.bincount(self.article[rows], part[rows], minlength=1).argmax()
        left: NDArray[np.bool_] = rows & (self.article != largest)
        return left


@dataclass(frozen=True)
class Verdict:
    """What the newest week says of a segment.

    Attributes:
        segment: the set of series.
        tracking_signal: positive where more sells than was forecast.
        wape: of the weeks that are summed, nan without sales.
        baseline_wape: nan where nothing is known.
        psi: the largest of the features' indices; nan without a profile to compare with.
        reasons: which measures are beyond their limits: tracking_signal, wape, psi.
        first_week: place of the week in which the deviation seems to have begun.
        ratio: units over forecast since that week, nan where nothing was forecast.
    """

    segment: str
    tracking_signal: float
    wape: float
    baseline_wape: float
    psi: float
    reasons: tuple[str, ...]
    first_week: int
    ratio: float

    @property
    def is_drifting(self) -> bool:
        """Is any measure beyond its limit?"""
        return bool(self.reasons)


def week_of(
    units: Doubles, share: Doubles, mean: Doubles, dispersion: Doubles, level_cv2: Doubles
) -> tuple[Doubles, Doubles, Doubles, Doubles, Doubles]:
    """One week of n series, as columns of `Weeks`.

    Args:
        units: (n, D) sold; nan before a series starts.
        share: (n, D) of the day with stock.
        mean: (n, D) forecast; nan where there is none.
        dispersion: (n,) of a day.
        level_cv2: (n,) of the level.

    Returns:
        Five (n,) columns: units, expected, variance, full_units, abs_error.
    """
    there = ~(np.isnan(units) | np.isnan(mean))
    sold, forecast = np.where(there, units, 0.0), np.where(there, mean, 0.0)
    of_stock = forecast * share
    expected = of_stock.sum(axis=1)
    variance = expected + level_cv2 * expected**2 + dispersion * (1.0 + level_cv2) * (of_stock**2).sum(axis=1)
    full = there & (share >= 1.0)
    error = np.where(full, np.abs(sold - forecast), 0.0).sum(axis=1)
    return sold.sum(axis=1), expected, variance, np.where(full, sold, 0.0).sum(axis=1), error


def judge(
    weeks: Weeks,
    members: Members,
    baseline_wape: Mapping[str, float] | None = None,
    moved: Mapping[str, Shift] | None = None,
    first_weeks: Mapping[str, int] | None = None,
    limits: Limits = LIMITS,
    judged: int | None = None,
) -> list[Verdict]:
    """The verdict of the newest week on each segment, the largest tracking signal first.

    A drift is what the series of a segment have in common: tracking signal and WAPE have to be beyond their limits
    without the article, too, that weighs most. An article that jumps by itself is no reason to teach all others.

    Args:
        weeks: W weeks up to the newest.
        members: the segments.
        baseline_wape: of backtests, by segment; the mean of the earlier weeks where a segment is missing.
        moved: how far the population has moved, by segment.
        first_weeks: by segment, place of the first week that a model forecast which knew of the last drift; errors of
            weeks before it are not summed.
        limits: what is taken for chance.
        judged: segments that are judged at once; as many as `members` has if none is given.
    """
    known, population, begun = baseline_wape or {}, moved or {}, first_weeks or {}
    most = limits.tracking_signal(judged or len(members))
    found = [
        _verdict(name, weeks, rows, known.get(name, np.nan), population.get(name), begun.get(name, 0), limits, most)
        for name, rows in members.items()
    ]
    return sorted(found, key=lambda one: -abs(one.tracking_signal))


def _verdict(
    name: str,
    weeks: Weeks,
    rows: NDArray[np.bool_],
    backtest: float,
    moved: Shift | None,
    begun: int,
    limits: Limits,
    most: float,
) -> Verdict:
    start, signal = tracking_signal(scaled_errors(weeks, rows, limits), begun, limits)
    recent = min(max(begun, weeks.units.shape[1] - limits.window), weeks.units.shape[1] - 1)
    now, baseline, is_wape_beyond = _wape(weeks, rows, recent, backtest, limits)
    reasons = []
    if abs(signal) > most:
        errors = (weeks.units - weeks.expected)[:, start:].sum(axis=1)
        others = weeks.without_largest(rows, np.sign(signal) * errors)
        if np.sign(signal) * tracking_signal(scaled_errors(weeks, others, limits), begun, limits)[1] > most:
            reasons.append("tracking_signal")
    if is_wape_beyond:
        others = weeks.without_largest(rows, weeks.abs_error[:, recent:].sum(axis=1))
        if _wape(weeks, others, recent, backtest, limits)[2]:
            reasons.append("wape")
    if moved and moved.psi > max(limits.psi, moved.by_chance):
        reasons.append("psi")
    units, expected = (float(values[rows, start:].sum()) for values in (weeks.units, weeks.expected))
    ratio = units / expected if expected > 0 else np.nan
    return Verdict(name, signal, now, baseline, moved.psi if moved else np.nan, tuple(reasons), start, ratio)


def _wape(
    weeks: Weeks, rows: NDArray[np.bool_], recent: int, backtest: float, limits: Limits
) -> tuple[float, float, bool]:
    """WAPE of the weeks from `recent` on, its baseline, and whether it is beyond its limits."""
    full, error = weeks.full_units[rows].sum(axis=0), weeks.abs_error[rows].sum(axis=0)
    sold = float(full[recent:].sum())
    now = float(error[recent:].sum()) / sold if sold > 0 else np.nan
    past = error[:recent][full[:recent] > 0] / full[:recent][full[:recent] > 0]
    baseline = backtest if not np.isnan(backtest) else float(past.mean()) if len(past) else np.nan
    if sold < limits.least_units or len(past) < limits.least_weeks:
        return now, baseline, False
    usual = baseline + limits.wape_deviations * float(past.std(ddof=1))
    return now, baseline, now > max(usual, baseline * limits.wape_ratio)


def tracking_signal(scaled: Doubles, begun: int = 0, limits: Limits = LIMITS) -> tuple[int, float]:
    """Place of the week in which errors seem to begin to go to one side, and the signal since then.

    Errors are summed over the newest week, the newest two, and so on to `window`, never from before `begun`. So that
    one limit holds for all of them, the sum of k weeks is multiplied by the root of window / k, after which it spreads
    as that of `window` weeks does: with the limit 10 of four weeks, 5 mean absolute deviations are the limit of one
    week, 7.1 of two. The largest one is the signal.

    Args:
        scaled: (W,) errors in mean absolute deviations, W at least 1.
        begun: place of the first week that counts; the newest one counts in any case.
        limits: for the window.
    """
    length = len(scaled)
    most = max(1, min(limits.window, length - begun, length))
    signals = {k: float(scaled[length - k :].sum()) * math.sqrt(limits.window / k) for k in range(1, most + 1)}
    best = max(signals, key=lambda k: abs(signals[k]))
    return length - best, signals[best]


def scaled_errors(weeks: Weeks, rows: NDArray[np.bool_], limits: Limits = LIMITS) -> Doubles:
    """(W,) errors of a segment in mean absolute deviations.

    The deviation of a week is what the forecasts' own distributions and, in each branch by itself, `common_cv` give.
    Where the errors before the window were larger than that, by Brown's exponential smoothing of their absolute values,
    it grows with them.
    """
    expected = weeks.expected[rows].sum(axis=0)
    of_branches = np.array([(np.bincount(weeks.branch[rows], week) ** 2).sum() for week in weeks.expected[rows].T])
    variance = weeks.variance[rows].sum(axis=0) + limits.common_cv**2 * of_branches
    error = weeks.units[rows].sum(axis=0) - expected
    scaled: Doubles = error / (MAD_OF_SD * np.sqrt(np.maximum(variance, 1.0)))
    size = 1.0
    for past in np.abs(scaled[: -limits.window]):
        # A week that was a drift itself is no measure of chance.
        size += limits.smoothing * (min(float(past), 4.0) - size)
    return scaled / max(1.0, size)


def roots(
    weeks: Weeks,
    members: Members,
    first_weeks: Mapping[str, int] | None = None,
    limits: Limits = LIMITS,
    judged: int | None = None,
) -> list[Verdict]:
    """The segments whose sums of errors explain those of all others, the strongest first.

    A branch that closes makes all of its categories sell less. Of the segments whose tracking signal is a reason, the
    one with the largest is taken out of the others, which are judged again without it, until none is left.
    """
    found: list[Verdict] = []
    left = weeks
    while len(found) < len(members):
        verdicts = judge(left, members, first_weeks=first_weeks, limits=limits, judged=judged)
        drifting = [one for one in verdicts if "tracking_signal" in one.reasons]
        if not drifting:
            break
        found.append(drifting[0])
        left = left.without(members[drifting[0].segment])
    return found


YOUNG_DAYS = 28
"""A series that is younger borrows its level from others."""
_EDGES = {
    "in_stock_share": (0.5, 0.8, 0.95, 0.999),
    "age_days": (float(YOUNG_DAYS),),
}
CHANCE = 1e-5
"""Probability that an index is taken for a shift although two samples of the same population differ so much."""
DESIGN_EFFECT = 2.0
"""How much more indices spread than those of independent series: an article's branches run out of it together, and so
do the articles of a supplier that is late."""


def features(panel: Panel) -> dict[str, Doubles]:
    """What the population of series is like at the panel's origin, each (n,), nan where it cannot be said.

    in_stock_share: mean of the last 28 days. age_days: days since the series started. How much a series sells is none
    of them: it follows the season, and the tracking signal looks at it.
    """
    there = ~np.isnan(panel.units)
    recent = there[:, -28:]
    stocked = np.where(recent, panel.in_stock_share[:, -28:].astype(float), 0.0).sum(axis=1)
    age = there.sum(axis=1).astype(float)
    return {
        "in_stock_share": _ratio(stocked, recent.sum(axis=1).astype(float)),
        "age_days": np.where(age > 0, age, np.nan),
    }


def profiles(panel: Panel, members: Members) -> list[Profile]:
    """How the features are distributed in each segment: what a batch keeps of what it was trained on.

    The bins are the same at every origin, so that two profiles can be compared. Segments without a series that has the
    feature are left out.
    """
    found = []
    for feature, values in features(panel).items():
        edges = _EDGES[feature]
        for segment, rows in members.items():
            here = values[rows & ~np.isnan(values)]
            if len(here):
                counts = np.bincount(np.searchsorted(edges, here, side="left"), minlength=len(edges) + 1)
                found.append(Profile(segment, feature, edges, [float(count) / len(here) for count in counts]))
    return found


def psi(before: Sequence[float], now: Sequence[float], size: int) -> float:
    """Population stability index: sum((now - before) ln(now / before)); an empty bin counts as half a series.

    Args:
        before, now: shares of the bins.
        size: series that the shares are of.
    """
    least = 0.5 / max(size, 1)
    old, new = (np.maximum(np.asarray(shares, dtype=float), least) for shares in (before, now))
    return float(((new - old) * np.log(new / old)).sum())


@dataclass(frozen=True)
class Shift:
    """How far the population of a segment has moved since training.

    Attributes:
        psi: the largest index of any feature.
        feature: whose it is.
        by_chance: the index that chance alone exceeds with the probability CHANCE.
    """

    psi: float
    feature: str
    by_chance: float


def shifts(before: Sequence[Profile], now: Sequence[Profile], sizes: Mapping[str, int]) -> dict[str, Shift]:
    """By segment, the feature that has moved furthest beyond what chance gives.

    By chance alone the index of B bins and n and m independent series is about (1 / n + 1 / m) times a chi-squared
    variable of B - 1 degrees of freedom. Series are not independent: clusters of k with the correlation c are worth
    n / (1 + (k - 1) c) of them (L. Kish, Survey Sampling, 1965). That fewer series are young than before is no shift:
    they have come of age.

    Args:
        before: profiles of training.
        now: profiles of today.
        sizes: series of a segment, by its name.
    """
    old = {(one.segment, one.feature): one for one in before}
    found: dict[str, Shift] = {}
    for one in now:
        known, size = old.get((one.segment, one.feature)), sizes.get(one.segment, 0)
        if known is None or len(known.shares) != len(one.shares) or not size:
            continue
        if one.feature == "age_days" and one.shares[0] <= known.shares[0]:
            continue
        by_chance = float(stats.chi2.isf(CHANCE, len(one.shares) - 1)) * 2.0 * DESIGN_EFFECT / size
        index = Shift(psi(known.shares, one.shares, size), one.feature, by_chance)
        best = found.get(one.segment)
        if best is None or index.psi - index.by_chance > best.psi - best.by_chance:
            found[one.segment] = index
    return found


MOST_OF_DELIVERY = 5.0
"""Mean absolute deviations that one delivery counts for at most: alone it is not beyond the limit."""


def lead_time_signal(days_late: Sequence[float], sd_days: float, window: int = 4) -> float:
    """Tracking signal of a supplier: days late of its newest deliveries, summed, in mean absolute deviations.

    A delivery that is still open counts with the days by which it is overdue already. Demand does not see a supplier's
    delay: days without stock are no errors of a forecast.

    Args:
        days_late: actual less planned days by order, the oldest first; negative for early ones.
        sd_days: standard deviation of the lead time that orders are planned with; a day at least is taken.
        window: deliveries that are looked at; summed as weeks are, see `tracking_signal`.
    """
    scaled = np.asarray(days_late[-window:], dtype=float) / (MAD_OF_SD * max(sd_days, 1.0))
    return tracking_signal(np.clip(scaled, -MOST_OF_DELIVERY, MOST_OF_DELIVERY))[1] if len(scaled) else 0.0


def _ratio(above: Doubles, below: Doubles) -> Doubles:
    result: Doubles = np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)
    return result
