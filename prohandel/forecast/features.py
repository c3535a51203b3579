"""Features of the global model: what was known of a series at an origin, and of the period that is forecast.

Season and life of articles that fade are a column known in advance: rates are without them, the offset has them.

One function computes them for training and for the forecast. It is given the panel's first `origin` periods and nothing
of `units` or `in_stock_share` behind; columns known in advance are read at the period that is forecast.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prohandel.forecast.distribution import Doubles, Floats
from prohandel.forecast.life_cycle import Cycle
from prohandel.forecast.panel import SEASON_LENGTHS, Panel, future_periods, months, weekdays

WINDOW = {"D": 364, "W": 156, "M": 72}
"""Periods before an origin that features are made of."""
HALF_LIVES = {"D": (7.0, 28.0, 84.0, 364.0), "W": (4.0, 13.0, 52.0), "M": (2.0, 6.0, 12.0, 24.0)}
"""Of the rates that are features; the plain forecast that boosting starts from is the one of START."""
START = {"D": 2, "W": 1, "M": 1}
PRIOR_UNITS = 0.5
"""Units that the rate of all series counts for in each rate, so that its logarithm exists."""
WEEKDAY_PRIOR = 20.0
CYCLE = "cycle_factor"
"""Known column of what `life_cycle.py` expects a period to sell of a series' level."""
NO_FEATURE = frozenset({"article"})
"""Groups with too many members to tell them apart."""
ORIGINS = {"D": (12, 26), "W": (12, 4), "M": (24, 1)}
"""Origins to train on at most, and the periods between two of them (no multiple of a week, so that weekdays vary)."""
LEAST_HISTORY = {"D": 56, "W": 13, "M": 12}
"""Periods before the first origin that is trained on."""
STEPS_PER_SERIES = 8
"""Periods after an origin that a sampled series is trained on."""
SHORTEST = 4
"""The latest origin has a horizon / SHORTEST periods behind it, so that the newest sales are learnt from as well."""


@dataclass(frozen=True)
class Rows:
    """Rows of the global model.

    Attributes:
        features: (R, F).
        offset: (R,) logarithm of the plain forecast.
        series: (R,) places of the series in the panel.
        units: (R,) what was sold; empty for a forecast.
    """

    features: Floats
    offset: Doubles
    series: NDArray[np.intp]
    units: Floats

    def thinned(self, count: int) -> Rows:
        """Rows at even distances, about `count` of them or somewhat more."""
        step = max(1, len(self.offset) // count)
        return Rows(self.features[::step], self.offset[::step], self.series[::step], self.units[::step])


@dataclass(frozen=True)
class _Past:
    """What is known of m series at an origin.

    Attributes:
        features: F columns of (m,).
        log_rate: (m,) logarithm of units per period.
        weekday: (m, 7) factors, or (m, 1) ones.
    """

    features: list[Doubles]
    log_rate: Doubles
    weekday: Doubles


def with_cycle(panel: Panel, cycle: Cycle | None, horizon: int) -> Panel:
    """The panel with the cycle's factors as a known column, unless all are 1.

    The factors are those found with the whole panel, at its past origins too: one with less history would have no
    season to learn from, and the forecast has one.
    """
    if cycle is None or cycle.is_flat:
        return panel
    periods = np.concatenate([panel.periods, future_periods(panel, horizon)])
    return replace(panel, known={**panel.known, CYCLE: cycle.factors(periods)})


def feature_names(panel: Panel) -> list[str]:
    """Names of the columns of `Rows.features`."""
    rates = [f"log_rate_half_life_{half_life:g}" for half_life in HALF_LIVES[panel.freq]]
    past = [
        "age",
        "since_last_sale",
        "share_of_periods_sold",
        "in_stock_share",
        "units_when_sold",
        "variance_when_sold",
    ]
    lags = ["last_season", "around_last_season"]
    ahead = ["step", "weekday", "month", "weekday_factor"]
    return [*rates, *past, *_groups(panel), *lags, *ahead, *sorted(panel.known)]


def _groups(panel: Panel) -> list[str]:
    return sorted(set(panel.groups) - NO_FEATURE)


def training_rows(panel: Panel, horizon: int, most_rows: int, seed: int) -> Rows | None:
    """Rows of past origins whose periods have passed; None where the history is too short or nothing was sold.

    Series and periods are drawn so that there are at most about `most_rows`; periods without any stock are left out,
    and of those with part of it the offset holds the share.
    """
    length = len(panel.periods)
    count, gap = ORIGINS[panel.freq]
    first = LEAST_HISTORY[panel.freq]
    latest = length - max(1, horizon // SHORTEST)
    origins = [latest - gap * place for place in range(count) if latest - gap * place >= first]
    if not origins or length - origins[-1] < horizon:
        return None
    rng = np.random.default_rng(seed)
    sample = max(1, most_rows // (len(origins) * min(horizon, STEPS_PER_SERIES)))
    parts = []
    for origin in origins:
        started = np.flatnonzero(~np.isnan(panel.units[:, origin - 1]))
        chosen = np.sort(rng.choice(started, min(sample, len(started)), replace=False))
        if len(chosen):
            reach = min(horizon, length - origin)
            ahead = np.argsort(rng.random((len(chosen), reach)), axis=1)[:, :STEPS_PER_SERIES]
            parts.append(_training_rows(panel.take(chosen), chosen, origin, ahead))
    if not any(part.units.any() for part in parts):
        return None
    return Rows(
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.offset for part in parts]),
        np.concatenate([part.series for part in parts]),
        np.concatenate([part.units for part in parts]),
    )


def _training_rows(panel: Panel, series: NDArray[np.intp], origin: int, ahead: NDArray[np.intp]) -> Rows:
    rows = _rows(panel.until(origin), series, ahead)
    place = np.arange(len(ahead))[:, None]
    units = panel.units[place, origin + ahead].ravel()
    share = panel.in_stock_share[place, origin + ahead].ravel()
    usable = share > 0
    offset = rows.offset[usable] + np.log(share[usable])
    return Rows(rows.features[usable], offset, rows.series[usable], units[usable])


def future_rows(panel: Panel, rows: slice, horizon: int) -> Rows:
    """Rows of the H periods after the panel's origin, series by series."""
    series = np.arange(len(panel.series_ids))[rows]
    return _rows(panel.take(rows), series, np.broadcast_to(np.arange(horizon), (len(series), horizon)))


def _rows(panel: Panel, series: NDArray[np.intp], ahead: NDArray[np.intp]) -> Rows:
    """Rows of the periods `ahead` (m, S), counted from 0 for the first after the panel's origin."""
    panel = panel.last(WINDOW[panel.freq])
    past = _past(panel)
    reach = int(ahead.max()) + 1
    periods = future_periods(panel, reach)
    n, steps = ahead.shape
    length, season = len(panel.periods), SEASON_LENGTHS[panel.freq]
    day = weekdays(periods) if panel.freq == "D" else np.zeros(reach, dtype=np.intp)
    factor = past.weekday[np.arange(n)[:, None], day[ahead]]
    # The same period of the season before the origin, however many seasons ahead it lies.
    lag = length - season + ahead % season
    columns: list[NDArray[Any]] = [np.repeat(each, steps) for each in past.features]
    columns += [
        _at(panel.units, lag).ravel(),
        np.mean([_at(panel.units, lag + by) for by in (-1, 0, 1)], axis=0).ravel(),
    ]
    columns += [ahead.ravel(), day[ahead].ravel(), months(periods)[ahead].ravel(), factor.ravel()]
    columns += [_at(panel.known[name], length + ahead).ravel() for name in sorted(panel.known)]
    features = np.stack([np.asarray(each, dtype=np.float32) for each in columns], axis=1)
    offset = np.repeat(past.log_rate, steps) + np.log(factor).ravel()
    if CYCLE in panel.known:
        offset += np.log(_at(panel.known[CYCLE], length + ahead).ravel())
    return Rows(features, offset, np.repeat(series, steps), np.zeros(0, dtype=np.float32))


def _past(panel: Panel) -> _Past:
    length = len(panel.periods)
    observed = ~np.isnan(panel.units)
    units = np.where(observed, panel.units, 0.0).astype(float)
    share = np.where(observed, panel.in_stock_share, 0.0).astype(float)
    exposed: Doubles = share * panel.known[CYCLE][:, :length] if CYCLE in panel.known else share
    age = np.arange(length - 1, -1, -1)
    weights = 0.5 ** (age[:, None] / np.array(HALF_LIVES[panel.freq]))
    sold, exposure = units @ weights, exposed @ weights
    overall = (sold.sum(axis=0) + 1e-9) / (exposure.sum(axis=0) + 1e-6)
    rate = np.log((sold + PRIOR_UNITS) / (exposure + PRIOR_UNITS / overall))
    start = START[panel.freq]
    sales = units > 0
    number = sales.sum(axis=1)
    since = np.where(number > 0, np.argmax(sales[:, ::-1], axis=1), length)
    size = units.sum(axis=1) / np.maximum(number, 1)
    variation = (units**2).sum(axis=1) / np.maximum(number, 1) - size**2
    recent = weights[:, start]
    past = [
        *rate.T,
        observed.sum(axis=1),
        since,
        (sales @ recent) / np.maximum(observed @ recent, 1e-9),
        (share @ recent) / np.maximum(observed @ recent, 1e-9),
        size,
        variation,
        *(panel.groups[name] for name in _groups(panel)),
    ]
    return _Past(
        [np.asarray(each, dtype=float) for each in past],
        rate[:, start],
        _weekday(panel, units, exposed, recent, rate[:, start]),
    )


def _weekday(panel: Panel, units: Doubles, share: Doubles, weight: Doubles, log_rate: Doubles) -> Doubles:
    """(n, 7) weekday factors: those of all series, then a series' own, each shrunk; (n, 1) ones without weekdays."""
    n, length = units.shape
    if panel.freq != "D":
        return np.ones((n, 1))
    of_day = np.zeros((length, 7))
    of_day[np.arange(length), weekdays(panel.periods)] = weight
    sold, expected = units @ of_day, (share @ of_day) * np.exp(log_rate)[:, None]
    common = (sold.sum(axis=0) + WEEKDAY_PRIOR) / (expected.sum(axis=0) + WEEKDAY_PRIOR)
    own = (sold + WEEKDAY_PRIOR * common) / (expected + WEEKDAY_PRIOR)
    normed: Doubles = own / own.mean(axis=1, keepdims=True)
    return normed


def _at(values: Floats, places: NDArray[np.intp]) -> Floats:
    """(m, S) values at places (m, S); nan outside."""
    width = values.shape[1]
    inside = (places >= 0) & (places < width)
    found = np.take_along_axis(values, np.clip(places, 0, width - 1), axis=1)
    return np.where(inside, found, np.nan)
