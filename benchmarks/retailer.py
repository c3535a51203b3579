"""The retailer of a benchmark: what is fixed before its first day, all of it decided by size and seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np

from prohandel.landing.simulate.calendar import public_holidays
from prohandel.landing.simulate.config import BoolArray, FloatArray, IntArray

BERLIN = ZoneInfo("Europe/Berlin")
BEGIN = date(2024, 2, 29)
DAYS = 730
LAST_HOUR = 18
"""Local hour of the last day at which the history ends: that day is still running."""
PERIOD_DAYS = 14

BRANCHES = 50
WEB = BRANCHES - 2
WAREHOUSE = BRANCHES - 1

# The last two are the numbers that the seed supply_network names: a web shop served by a warehouse.
BRANCH_NUMBERS = [f"{912 - BRANCHES + 1 + i:04d}" for i in range(BRANCHES)]
CITIES = (
    ("München", "80331"), ("Berlin", "10117"), ("Hamburg", "20095"), ("Köln", "50667"), ("Stuttgart", "70173"),
    ("Leipzig", "04109"), ("Dresden", "01067"), ("Bremen", "28195"), ("Hannover", "30159"), ("Mainz", "55116"),
)  # fmt: skip
CATEGORIES = (
    ("Damen", "Blusen", 0), ("Damen", "Hosen", 1), ("Damen", "Kleider", 1), ("Damen", "Strick", 0),
    ("Damen", "Mäntel", 1), ("Herren", "Hemden", 0), ("Herren", "Jeans", 2), ("Herren", "Sakkos", 2),
    ("Kinder", "Oberteile", 3), ("Kinder", "Hosen", 3), ("Schuhe", "Sneaker", 4), ("Accessoires", "Tücher", 5),
    ("Accessoires", "Taschen", 5), ("Accessoires", "Mützen", 5),
)  # fmt: skip
SERVICE_CATEGORY = "Tragetasche"
SIZE_RUNS: tuple[tuple[str, ...], ...] = (
    ("XS", "S", "M", "L", "XL"), ("34", "36", "38", "40", "42", "44"), ("30", "31", "32", "33", "34", "36"),
    ("104", "116", "128", "140"), ("36", "37", "38", "39", "40", "41", "42"), ("ONE",),
)  # fmt: skip
SUPPLIERS = 40
BRANDS = 60


@dataclass(frozen=True)
class Size:
    """How large a benchmark's retailer is.

    Attributes:
        lines: sale lines over the two years.
        articles: all of them, over all seasons.
        customers: persons with a number.
    """

    lines: int
    articles: int
    customers: int

    @property
    def label(self) -> str:
        """The lines, as a person says them: 100k, 1M."""
        if self.lines % 1_000_000 == 0:
            return f"{self.lines // 1_000_000}M"
        return f"{self.lines // 1_000}k" if self.lines % 1_000 == 0 else str(self.lines)


def size_of(lines: int) -> Size:
    """The retailer that sells so many lines, from 100,000 on with 20,000 articles, so that sizes differ in lines alone.

    Below, an article per five lines. Customers follow the lines, one per fifty.
    """
    return Size(lines, min(20_000, lines // 5), max(50, lines // 50))


def parse_size(text: str) -> Size:
    """A size from a person's writing: 100k, 1M, 2500.

    Raises:
        ValueError: it is no number of lines.
    """
    factor = {"k": 1_000, "m": 1_000_000}.get(text[-1:].lower(), 1)
    lines = int(text[:-1] if factor > 1 else text) * factor
    if lines < 100:
        raise ValueError(f"{text}: fewer than 100 lines make no retailer")
    return size_of(lines)


class Retailer:
    """Articles, where they are listed, how they sell over the periods of fourteen days, and when shops are open.

    A *pair* is an article in a branch that lists it, a *cell* one size of a pair. The web shop's pairs hold their cells
    in the warehouse.

    Args:
        size: how large.
        seed: the same seed gives the same retailer.
    """

    def __init__(self, size: Size, seed: int) -> None:
        self.size = size
        self.seed = seed
        rng = np.random.default_rng([seed, size.lines])
        n = size.articles
        self.number = [f"{10_000_000 + i}" for i in range(n)]
        self.category: IntArray = rng.integers(0, len(CATEGORIES), n)
        self.run: IntArray = np.array([run for *_, run in CATEGORIES])[self.category]
        self.brand: IntArray = rng.integers(0, BRANDS, n)
        self.supplier: IntArray = rng.integers(0, SUPPLIERS, n)
        self.is_nos: BoolArray = rng.random(n) < 0.25
        # The first ones were launched before the history begins, and sell off in it.
        self.launch: IntArray = np.where(self.is_nos, -400, rng.integers(-120, DAYS - 10, n))
        self.price: FloatArray = np.maximum(5, np.round(np.exp(rng.normal(3.7, 0.6, n)))) - 0.01
        self.cost: FloatArray = np.round(self.price / 1.19 * rng.uniform(0.34, 0.52, n), 2)
        self.has_cost: BoolArray = rng.random(n) >= 0.01
        popularity = np.exp(rng.normal(0, 1.2, n))
        listed = rng.random((n, BRANCHES)) < np.where(self.is_nos, 0.85, 0.5)[:, None]
        listed[:, WEB] = True
        listed[:, WAREHOUSE] = False
        self.pair_article, self.pair_branch = (part.astype(np.int64) for part in np.nonzero(listed))
        branch_weight = np.exp(rng.normal(0, 0.5, BRANCHES))
        branch_weight[WEB] = branch_weight[:WEB].sum() * 0.12
        local = np.exp(rng.normal(0, 0.8, len(self.pair_article)))
        self._pair_weight: FloatArray = popularity[self.pair_article] * branch_weight[self.pair_branch] * local
        sizes = np.array([len(run) for run in SIZE_RUNS])[self.run[self.pair_article]]
        self.first_cell: IntArray = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self.curves = [_size_curve(len(run)) for run in SIZE_RUNS]

    @property
    def cells(self) -> int:
        """How many there are."""
        return int(self.first_cell[-1])

    @cached_property
    def cell_pair(self) -> IntArray:
        """The pair of each cell."""
        return np.repeat(np.arange(len(self.pair_article)), np.diff(self.first_cell))

    @cached_property
    def cell_size(self) -> IntArray:
        """The place of each cell's size in the size run of its article."""
        return np.arange(self.cells) - self.first_cell[self.cell_pair]

    @cached_property
    def cell_branch(self) -> IntArray:
        """The branch whose stock a cell is."""
        branch = self.pair_branch[self.cell_pair]
        return np.where(branch == WEB, WAREHOUSE, branch)

    @cached_property
    def cell_share(self) -> FloatArray:
        """The share of a pair's demand that falls on each of its sizes."""
        run = self.run[self.pair_article[self.cell_pair]]
        table = np.zeros((len(SIZE_RUNS), max(map(len, SIZE_RUNS))))
        for i, curve in enumerate(self.curves):
            table[i, : len(curve)] = curve
        return table[run, self.cell_size]

    @cached_property
    def periods(self) -> list[tuple[int, int]]:
        """First day and day after the last of each period; the last one may be longer."""
        starts = list(range(0, DAYS - PERIOD_DAYS + 1, PERIOD_DAYS))
        return list(zip(starts, [*starts[1:], DAYS], strict=True))

    def pair_weights(self, first_day: int) -> FloatArray:
        """How well each pair sells in the period from a day on: a launch sells best and fades over half a year."""
        age = (first_day + PERIOD_DAYS - 1 - self.launch) / PERIOD_DAYS
        life = np.where(age < 0, 0.0, np.where(age > 16, 0.01, 4 * np.exp(-age / 6)))
        life = np.where(self.is_nos, 1.0, life)
        return self._pair_weight * life[self.pair_article]

    def label_price(self, article: IntArray, day: IntArray) -> FloatArray:
        """The label price on a day: marked down 20 weeks after launch, and again 8 weeks later."""
        age = np.where(self.is_nos[article], 0, day - self.launch[article])
        share = np.where(age > 196, 0.6, np.where(age > 140, 0.8, 1.0))
        return np.round(self.price[article] * share) - 0.01

    @cached_property
    def day_weights(self) -> tuple[FloatArray, FloatArray]:
        """How much is sold per day: in the shops, which are closed on Sundays and holidays, and in the web shop."""
        days = [BEGIN + timedelta(days=i) for i in range(DAYS)]
        weekday = np.array([0.8, 0.8, 0.9, 1.0, 1.3, 1.9, 0.0])
        holidays = {day for year in range(BEGIN.year, BEGIN.year + 3) for day in public_holidays(year, "NW")}
        month = np.array([0.8, 0.75, 0.95, 1.0, 1.0, 0.95, 1.0, 0.9, 1.05, 1.1, 1.2, 1.6])
        season = np.array([month[day.month - 1] for day in days])
        is_open = np.array([day not in holidays for day in days])
        shops = season * is_open * weekday[[day.weekday() for day in days]]
        web = season * np.array([1.1, 1.0, 1.0, 1.0, 0.9, 0.8, 1.3])[[day.weekday() for day in days]]
        # The last day is still running.
        shops[-1] *= (LAST_HOUR - 10) / 10
        web[-1] *= (LAST_HOUR - 6) / 18
        return shops, web

    @cached_property
    def utc_hours(self) -> IntArray:
        """The moment at which each local hour since the begin starts, in microseconds since 1970."""
        begin = datetime(BEGIN.year, BEGIN.month, BEGIN.day, tzinfo=BERLIN)
        hours = [begin + timedelta(hours=i) for i in range((DAYS + 3) * 24)]
        return np.array([round(hour.timestamp()) * 1_000_000 for hour in hours], dtype=np.int64)


def _size_curve(sizes: int) -> FloatArray:
    middle = (sizes - 1) / 2
    weights: FloatArray = np.exp(-(((np.arange(sizes) - middle) / max(1, sizes / 3)) ** 2))
    return np.asarray(weights / weights.sum(), dtype=np.float64)
