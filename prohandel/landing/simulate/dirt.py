"""Traps planted in the rows (landing.md, facts 1 to 16), each written down for the truth."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from prohandel.landing.simulate.truth import PLANTED_SCHEMA
from prohandel.landing.simulate.world import World


@dataclass
class Soiled:
    """Tables after dirt was planted, what was planted, and what lands only later (with `due_hour`)."""

    tables: dict[str, pl.DataFrame]
    planted: pl.DataFrame
    waiting: dict[str, pl.DataFrame] = field(default_factory=dict)
    deleted: dict[str, pl.DataFrame] = field(default_factory=dict)
    seen_quantity: dict[int, int] = field(default_factory=dict)


def as_numbers(frame: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    """The frame with those columns as numbers where dirt made text of them; what is none becomes null."""
    return frame.with_columns(
        pl.col(name).cast(pl.Float64, strict=False) for name in columns if frame.schema[name] == pl.String
    )


def history(world: World, tables: dict[str, pl.DataFrame], rate: float) -> Soiled:
    """Plants every trap into the rows of the history."""
    return Soiled(tables, pl.DataFrame(schema=PLANTED_SCHEMA))


def hour(world: World, recent: pl.DataFrame, tables: dict[str, pl.DataFrame], rate: float, until: int) -> Soiled:
    return Soiled(tables, pl.DataFrame(schema=PLANTED_SCHEMA))
