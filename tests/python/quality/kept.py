"""Symptoms made by hand, and what the database keeps of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from prohandel.quality import incidents, outbox
from prohandel.quality.channels import Address, Channel, Rules
from prohandel.quality.incidents import Changes, Incident, Upstream
from prohandel.quality.messages import Context
from prohandel.quality.outbox import Delivery, Send
from prohandel.quality.symptoms import Kind, Symptom
from tests.python.conftest import Database

SCHEMA = "quality"
NOON = datetime(2026, 3, 10, 11, tzinfo=UTC)
"""A Tuesday, 12:00 in Berlin."""


def after(hours: float) -> datetime:
    """So many hours after NOON."""
    return NOON + timedelta(hours=hours)


def symptom(kind: Kind = "missing_data", table: str = "sale", **others: Any) -> Symptom:
    """An error that 100 rows have, since NOON."""
    return replace(
        Symptom(
            kind=kind, check="check", table=table, since=NOON, severity="error", rows=100, what=f"{kind} of {table}"
        ),
        **others,
    )


MISSING = symptom()
"""Lines of all branches are missing."""
EMPTY_BRAND = symptom("anomaly", "article", column="brand", severity="warn", rows=20)
"""Something that nobody is woken for."""


def channel(name: str, **settings: Any) -> Channel:
    """A channel; its variable is its name in capitals."""
    return Channel.model_validate({"name": name, "url": name.upper(), **settings})


def rules_with(*channels: Channel, **settings: Any) -> Rules:
    """Rules with one channel, mail, where none is given."""
    return Rules.model_validate({"channels": channels or (channel("mail"),), **settings})


def nothing_above(_name: str) -> frozenset[str]:
    """An `upstream` that knows of nothing."""
    return frozenset()


@dataclass
class Store:
    """The schema `quality` of a test.

    Attributes:
        conn: to its database.
        database: for further connections.
        upstream: what models are built from.
    """

    conn: psycopg.Connection[Any]
    database: Database
    upstream: Upstream = nothing_above

    def record(self, *symptoms: Symptom, at: datetime = NOON) -> Changes:
        """What a run has seen."""
        return incidents.record(self.conn, SCHEMA, symptoms, at, self.upstream)

    def opened(self, *symptoms: Symptom, at: datetime = NOON) -> Incident:
        """The one incident that opens."""
        (incident,) = self.record(*symptoms, at=at).opened
        return incident

    def open(self) -> list[Incident]:
        return incidents.open_incidents(self.conn, SCHEMA)

    def look(self, rules: Rules, *symptoms: Symptom, at: datetime = NOON) -> int:
        """Records what a run has seen, and writes the messages; how many are new."""
        with self.conn.transaction():
            changes = self.record(*symptoms, at=at)
            return outbox.write(self.conn, SCHEMA, rules, changes, self.open(), lambda _: Context(), at)

    def deliver(self, rules: Rules, send: Send, at: datetime = NOON, *, lacking: Iterable[str] = ()) -> list[Delivery]:
        """Sends what is due; the address of a channel is its name.

        Args:
            lacking: channels that have no address.
        """
        channels = [Address(one, one.name) for one in rules.channels if one.name not in lacking]
        return outbox.deliver(self.conn, SCHEMA, rules, channels, at, send)

    def run(self, rules: Rules, send: Send, *symptoms: Symptom, at: datetime = NOON) -> list[Delivery]:
        """A whole look."""
        self.look(rules, *symptoms, at=at)
        return self.deliver(rules, send, at)

    def value(self, query: str) -> Any:
        row = self.conn.execute(query.encode()).fetchone()
        return row[0] if row else None


@dataclass
class Inbox:
    """A `send` that keeps what it takes.

    Attributes:
        taken: channel and title, in order.
        texts: the bodies.
        down: channels that take nothing.
        asked: channels in the order in which they were asked.
    """

    taken: list[tuple[str, str]]
    texts: list[str]
    down: set[str]
    asked: list[str]

    def __call__(self, url: str, text_title: str, text_body: str) -> bool:
        self.asked.append(url)
        if url in self.down:
            return False
        self.taken.append((url, text_title))
        self.texts.append(text_body)
        return True

    def events(self, name: str = "mail") -> list[str]:
        """What a channel was told, in words: opened, worsened, reminder, closed, dead, alive."""
        return [event_of(text_title) for url, text_title in self.taken if url == name]


def inbox() -> Inbox:
    """One that takes everything."""
    return Inbox([], [], set(), [])


def event_of(text_title: str) -> str:
    """The event that a title tells of."""
    marks = {
        "takes no messages": "dead",
        "takes messages again": "alive",
        "Worse: ": "worsened",
        "Still: ": "reminder",
        "Over: ": "closed",
    }
    return next((event for mark, event in marks.items() if mark in text_title), "opened")
