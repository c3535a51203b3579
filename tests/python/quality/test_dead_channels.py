"""A channel that takes nothing is reported over another one, once, and so is its return."""

from __future__ import annotations

import pytest

from prohandel.quality import outbox
from prohandel.quality.channels import Rules
from tests.python.quality.kept import MISSING, SCHEMA, Inbox, Store, after, channel, inbox, rules_with, symptom

BOTH = rules_with(channel("mail"), channel("phone", is_fallback=True))


@pytest.fixture
def box() -> Inbox:
    return inbox()


def go_on(store: Store, rules: Rules, box: Inbox, hours: range) -> None:
    for hour in hours:
        store.run(rules, box, MISSING, at=after(hour))


def test_it_is_told_once_with_its_return(store: Store, box: Inbox) -> None:
    box.down.add("mail")
    store.run(BOTH, box, MISSING)
    assert outbox.dead_channels(store.conn, SCHEMA, after(0)) == []
    go_on(store, BOTH, box, range(1, 30))
    assert box.events("phone") == ["dead"]
    assert outbox.dead_channels(store.conn, SCHEMA, after(30)) == [("mail", after(0), 1)]
    box.down.clear()
    go_on(store, BOTH, box, range(30, 40))
    assert box.events("phone") == ["dead", "alive"]
    assert box.events("mail") == ["opened"]
    assert outbox.dead_channels(store.conn, SCHEMA, after(40)) == []


def test_it_is_told_in_the_look_that_finds_it(store: Store, box: Inbox) -> None:
    box.down.add("mail")
    go_on(store, BOTH, box, range(2))
    assert [text_title for _, text_title in box.taken] == ["[error] The channel mail takes no messages"]
    assert "MAIL" in box.texts[0]
    assert "1 waits" in box.texts[0]
    assert box.texts[0].endswith("Message dead:mail:2026-03-10T11:00:00+00:00")


def test_it_is_told_again_when_it_dies_again(store: Store, box: Inbox) -> None:
    box.down.add("mail")
    go_on(store, BOTH, box, range(3))
    box.down.clear()
    go_on(store, BOTH, box, range(3, 4))
    box.down.add("mail")
    store.run(BOTH, box, MISSING, symptom("duplicates"), at=after(5))
    store.run(BOTH, box, MISSING, symptom("duplicates"), at=after(6))
    assert box.events("phone") == ["dead", "alive", "dead"]


def test_without_a_fallback_the_next_channel_is_told(store: Store, box: Inbox) -> None:
    rules = rules_with(channel("mail"), channel("chat"), channel("loud"))
    box.down.add("mail")
    go_on(store, rules, box, range(5))
    assert box.events("chat") == ["opened", "dead"]
    assert box.events("loud") == ["opened"]


def test_a_fallback_that_fails_itself_is_not_told_and_is_reported_too(store: Store, box: Inbox) -> None:
    rules = rules_with(channel("mail"), channel("chat", owners=["stores"]), channel("phone", is_fallback=True))
    box.down.update({"mail", "phone"})
    store.run(rules_with(channel("phone", is_fallback=True)), box, symptom("duplicates"))
    for hour in (0.5, 1, 2, 3):
        store.run(rules, box, symptom("duplicates"), at=after(hour))
    assert [text_title for _, text_title in box.taken] == [
        "[error] The channel phone takes no messages",
        "[error] The channel mail takes no messages",
    ]
    assert box.events("chat") == ["dead", "dead"]


def test_where_all_are_dead_nothing_is_written(store: Store, box: Inbox) -> None:
    box.down.add("mail")
    go_on(store, rules_with(), box, range(5))
    assert store.value("select count(*) from quality.alert_messages") == 1


def test_one_attempt_that_failed_is_no_dead_channel(store: Store, box: Inbox) -> None:
    box.down.add("mail")
    store.run(BOTH, box, MISSING)
    assert outbox.dead_channels(store.conn, SCHEMA, after(5)) == []


def test_a_message_that_is_never_taken_makes_no_dead_channel(store: Store, box: Inbox) -> None:
    def no_duplicates(url: str, text_title: str, text_body: str) -> bool:
        return "twice" not in text_title and box(url, text_title, text_body)

    for hour in range(6):
        seen = [symptom("duplicates"), MISSING] if hour % 2 else [symptom("duplicates")]
        store.run(BOTH, no_duplicates, *seen, at=after(hour))
    store.run(BOTH, no_duplicates, symptom("duplicates"), at=after(7))
    assert outbox.dead_channels(store.conn, SCHEMA, after(7)) == []


def test_a_channel_that_was_held_back_is_not_dead(store: Store, box: Inbox) -> None:
    rules = rules_with(
        channel("mail"), channel("phone", is_fallback=True), maintenance=[{"begins": after(0), "ends": after(10)}]
    )
    go_on(store, rules, box, range(10))
    box.down.add("mail")
    go_on(store, rules, box, range(10, 11))
    assert outbox.dead_channels(store.conn, SCHEMA, after(10)) == []
    assert box.taken == []


def test_a_return_before_the_death_was_told_is_not_told(store: Store, box: Inbox) -> None:
    night = {"begins": after(0.5), "ends": after(3)}
    rules = rules_with(channel("mail"), channel("phone", is_fallback=True))
    held = rules_with(channel("mail"), channel("phone", is_fallback=True), maintenance=[night])
    box.down.add("mail")
    go_on(store, rules, box, range(1))
    store.deliver(rules, box, after(0.1))
    # The report is written in the maintenance, and waits for the end of it.
    store.run(held, box, MISSING, at=after(2))
    assert store.value("select count(*) from quality.alert_messages where event = 'dead'") == 1
    box.down.clear()
    box.down.add("phone")
    store.deliver(rules_with(channel("mail")), box, after(3))
    box.down.clear()
    store.deliver(rules_with(channel("mail")), box, after(3.5))
    assert box.events("phone") == []
    assert store.value("select count(*) from quality.alert_messages where event = 'dead'") == 0
