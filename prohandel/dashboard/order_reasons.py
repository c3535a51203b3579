"""Why so much is ordered, in the reader's language: the mart's own sentence is English."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd

from prohandel.dashboard.words import Words

_BOUND = {
    "season": "die Saison endet vorher",
    "minimum_order": "Mindestmenge",
    "pack": "ganze Packungen",
}


def why(order: Any, words: Words) -> str:
    """The reason of a row of `reorder_recommendations`.

    Args:
        order: the row, by attributes.
        words: language.
    """
    return str(order.reason) if words.language == "en" else _german(order, words)


def _german(order: Any, words: Words) -> str:
    formats = words.formats

    def units(value: Any) -> str:
        return formats.number(value, 0 if float(value).is_integer() else 1)

    facts = [
        f"Verkauft {formats.number(7 * order.expected_daily_demand, 1)} pro Woche",
        f"{units(order.on_hand)} am Lager",
    ]
    if order.on_order_units > 0:
        facts.append(f"{units(order.on_order_units)} bestellt")
    if order.inbound_transfer_units > 0:
        facts.append(f"{units(order.inbound_transfer_units)} kommen per Umlagerung")
    facts.append(f"Lieferant braucht {units(order.lead_time_days)} Tage")
    until = pd.Timestamp(order.as_of_date) + timedelta(days=int(order.lead_time_days + order.review_period_days))
    decimals = 0 if round(order.service_level * 100, 6).is_integer() else 1
    facts.append(f"zu {formats.percent(order.service_level, decimals)} sicher bis {formats.day(until)}")
    what = f"{units(order.recommended_order_units)} bestellen"
    if order.binding_constraint in _BOUND:
        pack = order.binding_constraint == "pack" and order.pack_units != 1
        bound = f"Packungen zu {units(order.pack_units)}" if pack else _BOUND[order.binding_constraint]
        what += f" ({bound})"
    text = f"{', '.join(facts)}: {what}."
    if order.is_below_minimum_value is True or order.is_below_minimum_value == 1:
        worth, least = formats.money(order.proposal_value_cost), formats.money(order.minimum_proposal_value_cost)
        text += f" Alles an {words.of_value(order.supplier)} ist {worth} wert, verlangt sind {least}."
    if order.on_order_source == "unknown":
        text += " Offene Bestellungen sind nicht bekannt."
    return text
