"""The baseline forecast, for landings without a batch.

Readings chosen:
    * A series is a pair of merchandise that started by A. It is forecast if article and branch are active and not
      deleted and the pair is ranged on A. All series count in what is pooled.
    * Of a day the share in stock is 1 less the hours without stock over the opening hours, where both are known and the
      branch opens; of a day that sold something an hour at least, all of it where nothing was there all day; half of
      a day that closed empty and whose hours are not known; 1 of other days in stock, 0 of days that were not or on
      which the pair was not ranged.
    * What was never in stock up to A where its stock is held, but sells, is there all of the time: nobody counts it.
    * What is pooled is rounded: factors to fiftieths, levels of categories to steps of exp(1 / 50), dispersions to
      hundredths.
    * Shares in stock have six decimals. Demand of a day on which the pair was not ranged does not exist.

Source: the formula in prohandel/forecast/baseline.py, here by loops over groups; quantiles by scipy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from .facts import Facts
from .hours import opening_hours
from .shown import Mart, shown
from .stock import serving

Floats = npt.NDArray[np.float64]

HORIZON = 28
_WINDOW, _HALF_LIFE = 364, 56.0
_WEEKDAY_PRIOR, _LEVEL_PRIOR = 20.0, 0.5
_PAIR = ["branch_number", "article_number"]
_HOUR = 3_600_000_000


@dataclass(frozen=True)
class Forecasts:
    """What the baseline says.

    Attributes:
        series: pairs that are forecast: branch_number, article_number, dispersion, level_cv2.
        means: (n, HORIZON) units per day after A.
    """

    series: pd.DataFrame
    means: Floats

    def day_dispersion(self) -> Floats:
        """(n,) with the level's error in it."""
        own = self.series["dispersion"].to_numpy()
        level = self.series["level_cv2"].to_numpy()
        return np.asarray((1 + own) * (1 + level) - 1)


def demand_forecast(facts: Facts, made: Forecasts) -> Mart:
    """The mart, all of it by the baseline."""
    frame = made.series.loc[made.series.index.repeat(HORIZON)].reset_index(drop=True)
    mean = made.means.reshape(-1)
    dispersion = np.repeat(made.day_dispersion(), HORIZON)
    frame = frame.assign(
        forecast_day=np.tile(facts.as_of + 1 + np.arange(HORIZON), len(made.series)),
        forecast_date=np.tile(facts.as_of + 1 + np.arange(HORIZON), len(made.series)),
        origin_day=facts.as_of,
        model="baseline",
        is_from_batch=False,
        demand_mean=mean,
        **{f"demand_p{round(level * 100)}": quantile(mean, dispersion, level) for level in (0.5, 0.8, 0.95)},
    )
    mart = shown(
        frame,
        ["article_number", "branch_number"],
        ["model"],
        dates={"forecast_date": "forecast_day", "forecast_origin": "origin_day"},
        floats=["demand_mean", "demand_p50", "demand_p80", "demand_p95", "dispersion", "level_cv2"],
        flags=["is_from_batch"],
    )
    return Mart(mart.rows, [*mart.key, "forecast_date"], mart.money, mart.from_rounded)


def quantile(mean: Any, dispersion: Any, level: Any) -> Floats:
    """The smallest whole number that demand exceeds with a chance of at most 1 - level; level may be an array."""
    mean, dispersion, level = np.broadcast_arrays(
        *(np.asarray(each, dtype=np.float64) for each in (mean, dispersion, level))
    )
    size = 1 / np.maximum(dispersion, 1e-12)
    spread = stats.nbinom.ppf(level - 1e-9, size, size / (size + np.maximum(mean, 1e-300)))
    plain = stats.poisson.ppf(level - 1e-9, mean)
    return np.where(mean <= 0, 0.0, np.where(dispersion > 1e-8, spread, plain))


def baseline(facts: Facts) -> Forecasts:
    """Every step of the formula, group by group."""
    frame, units, share = series(facts)
    weight = 0.5 ** (np.arange(_WINDOW - 1, -1, -1) / _HALF_LIFE)
    weekday = (np.arange(facts.as_of - _WINDOW + 1, facts.as_of + 1) + 3) % 7
    factors = np.ones((len(frame), 7))
    for rows in frame.groupby(["branch_number", "category"]).indices.values():
        sold, there = units[rows] * weight, share[rows] * weight
        rate = sold.sum() / there.sum() if there.sum() > 0 else 0.0
        raw = np.array(
            [
                (sold[:, weekday == day].sum() + _WEEKDAY_PRIOR)
                / (rate * there[:, weekday == day].sum() + _WEEKDAY_PRIOR)
                for day in range(7)
            ]
        )
        factors[rows] = _halves_up(raw / raw.mean() * 50) / 50
    level, dispersion = np.zeros(len(frame)), np.zeros(len(frame))
    total = (units * weight).sum(axis=1)
    of_day = factors[:, weekday]
    exposure = (share * of_day * weight).sum(axis=1)
    for rows in frame.groupby("category").indices.values():
        usual = total[rows].sum() / exposure[rows].sum() if exposure[rows].sum() > 0 else 0.0
        if usual > 0:
            usual = np.exp(_halves_up(np.log(usual) * 50) / 50)
            level[rows] = (total[rows] + _LEVEL_PRIOR) / (exposure[rows] + _LEVEL_PRIOR / usual)
        mean = level[rows][:, None] * of_day[rows] * share[rows]
        squares = (weight * mean**2).sum()
        excess = (weight * ((units[rows] - mean) ** 2 - mean)).sum()
        dispersion[rows] = _halves_up(min(5.0, max(0.0, excess / squares)) * 100) / 100 if squares > 0 else 5.0
    error = np.minimum(1.0, 0.02 + (1 + dispersion * level) / (total + _LEVEL_PRIOR))
    ahead = (facts.as_of + 1 + np.arange(HORIZON) + 3) % 7
    kept = frame["is_forecastable"].to_numpy(dtype=bool)
    made = frame[_PAIR].assign(dispersion=dispersion, level_cv2=error)[kept].reset_index(drop=True)
    return Forecasts(made, (level[:, None] * factors[:, ahead])[kept])


def _halves_up(value: Any) -> Any:
    return np.floor(value + 0.5)


def series(facts: Facts) -> tuple[pd.DataFrame, Floats, Floats]:
    """Every series (pair, category, is_forecastable), its units and its share in stock, (n, 364) each."""
    runs = active_branches(facts)
    articles = facts.articles
    sold = known(articles["is_active"], default=True) & ~articles["is_deleted"].astype(bool)
    pairs = facts.pairs[known(facts.pairs["range_start"].le(facts.as_of), default=False)]
    pairs = pairs.reset_index(drop=True)
    place = {key: at for at, key in enumerate(zip(pairs["branch_number"], pairs["article_number"], strict=True))}
    daily = facts.stock.daily
    daily = daily[daily["day"].between(facts.as_of - _WINDOW + 1, facts.as_of) & daily["is_ranged"]]
    rows = np.array([place[key] for key in zip(daily["branch_number"], daily["article_number"], strict=True)], int)
    columns = daily["day"].to_numpy(dtype=int) - (facts.as_of - _WINDOW + 1)
    units, share = np.zeros((len(pairs), _WINDOW)), np.zeros((len(pairs), _WINDOW))
    units[rows, columns] = daily["demand_units"].to_numpy(dtype=float) / 1e4
    share[rows, columns] = np.where(_never_stocked(facts, pairs)[rows], 1.0, _share(facts, daily))
    today = set(daily.loc[daily["day"].eq(facts.as_of), _PAIR].astype("object").itertuples(index=False, name=None))
    frame = pd.DataFrame(
        {
            "branch_number": pairs["branch_number"].astype("object"),
            "article_number": pairs["article_number"].astype("object"),
            "category": pairs["category"].astype("object"),
        }
    )
    frame["is_forecastable"] = [
        bool(runs.get(branch, True)) and bool(sold[article]) and (branch, article) in today
        for branch, article in zip(frame["branch_number"], frame["article_number"], strict=True)
    ]
    return frame, units, share


def stocked(facts: Facts) -> set[tuple[str, str]]:
    """Branches and articles that have been in stock there up to A."""
    return {
        (branch, article)
        for branch, grid in facts.stock.grids.items()
        for article in grid.articles[grid.first_stock <= facts.as_of]
    }


def _never_stocked(facts: Facts, pairs: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """(n,) whether the branch that holds the stock of a pair has had none of it up to A."""
    servers, there = serving(facts.core), stocked(facts)
    return np.array(
        [
            (servers.get(branch, branch), article) not in there
            for branch, article in zip(pairs["branch_number"], pairs["article_number"], strict=True)
        ],
        dtype=bool,
    )


def active_branches(facts: Facts) -> pd.Series[Any]:
    """Whether a branch is neither switched off nor deleted, by its number; branches that never landed are active."""
    branches = facts.core.branches.set_index("branch_number")
    return known(branches["is_active"], default=True) & ~known(branches["is_deleted"], default=False)


def _share(facts: Facts, daily: pd.DataFrame) -> Floats:
    days = np.arange(facts.as_of - _WINDOW + 1, facts.as_of + 1)
    open_hours = {}
    for branch in daily["branch_number"].unique():
        opens, closes = opening_hours(branch, days, facts.core, facts.seeds)
        open_hours[branch] = (closes - opens) / _HOUR
    opened = np.array(
        [open_hours[branch][day - days[0]] for branch, day in zip(daily["branch_number"], daily["day"], strict=True)]
    )
    demand = daily["demand_units"].to_numpy(dtype=float)
    hours = daily["stockout_hours"].to_numpy(dtype=float, na_value=np.nan)
    empty = known(daily["closing_stock"].le(0), default=False).to_numpy(dtype=bool)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.maximum(0, 1 - hours / opened)
        left = np.where(demand > 0, np.maximum(left, np.minimum(1, 1 / opened)), left)
        left = np.where((demand > 0) & (hours >= opened), 1.0, left)
    told = ~np.isnan(hours) & (opened > 0)
    share = np.round(np.where(told, left, np.where(empty, 0.5, 1.0)), 6)
    return np.where(daily["is_in_stock"].to_numpy(dtype=bool), share, 0.0)


def known(flags: pd.Series[Any], *, default: bool) -> pd.Series[bool]:
    """Flags, with a default in place of those that nobody knows."""
    return flags.astype("boolean").fillna(default).astype(bool)
