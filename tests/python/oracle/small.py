"""Small landings written by hand, for the oracle's own tests."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pandas as pd

from .landing import TABLES
from .marts import Marts, compute
from .seeds import DEFAULTS, Seeds
from .variables import Variables

SYNCED = "2025-06-30 20:00:00+00"
HASH_KEY = "hidden"


def seeds(**replaced: Any) -> Seeds:
    """Seeds of two VAT classes, one season, no policies."""
    given: dict[str, Any] = {
        "vat_rates": frame(
            [
                {"vat_class": "standard", "valid_from": "2007-01-01", "valid_to": "2020-06-30", "rate": "0.19"},
                {"vat_class": "standard", "valid_from": "2020-07-01", "valid_to": "2020-12-31", "rate": "0.16"},
                {"vat_class": "standard", "valid_from": "2021-01-01", "valid_to": None, "rate": "0.19"},
                {"vat_class": "reduced", "valid_from": "1983-07-01", "valid_to": None, "rate": "0.07"},
            ]
        ),
        "vat_classes": frame([{"scope": "default", "scope_value": None, "vat_class": "standard"}]),
        "non_merchandise": frame([{"scope": "article", "pattern": "GIFT%"}]),
        "assortment": frame([{"scope": "brand", "scope_value": "none", "assortment_type": "reorderable"}]),
        "seasons": frame([{"season": "FS25", "starts_on": "2025-02-01", "ends_on": "2025-07-31"}]),
        "supply_network": {"web": "depot"},
        "branch_calendar": frame(
            [
                {"scope": "default", "opens_at": "10:00", "closes_at": "19:00", "open_on_sundays": "false"},
                {"scope": "branch", "scope_value": "B3", "state": "BY", "opens_at": "00:00", "closes_at": "24:00"}
                | {"open_on_sundays": "true"},
                {"scope": "branch", "scope_value": "B4", "state": "BY", "opens_at": "09:30", "closes_at": "11:00"}
                | {"open_on_sundays": "false"},
            ]
        ),
        "public_holidays": frame(
            [
                {"date_day": "2025-06-09", "by": "true", "sn": "false"},
                {"date_day": "2025-06-11", "by": "false", "sn": "true"},
                {"date_day": "2025-12-25", "by": "true", "sn": "true"},
            ]
        ),
        "postal_code_states": frame([{"from_postal_code": "01000", "to_postal_code": "01939", "state": "SN"}]),
    }
    return Seeds(**(DEFAULTS | given | replaced))


def frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows as a text frame."""
    return pd.DataFrame(rows).astype("string")


def sale(identity: str, day: str, article: str, quantity: Any, **more: Any) -> dict[str, Any]:
    """One landed sale line of branch 'B1' at no price, unless said otherwise."""
    return {
        "id": identity,
        "date": day,
        "branch_number": "B1",
        "article_number": article,
        "quantity": quantity,
        "type": "0",
        "_fivetran_synced": SYNCED,
        **more,
    }


def stock(branch: str, article: str, quantity: Any, synced: str = SYNCED, **more: Any) -> dict[str, Any]:
    """One landed inventory row."""
    return {
        "id": f"{branch}{article}",
        "branch_number": branch,
        "article_number": article,
        "quantity": quantity,
        "_fivetran_synced": synced,
        **more,
    }


def version(
    branch: str, article: str, quantity: Any, start: str, end: str | None = None, **more: Any
) -> dict[str, Any]:
    """One version of the inventory history; open without an end."""
    ends = {"_fivetran_end": end or "9999-12-31 23:59:59+00", "_fivetran_active": str(end is None).lower()}
    return {**stock(branch, article, quantity), "_fivetran_start": start, **ends, **more}


def built(
    sales: list[dict[str, Any]],
    *,
    articles: list[dict[str, Any]] | None = None,
    inventory: list[dict[str, Any]] | None = None,
    history: list[dict[str, Any]] | None = None,
    tables: dict[str, list[dict[str, Any]]] | None = None,
    given_seeds: Seeds | None = None,
    **variables: Any,
) -> Marts:
    """Compute the marts of a landing; tables that are not given are not in use."""
    landed = {"sale": sales, "article": articles, "inventory": inventory, "inventory_history": history} | (tables or {})
    landing = {name: frame(rows) for name, rows in landed.items() if rows}
    using = {f"using_{name}": name in landing for name in TABLES}
    return compute(landing, given_seeds or seeds(), Variables.of(using | variables), HASH_KEY)


def rows(marts: Marts, name: str) -> dict[str, dict[str, Any]]:
    """A mart as {key: {column: value}}; keys joined by '/', dates as ISO text, null as None."""
    mart = marts.marts[name]
    shown = mart.rows.copy()
    for column in shown.select_dtypes("datetime"):
        shown[column] = shown[column].dt.strftime("%Y-%m-%d")
    listed = [
        {str(column): None if pd.isna(value) else value for column, value in row.items()}
        for row in shown.astype("object").to_dict("records")
    ]
    return {"/".join(str(row[column]) for column in mart.key): row for row in listed}


def days(start: str, count: int, step: int = 1) -> list[str]:
    """Consecutive days as ISO text."""
    return [(date.fromisoformat(start) + timedelta(days=step * n)).isoformat() for n in range(count)]
