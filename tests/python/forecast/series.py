"""Panels made by hand and by chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from prohandel.forecast.panel import Panel, periods_after

MONDAY = np.datetime64("2026-01-05")


def panel_of(
    units: Any, share: Any = None, *, freq: str = "D", start: np.datetime64 = MONDAY, **groups: Sequence[int]
) -> Panel:
    """A panel of rows of units, days from a Monday on unless said otherwise."""
    rows = np.asarray(units, dtype=np.float32)
    first = np.array([start], dtype="datetime64[D]")
    periods = np.concatenate([first, periods_after(first[0], rows.shape[1] - 1, freq)])
    return Panel(
        tuple(f"s{place}" for place in range(len(rows))),
        periods,
        freq,
        rows,
        np.ones_like(rows) if share is None else np.asarray(share, dtype=np.float32),
        groups={name: np.asarray(codes, dtype=np.int32) for name, codes in groups.items()},
    )
