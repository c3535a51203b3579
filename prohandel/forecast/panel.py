"""Series on a common calendar, as every model reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]

FREQUENCIES = ("D", "W", "M")
SEASON_LENGTHS = {"D": 7, "W": 52, "M": 12}
"""Periods after which a season repeats, by frequency: the week of days, the year of weeks and of months."""
_UNITS = {"D": "D", "W": "D", "M": "M"}


@dataclass(frozen=True)
class Panel:
    """Series on a common calendar that ends at the origin, the last period that was observed.

    Attributes:
        series_ids: n names, unique.
        periods: (T,) first days of the periods, ascending without a gap.
        freq: D for days, W for weeks, M for months.
        units: (n, T) units sold; nan before a series starts, and nowhere after it has started.
        in_stock_share: (n, T) share of the period with stock, 0..1; 1 where nobody knows. Units sold are the demand
            of this share of the period.
        known: columns known in advance, name -> (n, T + H); H at least the horizon.
        groups: what series have in common, name -> (n,) codes from 0. Models look for `category` (dispersion, season,
            cold start), `cold_start`, `weekday` (weekday factors), `life` (0 does not fade, others share a curve over
            age) and `article` (their own pace of it); without them all series are one group, and none fades.
    """

    series_ids: tuple[str, ...]
    periods: NDArray[np.datetime64]
    freq: str
    units: Floats
    in_stock_share: Floats
    known: dict[str, Floats] = field(default_factory=dict)
    groups: dict[str, Integers] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n, length = len(self.series_ids), len(self.periods)
        if self.freq not in FREQUENCIES:
            raise ValueError(f"freq is {self.freq!r}, not one of {', '.join(FREQUENCIES)}")
        for name, values in (("units", self.units), ("in_stock_share", self.in_stock_share)):
            if values.shape != (n, length):
                raise ValueError(f"{name} has the shape {values.shape}, not {(n, length)}")
        for name, known in self.known.items():
            if known.ndim != 2 or known.shape[0] != n or known.shape[1] < length:
                raise ValueError(f"known[{name!r}] has the shape {known.shape}, not ({n}, {length} + horizon)")
        for name, codes in self.groups.items():
            if codes.shape != (n,):
                raise ValueError(f"groups[{name!r}] has the shape {codes.shape}, not ({n},)")

    def group(self, *names: str) -> Integers:
        """(n,) codes of the first of these groups that is there; zeros where none is."""
        for name in names:
            if name in self.groups:
                return self.groups[name]
        return np.zeros(len(self.series_ids), dtype=np.int32)

    def take(self, rows: slice | NDArray[np.intp]) -> Panel:
        """The series of these rows."""
        places = np.arange(len(self.series_ids))[rows]
        return replace(
            self,
            series_ids=tuple(self.series_ids[place] for place in places),
            units=self.units[rows],
            in_stock_share=self.in_stock_share[rows],
            known={name: values[rows] for name, values in self.known.items()},
            groups={name: codes[rows] for name, codes in self.groups.items()},
        )

    def until(self, length: int) -> Panel:
        """The panel as it was after its first `length` periods; columns known in advance stay whole."""
        if not 0 < length <= len(self.periods):
            raise ValueError(f"the panel has {len(self.periods)} periods, {length} were asked for")
        return replace(
            self,
            periods=self.periods[:length],
            units=self.units[:, :length],
            in_stock_share=self.in_stock_share[:, :length],
        )

    def last(self, length: int) -> Panel:
        """The panel without what is older than its last `length` periods."""
        start = max(0, len(self.periods) - length)
        return replace(
            self,
            periods=self.periods[start:],
            units=self.units[:, start:],
            in_stock_share=self.in_stock_share[:, start:],
            known={name: values[:, start:] for name, values in self.known.items()},
        )

    def chunks(self, cells: int = 4_000_000) -> Iterator[slice]:
        """Rows in slices of at most so many cells, so that memory stays bounded; at least one row each."""
        step = max(1, cells // max(1, len(self.periods)))
        for start in range(0, len(self.series_ids), step):
            yield slice(start, min(start + step, len(self.series_ids)))


def future_periods(panel: Panel, horizon: int) -> NDArray[np.datetime64]:
    """(H,) first days of the periods after the origin."""
    return periods_after(panel.periods[-1], horizon, panel.freq)


def periods_after(last: np.datetime64, count: int, freq: str) -> NDArray[np.datetime64]:
    """(count,) first days of the periods that follow the one that begins at `last`."""
    steps = np.arange(1, count + 1) * (7 if freq == "W" else 1)
    starts: NDArray[np.datetime64] = (last.astype(f"datetime64[{_UNITS[freq]}]") + steps).astype("datetime64[D]")
    return starts


def weekdays(periods: NDArray[np.datetime64]) -> NDArray[np.intp]:
    """0 for Monday to 6 for Sunday."""
    # 1970-01-01 was a Thursday.
    return (periods.astype("datetime64[D]").astype(np.int64) + 3) % 7


def months(periods: NDArray[np.datetime64]) -> NDArray[np.intp]:
    """0 for January to 11 for December, of the middle of the week where periods are weeks."""
    return periods.astype("datetime64[M]").astype(np.int64) % 12
