"""Transfers worked out one candidate after the other, with fractions, from what pairs hold and sell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import floor

HORIZON_DAYS, MIN_DEMAND_DAYS = 28, 14


@dataclass(frozen=True)
class Pair:
    """An article in a branch: what it holds, should hold, sells, and how many days ago it was delivered."""

    branch: str
    article: str
    on_hand: int
    on_order: int
    rate: Decimal
    demand_days: int
    level: Decimal | None
    received_days_ago: int | None
    is_slow: bool
    core_sizes: int = 0

    @property
    def spare(self) -> int:
        return max(0, floor(self.on_hand - max(self.level, Decimal(self.core_sizes)))) if self.level is not None else 0

    @property
    def need(self) -> int:
        return floor(self.level - max(self.on_hand, 0) - self.on_order) if self.level is not None else 0

    @property
    def may_receive(self) -> bool:
        return self.need > 0 and self.rate > 0 and self.demand_days >= MIN_DEMAND_DAYS and not self.is_slow

    def sold_share(self, of: Decimal | int) -> Fraction:
        return min(Fraction(1), Fraction(self.rate) * HORIZON_DAYS / Fraction(of))


@dataclass(frozen=True)
class Relation:
    """What the relation from one branch to another asks for."""

    is_to_outlet: bool
    rest_days: int
    minimum_units: int
    minimum_value: Decimal


@dataclass(frozen=True)
class Move:
    """Units of an article that one branch sends another, or might."""

    article: str
    sender: str
    receiver: str
    is_all: bool
    value_per_unit: Decimal
    units: int


Relations = Mapping[tuple[str, str], Relation]


def candidates(pairs: Iterable[Pair], relations: Relations, prices: Mapping[str, Decimal]) -> list[Move]:
    """Every move that would gain something, best first; `units` is what the sender offers."""
    found = []
    pairs = [pair for pair in pairs if pair.level is not None]
    for sender in pairs:
        for receiver in pairs:
            relation = relations.get((sender.branch, receiver.branch))
            if relation is None or sender.article != receiver.article or not receiver.may_receive:
                continue
            if sender.on_hand <= 0 or sender.article not in prices:
                continue
            if sender.received_days_ago is not None and sender.received_days_ago < relation.rest_days:
                continue
            assert receiver.level is not None
            gain = receiver.sold_share(receiver.level) - sender.sold_share(sender.on_hand)
            value = _rounded(Fraction(prices[sender.article]) * gain)
            if value <= 0:
                continue
            offers = [(False, sender.spare)] if sender.spare else []
            if sender.is_slow and sender.on_hand <= receiver.need:
                offers.append((True, sender.on_hand))
            found += [Move(sender.article, sender.branch, receiver.branch, *_way(offer, value)) for offer in offers]
    return sorted(
        found,
        key=lambda move: (
            move.article,
            relations[move.sender, move.receiver].is_to_outlet,
            -move.value_per_unit,
            move.sender,
            move.receiver,
            not move.is_all,
        ),
    )


def _way(offer: tuple[bool, int], value: Decimal) -> tuple[bool, Decimal, int]:
    return offer[0], value, offer[1]


def _rounded(value: Fraction) -> Decimal:
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("0.000001"), ROUND_HALF_UP)


def take(ordered: Iterable[Move], needs: Mapping[tuple[str, str], int]) -> list[Move]:
    """Goes through the candidates once, in their order, and takes what is left at both ends.

    Args:
        ordered: candidates, best first.
        needs: units by branch and article.
    """
    given: dict[tuple[str, str], int] = defaultdict(int)
    got: dict[tuple[str, str], int] = defaultdict(int)
    taken = []
    for move in ordered:
        sender, receiver = (move.sender, move.article), (move.receiver, move.article)
        lacking = needs[receiver] - got[receiver]
        if move.is_all:
            units = move.units if given[sender] == 0 and lacking >= move.units else 0
        else:
            units = max(0, min(move.units - given[sender], lacking))
        given[sender] += units
        got[receiver] += units
        if units:
            taken.append(Move(move.article, move.sender, move.receiver, move.is_all, move.value_per_unit, units))
    return taken


def parcels(taken: Iterable[Move], relations: Relations) -> list[Move]:
    """The moves whose parcel holds and is worth enough."""
    taken = list(taken)
    units: dict[tuple[str, str], int] = defaultdict(int)
    value: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for move in taken:
        units[move.sender, move.receiver] += move.units
        value[move.sender, move.receiver] += move.units * move.value_per_unit
    return [
        move
        for move in taken
        if units[relation := (move.sender, move.receiver)] >= relations[relation].minimum_units
        and value[relation] >= relations[relation].minimum_value
    ]
