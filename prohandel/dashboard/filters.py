"""What a reader looks at: period, comparison, branches, articles, net or gross; and how it stands in the address.

The address holds keys, never labels, so that a link works in both languages. Filters live in the session and are
written to the address on every run; an address that the reader opened, edited or went back to wins over the session.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

Period = Literal["p7", "p28", "p90", "p365", "week", "month", "year", "own"]
Comparison = Literal["previous", "last_year"]
Assortment = Literal["all", "nos", "fashion"]
Money = Literal["net", "gross"]

PERIODS: tuple[Period, ...] = ("p7", "p28", "p90", "p365", "week", "month", "year", "own")
COMPARISONS: tuple[Comparison, ...] = ("previous", "last_year")
ASSORTMENTS: tuple[Assortment, ...] = ("all", "nos", "fashion")
MONEYS: tuple[Money, ...] = ("net", "gross")

LISTS = ("branch", "category", "brand", "season", "supplier")
"""Filters that take several values."""

KEYS = ("period", "from", "to", "compare", "money", "assortment", *LISTS)
"""Everything of the filters that may stand in the address."""

DEFAULTS: dict[str, str] = {"period": "p28", "compare": "last_year", "money": "net", "assortment": "all"}

_DAYS = {"p7": 7, "p28": 28, "p90": 90, "p365": 365}
_TYPES: dict[Assortment, list[str] | None] = {"all": None, "nos": ["nos"], "fashion": ["one_shot", "reorderable"]}


@dataclass(frozen=True)
class Span:
    """Business days from the first to the last, both counted."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class Filters:
    """The filters of a run, checked.

    Attributes:
        period: key of the period.
        span: its days.
        before: the days it is compared with: as many just before, or those 364 days earlier, so weekday meets weekday.
        compare: previous or last_year.
        money: net or gross.
        assortment: all, nos, or fashion (one_shot and reorderable).
        branch: numbers of branches; empty means all.
        category, brand, season, supplier: names; empty means all.
    """

    period: Period
    span: Span
    before: Span
    compare: Comparison
    money: Money
    assortment: Assortment
    branch: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    brand: tuple[str, ...] = ()
    season: tuple[str, ...] = ()
    supplier: tuple[str, ...] = ()

    @property
    def is_net(self) -> bool:
        """Is revenue shown without VAT?"""
        return self.money == "net"

    @property
    def needs_articles(self) -> bool:
        """Do filters ask for more than branch and category, so that marts by article have to be read?"""
        return bool(self.brand or self.season or self.supplier or self.assortment != "all")

    def active(self) -> list[str]:
        """Names of the filters that leave something out."""
        return [name for name in LISTS if getattr(self, name)] + (["assortment"] if self.assortment != "all" else [])

    def parameters(self) -> dict[str, Any]:
        """Parameters of queries; None where a filter leaves nothing out."""
        return {
            "first": self.span.first,
            "last": self.span.last,
            "before_first": self.before.first,
            "before_last": self.before.last,
            "as_of": self.span.last,
            "branches": list(self.branch) or None,
            "categories": list(self.category) or None,
            "brands": list(self.brand) or None,
            "seasons": list(self.season) or None,
            "suppliers": list(self.supplier) or None,
            "assortment_types": _TYPES[self.assortment],
            "has_article_filter": bool(self.active() and self.active() != ["branch"]),
        }


def span_of(period: Period, as_of: date, own: tuple[date, date] | None = None) -> Span:
    """The days of a period that ends at the last complete day; an own one is cut there."""
    if period == "own" and own:
        last = min(max(own), as_of)
        return Span(min(min(own), last), last)
    if period == "week":
        return Span(as_of - timedelta(days=as_of.weekday()), as_of)
    if period == "month":
        return Span(as_of.replace(day=1), as_of)
    if period == "year":
        return Span(as_of.replace(month=1, day=1), as_of)
    return Span(as_of - timedelta(days=_DAYS.get(period, 28) - 1), as_of)


def before_of(span: Span, compare: Comparison) -> Span:
    """The days that a span is compared with."""
    shift = timedelta(days=span.days if compare == "previous" else 364)
    return Span(span.first - shift, span.last - shift)


def from_values(values: Mapping[str, Any], as_of: date) -> Filters:
    """Filters of raw values, as the address or the widgets hold them; what is not valid counts as not given."""

    def one(key: str, allowed: Sequence[str]) -> Any:
        return values[key] if values.get(key) in allowed else DEFAULTS[key]

    def many(key: str) -> tuple[str, ...]:
        given = values.get(key) or ()
        return tuple(dict.fromkeys([given] if isinstance(given, str) else [str(value) for value in given]))

    period: Period = one("period", PERIODS)
    compare: Comparison = one("compare", COMPARISONS)
    first, last = _day(values.get("from")), _day(values.get("to"))
    if period == "own" and not (first and last):
        period = "p28"
    span = span_of(period, as_of, (first, last) if first and last else None)
    return Filters(
        period=period,
        span=span,
        before=before_of(span, compare),
        compare=compare,
        money=one("money", MONEYS),
        assortment=one("assortment", ASSORTMENTS),
        branch=many("branch"),
        category=many("category"),
        brand=many("brand"),
        season=many("season"),
        supplier=many("supplier"),
    )


def to_address(filters: Filters) -> dict[str, str | list[str]]:
    """The filters as parameters of the address; what is as by default is left out."""
    found: dict[str, str | list[str]] = {
        key: str(getattr(filters, key)) for key, default in DEFAULTS.items() if getattr(filters, key) != default
    }
    if filters.period == "own":
        found |= {"from": filters.span.first.isoformat(), "to": filters.span.last.isoformat()}
    return found | {key: list(getattr(filters, key)) for key in LISTS if getattr(filters, key)}


def _day(value: Any) -> date | None:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None
