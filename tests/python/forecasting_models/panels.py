"""Small panels of series, as arrays and as the rows that the models read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prohandel.forecast.panel import Panel

A = date(2026, 3, 29)


@dataclass(frozen=True)
class Case:
    """Series of some branches and categories up to A.

    Attributes:
        keys: branch and article of each series.
        categories: by article.
        starts: places of the first day of each series.
        units: (n, T).
        share: (n, T).
    """

    keys: list[tuple[str, str]]
    categories: dict[str, str]
    starts: list[int]
    units: NDArray[np.float64]
    share: NDArray[np.float64]

    @property
    def length(self) -> int:
        """T."""
        return int(self.units.shape[1])

    def day(self, place: int) -> date:
        """The day of a place."""
        return A - timedelta(days=self.length - 1 - int(place))

    def panel(self) -> Panel:
        """What the Python model reads."""
        units = self.units.astype(np.float32)
        for row, start in enumerate(self.starts):
            units[row, :start] = np.nan
        categories = sorted(set(self.categories.values()))
        pairs = [(branch, self.categories[article]) for branch, article in self.keys]
        return Panel(
            tuple("/".join(key) for key in self.keys),
            np.arange(np.datetime64(self.day(0)), np.datetime64(A) + 1),
            "D",
            units,
            self.share.astype(np.float32),
            groups={
                "category": np.array([categories.index(category) for _, category in pairs], dtype=np.int32),
                "weekday": np.array([sorted(set(pairs)).index(pair) for pair in pairs], dtype=np.int32),
            },
        )

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """What the SQL models read: stretches of like days, days without stock left out as if not ranged."""
        series, spans = [], []
        for row, (branch, article) in enumerate(self.keys):
            key = {"branch_number": branch, "article_number": article}
            series.append(
                {
                    **key,
                    "series_start": self.day(self.starts[row]),
                    "series_end": A,
                    "has_own_stock": True,
                    "category": self.categories[article],
                    "is_forecastable": True,
                }
            )
            spans += [{**key, **span} for span in self._spans(row)]
        return {
            "intermediate.int_as_of": [{"newest_day": A, "as_of_date": A}],
            "intermediate.int_forecasting__series": series,
            "intermediate.int_forecasting__articles": [
                {"article_number": article, "category": category} for article, category in self.categories.items()
            ],
            "intermediate.int_forecasting__demand_spans": spans,
        }

    def _spans(self, row: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for place in range(self.starts[row], self.length):
            units, share, day = float(self.units[row, place]), float(self.share[row, place]), self.day(place)
            if share == 0 and units == 0:
                continue
            last = found[-1] if found else None
            if units == 0 and last and last["last_day"] == day - timedelta(days=1) and last["in_stock_share"] == share:
                last["last_day"] = day
            else:
                found.append({"first_day": day, "last_day": day, "demand_units": units, "in_stock_share": share})
        return found


def random_case(seed: int, days: int = 420) -> Case:
    """Two categories in two branches: fast and slow, short and long, in stock and not, and one that never sold."""
    draw = np.random.default_rng(seed)
    keys = [(branch, article) for branch in ("b", "c") for article in ("coat", "hat", "scarf", "new", "idle")]
    categories = {"coat": "outer", "idle": "outer", "hat": "small", "scarf": "small", "new": "small"}
    starts = [days - 5 if article == "new" else int(draw.integers(0, days - 30)) for _, article in keys]
    rates = {"coat": 0.3, "hat": 2.0, "scarf": 12.0, "new": 1.0, "idle": 0.0}
    week = np.array([0.8, 0.9, 1.0, 1.0, 1.3, 2.0, 0.0])
    weekday = (np.arange(days) - days + 1 + A.weekday()) % 7
    rate = np.array([rates[article] for _, article in keys])[:, None] * week[weekday]
    share = draw.choice([1.0, 1.0, 1.0, 0.5, 0.25, 0.0], (len(keys), days))
    units = draw.negative_binomial(2.0, 1.0 / (1.0 + rate * share / 2.0)).astype(float)
    units[share == 0] = 0.0
    for row, start in enumerate(starts):
        units[row, :start], share[row, :start] = 0.0, 0.0
    return Case(keys, categories, starts, units, share)
