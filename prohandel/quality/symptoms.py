"""What may be wrong with a landing, as single checks see it; an incident is made of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal[
    "missing_data", "duplicates", "schema_change", "failed_test", "stale", "anomaly", "connector", "forecast_drift"
]  # fmt: skip
Severity = Literal["error", "warn"]

ALL_BRANCHES = "all"


@dataclass(frozen=True)
class Symptom:
    """One thing that one check found.

    Attributes:
        kind: what a person on call would call it.
        check: name of the check, the same whenever it finds the same thing.
        table: landed table, or the model whose test failed; `connector` where the connection itself is in trouble.
        since: when it began, as far as the check can tell.
        severity: error if figures that people read are wrong or missing, warn otherwise.
        rows: rows that are missing, doubled or wrong; an estimate where they are missing.
        what: what was found, a sentence with its figures.
        column: of the landed table.
        branch: branch number; `all` where it is not one branch's.
        owner: who is to look at it.
        sample_keys: keys of rows that it is about; never personal data.
    """

    kind: Kind
    check: str
    table: str
    since: datetime
    severity: Severity
    rows: int
    what: str
    column: str | None = None
    branch: str = ALL_BRANCHES
    owner: str = "data_platform"
    sample_keys: tuple[str, ...] = ()
