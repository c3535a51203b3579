"""Articles, which branch carries them, and the cells (branch, article, size) that hold stock.

Days are integers counted from `Assortment.begin` (the first day of the warm-up), times are seconds from its
midnight, both in local (Berlin) time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from prohandel.landing.simulate.catalogue import (
    BRANDS,
    COLOURS,
    LEAVES,
    MODEL_NAMES,
    PRICE_POINTS,
    SIZE_RUNS,
    SUPPLIERS,
)
from prohandel.landing.simulate.config import (
    ALL_BRANCHES,
    LAST_SYNC,
    WAREHOUSE,
    WARM_UP_DAYS,
    WEB,
    Branch,
    FloatArray,
    IntArray,
    Scale,
    stream,
)

AHEAD_DAYS = 400
"""Days after the last sync of the history for which articles and calendars exist."""

FOREVER = 1_000_000
CREATED_BEFORE_LAUNCH = 20
MARKDOWNS = ((0.50, 0.80), (0.68, 0.70), (0.84, 0.50))
"""(share of an article's life, share of its first price) of the rungs of the markdown ladder."""

VAT = 0.19
BASICS_SHARE, OUTLET_SHARE = 0.42, 0.08
"""Shares of demand: never-out-of-stock articles; second life of seasonal articles in outlets."""

MAX_SIZES = max(len(sizes) for sizes, _ in SIZE_RUNS.values())
NON_MERCHANDISE = (
    ("Z0001", "Tragetasche Papier", 0.30, 0.06),
    ("Z0002", "Geschenkgutschein", 25.0, 0.0),
    ("Z0003", "Änderungsservice Hose kürzen", 12.0, 4.0),
)
"""(number, name, price, cost) of what is sold without stock; cost 0 means none is known."""


@dataclass(frozen=True)
class Assortment:
    """Everything static. Arrays are indexed by article, pair or cell; branches by their place in `branches`.

    Articles: `launch` and `end` are the days of the first and last demand in stores (basics: end = FOREVER),
    `price` (first shelf price), `cost`, `outlet_price` in EUR, `markdown_day` and `markdown_price` (n, 3),
    `size_share` (n, MAX_SIZES), `outlet` the branch of its second life (or -1).
    Pairs (article x selling branch) carry demand: `pair_base` units per day at a factor of 1, `pair_begin`,
    `pair_end`, `pair_tau` (decay in days; 0 for basics), `pair_dispersion` (size k of the negative binomial).
    Cells (article x branch with stock x size): `first_cell[article, branch]`, sizes follow each other; -1 = none.
    """

    scale: Scale
    seed: int
    branches: tuple[Branch, ...]
    begin: date
    number: list[str]
    name: list[str]
    season: list[str | None]
    leaf: IntArray
    brand: IntArray
    supplier: IntArray
    launch: IntArray
    end: IntArray
    created: IntArray
    price: FloatArray
    cost: FloatArray
    outlet_price: FloatArray
    outlet: IntArray
    markdown_day: IntArray
    markdown_price: FloatArray
    sizes: IntArray
    size_share: FloatArray
    pair_article: IntArray
    pair_branch: IntArray
    pair_base: FloatArray
    pair_begin: IntArray
    pair_end: IntArray
    pair_tau: FloatArray
    pair_dispersion: FloatArray
    first_cell: IntArray
    cell_article: IntArray
    cell_branch: IntArray
    cell_size: IntArray

    @property
    def articles(self) -> int:
        """Stocked articles (those without stock come after them in `number`)."""
        return len(self.leaf)

    @property
    def first_landed_day(self) -> int:
        return WARM_UP_DAYS

    @property
    def last_day(self) -> int:
        """The day of the history's last sync."""
        return WARM_UP_DAYS + self.scale.days - 1

    @property
    def horizon(self) -> int:
        """Days for which calendars exist."""
        return self.last_day + 1 + AHEAD_DAYS

    @property
    def warehouse(self) -> int:
        return self.branch_index(WAREHOUSE)

    @property
    def web(self) -> int:
        return self.branch_index(WEB)

    def branch_index(self, number: str) -> int:
        return next(i for i, branch in enumerate(self.branches) if branch.number == number)

    def day_of(self, day: int) -> date:
        return self.begin + timedelta(days=day)

    def day_index(self, day: date) -> int:
        return (day - self.begin).days

    def stock_branch(self, branch: int) -> int:
        """The branch that a branch's customers are served from."""
        return self.warehouse if branch == self.web else branch

    def size_label(self, article: int, size: int) -> str:
        return SIZE_RUNS[LEAVES[int(self.leaf[article])].sizes][0][size]

    def label_price(self, article: IntArray, branch: IntArray, day: IntArray) -> FloatArray:
        """Shelf price in EUR, VAT included, after the markdowns of that day; outlets have their own."""
        label = self.price[article].copy()
        for rung in range(self.markdown_day.shape[1]):
            due = day >= self.markdown_day[article, rung]
            label[due] = self.markdown_price[article[due], rung]
        is_outlet = np.array([b.kind == "outlet" for b in self.branches])[branch]
        return np.where(is_outlet, np.minimum(self.outlet_price[article], label), label)


def price_point(price: FloatArray) -> FloatArray:
    """The usual shelf price next to each price (next in ratio)."""
    points = np.array(PRICE_POINTS)
    nearest: FloatArray = points[np.abs(np.log(price[..., None]) - np.log(points)).argmin(axis=-1)]
    return nearest


def life_curve(age: FloatArray, tau: FloatArray) -> FloatArray:
    """Demand relative to its level over the days since launch: a ramp of some days, then exponential decay."""
    curve: FloatArray = (1 - np.exp(-(age + 1) / 4)) * np.exp(-age / np.maximum(tau, 1))
    launched: FloatArray = curve * (age >= 0)
    return launched


def _launch_days(begin: date, first: int, last: int) -> IntArray:
    """Days on which seasonal articles are launched: spring from January to April, autumn from July to October."""
    days = []
    for day in range(first, last + 1):
        on = begin + timedelta(days=day)
        if (1, 10) <= (on.month, on.day) <= (4, 25) or (7, 10) <= (on.month, on.day) <= (10, 31):
            days.append(day)
    return np.array(days)


def build(scale: Scale, seed: int) -> Assortment:
    """The assortment of a scale and seed: `scale.articles` landed by the last sync, and those of the year after."""
    branches = tuple(b for b in ALL_BRANCHES if b.number in scale.branches)
    begin = scale.first_day - timedelta(days=WARM_UP_DAYS)
    last_day = (LAST_SYNC.date() - begin).days
    rng = stream(seed, "articles")

    basics = scale.basics
    seasonal = scale.articles - basics - len(NON_MERCHANDISE)
    window = _launch_days(begin, -110, last_day + CREATED_BEFORE_LAUNCH)
    later = _launch_days(begin, last_day + CREATED_BEFORE_LAUNCH + 1, last_day + AHEAD_DAYS)
    launch_now = np.sort(rng.choice(window, seasonal))
    launch_later = np.sort(rng.choice(later, int(seasonal * len(later) / len(window))))
    launch = np.concatenate([np.full(basics, -FOREVER), launch_now, launch_later]).astype(np.int64)
    n = len(launch)
    is_basic = launch == -FOREVER

    basic_share = np.array([leaf.basics for leaf in LEAVES], dtype=float)
    fashion_share = np.array([leaf.fashion for leaf in LEAVES], dtype=float)
    leaf = np.where(
        is_basic,
        rng.choice(len(LEAVES), n, p=basic_share / basic_share.sum()),
        rng.choice(len(LEAVES), n, p=fashion_share / fashion_share.sum()),
    )
    brand = rng.integers(0, len(BRANDS), n)
    supplier = (brand * 5 + leaf // 9) % len(SUPPLIERS)
    price = price_point(np.array([item.price for item in LEAVES])[leaf] * rng.lognormal(0.0, 0.28, n))
    cost = np.round(price / (1 + VAT) * rng.uniform(0.345, 0.425, n), 2)

    life = rng.integers(98, 150, n)
    end = np.where(is_basic, FOREVER, launch + life)
    markdown_day = np.full((n, len(MARKDOWNS)), FOREVER, dtype=np.int64)
    markdown_price = np.repeat(price[:, None], len(MARKDOWNS), axis=1)
    skips_first = rng.random(n) < 0.3
    for rung, (at, share) in enumerate(MARKDOWNS):
        markdown_day[:, rung] = np.where(is_basic, FOREVER, launch + (life * at).astype(np.int64))
        lowered = price_point(price * share)
        markdown_price[:, rung] = np.where(skips_first & (rung == 0), price, lowered)
    outlets = np.array([i for i, b in enumerate(branches) if b.kind == "outlet"])
    outlet = np.where(~is_basic & (rng.random(n) < 0.5), rng.choice(outlets, n), -1)

    sizes = np.array([len(SIZE_RUNS[item.sizes][0]) for item in LEAVES])[leaf]
    size_share = np.zeros((n, MAX_SIZES))
    for i, item in enumerate(LEAVES):
        members = np.flatnonzero(leaf == i)
        curve = np.array(SIZE_RUNS[item.sizes][1])
        size_share[members[:, None], np.arange(len(curve))] = rng.dirichlet(curve * 60, len(members))

    popularity = rng.lognormal(0.0, 0.65, n) * (60 / price) ** 0.35
    created = np.where(is_basic, -rng.integers(200, 2_000, n), launch - CREATED_BEFORE_LAUNCH)
    season: list[str | None] = []
    numbers: list[str] = []
    names: list[str] = []
    for i in range(n):
        item = LEAVES[int(leaf[i])]
        on = begin + timedelta(days=int(launch[i])) if not is_basic[i] else None
        half = None if on is None else ("FS" if on.month <= 4 else "HW")
        season.append(None if on is None else f"{half}{on.year % 100:02d}")
        numbers.append(
            f"N{10_000 + i}" if on is None else f"0{on.year % 100:02d}{1 if half == 'FS' else 2}{i - basics:04d}"
        )
        model = MODEL_NAMES[int(rng.integers(len(MODEL_NAMES)))]
        colour = COLOURS[int(rng.integers(len(COLOURS)))]
        names.append(f"{BRANDS[int(brand[i])]} {item.noun} {model} {colour}")

    pairs = _pairs(scale, seed, branches, is_basic, launch, end, outlet, popularity, last_day)
    first_cell, cell_article, cell_branch, cell_size = _cells(branches, sizes, outlet, pairs)
    return Assortment(
        scale=scale,
        seed=seed,
        branches=branches,
        begin=begin,
        number=numbers + [number for number, *_ in NON_MERCHANDISE],
        name=names + [name for _, name, *_ in NON_MERCHANDISE],
        season=season + [None] * len(NON_MERCHANDISE),
        leaf=leaf.astype(np.int64),
        brand=brand.astype(np.int64),
        supplier=supplier.astype(np.int64),
        launch=launch,
        end=end.astype(np.int64),
        created=created.astype(np.int64),
        price=price,
        cost=cost,
        outlet_price=price_point(price * 0.6),
        outlet=outlet.astype(np.int64),
        markdown_day=markdown_day,
        markdown_price=markdown_price,
        sizes=sizes.astype(np.int64),
        size_share=size_share,
        pair_article=pairs[0],
        pair_branch=pairs[1],
        pair_base=pairs[2],
        pair_begin=pairs[3],
        pair_end=pairs[4],
        pair_tau=pairs[5],
        pair_dispersion=pairs[6],
        first_cell=first_cell,
        cell_article=cell_article,
        cell_branch=cell_branch,
        cell_size=cell_size,
    )


Pairs = tuple[IntArray, IntArray, FloatArray, IntArray, IntArray, FloatArray, FloatArray]


def _pairs(
    scale: Scale,
    seed: int,
    branches: tuple[Branch, ...],
    is_basic: np.ndarray,
    launch: IntArray,
    end: IntArray,
    outlet: IntArray,
    popularity: FloatArray,
    last_day: int,
) -> Pairs:
    """Which branch sells what, and at which level, so that the demand of the landed days sums to `scale.units`."""
    rng = stream(seed, "pairs")
    n = len(launch)
    tau_of_article = rng.uniform(32, 75, n)
    rank = popularity.argsort().argsort() / n
    parts: list[tuple[IntArray, IntArray, FloatArray, int]] = []
    stores = [i for i, b in enumerate(branches) if b.kind == "retail"]
    reach = np.clip(scale.breadth / 8 * (0.45 + 1.1 * rank), 0, 1)
    at_least_one = rng.choice(stores, n)
    for i, branch in enumerate(branches):
        if branch.kind == "warehouse":
            continue
        u = rng.random(n)
        carried = {
            "retail": np.where(is_basic, u < 0.68, (u < reach * branch.weight**0.5) | (at_least_one == i)),
            "outlet": is_basic & (u < 0.4),
            "online": np.where(is_basic, u < 0.95, u < 0.72),
        }[branch.kind]
        articles = np.flatnonzero(carried)
        level = popularity[articles] * branch.weight * rng.lognormal(0, 0.35, len(articles))
        # a store that few others share an article with sells more of it
        parts.append((articles, np.full(len(articles), i), level, 0))
        if branch.kind == "outlet":
            second = np.flatnonzero(outlet == i)
            level = popularity[second] * branch.weight * rng.lognormal(0, 0.35, len(second))
            parts.append((second, np.full(len(second), i), level, 1))
    article = np.concatenate([p[0] for p in parts]).astype(np.int64)
    branch_of = np.concatenate([p[1] for p in parts]).astype(np.int64)
    level = np.concatenate([p[2] for p in parts])
    second_life = np.concatenate([np.full(len(p[0]), p[3]) for p in parts]).astype(bool)
    basic = is_basic[article]

    starts = np.where(basic, -FOREVER, np.where(second_life, end[article] + 4, launch[article]))
    ends = np.where(basic, FOREVER, np.where(second_life, end[article] + 75, end[article] + 30))
    tau = np.where(basic, 0.0, np.where(second_life, 30.0, tau_of_article[article]))
    dispersion = np.where(basic, rng.uniform(1.2, 3.0, len(article)), rng.uniform(0.5, 1.6, len(article)))

    # expected units over the landed days at level 1, weekday and season factors averaging to 1
    age = np.arange(0, 220, dtype=float)
    curve = life_curve(age[None, :], tau[:, None])
    day = starts[:, None] + age[None, :]
    landed = (day >= WARM_UP_DAYS) & (day <= last_day) & (day <= ends[:, None])
    expected = level * np.where(basic, float(scale.days), (curve * landed).sum(axis=1))
    base = level.copy()
    groups = ((basic, BASICS_SHARE), (second_life, OUTLET_SHARE), (~basic & ~second_life, None))
    for members, share in groups:
        wanted = scale.units * (1 - BASICS_SHARE - OUTLET_SHARE if share is None else share)
        base[members] *= wanted / expected[members].sum()
    return (article, branch_of, base, starts.astype(np.int64), ends.astype(np.int64), tau, dispersion)


def _cells(
    branches: tuple[Branch, ...], sizes: IntArray, outlet: IntArray, pairs: Pairs
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """A cell for every article x size in each branch that may hold it: where it sells, its outlet, the warehouse."""
    n = len(sizes)
    holds = np.zeros((n, len(branches)), dtype=bool)
    holds[pairs[0], pairs[1]] = True
    has_outlet = outlet >= 0
    holds[np.flatnonzero(has_outlet), outlet[has_outlet]] = True
    for i, branch in enumerate(branches):
        if branch.kind == "online":
            holds[:, i] = False
        if branch.kind == "warehouse":
            holds[:, i] = True
    article, branch_of = np.nonzero(holds)
    count = sizes[article]
    start = np.concatenate([[0], np.cumsum(count)[:-1]])
    first_cell = np.full((n, len(branches)), -1, dtype=np.int64)
    first_cell[article, branch_of] = start
    cell_article = np.repeat(article, count)
    cell_branch = np.repeat(branch_of, count)
    cell_size = np.arange(count.sum()) - np.repeat(start, count)
    return first_cell, cell_article.astype(np.int64), cell_branch.astype(np.int64), cell_size.astype(np.int64)
