"""Messages wait in the database until their channel has taken them: a crash loses none, an outage delays them.

What is told is decided in the transaction that changes the incidents, by what each channel has been told so far. A
message has a key, made of incident, event and channel, so deciding twice writes it once. Sending locks a message, sends
it, and marks it as delivered. A message that its channel does not take is tried again after 1, 2, 4, ... minutes, an
hour at most; one that has failed less often goes first, so that a message that a channel never takes keeps no other
waiting. Messages about one incident reach a channel in the order in which they were written.

Each message arrives exactly once, but for what no sender can know: the channel has taken the message, and then the
process dies before the database is told, or the answer is lost on its way. The message is sent again. Its last line is
`Message <key>`, the same each time: a receiver that must not see a message twice drops a key that it knows.

A channel that has taken nothing for an hour is reported once over another one, and so is its recovery.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

from prohandel.quality import incidents
from prohandel.quality.channels import BERLIN, Address, Channel, Rules, named
from prohandel.quality.incidents import Changes, Incident
from prohandel.quality.messages import Context, body, title

Send = Callable[[str, str, str], bool]
"""Sends a title and a text to an Apprise URL; did the channel take it?"""

_Put = Callable[[Incident, Channel, str, str], int]

_FIRST_WAIT = timedelta(minutes=1)
_LONGEST_WAIT = timedelta(hours=1)
_DEAD_AFTER = timedelta(hours=1)

_COLUMNS = """
    key text primary key,
    number bigint generated always as identity,
    incident_id bigint,
    about_channel text,
    event text not null,
    channel text not null,
    severity text not null,
    table_name text,
    title text not null,
    body text not null,
    created_at timestamptz not null,
    attempts integer not null default 0,
    next_try_at timestamptz not null,
    first_failed_at timestamptz,
    delivered_at timestamptz,
    last_error text
"""


@dataclass(frozen=True)
class Delivery:
    """What became of a message.

    Attributes:
        channel: its name.
        title: of the message.
        is_delivered: did the channel take it?
    """

    channel: str
    title: str
    is_delivered: bool


@dataclass(frozen=True)
class _Told:
    """What a channel has heard of an incident.

    Attributes:
        was_tried: has any message been sent, with whatever success?
        is_waiting: is there one that it has not taken?
        delivered_at: when it took the newest.
    """

    was_tried: bool
    is_waiting: bool
    delivered_at: datetime | None


def prepare(conn: psycopg.Connection, schema: str) -> None:
    """Creates the outbox, and the incidents that its messages are about, where there is none."""
    with conn.transaction():
        incidents.prepare(conn, schema)
        conn.execute(sql.SQL("create table if not exists {} ({})").format(_messages(schema), sql.SQL(_COLUMNS)))


def _messages(schema: str) -> sql.Identifier:
    return sql.Identifier(schema, "alert_messages")


def write(
    conn: psycopg.Connection,
    schema: str,
    rules: Rules,
    changes: Changes,
    still_open: Iterable[Incident],
    context_of: Callable[[Incident], Context],
    now: datetime,
) -> int:
    """Writes the messages that the incidents call for; returns how many are new.

    A channel that takes an open incident and has not heard of it is told that it is open. An incident that closes is
    over for the channels that a message of it was sent to; for others it has never been.

    Args:
        changes: of this run.
        still_open: incidents that are open after it.
        context_of: what an incident means to those who read it.
        now: the time of the run.
    """

    def put(incident: Incident, channel: Channel, event: str, occasion: str) -> int:
        return _insert(
            conn,
            schema,
            {
                "key": _key(incident, occasion, channel),
                "incident_id": incident.id,
                "event": event,
                "channel": channel.name,
                "severity": incident.severity,
                "table_name": incident.table,
                "title": title(incident, event),
                "body": body(incident, event, context_of(incident), now),
                "created_at": now,
                "next_try_at": now,
            },
        )

    with conn.transaction():
        prepare(conn, schema)
        worsened = {incident.id for incident in changes.worsened}
        open_now = {one.id: one for one in (*changes.opened, *changes.worsened, *still_open)}
        written = sum(_close(conn, schema, rules, incident, put) for incident in changes.closed)
        for incident in open_now.values():
            told = _told(conn, schema, incident)
            for channel in rules.channels_for(incident.owner, incident.severity):
                so_far = told.get(channel.name)
                is_worse = incident.id in worsened
                if so_far is None:
                    if is_worse or incident.acknowledged_by is None:
                        written += put(incident, channel, "opened", f"opened:{incident.severity}")
                elif is_worse:
                    written += _worsen(conn, schema, incident, channel, so_far, put)
                elif _is_due_again(incident, so_far, rules, now):
                    nth = int((now - incident.opened_at) / timedelta(hours=rules.reminder_hours))
                    written += put(incident, channel, "reminder", f"reminder:{nth}")
    return written


def _told(conn: psycopg.Connection, schema: str, incident: Incident) -> dict[str, _Told]:
    query = sql.SQL(
        """
        select channel, bool_or(attempts > 0), bool_or(delivered_at is null), max(delivered_at)
        from {} where incident_id = %s group by channel order by channel
        """
    )
    rows = conn.execute(query.format(_messages(schema)), [incident.id]).fetchall()
    return {channel: _Told(*states) for channel, *states in rows}


def _is_due_again(incident: Incident, told: _Told, rules: Rules, now: datetime) -> bool:
    """Is a reminder due? What waits for a channel that is down, or for the morning, reminds soon enough."""
    if incident.acknowledged_by is not None or told.is_waiting or told.delivered_at is None:
        return False
    if incident.snoozed_until is not None and incident.snoozed_until > now:
        return False
    return now - told.delivered_at >= timedelta(hours=rules.reminder_hours)


def _worsen(conn: psycopg.Connection, schema: str, incident: Incident, channel: Channel, told: _Told, put: _Put) -> int:
    """Writes that it is worse, or that it is open if nothing has been sent yet. What waits is as urgent as this."""
    occasion = f"worsened:{incident.severity}:{incident.rows}"
    _withdraw(conn, schema, incident, channel.name, but=_key(incident, occasion, channel))
    if not told.was_tried:
        return put(incident, channel, "opened", f"opened:{incident.severity}")
    conn.execute(
        sql.SQL("update {} set severity = %s where incident_id = %s and channel = %s and delivered_at is null").format(
            _messages(schema)
        ),
        [incident.severity, incident.id, channel.name],
    )
    return put(incident, channel, "worsened", occasion)


def _close(conn: psycopg.Connection, schema: str, rules: Rules, incident: Incident, put: _Put) -> int:
    told = _told(conn, schema, incident)
    for name in told:
        _withdraw(conn, schema, incident, name, but=f"{incident.id}:closed:{name}")
    return sum(
        put(incident, channel, "closed", "closed")
        for channel in rules.channels
        if channel.name in told and told[channel.name].was_tried
    )


def _withdraw(conn: psycopg.Connection, schema: str, incident: Incident, channel: str, *, but: str) -> None:
    """Deletes what has not been sent yet."""
    query = sql.SQL("delete from {} where incident_id = %s and channel = %s and attempts = 0 and key <> %s")
    conn.execute(query.format(_messages(schema)), [incident.id, channel, but])


def _key(incident: Incident, occasion: str, channel: Channel) -> str:
    return f"{incident.id}:{occasion}:{channel.name}"


def _insert(conn: psycopg.Connection, schema: str, values: Mapping[str, Any]) -> int:
    statement = sql.SQL("insert into {} ({}) values ({}) on conflict (key) do nothing").format(
        _messages(schema),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(map(sql.Placeholder, values)),
    )
    return conn.execute(statement, values).rowcount


def deliver(
    conn: psycopg.Connection, schema: str, rules: Rules, channels: Sequence[Address], now: datetime, send: Send
) -> list[Delivery]:
    """Sends what is due, one message after another, each in a transaction of its own.

    A message that is being sent is locked, so that two runs at once do not send it twice. A channel that does not take
    a message is not asked again in this look; when it takes one, all that wait for it are due. Then the channels that
    are dead, or no longer, are reported over others.

    Args:
        channels: those whose address is known; messages for others stay.
        now: time of the look.
        send: may raise; then the channel has not taken the message.
    """
    failed: set[str] = set()
    seen: set[str] = set()
    done = _send_due(conn, schema, rules, channels, now, send, failed, seen)
    if _report_channels(conn, schema, channels, now):
        done += _send_due(conn, schema, rules, channels, now, send, failed, seen)
    return done


def _send_due(
    conn: psycopg.Connection,
    schema: str,
    rules: Rules,
    channels: Sequence[Address],
    now: datetime,
    send: Send,
    failed: set[str],
    seen: set[str],
) -> list[Delivery]:
    by_name = named(channels)
    done: list[Delivery] = []
    while True:
        with conn.transaction():
            row = _next(conn, schema, now, list(by_name), failed, seen)
            if row is None:
                return done
            key, channel, text_title, text_body, severity, table, attempts = row
            seen.add(key)
            if rules.is_held_back(now, table, severity):
                continue
            problem = _problem(send, by_name[channel].url, text_title, f"{text_body}\n\nMessage {key}")
            if problem is None:
                _note_delivered(conn, schema, key, channel, attempts + 1, now)
            else:
                _note_failed(conn, schema, key, attempts + 1, now, problem)
                failed.add(channel)
        done.append(Delivery(channel, text_title, problem is None))


def _problem(send: Send, url: str, text_title: str, text_body: str) -> str | None:
    """Why the channel did not take a message; None if it did."""
    try:
        return None if send(url, text_title, text_body) else "not taken"
    except Exception as error:
        # Its text may hold the address.
        return type(error).__name__


def _next(
    conn: psycopg.Connection, schema: str, now: datetime, channels: Sequence[str], failed: set[str], seen: set[str]
) -> tuple[Any, ...] | None:
    return conn.execute(
        sql.SQL(
            """
            select key, channel, title, body, severity, table_name, attempts
            from {messages} as waiting
            where
                delivered_at is null
                and next_try_at <= %(now)s
                and channel = any(%(channels)s)
                and channel <> all(%(failed)s)
                and key <> all(%(seen)s)
                and not exists (
                    select 1
                    from {messages} as earlier
                    where
                        earlier.delivered_at is null
                        and earlier.number < waiting.number
                        and earlier.channel = waiting.channel
                        and earlier.incident_id is not distinct from waiting.incident_id
                        and earlier.about_channel is not distinct from waiting.about_channel
                )
                and not exists (
                    select 1 from {incidents} as incidents
                    where incidents.id = waiting.incident_id and incidents.snoozed_until > %(now)s
                )
            order by attempts, number
            limit 1
            for update of waiting skip locked
            """
        ).format(messages=_messages(schema), incidents=sql.Identifier(schema, "incidents")),
        {"now": now, "channels": list(channels), "failed": list(failed), "seen": list(seen)},
    ).fetchone()


def _note_delivered(
    conn: psycopg.Connection, schema: str, key: str, channel: str, attempts: int, now: datetime
) -> None:
    conn.execute(
        sql.SQL("update {} set attempts = %s, delivered_at = %s, last_error = null where key = %s").format(
            _messages(schema)
        ),
        [attempts, now, key],
    )
    # What another run is sending is locked; to wait for it might be to wait for each other.
    conn.execute(
        sql.SQL(
            """
            update {messages} set next_try_at = %(now)s
            where key in (
                select key from {messages}
                where channel = %(channel)s and delivered_at is null and next_try_at > %(now)s
                for update skip locked
            )
            """
        ).format(messages=_messages(schema)),
        {"now": now, "channel": channel},
    )


def _note_failed(conn: psycopg.Connection, schema: str, key: str, attempts: int, now: datetime, problem: str) -> None:
    wait = min(_FIRST_WAIT * 2 ** min(attempts - 1, 10), _LONGEST_WAIT)
    conn.execute(
        sql.SQL(
            """
            update {}
            set attempts = %s, next_try_at = %s, first_failed_at = coalesce(first_failed_at, %s), last_error = %s
            where key = %s
            """
        ).format(_messages(schema)),
        [attempts, now + wait, now, problem, key],
    )


def dead_channels(conn: psycopg.Connection, schema: str, now: datetime) -> list[tuple[str, datetime, int]]:
    """Channels that have taken nothing for an hour though they were asked: name, since when, messages that wait."""
    return [
        (name, since, waiting)
        for name, since, waiting, attempts in _failing_channels(conn, schema)
        if since <= now - _DEAD_AFTER and attempts > 1
    ]


def _failing_channels(conn: psycopg.Connection, schema: str) -> list[tuple[str, datetime, int, int]]:
    """Channels that have taken nothing since they failed: name, first failure, messages that wait, attempts since."""
    return conn.execute(
        sql.SQL(
            """
            with channels as (
                select channel, max(delivered_at) as taken_at, count(*) filter (where delivered_at is null) as waiting
                from {messages} group by channel
            )
            select channels.channel, min(failing.first_failed_at), channels.waiting, sum(failing.attempts)
            from channels
            inner join {messages} as failing
                on channels.channel = failing.channel
                and failing.delivered_at is null
                and failing.first_failed_at >= coalesce(channels.taken_at, '-infinity')
            group by channels.channel, channels.waiting
            order by channels.channel
            """
        ).format(messages=_messages(schema))
    ).fetchall()


def _report_channels(conn: psycopg.Connection, schema: str, channels: Sequence[Address], now: datetime) -> int:
    """Writes of each channel that is dead, or takes messages again, once to another one; returns how many are new.

    While each of the others fails as well, nothing is written: there is nobody to tell.
    """
    with conn.transaction():
        failing = {name for name, *_ in _failing_channels(conn, schema)}
        dead = {name: (since, waiting) for name, since, waiting in dead_channels(conn, schema, now)}
        good = [one.channel for one in channels if one.channel.name not in failing]
        over = next((one for one in good if one.is_fallback), good[0] if good else None)
        written = 0
        for channel in (one.channel for one in channels):
            if channel.name not in dead:
                written += _report_alive(conn, schema, channel, now)
            elif over is not None:
                since, waiting = dead[channel.name]
                written += _report_dead(conn, schema, channel, over, since, waiting, now)
    return written


def _report_dead(
    conn: psycopg.Connection,
    schema: str,
    channel: Channel,
    over: Channel,
    since: datetime,
    waiting: int,
    now: datetime,
) -> int:
    key = f"dead:{channel.name}:{since.astimezone(UTC).isoformat()}"
    clock = f"{since.astimezone(BERLIN):%a %d.%m.%Y %H:%M}"
    return _insert(
        conn,
        schema,
        {
            "key": key,
            "about_channel": channel.name,
            "event": "dead",
            "channel": over.name,
            "severity": "error",
            "title": f"[error] The channel {channel.name} takes no messages",
            "body": f"Since {clock} it has taken none; {waiting} {'waits' if waiting == 1 else 'wait'} for it.\n"
            "Each is tried again every hour at the latest, and none is lost.\n"
            f"Is its address right? It is in the environment variable {channel.url}.\n"
            "What is open: prohandel alerts list",
            "created_at": now,
            "next_try_at": now,
        },
    )


def _report_alive(conn: psycopg.Connection, schema: str, channel: Channel, now: datetime) -> int:
    """Tells whoever was told that the channel is dead, once it has taken a message after that."""
    told = conn.execute(
        sql.SQL(
            """
            select dead.key, dead.channel, dead.attempts
            from {messages} as dead
            where
                dead.event = 'dead'
                and dead.about_channel = %s
                and exists (
                    select 1 from {messages} as taken
                    where taken.channel = dead.about_channel and taken.delivered_at > dead.created_at
                )
            """
        ).format(messages=_messages(schema)),
        [channel.name],
    ).fetchall()
    written = 0
    for key, over, attempts in told:
        if attempts == 0:
            conn.execute(sql.SQL("delete from {} where key = %s").format(_messages(schema)), [key])
            continue
        written += _insert(
            conn,
            schema,
            {
                "key": key.replace("dead:", "alive:", 1),
                "about_channel": channel.name,
                "event": "alive",
                "channel": over,
                "severity": "error",
                "title": f"[error] Over: The channel {channel.name} takes messages again",
                "body": "What waited for it has been sent.",
                "created_at": now,
                "next_try_at": now,
            },
        )
    return written


def send_by_apprise(url: str, text_title: str, text_body: str) -> bool:
    """Sends by Apprise, which waits four seconds for a connection and four for an answer."""
    import apprise

    sender = apprise.Apprise()
    return bool(sender.add(url)) and bool(sender.notify(title=text_title, body=text_body))
