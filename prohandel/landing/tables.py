"""The catalogue of landed tables: names, keys and columns in both generations.

ProHandel's connector passes the API's own field names through and adds names that it declares itself, so a
column can land under its declared name, under the API's, or under both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from prohandel.errors import ProhandelError

Kind = Literal["text", "number", "boolean", "date", "timestamp"]
Generation = Literal["declared", "api"]

SYNCED = "_fivetran_synced"
DELETED = "_fivetran_deleted"
SIZE = "article_size_number"
HISTORY_START = "_fivetran_start"
HISTORY_END = "_fivetran_end"
HISTORY_ACTIVE = "_fivetran_active"


@dataclass(frozen=True)
class Column:
    """One column of a landed table.

    Attributes:
        name: the declared (preferred) name.
        kind: what the values mean, whatever type they land as.
        api: its name in the API's own generation; None where both generations share `name`.
        parts: API columns that make up this one when joined by a space (first_name + last_name).
        api_inverse: the API's column says the opposite (inactive_flag for is_active).
        essential: a row without a readable value here is rejected by staging.
        personal: names or reaches a person.
        enhanced: computed by the connector, not by ProHandel.
    """

    name: str
    kind: Kind = "text"
    api: str | None = None
    parts: tuple[str, ...] = ()
    api_inverse: bool = False
    essential: bool = False
    personal: bool = False
    enhanced: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Every landed name that this column may have, the preferred one first."""
        return tuple(dict.fromkeys(name for name in (self.name, self.api, *self.parts) if name))


@dataclass(frozen=True)
class LandedTable:
    """One landed table.

    Attributes:
        name: as landed, e.g. "sale".
        primary_key: the columns that Fivetran upserts by.
        columns: every column of the catalogue, without `_fivetran_synced` and `_fivetran_deleted`.
        optional: not every installation has it; `using_<name>` is false by default.
    """

    name: str
    primary_key: tuple[str, ...]
    columns: tuple[Column, ...]
    optional: bool = False

    @property
    def using_variable(self) -> str:
        """The dbt variable that says whether this table has landed."""
        return f"using_{self.name}"

    @property
    def key_by_size(self) -> tuple[str, ...] | None:
        """The primary key where rows come per size; None for a table whose rows are never told apart by it."""
        has_size = any(column.name == SIZE for column in self.columns)
        return (*self.primary_key, SIZE) if has_size and "article_number" in self.primary_key else None

    @property
    def landed_names(self) -> frozenset[str]:
        """Every column name that the catalogue knows for this table, in any generation."""
        return frozenset(name for column in self.columns for name in column.names)

    def column(self, landed_name: str) -> Column | None:
        """The column that lands under this name in either generation, or None."""
        return next((column for column in self.columns if landed_name in column.names), None)

    def renaming(self, landed: Iterable[str], generation: Generation) -> dict[str, str]:
        """The renames that bring landed column names to one generation.

        Only plain renames: a column whose two generations differ in meaning (an inverse flag) or in number
        (first and last name) keeps its name, and so does one whose new name has landed already.
        """
        present = set(landed)
        renames: dict[str, str] = {}
        for column in self.columns:
            is_joined = len(present.intersection(column.parts)) > 1
            if column.api is None or column.api_inverse or is_joined:
                continue
            old, new = (column.api, column.name) if generation == "declared" else (column.name, column.api)
            if old in present and new not in present:
                renames[old] = new
        return renames


_ID = Column("id", essential=True)
_DELETED = Column("is_deleted", "boolean")
_CREATED = Column("created_at", "timestamp")
_UPDATED = Column("updated_at", "timestamp")
_CHANGED = Column("updated_at", "timestamp", api="last_change")
_ACTIVE = Column("is_active", "boolean", api="inactive_flag", api_inverse=True)

_INVENTORY_COLUMNS = (
    _ID,
    Column("branch_number", essential=True),
    Column("article_number", essential=True),
    Column("article_id"),
    Column(SIZE),
    Column("quantity", "number", essential=True),
    _CHANGED,
    Column("stock_status", enhanced=True),
)

_TABLES = (
    LandedTable(
        "article",
        ("id",),
        (
            _ID,
            Column("article_number", api="number", essential=True),
            Column("name"),
            Column("description"),
            Column("price", "number"),
            Column("cost", "number", api="purchase_price"),
            Column("category_id", api="category"),
            Column("supplier_id", api="supplier"),
            Column("brand"),
            Column("season"),
            Column("ean"),
            Column("stock_quantity", "number"),
            _ACTIVE,
            _DELETED,
            _CREATED,
            _CHANGED,
            Column("profit_margin", "number", enhanced=True),
            Column("price_tier", enhanced=True),
        ),
    ),
    LandedTable(
        "customer",
        ("id",),
        (
            _ID,
            Column("customer_number", api="number"),
            Column("name", parts=("first_name", "last_name"), personal=True),
            Column("email", personal=True),
            Column("phone", personal=True),
            Column("address", api="street", personal=True),
            Column("city", personal=True),
            Column("postal_code", personal=True),
            Column("country"),
            _ACTIVE,
            _DELETED,
            Column("created_at", "timestamp", api="creation_date"),
            _CHANGED,
            Column("full_address", personal=True, enhanced=True),
        ),
    ),
    LandedTable(
        "order",
        ("id",),
        (
            _ID,
            Column("order_number"),
            Column("customer_id"),
            Column("order_date", "date", essential=True),
            Column("delivery_date", "date"),
            Column("total_amount", "number"),
            Column("status"),
            Column("payment_method"),
            Column("shipping_method"),
            _CREATED,
            _UPDATED,
            Column("delivery_time_days", "number", enhanced=True),
            Column("order_age_days", "number", enhanced=True),
        ),
    ),
    LandedTable(
        "sale",
        ("id",),
        (
            _ID,
            Column("receipt_number", api="sale_number"),
            Column("date", "date", api="sale_date", essential=True),
            Column("branch_number", api="branch_id"),
            Column("article_number", essential=True),
            Column(SIZE),
            Column("customer_number", api="customer_id"),
            Column("staff_number"),
            Column("quantity", "number", essential=True),
            Column("purchase_price", "number"),
            Column("sale_price", "number", api="total_amount"),
            Column("label_price", "number"),
            Column("discount", "number"),
            Column("type"),
            Column("status"),
            Column("payment_method"),
            _DELETED,
            _CREATED,
            _CHANGED,
            Column("sale_age_days", "number", enhanced=True),
        ),
    ),
    LandedTable("inventory", ("id", "branch_number", "article_number"), _INVENTORY_COLUMNS),
    LandedTable(
        "shop",
        ("id",),
        (
            _ID,
            Column("branch_number", api="number", essential=True),
            Column("name", api="name1", parts=("name1", "name2", "name3")),
            Column("search_term"),
            Column("address", api="street"),
            Column("city"),
            Column("postal_code"),
            Column("country"),
            Column("phone"),
            Column("email"),
            Column("is_webshop", "boolean"),
            Column("is_active", "boolean"),
            _DELETED,
            _CREATED,
            _CHANGED,
            Column("shop_type", enhanced=True),
            Column("is_online", "boolean", enhanced=True),
        ),
    ),
    LandedTable(
        "daily_sales_agg",
        ("sale_date",),
        (
            Column("sale_date", "date", essential=True),
            Column("sale_count", "number"),
            Column("total_quantity", "number"),
            Column("total_amount", "number"),
            Column("aggregation_type"),
        ),
    ),
    LandedTable(
        "article_sales_agg",
        ("agg_id",),
        (
            Column("agg_id", essential=True),
            Column("article_number", essential=True),
            Column("total_quantity", "number"),
            Column("total_amount", "number"),
            Column("sale_count", "number"),
            Column("aggregation_type"),
            Column("name"),
            Column("description"),
            Column("category"),
            Column("supplier"),
        ),
    ),
    LandedTable(
        "warehouse_inventory_agg",
        ("agg_id",),
        (
            Column("agg_id", essential=True),
            Column("warehouse"),
            Column("total_quantity", "number"),
            Column("article_count", "number"),
            Column("aggregation_type"),
        ),
    ),
    LandedTable(
        "category",
        ("id",),
        (_ID, Column("name"), Column("parent_id"), Column("description"), _CREATED, _UPDATED),
        optional=True,
    ),
    LandedTable(
        "supplier",
        ("id",),
        (
            _ID,
            Column("supplier_number", api="number"),
            Column("name"),
            Column("city"),
            Column("country"),
            Column("lead_time_days", "number"),
            _CREATED,
            _UPDATED,
        ),
        optional=True,
    ),
    LandedTable(
        "inventory_history",
        ("id", "branch_number", "article_number", HISTORY_START),
        (
            *_INVENTORY_COLUMNS,
            Column(HISTORY_START, "timestamp", essential=True),
            Column(HISTORY_END, "timestamp"),
            Column(HISTORY_ACTIVE, "boolean"),
        ),
        optional=True,
    ),
    LandedTable(
        "purchase_order",
        ("id",),
        (
            _ID,
            Column("article_number", essential=True),
            Column(SIZE),
            Column("branch_number"),
            Column("supplier_number"),
            Column("ordered_at", "timestamp"),
            Column("expected_at", "timestamp"),
            Column("quantity", "number", essential=True),
            Column("received_quantity", "number"),
            Column("status"),
        ),
        optional=True,
    ),
)

LANDED_TABLES: dict[str, LandedTable] = {table.name: table for table in _TABLES}


def landed_table(name: str) -> LandedTable:
    """The catalogue entry of a landed table.

    Raises:
        ProhandelError: the catalogue has no table of that name; the remedy suggests the closest one.
    """
    if name in LANDED_TABLES:
        return LANDED_TABLES[name]
    close = ["shop"] if name.lower().startswith("branch") else get_close_matches(name.lower(), LANDED_TABLES, n=1)
    known = ", ".join(LANDED_TABLES)
    raise ProhandelError(
        f"'{name}' is no landed table of ProHandel.",
        f"Did you mean '{close[0]}'? Known tables: {known}." if close else f"Known tables: {known}.",
    )
