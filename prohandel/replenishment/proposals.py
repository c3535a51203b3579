"""Order lines become orders per supplier, which have to be worth sending."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from prohandel.errors import ProhandelError


@dataclass(frozen=True)
class Line:
    """An order line.

    Attributes:
        article_number, branch_number, supplier: of the supplying branch.
        units: whole packs; 0 for an article that could be added to reach a minimum.
        unit_cost: net.
        urgency: chance of running out before what is ordered at the next look arrives, 0..1.
        pack_units: units of a pack.
        weekly_units: expected demand.
        days_of_supply: how long stock and what is on its way last, `units` included.
        most_extra_units: units that may be added before their time.
    """

    article_number: str
    branch_number: str
    supplier: str
    units: float
    unit_cost: float
    urgency: float
    pack_units: float = 1
    weekly_units: float = 0
    days_of_supply: float = 0
    most_extra_units: float = 0

    @property
    def value_cost(self) -> float:
        """Units times cost."""
        return self.units * self.unit_cost


@dataclass(frozen=True)
class Proposal:
    """An order to one supplier.

    Attributes:
        supplier: its number.
        lines: most urgent first.
        value_cost: of all lines.
        minimum_value: of the supplier; 0 for none.
        status: ready, topped_up (packs were brought forward to reach the minimum), urgent (below the minimum, but a
            line cannot wait), waits (below the minimum).
        added_value: of the packs that were brought forward.
    """

    supplier: str
    lines: tuple[Line, ...]
    value_cost: float
    minimum_value: float
    status: str
    added_value: float = field(default=0.0)

    @property
    def missing_value(self) -> float:
        """What the minimum still lacks."""
        return max(0.0, self.minimum_value - self.value_cost)


def propose(
    lines: Sequence[Line], minimum_value: Mapping[str, float] | None = None, *, urgent_from: float = 0.5
) -> list[Proposal]:
    """Orders per supplier, those of most value first.

    Where the lines of a supplier fall short of its minimum value, packs of those articles that run out first are
    brought forward, each within its limit. If that is not enough the order waits for the next look, unless a line is
    urgent: then a buyer has to decide, and the proposal says so.

    Args:
        lines: of all suppliers; lines of 0 units are only used to fill up.
        minimum_value: least value of an order by supplier.
        urgent_from: urgency that cannot wait.

    Raises:
        ProhandelError: a line whose cost is not known.
    """
    by_supplier: dict[str, list[Line]] = {}
    for line in lines:
        if not line.unit_cost >= 0:
            raise ProhandelError(
                f"Article {line.article_number} of supplier {line.supplier} has no cost.",
                "Give the article a cost, or leave it out of the proposals.",
            )
        by_supplier.setdefault(line.supplier, []).append(line)
    found = []
    for supplier, own in by_supplier.items():
        if any(line.units > 0 for line in own):
            found.append(_proposal(supplier, own, float((minimum_value or {}).get(supplier, 0.0)), urgent_from))
    return sorted(found, key=lambda each: (-each.value_cost, each.supplier))


def _proposal(supplier: str, lines: list[Line], minimum: float, urgent_from: float) -> Proposal:
    value = sum(line.value_cost for line in lines)
    kept, status, added = lines, "ready", 0.0
    if value < minimum:
        filled = _topped_up(lines, minimum - value)
        total = sum(line.value_cost for line in filled)
        if total >= minimum:
            kept, status, added = filled, "topped_up", total - value
        else:
            is_urgent = any(line.units > 0 and line.urgency >= urgent_from for line in lines)
            status = "urgent" if is_urgent else "waits"
    ordered = sorted(
        (line for line in kept if line.units > 0),
        key=lambda line: (-line.urgency, line.article_number, line.branch_number),
    )
    return Proposal(supplier, tuple(ordered), sum(line.value_cost for line in ordered), minimum, status, added)


def _topped_up(lines: list[Line], missing: float) -> list[Line]:
    """Adds pack by pack to the article that runs out first, until the value is reached or every limit is."""
    filled = list(lines)
    added = [0.0] * len(lines)
    queue = [(line.days_of_supply, i) for i, line in enumerate(lines) if line.unit_cost > 0 and line.weekly_units > 0]
    heapq.heapify(queue)
    while queue and missing > 1e-9:
        days, i = heapq.heappop(queue)
        line = filled[i]
        if added[i] + line.pack_units > line.most_extra_units + 1e-9:
            continue
        added[i] += line.pack_units
        missing -= line.pack_units * line.unit_cost
        later = days + 7 * line.pack_units / line.weekly_units
        filled[i] = replace(line, units=line.units + line.pack_units, days_of_supply=later)
        heapq.heappush(queue, (later, i))
    return filled
