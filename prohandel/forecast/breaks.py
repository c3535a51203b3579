"""What a model is to learn from history after demand has changed: what was sold before, in today's terms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from prohandel.forecast.drift import Members, Verdict
from prohandel.forecast.panel import Panel

RATIO_LEAST, RATIO_MOST = 0.02, 20.0


@dataclass(frozen=True)
class Break:
    """A lasting change of the demand of a segment.

    Attributes:
        segment: the set of series.
        since: first day of the new demand.
        ratio: new demand over old.
        week: Monday of the week in which it was seen.
    """

    segment: str
    since: date
    ratio: float
    week: date

    @property
    def seen_on(self) -> date:
        """The day after whose end it was seen: a forecast of a later origin knows of it."""
        return self.week + timedelta(days=6)


def breaks(verdicts: Iterable[Verdict], mondays: np.ndarray) -> list[Break]:
    """The breaks that roots of a drift say, see `prohandel.forecast.drift.roots`.

    Args:
        verdicts: roots.
        mondays: (W,) first days of the weeks that were judged.
    """
    days: list[date] = mondays.astype("datetime64[D]").tolist()
    return [
        Break(one.segment, days[one.first_week], _bounded(one.ratio), days[-1])
        for one in verdicts
        if not np.isnan(one.ratio)
    ]


def _bounded(ratio: float) -> float:
    return float(np.clip(ratio, RATIO_LEAST, RATIO_MOST))


def in_todays_terms(panel: Panel, found: Iterable[Break], members: Members, seed: int = 0) -> Panel:
    """The panel as if demand had always been what it is since its breaks.

    Where demand has grown to r times, what was sold on a day counts as the demand of 1 / r of that day, which the
    censored likelihood of `prohandel.forecast.negative_binomial` takes as it is. Where it has fallen to r times, each
    unit sold is kept with the probability r: thinned, a negative binomial count is one again, with r times the mean and
    the same dispersion. How series of a segment compare to each other, their weekdays and months stay known, which
    forgetting the days before would lose.

    Args:
        panel: n series up to the origin, of days.
        found: breaks; a later one of the same series comes on top of an earlier one.
        members: the segments of the breaks; a break of another segment is left out.
        seed: of the thinning; the same gives the same.
    """
    units, share = panel.units.copy(), panel.in_stock_share.copy()
    rng = np.random.default_rng(seed)
    for one in sorted(found, key=lambda each: (each.since, each.segment)):
        rows = np.flatnonzero(members.get(one.segment, np.zeros(len(units), dtype=bool)))
        before = int((panel.periods < np.datetime64(one.since)).sum())
        if one.ratio >= 1.0:
            share[rows, :before] /= np.float32(one.ratio)
            continue
        old = units[rows, :before]
        whole = np.where(np.isnan(old), 0.0, np.rint(old)).astype(np.int64)
        units[rows, :before] = np.where(np.isnan(old), np.nan, rng.binomial(whole, one.ratio))
    return replace(panel, units=units, in_stock_share=share)
