"""Who is told what, and when; and that no address ever shows in a message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from prohandel.errors import ProhandelError
from prohandel.quality.channels import BERLIN, Channel, Maintenance, Quiet, Rules, addresses, named, read_rules

PASSWORD = "geheim"
SECRET = f"mailto://shop:{PASSWORD}@mail.example"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "alerts.yml"


def rules_of(path: Path, text: str) -> Rules:
    path.write_text(text, encoding="utf-8")
    return read_rules(path)


def refusal(path: Path, text: str) -> str:
    """What is said of a file that is wrong; never an address that is in it."""
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProhandelError) as caught:
        read_rules(path)
    assert "geheim" not in str(caught.value)
    assert "alerts.yml" in caught.value.message
    assert caught.value.remedy
    return caught.value.message


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


GOOD = """
reminder_hours: 12
quiet: {begins: 22:00, ends: 07:00}
channels:
  - name: mail
    url: MAIL_URL
  - name: till team
    url: TILLS_URL
    owners: [stores]
    severities: [error]
  - name: phone
    url: PHONE_URL
    is_fallback: true
maintenance:
  - begins: 2026-03-14 20:00
    ends: 2026-03-14T23:30:00+01:00
    tables: [inventory]
"""


def test_a_good_file(path: Path) -> None:
    rules = rules_of(path, GOOD)
    assert rules.reminder_hours == 12
    assert [channel.name for channel in rules.channels] == ["mail", "till team", "phone"]
    assert rules.channels[1].owners == ("stores",)
    assert rules.maintenance[0].begins == datetime(2026, 3, 14, 19, tzinfo=UTC)
    assert rules.maintenance[0].ends == datetime(2026, 3, 14, 22, 30, tzinfo=UTC)


def test_a_time_without_quotes_is_that_time(path: Path) -> None:
    # YAML reads 22:00 as 1320, and 07:00 as a text.
    quiet = rules_of(path, GOOD).quiet
    assert quiet is not None
    assert (quiet.begins.hour, quiet.ends.hour) == (22, 7)


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "quiet:\n"])
def test_an_empty_file_has_no_channel(path: Path, text: str) -> None:
    assert rules_of(path, text) == Rules()


def test_no_file_has_no_channel(path: Path) -> None:
    assert read_rules(path) == Rules()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("chanels: []", "chanels"),
        ("channels: [{name: mail, url: MAIL, owner: stores}]", "channels.0.owner"),
        ("channels: [{name: mail, url: MAIL, severities: [fatal]}]", "channels.0.severities.0"),
        ("channels: [{name: mail}]", "channels.0.url"),
        ("channels: [{name: mail, url: A}, {name: mail, url: B}]", "mail stands for more than one channel"),
        ("channels: [{name: '1:mail', url: A}]", "channels.0.name"),
        ("quiet: {begins: '25:00', ends: '07:00'}", "quiet.begins"),
        ("quiet: {begins: '22', ends: '07:00'}", "quiet.begins"),
        ("quiet: {begins: '22:00+02:00', ends: '07:00'}", "without a zone"),
        ("quiet: {begins: '07:00', ends: '07:00'}", "the same time"),
        ("maintenance: [{begins: 2026-03-14 20:00, ends: 2026-03-14 19:00}]", "ends before it begins"),
        ("reminder_hours: 0", "reminder_hours"),
        ("channels: {mail: MAIL}", "channels"),
        ("- channels", "the whole of it"),
    ],
)
def test_a_bad_file_is_refused_and_the_place_named(path: Path, text: str, said: str) -> None:
    assert said in refusal(path, text)


@pytest.mark.parametrize(
    "text",
    [
        f"channels: [{{name: mail, url: '{SECRET}'}}]",
        f"channels: [{{name: '{SECRET}', url: A}}, {{name: '{SECRET}', url: B}}]",
        f"channels: ['{SECRET}']",
        f"channels: [{{'{SECRET}': x}}]",
        f"'{SECRET}'",
        f"channels:\n - url: {SECRET}\n  name: [",
        f"channels: [{{name: mail, url: *{SECRET}",
        f"channels: !!python/name:geheim.{SECRET} x",
        f"quiet: {{begins: '{SECRET}', ends: '{SECRET}'}}",
        f"maintenance: [{{begins: '{SECRET}', ends: x}}]",
    ],
)
def test_an_address_in_the_file_is_refused_without_showing_it(path: Path, text: str) -> None:
    refusal(path, text)


def test_an_address_in_place_of_a_variable_says_what_belongs_there(path: Path) -> None:
    assert "name of an environment variable" in refusal(path, f"channels: [{{name: mail, url: '{SECRET}'}}]")


def test_a_file_that_is_no_text_is_refused(path: Path) -> None:
    path.write_bytes(b"channels: [\xff\xfe]")
    with pytest.raises(ProhandelError, match="UTF-8"):
        read_rules(path)


def test_addresses_come_from_the_environment_and_are_not_shown() -> None:
    rules = Rules(
        channels=(Channel(name="mail", url="A"), Channel(name="chat", url="B"), Channel(name="chat 2", url="B"))
    )
    found, lacking = addresses(rules, {"A": SECRET, "B": ""})
    assert [address.url for address in found] == [SECRET]
    assert lacking == ["B"]
    assert "geheim" not in repr(found) + str(named(found))


NIGHT = Quiet.model_validate({"begins": "22:00", "ends": "07:00"})


@pytest.mark.parametrize(
    ("clock", "is_quiet"),
    [("21:59", False), ("22:00", True), ("23:59", True), ("00:00", True), ("06:59", True), ("07:00", False)],
)
def test_quiet_hours_over_midnight(clock: str, is_quiet: bool) -> None:
    assert NIGHT.holds(berlin(f"2026-03-10 {clock}")) is is_quiet


@pytest.mark.parametrize(("clock", "is_quiet"), [("12:59", False), ("13:00", True), ("14:59", True), ("15:00", False)])
def test_quiet_hours_within_a_day(clock: str, is_quiet: bool) -> None:
    noon = Quiet.model_validate({"begins": "13:00", "ends": "15:00"})
    assert noon.holds(berlin(f"2026-03-10 {clock}")) is is_quiet


@pytest.mark.parametrize(("day", "hours"), [("2026-03-28", 8), ("2026-10-24", 10), ("2026-06-10", 9)])
def test_a_night_in_which_the_clock_is_changed_is_quiet_by_the_clock(day: str, hours: int) -> None:
    begin = berlin(f"{day} 22:00")
    quiet = [NIGHT.holds(begin + timedelta(hours=hour)) for hour in range(20)]
    assert quiet == [True] * hours + [False] * (20 - hours)


def test_quiet_hours_hold_warnings_back_and_errors_not() -> None:
    rules, night = Rules(quiet=NIGHT), berlin("2026-03-10 23:00")
    assert rules.is_held_back(night, "sale", "warn")
    assert not rules.is_held_back(night, "sale", "error")
    assert not Rules().is_held_back(night, "sale", "warn")


def test_maintenance_holds_everything_back_or_the_tables_that_it_names() -> None:
    window = {"begins": datetime(2026, 3, 14, 20), "ends": datetime(2026, 3, 14, 23)}  # noqa: DTZ001
    during, after = berlin("2026-03-14 20:00"), berlin("2026-03-14 23:00")
    everything = Rules(maintenance=(Maintenance.model_validate(window),))
    assert everything.is_held_back(during, "sale", "error")
    assert everything.is_held_back(during, None, "error")
    assert not everything.is_held_back(after, "sale", "error")
    stock = Rules(maintenance=(Maintenance.model_validate({**window, "tables": ("inventory",)}),))
    assert stock.is_held_back(during, "inventory", "error")
    assert not stock.is_held_back(during, "sale", "error")
    assert not stock.is_held_back(during, None, "error")


def test_maintenance_in_the_hour_that_comes_twice() -> None:
    # From 2:30 in summer time to 2:15 in winter time there are 45 minutes, though the clock goes back.
    window = Maintenance.model_validate({"begins": "2026-10-25T02:30+02:00", "ends": "2026-10-25T02:15+01:00"})
    inside = [
        window.holds(datetime(2026, 10, 25, 0, minute, tzinfo=UTC).astimezone(BERLIN), "sale")
        for minute in range(0, 60, 15)
    ]
    assert inside == [False, False, True, True]


def channel(name: str, **settings: object) -> Channel:
    return Channel.model_validate({"name": name, "url": "URL", **settings})


ALL = channel("all")
STORES = channel("stores", owners=("stores",))
LOUD = channel("loud", severities=("error",))
PHONE = channel("phone", is_fallback=True)


@pytest.mark.parametrize(
    ("channels", "owner", "severity", "told"),
    [
        ((ALL, STORES, LOUD), "stores", "error", ["all", "stores", "loud"]),
        ((ALL, STORES, LOUD), "stores", "warn", ["all", "stores"]),
        ((ALL, STORES, LOUD), "finance", "error", ["all", "loud"]),
        ((STORES, PHONE), "stores", "error", ["stores"]),
        ((STORES, PHONE), "finance", "error", ["phone"]),
        ((STORES,), "finance", "error", []),
        ((PHONE,), "finance", "warn", ["phone"]),
        ((STORES, channel("phone", is_fallback=True, severities=("error",))), "finance", "warn", []),
        ((), "stores", "error", []),
    ],
)
def test_routing(channels: tuple[Channel, ...], owner: str, severity: str, told: list[str]) -> None:
    assert [one.name for one in Rules(channels=channels).channels_for(owner, severity)] == told
