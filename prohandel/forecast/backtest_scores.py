"""Errors of one model at one origin, by series and week, and their scores by segment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date

import numpy as np
from numpy.typing import NDArray

from prohandel.forecast.distribution import LEVELS, Doubles, Floats
from prohandel.forecast.score import covered, naive_errors, pinball
from prohandel.forecast.trained import Trained

DAYS = 7
_ROWS = 4_000


@dataclass(frozen=True)
class WeekSums:
    """Sums over the days of a week: (n, W) each.

    A day with a part of its stock is compared with that part of the mean, because the last sale ends it; quantiles and
    squared errors are judged on days with full stock.

    Attributes:
        units: sold on days with any stock.
        forecast: mean of the time with stock.
        absolute: |forecast - units| by day.
        days: with any stock.
        squared: (mean - units)^2 on days with full stock.
        pinball: mean quantile loss over the levels, likewise.
        full_days: days with full stock.
        below_p80: share of a day below its quantile of 80 %, added up.
        below_p95: likewise.
    """

    units: Doubles
    forecast: Doubles
    absolute: Doubles
    days: Doubles
    squared: Doubles
    pinball: Doubles
    full_days: Doubles
    below_p80: Doubles
    below_p95: Doubles

    def take(self, rows: NDArray[np.intp]) -> WeekSums:
        """The sums of these series."""
        return WeekSums(*(getattr(self, each.name)[rows] for each in fields(self)))

    def loss(self) -> Doubles:
        """(n,) quantile loss of the whole horizon in units; nan for a series without a day with full stock."""
        return np.where(self.full_days.sum(axis=1) > 0, self.pinball.sum(axis=1), np.nan)


@dataclass(frozen=True)
class Score:
    """A row of the table `scores`; nan where it cannot be said."""

    model: str
    segment: str
    forecast_origin: date
    horizon_week: int
    wape: float
    bias: float
    rmsse: float
    scaled_pinball: float
    coverage_p80: float
    coverage_p95: float
    n_series: int
    n_points: int


def week_sums(actual: Floats, share: Floats, forecast: Trained) -> WeekSums:
    """What a forecast missed by.

    Args:
        actual: (n, H) units sold; nan before a series starts.
        share: (n, H) of the day with stock.
        forecast: of these series.
    """
    parts: list[list[Doubles]] = []
    for start in range(0, len(actual), _ROWS):
        rows = slice(start, start + _ROWS)
        parts.append(_sums(actual[rows].astype(float), share[rows], forecast.mean[rows], forecast.quantiles(rows)))
    return WeekSums(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _sums(y: Doubles, share: Floats, mean: Floats, values: Floats) -> list[Doubles]:
    there = ~np.isnan(y) & (share > 0)
    full = there & (share >= 1.0)
    sold, expected = np.where(there, y, 0.0), np.where(there, mean * share, 0.0)
    loss = np.zeros(y.shape)
    for place, level in enumerate(LEVELS):
        loss += pinball(sold, values[:, :, place].astype(float), level) / 2.0 / len(LEVELS)
    below = []
    for level in (0.8, 0.95):
        inside = np.zeros(y.shape)
        inside[full] = covered(y[full], values[full], level)
        below.append(inside)
    columns = [
        sold,
        expected,
        np.abs(expected - sold),
        there.astype(float),
        np.where(full, (mean - sold) ** 2, 0.0),
        np.where(full, loss, 0.0),
        full.astype(float),
        *below,
    ]
    starts = np.arange(0, y.shape[1], DAYS)
    return [np.add.reduceat(column, starts, axis=1) for column in columns]


def scores_of(
    model: str, origin: date, sums: WeekSums, history: Floats, members: Mapping[str, NDArray[np.bool_]]
) -> list[Score]:
    """Scores by segment and week; segments and weeks without a day with stock are left out.

    RMSSE and scaled pinball loss are means over series of what `prohandel.forecast.score` has.

    Args:
        model: name.
        origin: last day before the forecast.
        sums: of n series.
        history: (n, T) units up to the origin, nan before a series starts.
        members: (n,) for each segment.
    """
    step, squared = naive_errors(history)
    with np.errstate(invalid="ignore", divide="ignore"):
        rmsse = np.sqrt(sums.squared / sums.full_days / squared[:, None])
        scaled = sums.pinball / sums.full_days / step[:, None]
    for ratio in (rmsse, scaled):
        ratio[~np.isfinite(ratio)] = np.nan
    found = []
    for segment, rows in members.items():
        # One pass over the rows of a segment instead of one for each column and week.
        of_segment = {each.name: getattr(sums, each.name)[rows] for each in fields(sums)}
        totals = {name: values.sum(axis=0) for name, values in of_segment.items()}
        for week in np.flatnonzero(totals["days"] > 0):
            units, full = totals["units"][week], totals["full_days"][week]
            found.append(
                Score(
                    model,
                    segment,
                    origin,
                    int(week) + 1,
                    _over(totals["absolute"][week], units),
                    _over(totals["forecast"][week] - units, units),
                    _mean(rmsse[rows, week]),
                    _mean(scaled[rows, week]),
                    _over(totals["below_p80"][week], full),
                    _over(totals["below_p95"][week], full),
                    int((of_segment["days"][:, week] > 0).sum()),
                    int(totals["days"][week]),
                )
            )
    return found


def _over(above: float, below: float) -> float:
    return float(above / below) if below > 0 else float("nan")


def _mean(values: Doubles) -> float:
    there = values[~np.isnan(values)]
    return float(there.mean()) if len(there) else float("nan")
