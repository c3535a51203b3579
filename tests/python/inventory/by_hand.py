"""What fct_inventory_daily says, worked out pair by pair, day by day and quarter of an hour by quarter of an hour.

Nothing here is fast, and nothing is cumulated: every figure looks at all sales and all observations anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Branch:
    """A branch, its server (itself where it holds stock) and its opening hours; closed where they are equal."""

    number: str
    server: str
    has_own_stock: bool
    opens_at: time
    closes_at: time | None
    open_on_sundays: bool
    holidays: frozenset[date] = frozenset()


@dataclass(frozen=True)
class Article:
    """An article of merchandise."""

    number: str
    unit_cost: Decimal | None
    is_deleted: bool
    created_on: date | None


@dataclass(frozen=True)
class Sale:
    """Demand and returns of a pair on a day."""

    branch: str
    article: str
    day: date
    demand: int
    returned: int


@dataclass(frozen=True)
class Observation:
    """The quantity of a size of a pair, from a moment on."""

    branch: str
    article: str
    size: str
    at: datetime
    quantity: int


@dataclass(frozen=True)
class Retailer:
    """All that is known, and the last day to show."""

    branches: tuple[Branch, ...]
    articles: tuple[Article, ...]
    sales: tuple[Sale, ...]
    observations: tuple[Observation, ...]
    last_day: date
    ranging_days: int

    def sellers(self, branch: Branch) -> set[str]:
        """Whose sales count for a branch: those that it serves, if it holds the stock."""
        if self.holder(branch) != branch.number:
            return {branch.number}
        return {other.number for other in self.branches if self.holder(other) == branch.number}

    def holder(self, branch: Branch) -> str:
        return branch.number if branch.has_own_stock else branch.server

    def lines(self, sellers: set[str], article: Article, day: date) -> list[Sale]:
        return [
            sale for sale in self.sales if (sale.article, sale.day) == (article.number, day) and sale.branch in sellers
        ]

    def stock(self, branch: str, article: Article, at: datetime) -> int:
        """The sum over sizes of the last quantity at or before a moment."""
        last: dict[str, Observation] = {}
        for seen in self._seen.get((branch, article.number), []):
            if seen.at <= at:
                last[seen.size] = max(last.get(seen.size, seen), seen, key=lambda one: one.at)
        return sum(one.quantity for one in last.values())

    @cached_property
    def _seen(self) -> dict[tuple[str, str], list[Observation]]:
        found: dict[tuple[str, str], list[Observation]] = {}
        for one in self.observations:
            found.setdefault((one.branch, one.article), []).append(one)
        return found

    def is_change(self, one: Observation) -> bool:
        """Whether the quantity of the size was another before; at first it was 0."""
        pair = self._seen[one.branch, one.article]
        earlier = [other for other in pair if other.size == one.size and other.at < one.at]
        return one.quantity != (max(earlier, key=lambda other: other.at).quantity if earlier else 0)

    def known_from(self, branch: str) -> datetime | None:
        return min((seen.at for seen in self.observations if seen.branch == branch), default=None)

    def last_seen(self) -> datetime | None:
        return max((seen.at for seen in self.observations), default=None)


def end_of(day: date) -> datetime:
    """The last moment of a business day."""
    return datetime.combine(day + DAY, time(0), BERLIN).astimezone(UTC) - timedelta(microseconds=1)


def berlin_day(moment: datetime) -> date:
    return moment.astimezone(BERLIN).date()


def opening_hours(branch: Branch, day: date) -> tuple[datetime, datetime] | None:
    if (day.isoweekday() == 7 or day in branch.holidays) and not branch.open_on_sundays:
        return None
    opens = datetime.combine(day, branch.opens_at, BERLIN).astimezone(UTC)
    if branch.closes_at is None:
        return opens, datetime.combine(day + DAY, time(0), BERLIN).astimezone(UTC)
    return opens, datetime.combine(day, branch.closes_at, BERLIN).astimezone(UTC)


def observed_by_the_hour(retailer: Retailer, hours: tuple[datetime, datetime]) -> bool:
    opens, closes = hours
    last_seen = retailer.last_seen()
    if last_seen is None or last_seen < closes:
        return False
    touched = set()
    moment = opens
    while moment < closes:
        touched.add(moment.replace(minute=0))
        moment += QUARTER
    seen = {one.at.replace(minute=0) for one in retailer.observations if retailer.is_change(one)}
    return 3 * len(touched & seen) >= 2 * len(touched)


def stockout_hours(retailer: Retailer, branch: Branch, article: Article, day: date) -> Decimal | None:
    known_from = retailer.known_from(branch.number)
    if known_from is None or berlin_day(known_from) > day or not branch.has_own_stock:
        return None
    hours = opening_hours(branch, day)
    if hours is None:
        return Decimal(0)
    if known_from > hours[0] or not observed_by_the_hour(retailer, hours):
        return None
    empty, moment = 0, hours[0]
    while moment < hours[1]:
        empty += retailer.stock(branch.number, article, moment) <= 0
        moment += QUARTER
    return Decimal(empty) / 4


def range_start(retailer: Retailer, branch: Branch, article: Article) -> date | None:
    sellers = retailer.sellers(branch)
    pair = (branch.number, article.number)
    own = [seen for seen in retailer.observations if (seen.branch, seen.article) == pair]
    sold = [sale for sale in retailer.sales if sale.article == article.number and sale.branch in sellers]
    if not own and not sold:
        return None
    firsts = [sale.day for sale in sold if sale.demand > 0] + [berlin_day(one.at) for one in own if one.quantity != 0]
    first_look = retailer.known_from(branch.number)
    is_older = bool(firsts) and (first_look is None or min(firsts) < berlin_day(first_look))
    if article.created_on is not None and not is_older:
        firsts.append(article.created_on)
    return min(firsts, default=None)


def daily(retailer: Retailer) -> Iterator[tuple[object, ...]]:
    """The rows in the order of their key, with the columns of `COLUMNS`."""
    for branch in retailer.branches:
        for article in retailer.articles:
            start = range_start(retailer, branch, article)
            if start is None:
                continue
            day = start
            while day <= retailer.last_day:
                row = _day_of(retailer, branch, article, day)
                if row is not None:
                    yield row
                day += DAY


COLUMNS = (
    "date_day",
    "branch_number",
    "article_number",
    "opening_stock",
    "closing_stock",
    "stock_value_cost",
    "demand_units",
    "net_units",
    "inferred_receipts",
    "inferred_issues",
    "stockout_hours",
    "is_ranged",
    "is_in_stock",
    "is_observed",
)


def _has_demand(retailer: Retailer, sellers: set[str], article: Article, last: date, days: int) -> bool:
    return any(sale.demand for back in range(days) for sale in retailer.lines(sellers, article, last - back * DAY))


def _day_of(retailer: Retailer, branch: Branch, article: Article, day: date) -> tuple[object, ...] | None:
    sellers = retailer.sellers(branch)
    group = {other.number for other in retailer.branches if retailer.holder(other) == retailer.holder(branch)}
    lines = retailer.lines(sellers, article, day)
    demand, net = sum(one.demand for one in lines), sum(one.demand - one.returned for one in lines)

    first_look = retailer.known_from(branch.number) if branch.has_own_stock else None
    is_known = first_look is not None and berlin_day(first_look) <= day
    follows = first_look is not None and berlin_day(first_look) < day
    closing = retailer.stock(branch.number, article, end_of(day)) if is_known else 0
    opening = retailer.stock(branch.number, article, end_of(day - DAY)) if is_known else 0

    is_ranged = not article.is_deleted and (
        closing > 0 or _has_demand(retailer, sellers, article, day, retailer.ranging_days)
    )
    if not (is_ranged or closing or opening or lines):
        return None
    shelf_look = retailer.known_from(retailer.holder(branch))
    if shelf_look is not None and berlin_day(shelf_look) <= day:
        on_shelf = retailer.stock(retailer.holder(branch), article, end_of(day)) > 0
    else:
        on_shelf = not article.is_deleted and _has_demand(retailer, group, article, day, retailer.ranging_days)
    unexplained = closing - opening + net
    return (
        day,
        branch.number,
        article.number,
        opening if follows else None,
        closing if is_known else None,
        max(closing, 0) * article.unit_cost if is_known and article.unit_cost is not None else None,
        demand,
        net,
        max(unexplained, 0) if follows else None,
        max(-unexplained, 0) if follows else None,
        stockout_hours(retailer, branch, article, day),
        is_ranged,
        on_shelf or _has_demand(retailer, group, article, day, 1),
        is_known,
    )
