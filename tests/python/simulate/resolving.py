"""Landed tables of any generation as the one content that they stand for."""

from __future__ import annotations

import polars as pl

from prohandel.landing.simulate.history import History
from prohandel.landing.tables import Column, landed_table

_ISO_UTC = "%Y-%m-%dT%H:%M:%SZ"
_LOCAL = "%Y-%m-%d %H:%M:%S"
_REFERENCES = {
    "branch_number": ("shop", "branch_number"),
    "customer_number": ("customer", "customer_number"),
    "customer_id": ("customer", "customer_number"),
    "supplier_id": ("supplier", "supplier_number"),
}
_INVERSE = {"true": "false", "false": "true", "1": "0", "0": "1", "ja": "nein", "nein": "ja", "J": "N", "N": "J"}


def table(made: History, name: str) -> pl.DataFrame:
    return next(batch.rows for batch in made.batches if batch.table == name)


def resolved(made: History, name: str) -> pl.DataFrame:
    """A landed table under declared names, with references as numbers and times as instants, sorted by its key."""
    frame = table(made, name)
    columns: dict[str, pl.Expr] = {}
    for column in landed_table(name).columns:
        landed = [_value(frame, column, n) for n in (column.name, column.api) if n and n in frame.columns]
        if landed:
            columns[column.name] = pl.coalesce(landed)
        if column.name in columns and column.name in _REFERENCES and name in ("sale", "order", "article"):
            columns[column.name] = columns[column.name].replace(_numbers(made, *_REFERENCES[column.name]))
    if "first_name" in frame.columns:
        full = pl.concat_str("first_name", "last_name", separator=" ")
        columns["name"] = pl.coalesce([*([pl.col("name")] if "name" in frame.columns else []), full])
    if name == "sale":
        columns["date"] = _instant(frame)
    return frame.select(**dict(sorted(columns.items()))).sort(landed_table(name).primary_key)


def _value(frame: pl.DataFrame, column: Column, landed: str) -> pl.Expr:
    value = pl.col(landed)
    is_text = frame.schema[landed] == pl.String
    if column.api_inverse and landed == column.api:
        return value.replace(_INVERSE) if is_text else ~value
    if column.kind == "timestamp" and is_text:
        return value.str.to_datetime(_ISO_UTC, time_unit="us", time_zone="UTC")
    return value


def _instant(frame: pl.DataFrame) -> pl.Expr:
    """What the date of a sale says: a point in time where it can be read as one, else its text."""
    landed = [pl.col(name) for name in ("date", "sale_date") if name in frame.columns]
    local = [
        text.str.to_datetime(_LOCAL, strict=False, time_unit="us")
        .dt.replace_time_zone("Europe/Berlin", ambiguous="earliest", non_existent="null")
        .dt.convert_time_zone("UTC")
        for text in landed
    ]
    utc = [text.str.to_datetime(_ISO_UTC, strict=False, time_unit="us", time_zone="UTC") for text in landed]
    return pl.coalesce([*(at.dt.strftime(_ISO_UTC) for at in (*local, *utc)), *landed])


def _numbers(made: History, parents: str, declared: str) -> dict[str, str]:
    frame = table(made, parents)
    number = pl.coalesce([name for name in (declared, "number") if name in frame.columns])
    return dict(frame.select(pl.col("id"), number.str.strip_chars().alias("parent")).drop_nulls().iter_rows())
