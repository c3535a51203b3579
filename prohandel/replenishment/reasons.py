"""Why so many: one sentence per pair, in German or English."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

from prohandel.errors import ProhandelError
from prohandel.replenishment.assortment import Ordering
from prohandel.replenishment.purchase import Binding

LANGUAGES = ("de", "en")
_MONTHS = {
    "de": (
        *("Januar", "Februar", "März", "April", "Mai", "Juni"),
        *("Juli", "August", "September", "Oktober", "November", "Dezember"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}
_NOTHING = Binding(0)


@dataclass(frozen=True)
class Case:
    """What the sentence is made of.

    Attributes:
        weekly_units: expected.
        on_hand, on_order, inbound: units; on_order None where nobody knows.
        lead_time_days: expected.
        service_level: 0..1, as asked for.
        is_fill_rate: it is a share of demand served.
        safe_until: last day that it speaks of.
        units: to order.
        pack_units, minimum_units, presentation: what may have decided.
        season_ends_on: None without a season.
        supplied_from: the branch that orders for this one, None where it orders itself.
        ordering: whether it may be ordered.
        binding: what decided.
    """

    weekly_units: float
    on_hand: float
    on_order: float | None
    inbound: float
    lead_time_days: float
    service_level: float
    safe_until: date
    units: float
    is_fill_rate: bool = False
    pack_units: float = 1
    minimum_units: float = 0
    presentation: float = 0
    season_ends_on: date | None = None
    supplied_from: str | None = None
    ordering: Ordering = Ordering.ALLOWED
    binding: Binding = _NOTHING


def reason(case: Case, language: str = "en") -> str:
    """The sentence, e.g. "sells 4.2 a week, 3 left, supplier needs 14 days, 90 % safe until 12 December: order 18".

    What binds follows in brackets.

    Raises:
        ProhandelError: another language than de and en.
    """
    if language not in LANGUAGES:
        raise ProhandelError(f"There are no reasons in {language!r}.", f"Choose one of {', '.join(LANGUAGES)}.")
    de = language == "de"
    if case.ordering != Ordering.ALLOWED:
        return _why_not(case, de)
    facts = [
        f"verkauft {_number(case.weekly_units, de)} pro Woche" if de else f"sells {_number(case.weekly_units)} a week",
        f"{_number(case.on_hand, de)} am Lager" if de else f"{_number(case.on_hand)} left",
    ]
    if case.on_order is None:
        facts.append("offene Bestellungen unbekannt" if de else "open orders unknown")
    elif case.on_order > 0:
        facts.append(f"{_number(case.on_order, de)} bestellt" if de else f"{_number(case.on_order)} on order")
    if case.inbound > 0:
        facts.append(
            f"{_number(case.inbound, de)} per Umlagerung" if de else f"{_number(case.inbound)} coming by transfer"
        )
    days = _number(math.ceil(case.lead_time_days), de)
    facts.append(f"Lieferant braucht {days} Tage" if de else f"supplier needs {days} days")
    facts.append(_service(case, de))
    if case.units > 0:
        what = f"{_number(case.units, de)} bestellen" if de else f"order {_number(case.units)}"
    else:
        what = "nichts bestellen" if de else "order nothing"
    bounds = _bounds(case, de)
    return f"{', '.join(facts)}: {what}" + (f" ({'; '.join(bounds)})" if bounds else "")


def _service(case: Case, de: bool) -> str:
    percent = _number(case.service_level * 100, de)
    until = _day(case.safe_until, de)
    if case.is_fill_rate:
        return f"{percent} % der Nachfrage gedeckt bis {until}" if de else f"{percent} % of demand served until {until}"
    return f"zu {percent} % sicher bis {until}" if de else f"{percent} % safe until {until}"


def _why_not(case: Case, de: bool) -> str:
    if case.ordering == Ordering.SERVED:
        server = case.supplied_from or ("der Zentrale" if de else "another branch")
        return f"wird von {server} beliefert, dort bestellt" if de else f"supplied from {server}, which orders for it"
    if case.ordering == Ordering.OUTLET:
        return "Outlets kaufen nicht ein: umlagern" if de else "outlets do not buy: transfer"
    if case.ordering == Ordering.INACTIVE:
        return "Artikel oder Filiale nicht mehr aktiv" if de else "article or branch no longer active"
    what = "nicht nachbestellbar: umlagern oder reduzieren" if de else "cannot be reordered: transfer or mark down"
    if case.ordering == Ordering.SEASON_TOO_SHORT and case.season_ends_on:
        ends = _day(case.season_ends_on, de)
        return what + (f" (Saison endet am {ends})" if de else f" (season ends on {ends})")
    return what


def _bounds(case: Case, de: bool) -> list[str]:
    """What made the order another one than level less position."""
    packs, least, shown = (_number(each, de) for each in (case.pack_units, case.minimum_units, case.presentation))
    ends = _day(case.season_ends_on, de) if case.season_ends_on else ""
    words = (
        (Binding.PRESENTATION, f"Präsentation braucht {shown}", f"display needs {shown}"),
        (Binding.PACK, f"aufgerundet auf Packungen zu {packs}", f"rounded up to packs of {packs}"),
        (Binding.MINIMUM_ORDER, f"Mindestmenge {least}", f"minimum order {least}"),
        (
            Binding.SEASON_END,
            f"nicht mehr, als bis zum Saisonende am {ends} erwartet wird",
            f"no more than is forecast until the season ends on {ends}",
        ),
    )
    return [german if de else english for flag, german, english in words if case.binding & flag]


def _day(day: date, de: bool) -> str:
    month = _MONTHS["de" if de else "en"][day.month - 1]
    return f"{day.day}. {month}" if de else f"{day.day} {month}"


def _number(value: float, de: bool = False) -> str:
    """With one decimal place where it is not whole."""
    text = f"{value:.1f}".removesuffix(".0")
    text = "0" if text == "-0" else text
    return text.replace(".", ",") if de else text
