"""What a drift of forecasts means to the incidents of the data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from prohandel.forecast.drift_limits import LEAD_TIME, LIMITS
from prohandel.pipeline.target import exists
from prohandel.quality.symptoms import ALL_BRANCHES, Symptom

MART = "demand_forecast"
"""What stands for the table in symptoms of forecasts."""
_BERLIN = ZoneInfo("Europe/Berlin")
_BRANCH = "branch:"


def look(conn: psycopg.Connection, schema: str) -> list[Symptom] | None:
    """What drifted in the newest week that was judged; None where nothing ever was.

    Args:
        conn: to the warehouse.
        schema: of forecasts.
    """
    table, breaks = sql.Identifier(schema, "drift"), sql.Identifier(schema, "breaks")
    if not (exists(conn, table) and exists(conn, breaks)):
        return None
    rows = conn.execute(
        sql.SQL(
            """
            select drift.segment, drift.model, drift.week, drift.tracking_signal, drift.wape, drift.baseline_wape,
                drift.psi, drift.is_drifting, breaks.since, breaks.ratio,
                count(*) filter (where drift.model <> %s) over () as judged
            from {drift} as drift
            left join {breaks} as breaks on drift.segment = breaks.segment and drift.week = breaks.week
            where drift.week = (select max(week) from {drift})
            order by breaks.segment is null, abs(drift.tracking_signal) desc nulls last, drift.segment, drift.model
            """
        ).format(drift=table, breaks=breaks),
        [LEAD_TIME],
    ).fetchall()
    if not rows:
        return None
    return [_symptom(row) for row in rows if row[7]]


def _symptom(row: Sequence[Any]) -> Symptom:
    segment, model, week, signal, wape, baseline, psi, _, since, ratio, judged = row
    # A branch whose drift another segment explains is no incident of its own. Of an incident the cause is told first:
    # symptoms are put in the order of the names of their checks.
    is_branch = segment.startswith(_BRANCH) and ratio is not None
    return Symptom(
        kind="forecast_drift",
        check=f"{'cause' if ratio is not None else 'follows'} {model} {segment}",
        table=MART,
        branch=segment.removeprefix(_BRANCH) if is_branch else ALL_BRANCHES,
        since=datetime.combine(since or week, time(), _BERLIN).astimezone(UTC),
        severity="warn",
        rows=0,
        what=_words(segment, model, signal, wape, baseline, psi, ratio, judged),
        owner="merchandising",
    )


def _words(
    segment: str,
    model: str,
    signal: float | None,
    wape: float | None,
    baseline: float | None,
    psi: float | None,
    ratio: float | None,
    judged: int,
) -> str:
    limit = LIMITS.lead_time if model == LEAD_TIME else LIMITS.tracking_signal(judged)
    told = f"tracking signal {signal:.1f}, limit {limit:.1f}" if signal is not None else ""
    if model == LEAD_TIME:
        return f"{segment} delivers later than planned, {told}"
    parts = []
    if signal is not None and abs(signal) > limit:
        times = f" ({ratio:.2f} times as much)" if ratio is not None else ""
        parts.append(f"sells {'more' if signal > 0 else 'less'} than was forecast{times}, {told}")
    if psi is not None and psi > LIMITS.psi:
        parts.append(f"has other series than in training, PSI {psi:.2f}, limit {LIMITS.psi:g}")
    if wape is not None and baseline is not None and wape > LIMITS.wape_ratio * baseline:
        parts.append(f"is forecast with a WAPE of {wape:.2f}, usually {baseline:.2f}")
    return f"{segment} {' and '.join(parts)}, model {model}"
