"""Syncs that fail, as the incidents of the data see them."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from prohandel.aws.masking import mask
from prohandel.connector.events import Events, Failing
from prohandel.pipeline.target import Target, exists
from prohandel.quality.symptoms import Symptom

_LONGEST_REASON = 200


def failed_syncs(conn: psycopg.Connection[Any], target: Target) -> list[Symptom] | None:
    """The connections whose newest sync has failed; None where no webhook ever listened."""
    schema = target.schema_of("operations")
    if not exists(conn, sql.Identifier(schema, "webhook_events")):
        return None
    return [_symptom(one) for one in Events(conn, schema).failing()]


def _symptom(failing: Failing) -> Symptom:
    syncs = "the sync" if failing.syncs == 1 else f"{failing.syncs} syncs in a row"
    reason = " ".join(failing.reason.split())[:_LONGEST_REASON]
    asks = "; Fivetran's dashboard asks for something to be done" if failing.status == "FAILURE_WITH_TASK" else ""
    return Symptom(
        kind="connector",
        check="sync",
        table="connector",
        since=failing.since,
        severity="error",
        rows=0,
        what=f"Fivetran says that {syncs} of {failing.connection_id} failed{asks}"
        + (f": {mask(reason)}" if reason else "")
        + " (docs/syncs.md)",
    )
