"""Finds the type that a column of text lands as.

As Fivetran does it, from the values and nothing else, with one care more: nothing is read as a number whose text
could not be written back from it, so 0901 stays text, and so does 12.50 where the column holds names and numbers of
things rather than amounts.
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

_WHOLE = r"^-?(0|[1-9]\d{0,18})$"
# Up to 15 digits, which a double always holds exactly.
_DECIMAL = r"^-?(0|[1-9]\d{0,14})(\.\d+)?$"
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_MOMENT = (
    r"^(?<day>\d{4}-\d{2}-\d{2})[T ](?<minute>\d{2}:\d{2})(?<second>:\d{2})?(?<fraction>\.\d{1,9})?"
    r" ?(?<zone>Z|[+-]\d{2}(:?\d{2})?)?$"
)
_TRIAL = 200


def infer_types(
    rows: pl.DataFrame, *, keep_text: Collection[str] = (), no_decimals: Collection[str] = ()
) -> pl.DataFrame:
    """Reads text columns as the narrowest type that holds all of their values.

    Args:
        rows: text columns (others are left alone), null where a value is missing.
        keep_text: columns that stay text.
        no_decimals: columns that may become whole numbers but nothing else.

    Returns:
        The same columns as boolean, Int64, Float64, date, datetime (in UTC where every value has a zone) or text.
        A column without any value stays text.
    """
    return rows.with_columns(
        infer_column(rows[name], whole_numbers_only=name in no_decimals).alias(name)
        for name, dtype in rows.schema.items()
        if dtype == pl.String and name not in keep_text
    )


def infer_column(values: pl.Series, *, whole_numbers_only: bool = False) -> pl.Series:
    """One column in the narrowest type that holds all of its values; see `infer_types`."""
    present = values.drop_nulls()
    if present.is_empty():
        return values
    for reading in (_as_whole,) if whole_numbers_only else (_as_boolean, _as_whole, _as_decimal, _as_date, _as_moment):
        # Most readings fail on the first values already, so the others are spared a look at all of them.
        if reading(present.head(_TRIAL)) is not None and (read := reading(values)) is not None:
            return read
    return values


def _matches(values: pl.Series, pattern: str) -> bool:
    return bool(values.str.contains(pattern).all())


def _unless_lost(read: pl.Series, values: pl.Series) -> pl.Series | None:
    return read if read.null_count() == values.null_count() else None


def _as_boolean(values: pl.Series) -> pl.Series | None:
    lower = values.str.to_lowercase()
    return lower == "true" if lower.drop_nulls().is_in(["true", "false"]).all() else None


def _as_whole(values: pl.Series) -> pl.Series | None:
    return _unless_lost(values.cast(pl.Int64, strict=False), values) if _matches(values, _WHOLE) else None


def _as_decimal(values: pl.Series) -> pl.Series | None:
    return _unless_lost(values.cast(pl.Float64, strict=False), values) if _matches(values, _DECIMAL) else None


def _as_date(values: pl.Series) -> pl.Series | None:
    if not _matches(values, _DATE):
        return None
    return _unless_lost(values.str.to_date("%Y-%m-%d", strict=False), values)


def _as_moment(values: pl.Series) -> pl.Series | None:
    """Local times (days count as their midnight) or instants; None for a mixture, which only text can hold."""
    is_day = values.str.contains(_DATE)
    if not (is_day | values.str.contains(_MOMENT)).all():
        return None
    parts = values.str.extract_groups(_MOMENT).struct.unnest()
    zone = parts["zone"]
    present = values.is_not_null()
    if zone.is_not_null().any() and not zone.filter(present).is_not_null().all():
        return None
    local = parts.select(
        pl.when(values.is_null())
        .then(None)
        .otherwise(
            pl.coalesce("day", values)
            + pl.lit(" ")
            + pl.col("minute").fill_null("00:00")
            + pl.col("second").fill_null(":00")
            + pl.col("fraction").fill_null(".0")
        )
    ).to_series()
    if zone.null_count() == len(zone):
        return _unless_lost(local.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False), values)
    offset = zone.str.replace("Z", "+0000", literal=True).str.replace(":", "", literal=True)
    offset = offset.str.pad_end(5, "0")
    moments = (local + offset).str.to_datetime("%Y-%m-%d %H:%M:%S%.f%z", time_unit="us", strict=False)
    return _unless_lost(moments.dt.convert_time_zone("UTC"), values)
