"""Forecasts of series: those that a batch has stored, else the baseline of the mart.

A stored forecast has 28 x 14 numbers, a request up to 500 of them: the database writes the numbers as text and they go
into the answer as they are. Nothing is computed on the way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from prohandel.api.database import Connection, Newest, Schemas, rows_of
from prohandel.forecast.distribution import LEVEL_NAMES, LEVELS, Demand

Pair = tuple[str, str]
"""Branch and article number."""
DAYS_AT_END = 7
"""Beyond the horizon every day is like the mean of this many last days, as in the marts."""

_WANTED = (
    "unnest(%(branches)s::text[], %(articles)s::text[]) with ordinality"
    " as wanted (branch_number, article_number, place)"
)
_STORED = (
    " from " + _WANTED + " join {forecasting}.forecasts as stored on stored.forecast_origin = %(origin)s"
    " and stored.branch_number = wanted.branch_number and stored.article_number = wanted.article_number"
)
_STORED_AS_TEXT = (
    "select wanted.place, stored.model, stored.is_cold_start, stored.dispersion, stored.level_cv2,"
    " (stored.demand_mean[%(first)s:%(last)s])::text as mean,"
    " (stored.demand_quantiles[1:14][%(first)s:%(last)s])::text as quantiles,"
    " (stored.model_mean[%(first)s:%(last)s])::text as model_mean" + _STORED
)
_STORED_AS_NUMBERS = (
    "select wanted.place, stored.model, stored.dispersion, stored.level_cv2, stored.demand_mean[%(first)s:] as mean"
    + _STORED
)
_BASELINE = (
    "select wanted.place, days.* from " + _WANTED + " cross join lateral ("  # noqa: S608
    "select (array_agg(model order by forecast_date))[1] as model, max(forecast_origin) as forecast_origin,"
    " bool_or(is_from_batch) as is_from_batch, min(forecast_date) as first_day,"
    " min(dispersion)::float8 as dispersion, min(level_cv2)::float8 as level_cv2,"
    " array_agg(demand_mean::float8 order by forecast_date) as mean"
    " from {marts}.demand_forecast as daily where daily.branch_number = wanted.branch_number"
    " and daily.article_number = wanted.article_number"
    ") as days where days.first_day is not null"
)


@dataclass(frozen=True)
class Series:
    """The distribution of one pair's demand.

    Attributes:
        model: that made it.
        origin: last day that the model saw.
        is_from_batch: else it is the mart's baseline.
        first_day: of the mean.
        mean: (H,) units a day.
        dispersion, level_cv2: as of `Demand`.
    """

    model: str
    origin: date
    is_from_batch: bool
    first_day: date
    mean: npt.NDArray[np.float32]
    dispersion: float
    level_cv2: float

    def demand(self, days: int) -> Demand:
        """Of so many days from the first one on."""
        return Demand(
            extended(self.mean, days)[None, :],
            np.array([self.dispersion], dtype=np.float32),
            np.array([self.level_cv2], dtype=np.float32),
        )


def extended(mean: npt.NDArray[np.float32], days: int) -> npt.NDArray[np.float32]:
    """(days,) units a day; beyond the horizon each day is like the mean of the last seven."""
    if days <= len(mean):
        return mean[:days]
    later = np.full(days - len(mean), mean[-DAYS_AT_END:].mean(dtype=float), dtype=np.float32)
    return np.concatenate([mean, later])


def series_of(conn: Connection, schemas: Schemas, newest: Newest, pairs: Sequence[Pair]) -> dict[Pair, Series]:
    """The distributions of these pairs; those without a forecast are left out."""
    found: dict[Pair, Series] = {}
    if newest.batch and newest.as_of_date:
        first_day = newest.as_of_date + timedelta(days=1)
        asked = {**_asked(pairs), "origin": newest.batch, "first": newest.age_days + 1}
        for row in rows_of(conn, schemas.sql(_STORED_AS_NUMBERS), asked):
            if row["mean"]:
                mean = np.array(row["mean"], dtype=np.float32)
                found[pairs[row["place"] - 1]] = Series(
                    row["model"], newest.batch, True, first_day, mean, row["dispersion"], row["level_cv2"]
                )
    return found | _baselines(conn, schemas, [pair for pair in pairs if pair not in found])


def answers_of(
    conn: Connection, schemas: Schemas, newest: Newest, pairs: Sequence[Pair], days: int | None, levels: Sequence[int]
) -> dict[Pair, str]:
    """The forecasts of these pairs, each as a JSON object; those without one are left out.

    Args:
        conn: to the database.
        schemas: of the target.
        newest: which batch counts.
        pairs: without repetition.
        days: at most so many; None for all that were forecast.
        levels: places of the quantiles in LEVELS.
    """
    found: dict[Pair, str] = {}
    if newest.batch and newest.as_of_date:
        first = newest.age_days + 1
        last = first + days - 1 if days else 100_000
        first_day = newest.as_of_date + timedelta(days=1)
        asked = {**_asked(pairs), "origin": newest.batch, "first": first, "last": last}
        for row in rows_of(conn, schemas.sql(_STORED_AS_TEXT), asked):
            if row["mean"] == "{}":
                continue
            pair = pairs[row["place"] - 1]
            head = {
                "model": row["model"],
                "forecast_origin": newest.batch.isoformat(),
                "is_from_batch": True,
                "is_cold_start": row["is_cold_start"],
                "dispersion": row["dispersion"],
                "level_cv2": row["level_cv2"],
            }
            mean = _numbers(row["mean"])
            quantiles = row["quantiles"][2:-2].split("},{")
            model_mean = _numbers(row["model_mean"]) if row["model_mean"] else "null"
            found[pair] = _json(
                pair,
                head,
                first_day,
                mean.count(",") + 1,
                mean,
                [f"[{quantiles[q]}]" for q in levels],
                levels,
                model_mean,
            )
    missing = [pair for pair in pairs if pair not in found]
    return found | _baseline_answers(_baselines(conn, schemas, missing), days, levels)


def _baselines(conn: Connection, schemas: Schemas, pairs: Sequence[Pair]) -> dict[Pair, Series]:
    if not pairs:
        return {}
    return {
        pairs[row["place"] - 1]: Series(
            row["model"],
            row["forecast_origin"],
            row["is_from_batch"],
            row["first_day"],
            np.array(row["mean"], dtype=np.float32),
            row["dispersion"],
            row["level_cv2"],
        )
        for row in rows_of(conn, schemas.sql(_BASELINE), _asked(pairs))
    }


def _baseline_answers(baselines: Mapping[Pair, Series], days: int | None, levels: Sequence[int]) -> dict[Pair, str]:
    """The mart keeps three quantiles; all fourteen follow from its mean, dispersion and level."""
    by_length: dict[int, list[Pair]] = {}
    for pair, series in baselines.items():
        by_length.setdefault(len(series.mean[:days]), []).append(pair)
    found: dict[Pair, str] = {}
    for length, group in by_length.items():
        demand = Demand(
            np.stack([baselines[pair].mean[:length] for pair in group]),
            np.array([baselines[pair].dispersion for pair in group], dtype=np.float32),
            np.array([baselines[pair].level_cv2 for pair in group], dtype=np.float32),
        )
        values = demand.quantiles(LEVELS).astype(int)
        for row, pair in enumerate(group):
            series = baselines[pair]
            head = {
                "model": series.model,
                "forecast_origin": series.origin.isoformat(),
                "is_from_batch": series.is_from_batch,
                "is_cold_start": None,
                "dispersion": series.dispersion,
                "level_cv2": series.level_cv2,
            }
            mean = json.dumps([round(float(units), 6) for units in series.mean[:length]], separators=(",", ":"))
            quantiles = [json.dumps(values[row, :, q].tolist(), separators=(",", ":")) for q in levels]
            found[pair] = _json(pair, head, series.first_day, length, mean, quantiles, levels, "null")
    return found


def _json(
    pair: Pair,
    head: Mapping[str, Any],
    first_day: date,
    days: int,
    mean: str,
    quantiles: Sequence[str],
    levels: Sequence[int],
    model_mean: str,
) -> str:
    named = ",".join(f'"{LEVEL_NAMES[q]}":{values}' for q, values in zip(levels, quantiles, strict=True))
    start = json.dumps({"branch_number": pair[0], "article_number": pair[1], **head})
    shown = _days(first_day, days)
    return f'{start[:-1]},"days":{shown},"mean":{mean},"quantiles":{{{named}}},"model_mean":{model_mean}}}'


def _numbers(text: str) -> str:
    """A one-dimensional array of numbers from PostgreSQL's text to JSON's."""
    if "N" in text:
        raise ValueError("a stored forecast is not a number")
    return f"[{text[1:-1]}]"


@lru_cache(maxsize=64)
def _days(first_day: date, days: int) -> str:
    return json.dumps([(first_day + timedelta(days=day)).isoformat() for day in range(days)], separators=(",", ":"))


def _asked(pairs: Sequence[Pair]) -> dict[str, Any]:
    return {"branches": [branch for branch, _ in pairs], "articles": [article for _, article in pairs]}
