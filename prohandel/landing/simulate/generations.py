"""One frame of declared names becomes what lands: declared, the API's own names, or both in one table.

References of the API's generation: `branch_id` holds shop.id, `customer_id` of sales and orders customer.id (walk-in
numbers stay as they are), `supplier` holds supplier_number, `category` holds category.id. Under declared names
`branch_number`, `customer_number` and the order's `customer_id` hold numbers, `supplier_id` supplier.id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from prohandel.landing.simulate.assortment import Assortment
from prohandel.landing.simulate.calendar import to_utc
from prohandel.landing.simulate.catalogue import SUPPLIERS
from prohandel.landing.simulate.config import GenerationChoice
from prohandel.landing.simulate.people import Customers
from prohandel.landing.simulate.rows import SYNCED

INVERSE = {
    "true": "false", "false": "true", "1": "0", "0": "1", "ja": "nein", "nein": "ja", "J": "N", "N": "J",
}  # fmt: skip
_ISO_UTC = "%Y-%m-%dT%H:%M:%SZ"
DATE_FORM = "date_form"
"""How the date of a sale line is written: as its generation does ("usual") or not; see sale_dates."""


@dataclass(frozen=True)
class References:
    """Maps from a parent's number (or id) to what the API's generation holds instead."""

    branch: Mapping[str, str]
    customer: Mapping[str, str]
    supplier: Mapping[str, str]


def references(a: Assortment, people: Customers) -> References:
    return References(
        branch={b.number: b.shop_id for b in a.branches},
        customer=dict(zip(people.number, people.id, strict=True)),
        supplier={str(9_100 + i): str(70_010 + 10 * i) for i in range(len(SUPPLIERS))},
    )


def _inverse(column: str, frame: pl.DataFrame) -> pl.Expr:
    if frame.schema[column] == pl.Boolean:
        return ~pl.col(column)
    return pl.col(column).replace(INVERSE)


def _utc_text(column: str) -> pl.Expr:
    return pl.col(column).dt.strftime(_ISO_UTC)


def api_columns(table: str, frame: pl.DataFrame, refs: References) -> dict[str, tuple[str | None, pl.Expr]]:
    """The API's columns of a table: name -> (declared column that it replaces, its value)."""
    changed: dict[str, tuple[str | None, pl.Expr]] = {"last_change": ("updated_at", _utc_text("updated_at"))}
    if table == "sale":
        return {
            "sale_number": ("receipt_number", pl.col("receipt_number")),
            "sale_date": ("date", pl.col("sale_date")),
            "branch_id": ("branch_number", pl.col("branch_number").replace(refs.branch)),
            "customer_id": ("customer_number", pl.col("customer_number").replace(refs.customer)),
            "total_amount": ("sale_price", pl.col("sale_price")),
            **changed,
        }
    if table == "article":
        return {
            "number": ("article_number", pl.col("article_number")),
            "purchase_price": ("cost", pl.col("cost")),
            "category": ("category_id", pl.col("category_id")),
            "supplier": ("supplier_id", pl.col("supplier_id").replace(refs.supplier)),
            "inactive_flag": ("is_active", _inverse("is_active", frame)),
            **changed,
        }
    if table == "customer":
        return {
            "number": ("customer_number", pl.col("customer_number")),
            "first_name": ("name", pl.col("first_name")),
            "last_name": (None, pl.col("last_name")),
            "street": ("address", pl.col("address")),
            "inactive_flag": ("is_active", _inverse("is_active", frame)),
            "creation_date": ("created_at", _utc_text("created_at")),
            **changed,
        }
    if table == "shop":
        return {
            "number": ("branch_number", pl.col("branch_number")),
            "name1": ("name", pl.col("name")),
            "name2": (None, pl.lit(None, dtype=pl.String)),
            "street": ("address", pl.col("address")),
            **changed,
        }
    if table == "supplier":
        return {"number": ("supplier_number", pl.col("supplier_number"))}
    if table in ("inventory", "inventory_history"):
        return changed
    return {}


def sale_dates(frame: pl.DataFrame) -> pl.DataFrame:
    """`date` and `sale_date` (text) from `at` and, where there is one, DATE_FORM.

    Usually `date` is local time without a zone and `sale_date` UTC with Z. A row can differ: "local" and "utc" in
    both generations, "day" (the local day alone), "future" (400 days on), "unreadable", "missing".
    """
    local = pl.col("at").dt.strftime("%Y-%m-%d %H:%M:%S")
    utc = to_utc(pl.col("at")).dt.strftime(_ISO_UTC)
    if DATE_FORM not in frame.columns:
        return frame.with_columns(date=local, sale_date=utc)
    form = pl.col(DATE_FORM)

    def written(usual: pl.Expr) -> pl.Expr:
        return (
            pl.when(form == "local").then(local)
            .when(form == "utc").then(utc)
            .when(form == "day").then(pl.col("at").dt.strftime("%Y-%m-%d"))
            .when(form == "future").then((pl.col("at") + pl.duration(days=400)).dt.strftime("%Y-%m-%d %H:%M:%S"))
            .when(form == "unreadable").then(pl.lit("31.02.20xx"))
            .when(form == "missing").then(pl.lit(None, dtype=pl.String))
            .otherwise(usual)
        )  # fmt: skip

    return frame.with_columns(date=written(local), sale_date=written(utc))


_HELPERS = ("at", DATE_FORM, "delivered_at", "first_name", "last_name")


def landed(
    table: str, rows: pl.DataFrame, generation: GenerationChoice, refs: References, is_newer: pl.Series | None = None
) -> pl.DataFrame:
    """The rows under the names of a generation.

    Args:
        rows: declared names (see rows), after dirt.
        is_newer: for "mixed", the rows that take the API's names; all of them where it is None.
    """
    frame = sale_dates(rows) if table == "sale" else rows
    api = api_columns(table, frame, refs)
    replaced = [old for old, _ in api.values() if old]
    helpers = [name for name in _HELPERS if name in frame.columns]
    if table == "sale":
        helpers.append("sale_date")
    own_reference = pl.col("customer_id").replace(refs.customer) if table == "order" else None
    if generation == "declared" or (generation == "mixed" and is_newer is not None and not is_newer.any()):
        return frame.drop(helpers)
    if generation == "api" or is_newer is None or is_newer.all():
        values = [expr.alias(name) for name, (_, expr) in api.items()]
        if own_reference is not None:
            values.append(own_reference.alias("customer_id"))
        fresh = frame.with_columns(values)
        gone = [name for name in (*replaced, *helpers) if name not in api]
        return fresh.drop(gone)
    older = landed(table, rows.filter(~is_newer), "declared", refs)
    newer = landed(table, rows.filter(is_newer), "api", refs)
    return pl.concat([older, newer], how="diagonal")


__all__ = ["DATE_FORM", "INVERSE", "SYNCED", "References", "landed", "references", "sale_dates"]
