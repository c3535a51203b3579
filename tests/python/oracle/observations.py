"""Observations of stock: what was on hand of each inventory row, and from when on.

Readings chosen:
    * `inventory_history` speaks for all time up to its newest `_fivetran_start`; later observations come from the
      snapshot and from the current rows at their `_fivetran_synced`.
    * A version of the history that ends without a successor within a second ended by deletion: 0 from its end on.
    * A version or row that is flagged deleted holds 0 from its start.
    * A version or row whose quantity cannot be read is no observation: the last readable one goes on.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .cleaning import berlin_day
from .core import Core
from .landing import Staged

KEY = ["inventory_id", "branch_number", "article_number", "article_size_number"]
_OPEN_END = 8_000 * 365 * 86_400 * 1_000_000
_ADJOINING = 1_000_000


def observations(staged: Staged, core: Core) -> pd.DataFrame:
    """Changes of stock, one row per inventory row and moment.

    Returns:
        The key columns, `at` (microseconds), `day`, `quantity` (1e-4 units, 0 once deleted) and `delta` to the quantity
        before (the first one counts from 0); ordered by key and moment.
    """
    history = _history_events(_resolved(staged.history, core))
    covered = history["at"].max() if len(history) else None
    later = [_row_events(_resolved(frame, core)) for frame in (staged.snapshot, staged.inventory)]
    events = pd.concat(later, ignore_index=True)
    if covered is not None:
        starts = staged.history["started_at"].max()
        events = pd.concat([history, events[events["at"].gt(starts)]], ignore_index=True)
    events = events.drop_duplicates([*KEY, "at"], keep="last").sort_values([*KEY, "at"], kind="stable")
    before = events.groupby(KEY, sort=False)["quantity"].shift(1)
    events["delta"] = events["quantity"] - before.fillna(0)
    events["day"] = berlin_day(events["at"])
    return events.reset_index(drop=True)


def current_stock(staged: Staged, core: Core) -> pd.DataFrame:
    """The landed inventory rows that are readable and not deleted: key columns and quantity."""
    rows = _resolved(staged.inventory, core)
    kept = ~rows["is_deleted"] & rows["quantity"].notna()
    return rows.loc[kept, [*KEY, "quantity"]].reset_index(drop=True)


def landed_sizes(staged: Staged, core: Core) -> pd.DataFrame:
    """Every (branch_number, article_number, article_size_number) that inventory ever named with a quantity."""
    readable = [frame[frame["quantity"].notna()] for frame in (staged.inventory, staged.history, staged.snapshot)]
    frames = [_resolved(frame, core)[KEY[1:]] for frame in readable]
    return pd.concat(frames, ignore_index=True).drop_duplicates(ignore_index=True)


def _resolved(frame: pd.DataFrame, core: Core) -> pd.DataFrame:
    resolved = frame.assign(
        branch_number=core.branch_of(frame["branch_ref"]), article_number=core.article_of(frame["article_ref"])
    )
    return resolved[resolved["article_number"].notna()]


def _row_events(rows: pd.DataFrame) -> pd.DataFrame:
    quantity = rows["quantity"].mask(rows["is_deleted"], 0)
    events = rows[KEY].assign(at=rows["synced_at"], quantity=quantity)
    if "ended_at" in rows.columns:
        events = _with_endings(events, rows)
    return events[events["quantity"].notna() & events["at"].notna()]


def _history_events(versions: pd.DataFrame) -> pd.DataFrame:
    rows = versions.sort_values([*KEY, "started_at"], kind="stable")
    events = rows[KEY].assign(at=rows["started_at"], quantity=rows["quantity"].mask(rows["is_deleted"], 0))
    return _with_endings(events, rows).dropna(subset=["at", "quantity"])


def _with_endings(events: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Add a quantity of 0 where a version ended and no other took over."""
    ordered = events.assign(ended_at=rows["ended_at"], is_active=rows["is_active"])
    ordered = ordered.sort_values([*KEY, "at"], kind="stable")
    following = ordered.groupby(KEY, sort=False)["at"].shift(-1)
    ended = ordered["ended_at"].notna() & ordered["ended_at"].lt(_OPEN_END).fillna(False)
    ended &= ~ordered["is_active"].fillna(False).astype(bool)
    gap = following.isna() | (following - ordered["ended_at"]).gt(_ADJOINING).fillna(False)
    endings = ordered[(ended & gap).astype(bool)]
    endings = endings.assign(at=endings["ended_at"], quantity=0)
    columns: list[Any] = [*KEY, "at", "quantity"]
    return pd.concat([ordered[columns], endings[columns]], ignore_index=True)


def first_days(events: pd.DataFrame, keys: list[str]) -> dict[Any, int]:
    """The first day of any of the given observations per key."""
    firsts = events.groupby(keys if len(keys) > 1 else keys[0])["day"].min()
    return {key: int(np.int64(value)) for key, value in firsts.items()}
