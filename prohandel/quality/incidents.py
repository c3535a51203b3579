"""Incidents: symptoms that have one root, from the first that is seen to the recovery. Their state is in the database.

An incident is named by its kind, table and branch, so that the same trouble is one incident however many checks and
runs see it. It is open while a run sees one of its symptoms, or what follows from it; a run that sees none closes it.
People acknowledge it (they know), snooze it (not before), or mark it as a fault of the data, so that no baseline learns
from its hours.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

from prohandel.errors import ProhandelError
from prohandel.pipeline.target import exists
from prohandel.quality.symptoms import ALL_BRANCHES, Kind, Symptom

Upstream = Callable[[str], Collection[str]]
"""Names of the landed tables and models that a model is built from, near and far."""

_COLUMNS = """
    id bigint generated always as identity primary key,
    root text not null,
    kind text not null,
    table_name text not null,
    column_name text,
    branch_number text not null,
    severity text not null,
    owner text not null,
    since timestamptz not null,
    opened_at timestamptz not null,
    last_seen_at timestamptz not null,
    closed_at timestamptz,
    rows bigint not null,
    symptoms jsonb not null,
    sample_keys jsonb not null,
    acknowledged_by text,
    snoozed_until timestamptz,
    told_rows bigint not null,
    is_data_fault boolean not null default false
"""


@dataclass(frozen=True)
class Incident:
    """Trouble with one root.

    Attributes:
        id: number of the incident.
        root: kind, table and branch, which make it the same incident in every run.
        kind: missing_data, duplicates, schema_change, failed_test, stale, anomaly, connector or forecast_drift.
        table: landed table, or the model whose test failed; `connector` where the connection itself is in trouble.
        column: if its symptoms are about one.
        branch: branch number, or all.
        severity: the worst of its symptoms.
        owner: who is to look at it.
        since: when it began, as far as the checks can tell.
        opened_at: the run that first saw it.
        last_seen_at: the newest run that saw it.
        closed_at: the run that saw it no more; None while it is open.
        rows: most rows that a symptom names.
        symptoms: what the checks say, one sentence each.
        sample_keys: keys of rows that are wrong; never personal data.
        acknowledged_by: who has said that they know.
        snoozed_until: no message before.
        told_rows: rows when it opened or last worsened.
        is_data_fault: no baseline learns from its hours.
    """

    id: int
    root: str
    kind: str
    table: str
    column: str | None
    branch: str
    severity: str
    owner: str
    since: datetime
    opened_at: datetime
    last_seen_at: datetime
    closed_at: datetime | None
    rows: int
    symptoms: tuple[str, ...]
    sample_keys: tuple[str, ...]
    acknowledged_by: str | None
    snoozed_until: datetime | None
    told_rows: int = 0
    is_data_fault: bool = False

    @property
    def runbook(self) -> str:
        """The page that says what to do."""
        return f"docs/runbooks/{self.kind}.md"

    def as_json(self) -> dict[str, Any]:
        """Plain values, for `prohandel alerts list --json`."""
        return {
            "id": self.id,
            "kind": self.kind,
            "table": self.table,
            "column": self.column,
            "branch": self.branch,
            "since": self.since.isoformat(),
            "severity": self.severity,
            "rows": self.rows,
            "owner": self.owner,
            "runbook": self.runbook,
            "symptoms": list(self.symptoms),
            "sample_keys": list(self.sample_keys),
            "opened_at": self.opened_at.isoformat(),
            "acknowledged_by": self.acknowledged_by,
            "snoozed_until": self.snoozed_until.isoformat() if self.snoozed_until else None,
            "is_data_fault": self.is_data_fault,
        }


@dataclass(frozen=True)
class Changes:
    """What a run did to the incidents.

    Attributes:
        opened: seen for the first time.
        worsened: seen again, with a severity that it did not have, or ten times the rows that were told of.
        closed: seen no more.
    """

    opened: tuple[Incident, ...]
    worsened: tuple[Incident, ...]
    closed: tuple[Incident, ...]


def prepare(conn: psycopg.Connection, schema: str) -> None:
    """Creates the table of incidents where there is none.

    Whoever calls it in a transaction keeps others out of the incidents and the outbox until that ends.
    """
    with conn.transaction():
        # Two runs at once would both create the table, and both open what neither sees of the other.
        conn.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"prohandel incidents {schema}"])
        conn.execute(
            sql.SQL("create table if not exists {} ({})").format(sql.Identifier(schema, "incidents"), sql.SQL(_COLUMNS))
        )
        conn.execute(
            sql.SQL("create unique index if not exists incidents_open on {} (root) where closed_at is null").format(
                sql.Identifier(schema, "incidents")
            )
        )


_SUPERSEDES: Mapping[str, frozenset[str]] = {
    "connector": frozenset({"missing_data", "stale"}),
    "missing_data": frozenset({"stale"}),
    "schema_change": frozenset({"anomaly", "failed_test", "missing_data", "stale"}),
}


def _nothing_above(_name: str) -> Collection[str]:
    return ()


def roots(
    symptoms: Iterable[Symptom], known: Mapping[str, Incident] | None = None, upstream: Upstream = _nothing_above
) -> dict[str, list[Symptom]]:
    """Symptoms by their root, the telling one first.

    A column that was renamed empties a column, fails tests and moves rates: the change of schema explains what else is
    out of order in its table, and the tests that fail in what is built from it, as long as any of it lasts. A test that
    fails explains those that fail further down. Of anomalies, each column is an incident of its own; all that is wrong
    with prices is one. While the connection fails, tables that stand still and lines that are missing everywhere
    belong to that, unless they were told of before. Where all branches are known to be in trouble, those that still
    are belong to it.

    Args:
        symptoms: of one run.
        known: incidents that are open, by their root.
        upstream: what a model is built from.
    """
    known = known or {}
    grouped: dict[str, list[Symptom]] = {}
    for symptom in sorted(symptoms, key=lambda one: _order(one, upstream)):
        root = _explained_by(symptom, grouped, known, upstream) or _root(symptom)
        everywhere = _everywhere(root)
        if root not in known and everywhere in known:
            root = everywhere
        grouped.setdefault(root, []).append(symptom)
    return grouped


_KINDS = (
    "connector", "schema_change", "missing_data", "duplicates", "stale", "anomaly", "failed_test", "forecast_drift"
)  # fmt: skip


def _order(symptom: Symptom, upstream: Upstream) -> tuple[int, bool, int, int, str]:
    depth = len(upstream(symptom.table)) if symptom.kind == "failed_test" else 0
    return (_KINDS.index(symptom.kind), symptom.severity != "error", depth, -symptom.rows, symptom.check)


def _explained_by(
    symptom: Symptom, grouped: Mapping[str, Sequence[Symptom]], known: Mapping[str, Incident], upstream: Upstream
) -> str | None:
    """The root of what explains a symptom: of this run, or of a change of schema before it."""
    above = {symptom.table, *(upstream(symptom.table) if symptom.kind == "failed_test" else ())}
    severities = {root: incident.severity for root, incident in known.items() if incident.kind == "schema_change"}
    severities.update({root: of_root[0].severity for root, of_root in grouped.items()})
    for root, severity in severities.items():
        kind, table = root.split("|")[:2]
        if kind == "connector" and _stands_still(symptom) and severity == "error" and _root(symptom) not in known:
            return root
        if table not in above:
            continue
        if symptom.kind in _SUPERSEDES.get(kind, ()) and (kind != "schema_change" or severity == "error"):
            return root
        if kind == symptom.kind == "failed_test" and _rank(severity) >= _rank(symptom.severity):
            return root
    return None


def _stands_still(symptom: Symptom) -> bool:
    return symptom.kind in _SUPERSEDES["connector"] and symptom.branch == ALL_BRANCHES


def _root(symptom: Symptom) -> str:
    parts: list[str] = [symptom.kind, symptom.table, symptom.branch]
    if symptom.kind == "anomaly":
        parts.append(_SAME_THING.get(symptom.column or "", symptom.column or ""))
    if symptom.kind == "schema_change":
        # A new name is one column less and one more: what one run finds is one change.
        parts.append(symptom.since.astimezone(UTC).isoformat())
    return "|".join(parts)


def _everywhere(root: str) -> str:
    """The root of the same trouble in all branches."""
    kind, table, _branch, *rest = root.split("|")
    return "|".join([kind, table, ALL_BRANCHES, *rest])


_SAME_THING = {"label_price": "prices", "sale_price": "prices", "discount": "prices"}
_MUCH_WORSE = 10


def record(
    conn: psycopg.Connection,
    schema: str,
    symptoms: Sequence[Symptom],
    now: datetime,
    upstream: Upstream = _nothing_above,
    not_looked_at: Collection[Kind] = (),
) -> Changes:
    """Opens, continues and closes incidents by what a run has seen; one transaction, one run after the other.

    A branch's incident stays open while all branches are in the same trouble: it is not over, only not seen alone. One
    of a kind that was not looked at stays as it is.
    """
    with conn.transaction():
        prepare(conn, schema)
        before = {incident.root: incident for incident in open_incidents(conn, schema, lock=True)}
        grouped = roots(symptoms, before, upstream)
        opened, worsened = [], []
        for root, of_root in grouped.items():
            if root not in before:
                opened.append(_open(conn, schema, root, of_root, now))
                continue
            known = before[root]
            rows = max(known.rows, *(symptom.rows for symptom in of_root))
            is_worse = _rank(_worst(of_root)) > _rank(known.severity) or 0 < _MUCH_WORSE * known.told_rows <= rows
            again = _continue(conn, schema, known, of_root, now, rows, rows if is_worse else known.told_rows or rows)
            if is_worse:
                worsened.append(again)
        closed = [
            _close(conn, schema, incident, now)
            for root, incident in before.items()
            if root not in grouped and _everywhere(root) not in grouped and incident.kind not in not_looked_at
        ]
    return Changes(tuple(opened), tuple(worsened), tuple(closed))


def _rank(severity: str) -> int:
    return ("warn", "error").index(severity)


def _worst(symptoms: Sequence[Symptom]) -> str:
    return max((symptom.severity for symptom in symptoms), key=_rank)


def _said(symptoms: Sequence[Symptom], before: Sequence[str] = ()) -> str:
    return json.dumps(list(dict.fromkeys([*before, *(symptom.what for symptom in symptoms)])))


def _keys(symptoms: Sequence[Symptom]) -> str:
    return json.dumps(list(dict.fromkeys(key for symptom in symptoms for key in symptom.sample_keys))[:3])


def _open(conn: psycopg.Connection, schema: str, root: str, symptoms: Sequence[Symptom], now: datetime) -> Incident:
    first = symptoms[0]
    rows = max(symptom.rows for symptom in symptoms)
    row = conn.execute(
        sql.SQL(
            """
            insert into {} (
                root, kind, table_name, column_name, branch_number, severity, owner, since, opened_at, last_seen_at,
                rows, told_rows, symptoms, sample_keys
            )
            values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            returning {}
            """
        ).format(sql.Identifier(schema, "incidents"), _SELECTED),
        [
            root, first.kind, first.table, first.column, first.branch, _worst(symptoms), first.owner,
            min(symptom.since for symptom in symptoms), now, now, rows, rows, _said(symptoms), _keys(symptoms),
        ],
    ).fetchone()  # fmt: skip
    return _incident(row)


def _continue(
    conn: psycopg.Connection,
    schema: str,
    known: Incident,
    symptoms: Sequence[Symptom],
    now: datetime,
    rows: int,
    told_rows: int,
) -> Incident:
    is_seen = any(symptom.kind == known.kind for symptom in symptoms)
    row = conn.execute(
        sql.SQL(
            """
            update {} set severity = %s, since = least(since, %s), last_seen_at = greatest(last_seen_at, %s), rows = %s,
                told_rows = %s, symptoms = %s, sample_keys = %s
            where id = %s
            returning {}
            """
        ).format(sql.Identifier(schema, "incidents"), _SELECTED),
        [
            max(known.severity, _worst(symptoms), key=_rank), min(symptom.since for symptom in symptoms), now, rows,
            told_rows,
            # Where only what follows is left, what it follows from stays said.
            _said(symptoms, () if is_seen else known.symptoms[:1]),
            _keys(symptoms), known.id,
        ],
    ).fetchone()  # fmt: skip
    return _incident(row)


def _close(conn: psycopg.Connection, schema: str, incident: Incident, now: datetime) -> Incident:
    row = conn.execute(
        sql.SQL("update {} set closed_at = %s where id = %s returning {}").format(
            sql.Identifier(schema, "incidents"), _SELECTED
        ),
        [now, incident.id],
    ).fetchone()
    return _incident(row)


_NAMES = (
    "id", "root", "kind", "table_name", "column_name", "branch_number", "severity", "owner", "since", "opened_at",
    "last_seen_at", "closed_at", "rows", "symptoms", "sample_keys", "acknowledged_by", "snoozed_until", "told_rows",
    "is_data_fault",
)  # fmt: skip
_SELECTED = sql.SQL(", ").join(map(sql.Identifier, _NAMES))


def _incident(row: Sequence[Any] | None) -> Incident:
    if row is None:
        raise ProhandelError("The incident has vanished while it was written.", "Run it again.")
    values = dict(zip(_NAMES, row, strict=True))
    return Incident(
        table=values.pop("table_name"),
        column=values.pop("column_name"),
        branch=values.pop("branch_number"),
        symptoms=tuple(values.pop("symptoms")),
        sample_keys=tuple(values.pop("sample_keys")),
        **values,
    )


def open_incidents(conn: psycopg.Connection, schema: str, *, lock: bool = False) -> list[Incident]:
    """The open incidents, the oldest first.

    Args:
        lock: keep others from changing them until the transaction ends.
    """
    rows = conn.execute(
        sql.SQL("select {} from {} where closed_at is null order by id {}").format(
            _SELECTED, sql.Identifier(schema, "incidents"), sql.SQL("for update" if lock else "")
        )
    ).fetchall()
    return [_incident(row) for row in rows]


def incident_of(conn: psycopg.Connection, schema: str, number: int) -> Incident:
    """The incident of that number, open or over.

    Raises:
        ProhandelError: there is none.
    """
    row = conn.execute(
        sql.SQL("select {} from {} where id = %s").format(_SELECTED, sql.Identifier(schema, "incidents")), [number]
    ).fetchone()
    if row is None:
        raise ProhandelError(f"There is no incident {number}.", "`prohandel alerts list` shows those that are open.")
    return _incident(row)


def acknowledge(conn: psycopg.Connection, schema: str, number: int, by: str) -> Incident:
    """Notes that somebody knows: no reminders, but a worsening and the recovery are told.

    Raises:
        ProhandelError: no incident of that number is open.
    """
    return _set(conn, schema, number, "acknowledged_by", by)


def snooze(conn: psycopg.Connection, schema: str, number: int, until: datetime) -> Incident:
    """No message about it before that time, whatever happens to it.

    Raises:
        ProhandelError: no incident of that number is open.
    """
    return _set(conn, schema, number, "snoozed_until", until)


def _set(conn: psycopg.Connection, schema: str, number: int, column: str, value: Any) -> Incident:
    row = conn.execute(
        sql.SQL("update {} set {} = %s where id = %s and closed_at is null returning {}").format(
            sql.Identifier(schema, "incidents"), sql.Identifier(column), _SELECTED
        ),
        [value, number],
    ).fetchone()
    if row is None:
        raise ProhandelError(
            f"No incident {number} is open.", "List the open ones with `prohandel alerts list`, and name one of them."
        )
    return _incident(row)


def mark(conn: psycopg.Connection, schema: str, number: int) -> Incident:
    """Marks an incident, open or closed, as a fault of the data: baselines forget its hours.

    Raises:
        ProhandelError: there is no incident of that number.
    """
    row = conn.execute(
        sql.SQL("update {} set is_data_fault = true where id = %s returning {}").format(
            sql.Identifier(schema, "incidents"), _SELECTED
        ),
        [number],
    ).fetchone()
    if row is None:
        raise ProhandelError(
            f"There is no incident {number}.", "Its message names the number: `prohandel alerts show <number>`."
        )
    return _incident(row)


_OF_VOLUME: tuple[Kind, ...] = ("missing_data", "duplicates", "schema_change")


def marked_hours(
    conn: psycopg.Connection, schema: str, table: str, now: datetime, kinds: Collection[Kind] = _OF_VOLUME
) -> dict[str, frozenset[datetime]]:
    """Hours of incidents that are marked as faults of the data, by branch, `all` among them.

    Args:
        table: landed table of the incidents.
        now: where the hours of an incident that is open end.
        kinds: of the incidents; by default those that change how many rows there are.

    Returns:
        Begins of hours in UTC, from the one in which an incident began to the one in which it was seen no more.
    """
    name = sql.Identifier(schema, "incidents")
    if not exists(conn, name):
        return {}
    rows = conn.execute(
        sql.SQL(
            """
            select branch_number, since, coalesce(closed_at, %s)
            from {}
            where is_data_fault and table_name = %s and kind = any(%s)
            """
        ).format(name),
        [now, table, list(kinds)],
    ).fetchall()
    found: dict[str, set[datetime]] = {}
    for branch, since, until in rows:
        at = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        while at <= until:
            found.setdefault(branch, set()).add(at)
            at += timedelta(hours=1)
    return {branch: frozenset(hours) for branch, hours in found.items()}
