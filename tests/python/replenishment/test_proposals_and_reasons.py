"""Orders per supplier and sentences, by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from prohandel.errors import ProhandelError
from prohandel.replenishment.assortment import Ordering
from prohandel.replenishment.proposals import Line, propose
from prohandel.replenishment.purchase import Binding
from prohandel.replenishment.reasons import Case, reason


def line(article: str, supplier: str = "S1", units: float = 2, cost: float = 10, **more: float) -> Line:
    return Line(article, "0901", supplier, units, cost, more.pop("urgency", 0.1), **more)


def test_lines_become_orders_by_supplier() -> None:
    found = propose([line("A", urgency=0.2), line("B", units=9), line("C", "S2"), line("D", "S3", units=0)])
    assert [(each.supplier, each.value_cost, each.status) for each in found] == [
        ("S1", 110, "ready"),
        ("S2", 20, "ready"),
    ]
    assert [each.article_number for each in found[0].lines] == ["A", "B"]


def test_below_the_minimum_an_order_waits_unless_a_line_cannot() -> None:
    waits = propose([line("A")], {"S1": 100})[0]
    assert (waits.status, waits.missing_value) == ("waits", 80)
    urgent = propose([line("A", urgency=0.6)], {"S1": 100})[0]
    assert urgent.status == "urgent"
    assert propose([line("A", units=10)], {"S1": 100})[0].status == "ready"


def test_packs_of_what_runs_out_first_are_brought_forward() -> None:
    # 20 of 60: B (5 days left) gets a pack of 2 for 20 and lasts 14 days longer; then A (12 days) one of 2 for 20.
    lines = [
        line("A", days_of_supply=12, weekly_units=1, pack_units=2, most_extra_units=4),
        line("B", units=0, days_of_supply=5, weekly_units=1, pack_units=2, most_extra_units=4),
    ]
    found = propose(lines, {"S1": 60})[0]
    assert (found.status, found.value_cost, found.added_value) == ("topped_up", 60, 40)
    assert {each.article_number: each.units for each in found.lines} == {"A": 4, "B": 2}


def test_what_is_brought_forward_has_a_limit() -> None:
    found = propose([line("A", weekly_units=1, most_extra_units=3)], {"S1": 100})[0]
    assert (found.status, found.value_cost, found.lines[0].units) == ("waits", 20, 2)


def test_a_line_without_a_cost_is_refused() -> None:
    with pytest.raises(ProhandelError, match="Article A of supplier S1 has no cost"):
        propose([line("A", cost=float("nan"))])


CASE = Case(
    weekly_units=4.2,
    on_hand=3,
    on_order=0,
    inbound=0,
    lead_time_days=14,
    service_level=0.9,
    safe_until=date(2025, 12, 12),
    units=18,
)


def test_the_sentence_in_both_languages() -> None:
    assert reason(CASE) == "sells 4.2 a week, 3 left, supplier needs 14 days, 90 % safe until 12 December: order 18"
    assert reason(CASE, "de") == (
        "verkauft 4,2 pro Woche, 3 am Lager, Lieferant braucht 14 Tage, zu 90 % sicher bis 12. Dezember: 18 bestellen"
    )


def test_what_is_on_its_way_is_said() -> None:
    case = replace(CASE, on_order=6, inbound=2.5, units=0)
    assert "3 left, 6 on order, 2.5 coming by transfer, supplier" in reason(case)
    assert reason(case).endswith(": order nothing")
    assert "6 bestellt, 2,5 per Umlagerung" in reason(case, "de")
    assert reason(case, "de").endswith(": nichts bestellen")
    assert "open orders unknown" in reason(replace(CASE, on_order=None))
    assert "offene Bestellungen unbekannt" in reason(replace(CASE, on_order=None), "de")


def test_a_fill_rate_is_called_by_its_name() -> None:
    case = replace(CASE, is_fill_rate=True, service_level=0.975)
    assert "97.5 % of demand served until 12 December" in reason(case)
    assert "97,5 % der Nachfrage gedeckt bis 12. Dezember" in reason(case, "de")


def test_what_binds_is_named() -> None:
    case = replace(
        CASE,
        pack_units=6,
        minimum_units=12,
        presentation=5,
        season_ends_on=date(2026, 1, 31),
        binding=Binding.PACK | Binding.MINIMUM_ORDER | Binding.PRESENTATION | Binding.SEASON_END,
    )
    assert reason(case).endswith(
        "order 18 (display needs 5; rounded up to packs of 6; minimum order 12; "
        "no more than is forecast until the season ends on 31 January)"
    )
    assert reason(case, "de").endswith(
        "18 bestellen (Präsentation braucht 5; aufgerundet auf Packungen zu 6; Mindestmenge 12; "
        "nicht mehr, als bis zum Saisonende am 31. Januar erwartet wird)"
    )


@pytest.mark.parametrize(
    ("ordering", "english", "german"),
    [
        (
            Ordering.ONE_SHOT,
            "cannot be reordered: transfer or mark down",
            "nicht nachbestellbar: umlagern oder reduzieren",
        ),
        (
            Ordering.SEASON_TOO_SHORT,
            "cannot be reordered: transfer or mark down (season ends on 31 January)",
            "nicht nachbestellbar: umlagern oder reduzieren (Saison endet am 31. Januar)",
        ),
        (Ordering.OUTLET, "outlets do not buy: transfer", "Outlets kaufen nicht ein: umlagern"),
        (Ordering.SERVED, "supplied from 0912, which orders for it", "wird von 0912 beliefert, dort bestellt"),
        (Ordering.INACTIVE, "article or branch no longer active", "Artikel oder Filiale nicht mehr aktiv"),
    ],
)
def test_why_nothing_may_be_ordered(ordering: Ordering, english: str, german: str) -> None:
    case = replace(CASE, units=0, ordering=ordering, season_ends_on=date(2026, 1, 31), supplied_from="0912")
    assert (reason(case), reason(case, "de")) == (english, german)


def test_another_language_is_refused() -> None:
    with pytest.raises(ProhandelError, match="'fr'"):
        reason(CASE, "fr")
