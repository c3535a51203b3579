"""The project's variables, as far as a measure depends on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Self


@dataclass(frozen=True)
class Variables:
    """Same names, defaults and meanings as the `vars:` of the dbt project."""

    using_article: bool = True
    using_customer: bool = True
    using_order: bool = True
    using_sale: bool = True
    using_inventory: bool = True
    using_shop: bool = True
    using_category: bool = False
    using_supplier: bool = False
    using_inventory_history: bool = False
    using_purchase_order: bool = False
    sale_price_per: str = "line"
    label_price_per: str = "unit"
    purchase_price_per: str = "unit"
    prices_include_vat: bool = True
    zero_cost_is_known: bool = False
    min_customer_number_length: int = 7
    inventory_is_complete: bool = True
    as_of_date: date | None = None
    ranging_days: int = 90
    min_stock_days: int = 28
    max_cover_days: int = 120
    new_article_days: int = 28
    slow_after_days: int = 60
    slow_cover_days: int = 180
    dead_after_days: int = 180
    low_cover_days: int = 7
    phantom_expected_units: int = 7
    clearance_weeks: int = 4
    markdown_elasticity: float = 2
    markdown_steps: Sequence[float] = (0.2, 0.3, 0.5)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """From a dbt `vars` mapping; variables without influence on a measure are ignored."""
        known = {field.name for field in fields(cls)}
        taken = {name: value for name, value in given.items() if name in known}
        if isinstance(taken.get("as_of_date"), str):
            taken["as_of_date"] = date.fromisoformat(taken["as_of_date"])
        return cls(**taken)

    def using(self, table: str) -> bool:
        """Whether a landed table is in use."""
        return bool(getattr(self, f"using_{table}"))
