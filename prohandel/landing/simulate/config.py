"""Sizes, dates and branches of the simulated retailer."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from prohandel.errors import ProhandelError

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Columns = dict[str, npt.NDArray[Any]]

ScaleName = Literal["small", "demo", "large"]
GenerationChoice = Literal["declared", "api", "mixed"]

BERLIN = ZoneInfo("Europe/Berlin")
LAST_SYNC = datetime(2026, 2, 28, 18, tzinfo=BERLIN)
"""The last hourly sync of the history: a Saturday within opening hours; never the clock."""

WARM_UP_DAYS = 42
"""Days simulated before the first landed one, so that returns and shipments are already under way."""

OPENS_AT, CLOSES_AT = 10, 20
DEFAULT_DIRT = 0.001
"""Share of a table's rows that each single trap hits; 0 plants none."""


@dataclass(frozen=True)
class Branch:
    """One branch.

    Attributes:
        state: the two letters of its federal state.
        kind: retail, outlet, online or warehouse.
        weight: its sales relative to an average store's.
    """

    number: str
    shop_id: str
    name: str
    street: str
    city: str
    postal_code: str
    state: str
    kind: Literal["retail", "outlet", "online", "warehouse"]
    weight: float


ALL_BRANCHES = (
    Branch("0901", "101", "München Sendlinger Straße", "Sendlinger Str. 12", "München", "80331", "BY", "retail", 1.35),
    Branch("0902", "102", "Berlin Friedrichstraße", "Friedrichstr. 180", "Berlin", "10117", "BE", "retail", 1.25),
    Branch("0903", "103", "Hamburg Mönckebergstraße", "Mönckebergstr. 7", "Hamburg", "20095", "HH", "retail", 1.15),
    Branch("0904", "104", "Köln Schildergasse", "Schildergasse 65", "Köln", "50667", "NW", "retail", 1.10),
    Branch("0905", "105", "Frankfurt Zeil", "Zeil 94", "Frankfurt am Main", "60313", "HE", "retail", 1.0),
    Branch("0906", "106", "Stuttgart Königstraße", "Königstr. 28", "Stuttgart", "70173", "BW", "retail", 0.95),
    Branch("0907", "107", "Leipzig Petersstraße", "Petersstr. 30", "Leipzig", "04109", "SN", "retail", 0.7),
    Branch("0908", "108", "Hannover Georgstraße", "Georgstr. 14", "Hannover", "30159", "NI", "retail", 0.75),
    Branch("0909", "109", "Outlet Ingolstadt", "Otto-Hahn-Str. 1", "Ingolstadt", "85055", "BY", "outlet", 0.8),
    Branch("0910", "110", "Outlet Neumünster", "Oderstr. 10", "Neumünster", "24539", "SH", "outlet", 0.7),
    Branch("0911", "111", "Webshop", "Widdersdorfer Str. 190", "Köln", "50825", "NW", "online", 2.6),
    Branch("0912", "112", "Zentrallager", "Am Sandershäuser Berg 4", "Kassel", "34123", "HE", "warehouse", 0.0),
)
WEB, WAREHOUSE = "0911", "0912"


@dataclass(frozen=True)
class Scale:
    """How much of the retailer is simulated.

    Attributes:
        first_day: first landed business day; the last is the day of `LAST_SYNC`.
        articles: articles that have landed by `LAST_SYNC`, the never-out-of-stock ones (`basics`) among them.
        units: demand in units that the levels are calibrated to, over the landed days.
        breadth: mean number of stores that carry a seasonal article, of eight.
    """

    name: ScaleName
    branches: tuple[str, ...]
    first_day: date
    articles: int
    basics: int
    customers: int
    units: int
    breadth: float

    @property
    def days(self) -> int:
        """Landed business days, the last of them (cut off by the last sync) included."""
        return (LAST_SYNC.date() - self.first_day).days + 1


_EVERY = tuple(branch.number for branch in ALL_BRANCHES)
SCALES: dict[str, Scale] = {
    "small": Scale("small", ("0901", "0902", "0909", WEB, WAREHOUSE), date(2025, 10, 2), 60, 14, 400, 5_000, 5.0),
    "demo": Scale("demo", _EVERY, date(2024, 3, 1), 1_500, 92, 9_000, 388_000, 1.85),
    "large": Scale("large", _EVERY, date(2023, 3, 1), 5_000, 400, 40_000, 2_000_000, 3.0),
}


def scale_named(name: str) -> Scale:
    """The scale of that name.

    Raises:
        ProhandelError: no scale has that name.
    """
    if name not in SCALES:
        raise ProhandelError(f"'{name}' is no scale of the simulated retailer.", f"Choose one of {', '.join(SCALES)}.")
    return SCALES[name]


def stream(seed: int, purpose: str, *index: int) -> np.random.Generator:
    """A random stream of its own per purpose and index, so that one draw more here changes nothing there."""
    return np.random.default_rng([seed & 0xFFFFFFFF, zlib.crc32(purpose.encode()), *(i & 0xFFFFFFFF for i in index)])
