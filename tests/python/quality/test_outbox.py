"""Who is told what of an incident, and when; and what nobody is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from prohandel.quality import incidents
from prohandel.quality.channels import BERLIN, Rules
from tests.python.quality.kept import (
    EMPTY_BRAND,
    MISSING,
    NOON,
    SCHEMA,
    Inbox,
    Store,
    after,
    channel,
    inbox,
    rules_with,
    symptom,
)

MAIL = rules_with()
NIGHT = {"begins": "22:00", "ends": "07:00"}
EVENING = datetime(2026, 3, 10, 23, tzinfo=BERLIN)
"""A Tuesday, in quiet hours."""


@pytest.fixture
def box() -> Inbox:
    return inbox()


def test_each_event_is_told_once(store: Store, box: Inbox) -> None:
    worse = replace(MISSING, rows=5000)
    for hour, seen in enumerate(([MISSING], [MISSING], [worse], [worse], [], [])):
        store.run(MAIL, box, *seen, at=after(hour))
    assert box.events() == ["opened", "worsened", "closed"]


def test_each_worsening_is_told(store: Store, box: Inbox) -> None:
    for hour, rows in enumerate((100, 1000, 5000, 10_000)):
        store.run(MAIL, box, replace(MISSING, rows=rows), at=after(hour))
    assert box.events() == ["opened", "worsened", "worsened"]


def test_to_decide_twice_writes_it_once(store: Store) -> None:
    assert store.look(MAIL, MISSING) == 1
    assert store.look(MAIL, MISSING) == 0
    assert store.look(MAIL, replace(MISSING, rows=1000), at=after(1)) == 1
    assert store.look(MAIL, replace(MISSING, rows=1000), at=after(1)) == 0


def test_nothing_is_written_if_the_incidents_are_not(store: Store, box: Inbox) -> None:
    def run() -> None:
        with store.conn.transaction():
            store.look(MAIL, MISSING)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        run()
    assert store.value("select to_regclass('quality.alert_messages')") is None
    store.run(MAIL, box, MISSING)
    assert box.events() == ["opened"]


def test_reminders_come_once_a_period_while_nobody_acknowledges(store: Store, box: Inbox) -> None:
    told = {}
    for hour in range(80):
        if hour == 60:
            incidents.acknowledge(store.conn, SCHEMA, 1, "Anna")
        store.run(MAIL, box, MISSING, at=after(hour))
        told[hour] = len(box.taken)
    assert box.events() == ["opened", "reminder", "reminder"]
    assert [hour for hour in told if told[hour] > told.get(hour - 1, 0)] == [0, 24, 48]


def test_a_reminder_is_due_a_period_after_the_last_message(store: Store, box: Inbox) -> None:
    times = [
        hour
        for hour in range(60)
        if store.run(MAIL, box, replace(MISSING, rows=100 if hour < 20 else 1000), at=after(hour))
    ]
    assert times == [0, 20, 44]


def test_reminders_do_not_pile_up_while_a_channel_is_down(store: Store, box: Inbox) -> None:
    box.down.add("mail")
    for hour in range(0, 100, 4):
        store.run(MAIL, box, MISSING, at=after(hour))
    box.down.clear()
    store.run(MAIL, box, MISSING, at=after(101))
    assert box.events() == ["opened"]


def test_acknowledged_it_still_worsens_and_ends(store: Store, box: Inbox) -> None:
    store.run(MAIL, box, MISSING)
    incidents.acknowledge(store.conn, SCHEMA, 1, "Anna")
    store.run(MAIL, box, replace(MISSING, rows=1000), at=after(30))
    store.run(MAIL, box, at=after(31))
    assert box.events() == ["opened", "worsened", "closed"]


def test_a_snooze_holds_everything_back_and_leaves_one_reminder(store: Store, box: Inbox) -> None:
    store.run(MAIL, box, MISSING)
    incidents.snooze(store.conn, SCHEMA, 1, after(72))
    for hour in range(1, 72):
        store.run(MAIL, box, MISSING, at=after(hour))
    assert box.events() == ["opened"]
    store.run(MAIL, box, MISSING, at=after(72))
    store.run(MAIL, box, MISSING, at=after(73))
    assert box.events() == ["opened", "reminder"]


def test_a_snooze_holds_back_what_waits_already(store: Store, box: Inbox) -> None:
    box.down.add("mail")
    store.run(MAIL, box, MISSING)
    box.down.clear()
    incidents.snooze(store.conn, SCHEMA, 1, after(4))
    store.run(MAIL, box, at=after(1))
    assert box.taken == []
    store.deliver(MAIL, box, after(4))
    assert box.events() == ["opened", "closed"]


def test_quiet_hours_hold_a_warning_back_until_the_morning(store: Store, box: Inbox) -> None:
    rules = rules_with(quiet=NIGHT)
    store.run(rules, box, EMPTY_BRAND, MISSING, at=EVENING)
    assert [text_title[:7] for _, text_title in box.taken] == ["[error]"]
    for hour in range(1, 8):
        store.run(rules, box, EMPTY_BRAND, MISSING, at=EVENING + timedelta(hours=hour))
    assert len(box.taken) == 1
    store.run(rules, box, EMPTY_BRAND, MISSING, at=EVENING + timedelta(hours=8))
    assert [text_title[:6] for _, text_title in box.taken] == ["[error", "[warn]"]


def test_what_becomes_an_error_at_night_does_not_wait(store: Store, box: Inbox) -> None:
    rules = rules_with(quiet=NIGHT)
    store.run(rules, box, EMPTY_BRAND, at=EVENING)
    store.run(rules, box, replace(EMPTY_BRAND, severity="error"), at=EVENING + timedelta(hours=1))
    assert box.events() == ["opened"]
    assert box.taken[0][1].startswith("[error]")
    assert store.value("select count(*) from quality.alert_messages") == 1


def test_a_worse_error_does_not_wait_behind_a_warning_that_failed(store: Store, box: Inbox) -> None:
    rules = rules_with(quiet=NIGHT)
    box.down.add("mail")
    store.run(rules, box, EMPTY_BRAND, at=EVENING - timedelta(hours=2))
    box.down.clear()
    store.run(rules, box, replace(EMPTY_BRAND, severity="error"), at=EVENING)
    assert box.events() == ["opened", "worsened"]


def test_maintenance_tells_nobody_of_what_comes_and_goes_in_it(store: Store, box: Inbox) -> None:
    rules = rules_with(maintenance=[{"begins": after(0), "ends": after(6)}])
    store.run(rules, box, MISSING, symptom("duplicates"), at=after(1))
    store.run(rules, box, symptom("duplicates"), at=after(2))
    assert box.taken == []
    store.run(rules, box, symptom("duplicates"), at=after(6))
    assert [text_title for _, text_title in box.taken] == ["[error] Rows of sale are there twice"]


def test_who_was_told_of_nothing_is_not_told_that_it_is_over(store: Store, box: Inbox) -> None:
    store.look(MAIL, MISSING)
    store.run(MAIL, box, at=after(1))
    assert box.taken == []
    assert store.value("select count(*) from quality.alert_messages") == 0


def test_only_the_channels_that_were_told_hear_of_the_end(store: Store, box: Inbox) -> None:
    rules = rules_with(channel("mail"), channel("chat"))
    store.look(rules, MISSING)
    store.deliver(rules, box, lacking=["chat"])
    store.look(rules, at=after(1))
    store.deliver(rules, box, after(1))
    assert box.taken == [("mail", box.taken[0][1]), ("mail", box.taken[1][1])]
    assert box.events() == ["opened", "closed"]


def test_closed_never_comes_before_opened(store: Store, box: Inbox) -> None:
    box.down.add("mail")
    store.run(MAIL, box, MISSING)
    store.deliver(MAIL, box, after(0.02))
    box.down.clear()
    # The first is tried again after two minutes; what is written meanwhile waits behind it.
    store.look(MAIL, at=after(0.03))
    assert store.deliver(MAIL, box, after(0.03)) == []
    store.deliver(MAIL, box, after(1))
    assert box.events() == ["opened", "closed"]


def test_what_worsens_into_the_severity_of_a_channel_is_news_to_it(store: Store, box: Inbox) -> None:
    rules = rules_with(channel("chat", severities=["warn"]), channel("loud", severities=["error"]))
    store.run(rules, box, EMPTY_BRAND)
    incidents.acknowledge(store.conn, SCHEMA, 1, "Anna")
    store.run(rules, box, replace(EMPTY_BRAND, severity="error"), at=after(1))
    store.run(rules, box, at=after(2))
    assert box.events("loud") == ["opened", "closed"]
    assert box.events("chat") == ["opened", "closed"]


def test_a_channel_that_is_added_hears_of_what_is_open(store: Store, box: Inbox) -> None:
    store.run(Rules(), box, MISSING)
    store.run(MAIL, box, MISSING, at=after(1))
    store.run(MAIL, box, MISSING, at=after(2))
    assert box.events() == ["opened"]


def test_what_is_acknowledged_is_no_news_to_a_channel_that_is_added(store: Store, box: Inbox) -> None:
    store.opened(MISSING)
    incidents.acknowledge(store.conn, SCHEMA, 1, "Anna")
    store.run(MAIL, box, MISSING, at=after(1))
    assert box.taken == []
    assert store.open()[0].opened_at == NOON
