"""Forecasts of a portion of the series as if among all, for computers that share the series out.

What the negative binomial takes from all series together (a group's level, weekday and month factors, its dispersion)
is found once, over all of them or a sample. Each portion is then forecast by itself, and equals its rows of the whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl

from prohandel.errors import ProhandelError
from prohandel.forecast.file import forecast_table, panel_of
from prohandel.forecast.negative_binomial import Pooled, fit, pool, predict

SAMPLE = 50_000
"""Series that what is pooled is found by, at most."""
MODEL = "negative_binomial"


@dataclass(frozen=True)
class Whole:
    """What a portion has to know of all series.

    Attributes:
        freq: D, W or M.
        origin: last date with units in any series.
        names: of the groups by code, for each column that groups series.
        pooled: what the model takes from all series together.
    """

    freq: str
    origin: date
    names: dict[str, tuple[str, ...]]
    pooled: Pooled


def look_at_all(frame: pl.LazyFrame, freq: str = "D", sample: int = SAMPLE, seed: int = 0) -> Whole:
    """Looks at all series once for what portions have to know of them.

    Args:
        frame: columns as `prohandel forecast file` reads them.
        freq: D, W or M.
        sample: series that what is pooled is found by; with at least as many as there are, nothing is left to chance.
        seed: of the sample.

    Raises:
        ProhandelError: the frame holds what no demand can be, or series that fade.
    """
    units = pl.col("units")
    ids = pl.col("series_id")
    seen = frame.select(pl.col("date").filter(units.is_not_null() & units.is_not_nan()).max()).collect(
        engine="streaming"
    )
    origin = seen["date"].cast(pl.Date).item()
    if origin is None:
        raise ProhandelError("No row has units.", "Fill the column units, with 0 where nothing sold.")
    all_ids = frame.select(ids.unique().sort()).collect(engine="streaming").to_series()
    if len(all_ids) > sample:
        chosen = np.random.default_rng(seed).choice(len(all_ids), sample, replace=False)
        frame = frame.filter(ids.is_in(all_ids.gather(np.sort(chosen)).implode()))
    # The horizon matters to columns known in advance alone, of which this model reads none.
    panel = panel_of(frame, "the sample", freq, 1, origin)
    if "life" in panel.groups:
        raise ProhandelError(
            "Series that fade (column life) cannot be shared out: their articles are learned together.",
            "Leave the column out, or forecast them in one process: prohandel forecast file.",
        )
    return Whole(freq, origin, {name: _names(frame, name) for name in panel.groups}, pool(panel))


def forecast_portion(rows: pl.DataFrame, whole: Whole, horizon: int = 28) -> pl.DataFrame:
    """Forecasts series by the negative binomial as if among all.

    Args:
        rows: all rows of some series.
        whole: of `look_at_all`.
        horizon: periods.

    Returns:
        The columns that `prohandel forecast file` writes.

    Raises:
        ProhandelError: the rows hold what no demand can be, or a group that the sample did not have.
    """
    frame = rows.lazy()
    panel = panel_of(frame, "the portion", whole.freq, horizon, whole.origin)
    groups = {}
    for name, codes in panel.groups.items():
        here, there = _names(frame, name), whole.names[name]
        strange = sorted(set(here) - set(there))
        if strange:
            raise ProhandelError(
                f"The sample has no series whose {name} is '{strange[0]}'.", "Take more series into the sample."
            )
        groups[name] = np.array([there.index(each) for each in here], dtype=np.int32)[codes]
    panel = replace(panel, groups=groups)
    return forecast_table(panel, horizon, predict(fit(panel, pooled=whole.pooled), panel, horizon), MODEL)


def _names(frame: pl.LazyFrame, name: str) -> tuple[str, ...]:
    """Names of the groups in the order of their codes."""
    column = pl.col(name).cast(pl.String).fill_null("")
    return tuple(frame.select(column.unique().sort()).collect(engine="streaming").to_series())
