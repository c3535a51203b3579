"""Landed rows, cleaned: the newest version of every row, the unreadable ones left out.

Readings chosen:
    * Of rows whose trimmed keys are equal the newest by `_fivetran_synced` counts (ties: the highest raw key), also
      where it is unreadable and an older one was not.
    * Where both generations of a column landed, the first that is not missing counts, readable or not.
    * An article or shop without a number is unreadable: nothing can name it.
    * A deletion flag that cannot be read is taken as not deleted.
    * Only a date landed where there is no time, or midnight without a zone.
    * `type` is '0' where missing or numerically zero; any other text is a return.
    * A size that did not land is 'unknown', in sales as in inventory; so is the status of an order.
    * `status` voids a line where it says cancelled, canceled, void or voided in any case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import psycopg

from . import cleaning
from .database import columns_of, read_table
from .variables import Variables

_VOID = ("cancelled", "canceled", "void", "voided")
UNKNOWN = "unknown"
SNAPSHOT = "inventory_snapshot"
TABLES = (
    *("article", "customer", "order", "sale", "inventory", "shop", "category", "supplier", "inventory_history"),
    "purchase_order",
)
_RAW_KEY = ("id", "branch_number", "article_number", "article_size_number")

Landing = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Staged:
    """Cleaned tables; days are days since 1970-01-01, moments microseconds since then, numbers whole 1e-4.

    Attributes:
        articles: article_id, article_number, name, category_ref, supplier_ref, brand, season, list_price, unit_cost,
            created_on, is_active, is_deleted, synced_at.
        customers: customer_id, customer_number.
        orders: order_id, customer_ref, order_day, delivery_day, total_amount, status, is_deleted.
        sales: sale_line_id, receipt_number, day, sold_at, branch_ref, article_number, article_size_number,
            customer_ref, quantity, purchase_price, sale_price, label_price, sale_type, is_deleted, synced_at.
        inventory: inventory_id, branch_ref, article_ref, article_size_number, quantity (null where unreadable),
            is_deleted, synced_at.
        history: as inventory, with started_at, ended_at, is_active.
        snapshot: the versions of the stock snapshot: as inventory, with ended_at, is_active; synced_at is their start.
        shops: shop_id, branch_number, name, city, postal_code, country, shop_type, is_online, is_active, is_deleted,
            synced_at.
        categories: category_id, name, parent_category_id.
        suppliers: supplier_id, supplier_number, name, lead_time_days, is_deleted, synced_at.
        purchase_orders: purchase_order_id, article_number, branch_ref, expected_day, quantity, received_quantity (0
            where missing), status, is_deleted, synced_at.
        last_sale_sync: Berlin day of the newest `_fivetran_synced` of any landed sale row; None without rows.
    """

    articles: pd.DataFrame
    customers: pd.DataFrame
    orders: pd.DataFrame
    sales: pd.DataFrame
    inventory: pd.DataFrame
    history: pd.DataFrame
    snapshot: pd.DataFrame
    shops: pd.DataFrame
    categories: pd.DataFrame
    suppliers: pd.DataFrame
    purchase_orders: pd.DataFrame
    last_sale_sync: int | None


def read_landing(
    conn: psycopg.Connection, schema: str, variables: Variables, snapshot_schema: str | None = "snapshots"
) -> Landing:
    """The landed tables in use and the stock snapshot where there is one, as text.

    The snapshot is read beside the landing because it alone remembers rows of `inventory` that were overwritten.

    Raises:
        LookupError: a table in use has not landed.
    """
    landing: dict[str, pd.DataFrame] = {}
    for table in filter(variables.using, TABLES):
        if not columns_of(conn, schema, table):
            raise LookupError(f"{schema}.{table} has not landed, though using_{table} is true")
        landing[table] = read_table(conn, schema, table)
    if snapshot_schema and columns_of(conn, snapshot_schema, SNAPSHOT):
        landing[SNAPSHOT] = read_table(conn, snapshot_schema, SNAPSHOT)
    return landing


def stage(landing: Landing, variables: Variables) -> Staged:
    """Clean every table in use; the others are empty."""
    tables = {
        table: landing.get(table, pd.DataFrame()) if variables.using(table) else pd.DataFrame() for table in TABLES
    }
    synced = cleaning.instant(_pick(tables["sale"], "_fivetran_synced")).values
    last_sync = cleaning.berlin_day(synced).max() if synced.notna().any() else None
    return Staged(
        articles=_articles(tables["article"]),
        customers=_customers(tables["customer"]),
        orders=_orders(tables["order"]),
        sales=_sales(tables["sale"]),
        inventory=_inventory(tables["inventory"]),
        history=_history(tables["inventory_history"]),
        snapshot=_snapshot(landing.get(SNAPSHOT, pd.DataFrame())),
        shops=_shops(tables["shop"]),
        categories=_categories(tables["category"]),
        suppliers=_suppliers(tables["supplier"]),
        purchase_orders=_purchase_orders(tables["purchase_order"]),
        last_sale_sync=None if last_sync is None else int(last_sync),
    )


def _pick(table: pd.DataFrame, *names: str) -> pd.Series[Any]:
    landed = [cleaning.text(table[name]) for name in names if name in table.columns]
    if not landed:
        return pd.Series(pd.NA, index=table.index, dtype="string")
    picked = landed[0]
    for other in landed[1:]:
        picked = picked.fillna(other)
    return picked


def _flag(table: pd.DataFrame, *names: str) -> pd.Series[Any]:
    return cleaning.boolean(_pick(table, *names)).values.fillna(False).astype(bool)


def _deleted(table: pd.DataFrame) -> pd.Series[Any]:
    return _flag(table, "is_deleted") | _flag(table, "_fivetran_deleted")


def _synced(table: pd.DataFrame) -> pd.Series[Any]:
    return cleaning.instant(_pick(table, "_fivetran_synced")).values


def _active(table: pd.DataFrame) -> pd.Series[Any]:
    said = cleaning.boolean(_pick(table, "is_active")).values
    opposite = ~cleaning.boolean(_pick(table, "inactive_flag")).values
    return said.fillna(opposite).fillna(True).astype(bool)


def _newest(frame: pd.DataFrame, key: list[str], table: pd.DataFrame) -> pd.DataFrame:
    """The newest version of each key; rows without a key are dropped.

    Args:
        table: the landed rows that `frame` was read from, for their raw keys.
    """
    keyed = frame[frame[key].notna().all(axis=1)]
    several = keyed[keyed.duplicated(key, keep=False)]
    raw = table.loc[several.index, [column for column in _RAW_KEY if column in table.columns]]
    ordered = several.join(raw.fillna("").add_prefix("raw_")).sort_values(
        ["synced_at", *(f"raw_{column}" for column in raw.columns)], kind="stable", na_position="first"
    )
    superseded = ordered.index[ordered.duplicated(key, keep="last")]
    return keyed.drop(index=superseded).reset_index(drop=True)


def _articles(table: pd.DataFrame) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "article_id": _pick(table, "id"),
            "article_number": _pick(table, "article_number", "number"),
            "name": _pick(table, "name"),
            "category_ref": _pick(table, "category_id", "category"),
            "supplier_ref": _pick(table, "supplier_id", "supplier"),
            "brand": _pick(table, "brand"),
            "season": _pick(table, "season"),
            "list_price": cleaning.number(_pick(table, "price")).values,
            "unit_cost": cleaning.number(_pick(table, "cost", "purchase_price")).values,
            "created_on": cleaning.day(_pick(table, "created_at")).values,
            "is_active": _active(table),
            "is_deleted": _deleted(table),
            "synced_at": _synced(table),
        }
    )
    newest = _newest(frame, ["article_id"], table)
    return newest[newest["article_number"].notna()].reset_index(drop=True)


def _customers(table: pd.DataFrame) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "customer_id": _pick(table, "id"),
            "customer_number": _pick(table, "customer_number", "number"),
            "synced_at": _synced(table),
        }
    )
    return _newest(frame, ["customer_id"], table)


def _orders(table: pd.DataFrame) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "order_id": _pick(table, "id"),
            "customer_ref": _pick(table, "customer_id"),
            "order_day": cleaning.day(_pick(table, "order_date")).values,
            "delivery_day": cleaning.day(_pick(table, "delivery_date")).values,
            "total_amount": cleaning.number(_pick(table, "total_amount")).values,
            "status": _pick(table, "status").fillna(UNKNOWN),
            "is_deleted": _deleted(table),
            "synced_at": _synced(table),
        }
    )
    newest = _newest(frame, ["order_id"], table)
    return newest[newest["order_day"].notna()].reset_index(drop=True)


def _sales(table: pd.DataFrame) -> pd.DataFrame:
    when = _pick(table, "date", "sale_date")
    kind = _pick(table, "type")
    is_zero = cleaning.number(kind).values.eq(0).fillna(False) | kind.isna()
    voided = _pick(table, "status").str.lower().isin(_VOID).fillna(False)
    frame = pd.DataFrame(
        {
            "sale_line_id": _pick(table, "id"),
            "receipt_number": _pick(table, "receipt_number", "sale_number"),
            "day": cleaning.day(when).values,
            "sold_at": cleaning.instant(when).values.mask(_without_clock(when)),
            "branch_ref": _pick(table, "branch_number", "branch_id"),
            "article_number": _pick(table, "article_number"),
            "article_size_number": _pick(table, "article_size_number").fillna(UNKNOWN),
            "customer_ref": _pick(table, "customer_number", "customer_id"),
            "quantity": cleaning.number(_pick(table, "quantity")).values,
            "purchase_price": cleaning.number(_pick(table, "purchase_price")).values,
            "sale_price": cleaning.number(_pick(table, "sale_price", "total_amount")).values,
            "label_price": cleaning.number(_pick(table, "label_price")).values,
            "sale_type": kind.mask(is_zero, "0"),
            "is_deleted": _deleted(table) | voided.astype(bool),
            "synced_at": _synced(table),
        }
    )
    newest = _newest(frame, ["sale_line_id"], table)
    in_future = newest["day"].gt(cleaning.berlin_day(newest["synced_at"])).fillna(False)
    readable = newest[["day", "article_number", "quantity"]].notna().all(axis=1)
    return newest[readable & ~in_future].reset_index(drop=True)


def _without_clock(when: pd.Series[Any]) -> pd.Series[Any]:
    """Where only a date landed: without a time, or at midnight without a zone."""
    return ~when.str.contains(":").fillna(False) | when.str.contains(r"[T ]00:00(?::00(?:\.0+)?)?$").fillna(False)


def _stock(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "inventory_id": _pick(table, "id"),
            "branch_ref": _pick(table, "branch_number"),
            "article_ref": _pick(table, "article_number", "article_id"),
            "article_size_number": _pick(table, "article_size_number").fillna(UNKNOWN),
            "quantity": cleaning.number(_pick(table, "quantity")).values,
            "is_deleted": _deleted(table),
            "synced_at": _synced(table),
        }
    )


_STOCK_KEY = ["inventory_id", "branch_ref", "article_ref", "article_size_number"]


def _inventory(table: pd.DataFrame) -> pd.DataFrame:
    return _newest(_stock(table), _STOCK_KEY, table)


def _history(table: pd.DataFrame) -> pd.DataFrame:
    frame = _stock(table).assign(
        started_at=cleaning.instant(_pick(table, "_fivetran_start")).values,
        ended_at=cleaning.instant(_pick(table, "_fivetran_end")).values,
        is_active=cleaning.boolean(_pick(table, "_fivetran_active")).values,
    )
    return _newest(frame, [*_STOCK_KEY, "started_at"], table)


def _snapshot(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "inventory_id": _pick(table, "inventory_id"),
            "branch_ref": _pick(table, "branch_ref"),
            "article_ref": _pick(table, "article_ref"),
            "article_size_number": _pick(table, "article_size_number").fillna(UNKNOWN),
            "quantity": cleaning.number(_pick(table, "quantity")).values,
            "is_deleted": _deleted(table),
            "synced_at": cleaning.instant(_pick(table, "dbt_valid_from")).values,
            "ended_at": cleaning.instant(_pick(table, "dbt_valid_to")).values,
            "is_active": pd.array([pd.NA] * len(table), dtype="boolean"),
        }
    )


def _shops(table: pd.DataFrame) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "shop_id": _pick(table, "id"),
            "branch_number": _pick(table, "branch_number", "number"),
            "name": _pick(table, "name", "name1"),
            "city": _pick(table, "city"),
            "postal_code": _pick(table, "postal_code"),
            "country": _pick(table, "country"),
            "shop_type": _pick(table, "shop_type").str.lower(),
            "is_webshop": cleaning.boolean(_pick(table, "is_webshop")).values,
            "is_online": cleaning.boolean(_pick(table, "is_online")).values,
            "is_active": _active(table),
            "is_deleted": _deleted(table),
            "synced_at": _synced(table),
        }
    )
    newest = _newest(frame, ["shop_id"], table)
    return newest[newest["branch_number"].notna()].reset_index(drop=True)


def _categories(table: pd.DataFrame) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "category_id": _pick(table, "id"),
            "name": _pick(table, "name"),
            "parent_category_id": _pick(table, "parent_id"),
            "synced_at": _synced(table),
        }
    )
    return _newest(frame, ["category_id"], table)


def _suppliers(table: pd.DataFrame) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "supplier_id": _pick(table, "id"),
            "supplier_number": _pick(table, "supplier_number", "number"),
            "name": _pick(table, "name"),
            "lead_time_days": cleaning.number(_pick(table, "lead_time_days")).values,
            "is_deleted": _deleted(table),
            "synced_at": _synced(table),
        }
    )
    return _newest(frame, ["supplier_id"], table)


def _purchase_orders(table: pd.DataFrame) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "purchase_order_id": _pick(table, "id"),
            "article_number": _pick(table, "article_number"),
            "branch_ref": _pick(table, "branch_number"),
            "expected_day": cleaning.day(_pick(table, "expected_at")).values,
            "quantity": cleaning.number(_pick(table, "quantity")).values,
            "received_quantity": cleaning.number(_pick(table, "received_quantity")).values.fillna(0),
            "status": _pick(table, "status"),
            "is_deleted": _deleted(table),
            "synced_at": _synced(table),
        }
    )
    newest = _newest(frame, ["purchase_order_id"], table)
    return newest[newest[["article_number", "quantity"]].notna().all(axis=1)].reset_index(drop=True)
