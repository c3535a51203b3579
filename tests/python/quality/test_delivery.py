"""Every message arrives, once, whatever happens on its way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from threading import Thread

import pytest

from prohandel.quality import outbox
from prohandel.quality.channels import Address
from tests.python.quality.kept import MISSING, NOON, SCHEMA, Store, after, channel, inbox, rules_with, symptom
from tests.python.quality.receiver import Mode, Receiver, listening

MAIL = rules_with()
TROUBLES = (MISSING, symptom("duplicates"), symptom("stale", "inventory"))
OPENED = ["1:opened:error:mail", "2:opened:error:mail", "3:opened:error:mail"]
MINUTE = 1 / 60

PASSWORD = "geheim"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as found:
        yield found


def test_a_receiver_that_takes_them_gets_each_once(store: Store, receiver: Receiver) -> None:
    deliveries = store.run(MAIL, receiver.send, *TROUBLES)
    assert [one.is_delivered for one in deliveries] == [True] * 3
    for hour in range(1, 4):
        assert store.run(MAIL, receiver.send, *TROUBLES, at=after(hour)) == []
    assert receiver.keys == OPENED


@pytest.mark.parametrize("mode", ["times out", "answers 500", "drops", "is down"])
def test_a_receiver_that_fails_gets_each_once_in_the_end(store: Store, receiver: Receiver, mode: Mode) -> None:
    receiver.mode = mode
    assert [one.is_delivered for one in store.run(MAIL, receiver.send, *TROUBLES)] == [False]
    assert [one.is_delivered for one in store.deliver(MAIL, receiver.send, after(MINUTE))] == [False]
    assert receiver.keys == []
    receiver.mode = "takes"
    store.deliver(MAIL, receiver.send, after(10 * MINUTE))
    assert sorted(receiver.keys) == OPENED
    assert store.deliver(MAIL, receiver.send, after(2)) == []
    assert sorted(receiver.keys) == OPENED


def test_a_receiver_that_fails_in_turns_gets_each_once_in_the_end(store: Store, receiver: Receiver) -> None:
    modes: list[Mode] = ["answers 500", "drops", "takes", "is down", "takes", "answers 500"]
    store.look(MAIL, *TROUBLES)
    for minute in range(0, 400, 4):
        receiver.mode = modes[minute // 4 % len(modes)]

        def send_one(url: str, text_title: str, text_body: str) -> bool:
            taken = receiver.send(url, text_title, text_body)
            receiver.mode = "answers 500"
            return taken

        store.deliver(MAIL, send_one, after(minute * MINUTE))
    assert sorted(receiver.keys) == OPENED


def test_an_hour_of_outage(store: Store, receiver: Receiver) -> None:
    receiver.mode = "is down"
    late = symptom("duplicates", "article")
    tries = 0
    for minute in range(180):
        at = after(minute * MINUTE)
        receiver.mode = "is down" if minute < 60 else "takes"
        if minute % 30 == 0:
            # The first trouble is over after half an hour, another begins.
            store.look(MAIL, *([MISSING] if minute == 0 else [late]), at=at)
        tries += len(store.deliver(MAIL, receiver.send, at))
    # Neither the one that opened and closed in the meantime is lost, nor the order in which it did.
    assert sorted(receiver.keys) == ["1:closed:mail", "1:opened:error:mail", "2:opened:error:mail"]
    assert receiver.keys.index("1:opened:error:mail") < receiver.keys.index("1:closed:mail")
    assert tries <= 16


def test_it_is_tried_again_after_1_2_4_minutes_and_so_on_to_an_hour(store: Store) -> None:
    mail = inbox()
    mail.down.add("mail")
    store.look(MAIL, MISSING)
    tried = [minute for minute in range(250) if store.deliver(MAIL, mail, after(minute * MINUTE))]
    assert tried == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]
    assert store.value("select attempts from quality.alert_messages") == 10


def test_a_sender_that_dies_after_the_answer_sends_the_same_key_again(store: Store, receiver: Receiver) -> None:
    class KilledError(BaseException):
        """What no sender catches."""

    def send_and_die(url: str, text_title: str, text_body: str) -> bool:
        receiver.send(url, text_title, text_body)
        raise KilledError

    store.look(MAIL, MISSING)
    with pytest.raises(KilledError):
        store.deliver(MAIL, send_and_die)
    store.deliver(MAIL, receiver.send, after(1))
    assert receiver.keys == ["1:opened:error:mail"] * 2
    assert receiver.distinct_keys == ["1:opened:error:mail"]


def test_an_answer_that_is_too_late_brings_the_same_key_again(store: Store, receiver: Receiver) -> None:
    receiver.mode = "answers too late"
    assert not store.run(MAIL, receiver.send, MISSING)[0].is_delivered
    receiver.mode = "takes"
    store.deliver(MAIL, receiver.send, after(1))
    assert receiver.keys == ["1:opened:error:mail"] * 2


def test_what_a_sender_raises_is_kept_without_its_text(store: Store) -> None:
    def send(url: str, _title: str, _body: str) -> bool:
        raise ValueError(f"https://key:{PASSWORD}@{url}")

    assert [one.is_delivered for one in store.run(MAIL, send, MISSING)] == [False]
    assert store.value("select last_error from quality.alert_messages") == "ValueError"


def test_a_channel_that_fails_is_asked_once_in_a_look_and_others_get_theirs(store: Store) -> None:
    box, rules = inbox(), rules_with(channel("mail"), channel("chat"))
    box.down.add("mail")
    store.run(rules, box, *TROUBLES)
    assert sorted(box.asked) == ["chat", "chat", "chat", "mail"]
    assert len(box.events("chat")) == 3


def test_a_message_that_is_never_taken_keeps_no_other_waiting(store: Store) -> None:
    box = inbox()

    def no_duplicates(url: str, text_title: str, text_body: str) -> bool:
        return "twice" not in text_title and box(url, text_title, text_body)

    store.run(MAIL, no_duplicates, symptom("duplicates"))
    for hour in range(1, 4):
        troubles = [replace(MISSING, branch=str(number)) for number in range(hour)]
        store.run(MAIL, no_duplicates, symptom("duplicates"), *troubles, at=after(hour))
        assert len(box.taken) == hour


def test_when_a_channel_is_back_all_that_waits_for_it_is_sent(store: Store) -> None:
    box = inbox()
    box.down.add("mail")
    store.look(MAIL, *TROUBLES)
    for minute in range(60):
        store.deliver(MAIL, box, after(minute * MINUTE))
    box.down.clear()
    store.look(MAIL, *TROUBLES, symptom("duplicates", "article"), at=after(1))
    store.deliver(MAIL, box, after(1))
    assert len(box.taken) == 4


def test_messages_of_a_channel_without_address_stay(store: Store) -> None:
    box, rules = inbox(), rules_with(channel("mail"), channel("chat"))
    store.look(rules, MISSING)
    store.deliver(rules, box, lacking=["mail"])
    assert box.events("chat") == ["opened"]
    assert box.events("mail") == []
    store.deliver(rules, box, after(50))
    assert box.events("mail") == ["opened"]


def test_two_senders_at_once_send_it_once_and_keep_the_order(store: Store) -> None:
    box, others = inbox(), inbox()
    store.run(MAIL, box, MISSING)
    store.look(MAIL, replace(MISSING, rows=1000), at=after(1))
    store.look(MAIL, at=after(2))

    def send(url: str, text_title: str, text_body: str) -> bool:
        def deliver() -> None:
            with store.database.connect() as conn:
                outbox.deliver(conn, SCHEMA, MAIL, [Address(MAIL.channels[0], "mail")], after(2), others)

        other = Thread(target=deliver)
        other.start()
        other.join(10)
        assert not other.is_alive(), "one sender waits for the other"
        return box(url, text_title, text_body)

    store.deliver(MAIL, send, after(2))
    assert box.events() == ["opened", "closed"]
    assert others.taken == []


def test_the_key_is_the_last_line_of_the_text(store: Store) -> None:
    box = inbox()
    store.run(MAIL, box, MISSING)
    assert box.texts[0].splitlines()[-2:] == ["", "Message 1:opened:error:mail"]
    assert store.value("select delivered_at from quality.alert_messages") == NOON
