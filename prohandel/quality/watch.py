"""Looks at what a run has measured, keeps the incidents, and tells those who are to know."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

import psycopg
from psycopg import sql

from prohandel.aws.names import watched_function
from prohandel.connector.incidents import failed_syncs
from prohandel.errors import ProhandelError
from prohandel.pipeline.target import Target
from prohandel.quality import incidents, outbox
from prohandel.quality.channels import Rules, addresses
from prohandel.quality.detect import detect, kinds_not_looked_at
from prohandel.quality.incidents import Changes, Incident
from prohandel.quality.messages import Context
from prohandel.quality.outbox import Delivery, Send, send_by_apprise
from prohandel.quality.symptoms import Kind, Symptom

_OF_CONNECTOR: frozenset[Kind] = frozenset({"connector"})
_OF_FORECASTS: frozenset[Kind] = frozenset({"forecast_drift"})
_OF_DATA: frozenset[Kind] = frozenset(get_args(Kind)) - _OF_FORECASTS


@dataclass(frozen=True)
class Watch:
    """What a look found and did.

    Attributes:
        symptoms: everything that was out of the ordinary.
        changes: of the incidents.
        open: incidents that are open now.
        deliveries: messages that were tried to send.
        blind: kinds of incident that the newest run has not measured; those that are open stay so.
        lacking: environment variables of channels that have no address.
        dead: channels that have taken nothing for an hour.
        unread: why the alarms of the connector could not be read; empty where they were, or nobody asks for them.
    """

    symptoms: tuple[Symptom, ...]
    changes: Changes
    open: tuple[Incident, ...]
    deliveries: tuple[Delivery, ...]
    blind: tuple[Kind, ...]
    lacking: tuple[str, ...]
    dead: tuple[str, ...]
    unread: str = ""


def watch(target: Target, rules: Rules, now: datetime, *, send: Send = send_by_apprise) -> Watch:
    """One look: detect, record, write messages, send what is due; nothing at all before a run has measured anything.

    Incidents and messages are written in one transaction; sending comes after it.

    Args:
        now: the time of the run.
        send: how a message is sent.

    Raises:
        ProhandelError: the database cannot be reached.
    """
    schema = target.schema_of("quality")
    with target.connect() as conn:
        blind = kinds_not_looked_at(conn, target)
        if "failed_test" in blind:
            return Watch((), Changes((), (), ()), (), (), tuple(sorted(blind)), (), ())
        raised, unread = _alarms()
        failed, drifts = failed_syncs(conn, target), _drifts(conn, target)
        found = [*detect(conn, target, now), *(raised or ()), *(failed or ()), *(drifts or ())]
        lineage = lineage_of(target)
        with conn.transaction():
            is_connector_seen = not unread and (raised is not None or failed is not None)
            unseen = blind
            unseen |= frozenset() if is_connector_seen else _OF_CONNECTOR
            unseen |= _OF_FORECASTS if drifts is None else frozenset()
            changes = incidents.record(conn, schema, found, now, lineage.upstream, unseen)
            still_open = incidents.open_incidents(conn, schema)
            outbox.write(conn, schema, rules, changes, still_open, lineage.context, now)
        deliveries, lacking, dead = _deliver(conn, schema, rules, now, send)
        return Watch(
            symptoms=tuple(found),
            changes=changes,
            open=tuple(still_open),
            deliveries=tuple(deliveries),
            blind=tuple(sorted(blind)),
            lacking=tuple(lacking),
            dead=tuple(dead),
            unread=unread,
        )


def _alarms() -> tuple[list[Symptom] | None, str]:
    """What the alarms of the connector say, None where nobody has looked; and why not, where somebody tried."""
    function = watched_function()
    if function is None:
        return None, ""
    # Only who asks for alarms waits for boto3.
    from prohandel.aws.alarms import look

    try:
        return look(function), ""
    except ProhandelError as error:
        return None, str(error)


def _drifts(conn: psycopg.Connection, target: Target) -> list[Symptom] | None:
    """What the newest look at stored forecasts says, None where nobody has looked at any."""
    from prohandel.forecast.drift_symptoms import look

    return look(conn, target.schema_of("forecasting"))


def watch_forecasts(target: Target, rules: Rules, now: datetime, *, send: Send = send_by_apprise) -> list[Incident]:
    """Opens, continues and closes the incidents of forecasts alone, after a look at them; those that are open then.

    Args:
        target: whose forecasts were looked at.
        rules: who is told.
        now: the time of the look.
        send: how a message is sent.
    """
    schema = target.schema_of("quality")
    with target.connect() as conn:
        drifts = _drifts(conn, target)
        if drifts is None:
            return []
        conn.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
        lineage = lineage_of(target)
        with conn.transaction():
            changes = incidents.record(conn, schema, drifts, now, lineage.upstream, _OF_DATA)
            still_open = incidents.open_incidents(conn, schema)
            outbox.write(conn, schema, rules, changes, still_open, lineage.context, now)
        _deliver(conn, schema, rules, now, send)
    return [incident for incident in still_open if incident.kind in _OF_FORECASTS]


def look_time(variables: Mapping[str, Any]) -> datetime:
    """The time of a look: that of the variable `now`, where a simulated retailer has one, else the clock's."""
    given = variables.get("now")
    return datetime.fromisoformat(str(given)) if given else datetime.now(UTC)


def deliver(target: Target, rules: Rules, now: datetime, *, send: Send = send_by_apprise) -> list[Delivery]:
    """Sends what is due, without a new look."""
    with target.connect() as conn:
        schema = target.schema_of("quality")
        outbox.prepare(conn, schema)
        return _deliver(conn, schema, rules, now, send)[0]


def _deliver(
    conn: psycopg.Connection, schema: str, rules: Rules, now: datetime, send: Send
) -> tuple[list[Delivery], list[str], list[str]]:
    channels, lacking = addresses(rules)
    deliveries = outbox.deliver(conn, schema, rules, channels, now, send)
    return deliveries, lacking, [name for name, _, _ in outbox.dead_channels(conn, schema, now)]


def lineage_of(target: Target) -> Lineage:
    """What the newest build of a target says of what is built from what."""
    return Lineage(target.artifacts / "manifest.json")


class Lineage:
    """What is built from what, by dbt's manifest; nothing where there is none. Read when it is first asked for."""

    def __init__(self, manifest: Path) -> None:
        self._path = manifest

    @cached_property
    def _manifest(self) -> Mapping[str, Any]:
        if not self._path.exists():
            return {}
        return dict(json.loads(self._path.read_text(encoding="utf-8")))

    def upstream(self, name: str) -> frozenset[str]:
        """Landed tables and models that a model is built from, near and far, by name."""
        return frozenset(map(_name, self._reached(name, self._manifest.get("parent_map", {}))))

    def context(self, incident: Incident) -> Context:
        """The marts that an incident touches: what is built from its table, itself among them, and an exposure reads.

        The marts of the schema `quality` are not meant to be right where the data is wrong, and are left out.
        """
        children = self._manifest.get("child_map", {})
        touched = self._nodes(incident.table, children) | self._reached(incident.table, children)
        return Context(marts=tuple(sorted(_name(node) for node in touched if self._is_exposed(node, children))))

    def _is_exposed(self, node: str, children: Mapping[str, Collection[str]]) -> bool:
        folders = self._manifest.get("nodes", {}).get(node, {}).get("fqn", ())
        return "quality" not in folders and any(child.startswith("exposure.") for child in children.get(node, ()))

    def _nodes(self, name: str, links: Mapping[str, Collection[str]]) -> set[str]:
        return {node for node in links if _name(node) == name and node.startswith(("source.", "model."))}

    def _reached(self, name: str, links: Mapping[str, Collection[str]]) -> set[str]:
        waiting = list(self._nodes(name, links))
        seen: set[str] = set()
        while waiting:
            for node in links.get(waiting.pop(), ()):
                if node.startswith(("source.", "model.", "snapshot.", "seed.")) and node not in seen:
                    seen.add(node)
                    waiting.append(node)
        return seen


def _name(node: str) -> str:
    return node.rsplit(".", 1)[-1]
