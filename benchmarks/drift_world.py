"""A retailer whose forecasts are watched week by week, and five troubles that can be planted in it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.replenishment_world import FIRST_DAY, HISTORY_WEEKS, Retailer, retailer
from prohandel.forecast.breaks import Break, breaks, in_todays_terms
from prohandel.forecast.distribution import Demand, Doubles
from prohandel.forecast.drift import Verdict, Weeks, judge, profiles, roots, shifts, week_of
from prohandel.forecast.drift import lead_time_signal as signal_of_deliveries
from prohandel.forecast.drift_limits import LIMITS, Limits
from prohandel.forecast.negative_binomial import negative_binomial
from prohandel.forecast.panel import Panel
from prohandel.forecast.store import Profile
from prohandel.replenishment.simulation import Ledger, Levels

EVENTS = ("regime change", "new season", "closed branch", "promotion", "supplier delay")
ARTICLES, SEASON_ARTICLES = 120, 24
HORIZON = 42
SERVICE = 0.95
SETTLING_WEEKS = 8
"""Weeks that the watch needs to know how large errors are as a rule."""
_NEVER = 10**6


@dataclass(frozen=True)
class Planted:
    """A retailer with a trouble in it.

    Attributes:
        world: with the trouble in its demand or lead times.
        launch_day: (n,) first day that an article is on sale; beyond all days for a season that never comes.
        supplier: (n,) codes of suppliers.
        troubled: the segment that is in trouble; None in a quiet run.
    """

    world: Retailer
    launch_day: NDArray[np.int64]
    supplier: NDArray[np.intp]
    troubled: str | None


def plant(seed: int, event: str | None, week: int) -> Planted:
    """The retailer of a seed with one trouble from the first day of a week of its watched time on.

    regime change: an article group sells 1.7 times as much from then on. new season: 24 new articles in all branches,
    which start at twice their later demand. closed branch: nobody comes any more. promotion: an article group sells 2.2
    times as much for three weeks, and nobody has said so. supplier delay: what a supplier of seven days is to deliver
    from then on comes 14 days late.
    """
    base = retailer(seed, ARTICLES)
    rng = np.random.default_rng((seed, 77))
    start = (HISTORY_WEEKS + week) * 7
    world, demand = base.world, base.world.demand.copy()
    n = len(base.category)
    is_season = np.arange(n) >= (ARTICLES - SEASON_ARTICLES) * 10
    launch = np.where(is_season, _NEVER, 0)
    _, supplier = np.unique(np.stack([base.lead_time_mean, base.lead_time_sd], axis=1), axis=0, return_inverse=True)
    supplier = supplier.reshape(-1)
    lead_time = world.lead_time_days
    of_group = base.category == np.bincount(base.category[~is_season]).argmax()
    group = f"category:{base.category[of_group][0]}"
    troubled = None
    if event in ("regime change", "promotion"):
        factor, last = (1.7, demand.shape[1]) if event == "regime change" else (2.2, start + 21)
        here = demand[of_group, start:last]
        # A unit more for some of those sold: the spread grows with the mean, as that of more customers would.
        demand[of_group, start:last] = here + rng.poisson(here * (factor - 1.0))
        troubled = group
    elif event == "closed branch":
        demand[base.branch == 3, start:] = 0
        troubled = "branch:3"
    elif event == "new season":
        launch = np.where(is_season, start, 0)
        age = np.maximum(np.arange(demand.shape[1]) - start, 0) / 7.0
        more = rng.poisson(demand[is_season] * np.exp(-age / 6.0))
        demand[is_season] = demand[is_season] + more
        troubled = "all"
    elif event == "supplier delay":
        code = supplier[base.lead_time_mean == 7][0]
        late = supplier == code
        lead_time = lead_time.copy()
        # What was to come in the first of these weeks was ordered in the week before.
        lead_time[late, start - 7 :] += np.int16(14)
        troubled = f"supplier:{code}"
    demand[np.arange(demand.shape[1]) < launch[:, None]] = 0
    # Nothing is on sale before its season, so nothing lies in the shop either.
    opening = np.where(is_season, 0.0, world.opening_stock)
    changed = replace(world, demand=demand, lead_time_days=lead_time, opening_stock=opening)
    return Planted(replace(base, world=changed), launch, supplier, troubled)


@dataclass
class Week:
    """What the watch said on a Monday of the week before."""

    verdicts: list[Verdict]
    root_segments: tuple[str, ...]
    late_suppliers: dict[str, float]
    bias: dict[str, float]


class Watched:
    """A policy that forecasts, orders by its forecast, and watches it; each Monday it sees what was sold until then."""

    def __init__(self, planted: Planted, limits: Limits = LIMITS) -> None:
        self.planted, self.limits, self.retrains = planted, limits, True
        self.weeks: list[Week] = []
        self.breaks: list[Break] = []
        self._columns: list[tuple[Doubles, ...]] = []
        self._forecast: Demand | None = None
        self._begun: dict[str, int] = {}
        self._trained: dict[str, Sequence[Profile]] = {}
        self._lead_time = {
            code: float(planted.world.lead_time_mean[planted.supplier == code][0])
            for code in np.unique(planted.supplier)
        }

    def forked(self, planted: Planted, *, retrains: bool) -> Watched:
        """The same watch over a world that goes another way from here."""
        other = copy.deepcopy(self)
        other.planted, other.retrains = planted, retrains
        return other

    def __call__(self, day: int, ledger: Ledger) -> Levels:
        """Judges the week that has passed, forecasts, and says what to fill up to."""
        panel = self._panel(day, ledger)
        if self._forecast is not None:
            self._judge(day, ledger, panel, self._forecast)
        members = self._members(panel)
        known = in_todays_terms(panel, self.breaks, members, seed=day) if self.retrains else panel
        self._forecast = negative_binomial(known, HORIZON)
        if len(self.weeks) <= SETTLING_WEEKS:
            # What the shops look like under the former rule of ordering is no measure of what comes.
            self._keep_profiles(panel, members, list(members))
        lead = np.array([self._lead_time[code] for code in self.planted.supplier])
        days = np.minimum(np.ceil(lead).astype(int) + 7, HORIZON)
        level = np.maximum(self._forecast.over(0, days).quantile(SERVICE), 1.0).astype(float)
        level = np.where(self.planted.launch_day <= day, level, 0.0)
        return Levels(level, level)

    def _panel(self, day: int, ledger: Ledger) -> Panel:
        units = ledger.sold[:, :day].copy()
        units[np.arange(day) < self.planted.launch_day[:, None]] = np.nan
        world = self.planted.world
        return Panel(
            tuple(map(str, range(len(units)))),
            FIRST_DAY + np.arange(day),
            "D",
            units,
            ledger.in_stock_share[:, :day],
            groups={"category": world.category, "weekday": world.branch},
        ).last(728)

    def _members(self, panel: Panel) -> dict[str, NDArray[np.bool_]]:
        world, there = self.planted.world, ~np.isnan(panel.units[:, -1])
        found = {"all": there}
        for name, codes in (("category", world.category), ("branch", world.branch)):
            found |= {f"{name}:{code}": there & (codes == code) for code in np.unique(codes)}
        return found

    def _keep_profiles(self, panel: Panel, members: Mapping[str, NDArray[np.bool_]], segments: Sequence[str]) -> None:
        now = profiles(panel, members)
        for segment in segments:
            self._trained[segment] = [one for one in now if one.segment == segment]

    def _judge(self, day: int, ledger: Ledger, panel: Panel, forecast: Demand) -> None:
        sold = panel.units[:, -7:].astype(float)
        # What did not exist when the forecast was made is no error of it.
        mean = np.where(self.planted.launch_day[:, None] <= day - 7, forecast.mean[:, :7].astype(float), np.nan)
        share = panel.in_stock_share[:, -7:].astype(float)
        self._columns.append(
            week_of(sold, share, mean, forecast.dispersion.astype(float), forecast.level_cv2.astype(float))
        )
        branch = self.planted.world.branch.astype(np.intp)
        weeks = Weeks(
            branch,
            np.arange(len(branch)) // (branch.max() + 1),
            *(np.stack(column, axis=1) for column in zip(*self._columns, strict=True)),
        )
        members = self._members(panel)
        mondays = (FIRST_DAY + np.arange(day - 7 * len(self._columns), day, 7)).astype("datetime64[D]")
        for known in self.breaks:
            first, last = (int(np.searchsorted(mondays, np.datetime64(each))) for each in (known.since, known.week))
            weeks = weeks.explained(members[known.segment], first, last)
        before = [one for kept in self._trained.values() for one in kept]
        now = profiles(panel, members)
        moved = shifts(before, now, {name: int(rows.sum()) for name, rows in members.items()})
        verdicts = judge(weeks, members, moved=moved, first_weeks=self._begun, limits=self.limits)
        drifting = [one for one in verdicts if one.is_drifting]
        found = roots(weeks, members, self._begun, self.limits) if drifting else []
        if self.retrains:
            self.breaks += breaks(found, mondays)
            for one in drifting:
                self._begun[one.segment] = len(self._columns)
            self._keep_profiles(panel, members, [one.segment for one in drifting])
        totals = {name: (weeks.units[rows, -1].sum(), weeks.expected[rows, -1].sum()) for name, rows in members.items()}
        self.weeks.append(
            Week(
                verdicts,
                tuple(one.segment for one in found),
                self._late(day, ledger),
                {
                    name: float(expected / units - 1.0) if units else np.nan
                    for name, (units, expected) in totals.items()
                },
            )
        )

    def _late(self, day: int, ledger: Ledger) -> dict[str, float]:
        """Tracking signal of each supplier's lead time; what is late is planned with from then on."""
        found = {}
        world = self.planted.world
        for code, planned in self._lead_time.items():
            rows = np.flatnonzero(self.planted.supplier == code)
            placed = [at for at in range(max(0, day - 84), day, 7) if ledger.ordered[rows, at].any()]
            actual = [int(world.world.lead_time_days[rows[0], at]) for at in placed]
            came = [at + length <= day for at, length in zip(placed, actual, strict=True)]
            known = [
                float(length) if here else float(day - at)
                for at, length, here in zip(placed, actual, came, strict=True)
                if here or day - at > planned
            ]
            signal = signal_of_deliveries([length - planned for length in known], float(world.lead_time_sd[rows[0]]))
            found[f"supplier:{code}"] = signal
            if abs(signal) > self.limits.lead_time and self.retrains:
                self._lead_time[code] = float(np.mean(known[-4:]))
        return found
