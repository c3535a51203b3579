"""Who is told what: channels and rules of `alerts.yml`. Addresses, which hold secrets, come from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from prohandel.errors import ProhandelError
from prohandel.pipeline.target import PROJECT

CONFIGURATION = "alerts.yml"
BERLIN = ZoneInfo("Europe/Berlin")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _variable(name: str) -> str:
    # Whoever writes the address itself here must not find it again in a log.
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
        raise ValueError(
            "this is the name of an environment variable, in capitals; the address itself is a secret and goes into it"
        )
    return name


def _plain(name: str) -> str:
    if not re.fullmatch(r"\w[\w -]*", name):
        raise ValueError("a name consists of letters, digits, blanks, - and _")
    return name


class Channel(_Strict):
    """Where messages go.

    Attributes:
        name: in messages and in the outbox.
        url: name of the environment variable with its Apprise URL (mailto://, slack://, msteams://, json://, ...).
        owners: whose incidents it gets; all by default.
        severities: which incidents it gets.
        is_fallback: it gets the incidents that no other channel takes, and is told first of a channel that is dead.
    """

    name: Annotated[str, AfterValidator(_plain)]
    url: Annotated[str, AfterValidator(_variable)]
    owners: tuple[str, ...] = ()
    severities: tuple[Literal["error", "warn"], ...] = ("error", "warn")
    is_fallback: bool = False

    def takes(self, owner: str, severity: str) -> bool:
        """Is an incident of this owner and severity for this channel?"""
        return severity in self.severities and (not self.owners or owner in self.owners)


class Quiet(_Strict):
    """Hours of the day, in Berlin, in which warnings wait for the end of them; errors are told at once."""

    begins: time
    ends: time

    @model_validator(mode="after")
    def _by_the_clock_of_berlin(self) -> Quiet:
        if self.begins.tzinfo or self.ends.tzinfo:
            raise ValueError("begins and ends are times in Berlin, without a zone")
        if self.begins == self.ends:
            raise ValueError("begins and ends are the same time; leave out `quiet` where no hour is quiet")
        return self

    def holds(self, at: datetime) -> bool:
        """Does the moment lie in them?"""
        clock = at.astimezone(BERLIN).time()
        if self.begins < self.ends:
            return self.begins <= clock < self.ends
        return clock >= self.begins or clock < self.ends


class Maintenance(_Strict):
    """A time in which nothing is told, because somebody is at work.

    Attributes:
        tables: whose incidents wait; all by default.
    """

    begins: datetime
    ends: datetime
    tables: tuple[str, ...] = ()

    @field_validator("begins", "ends")
    @classmethod
    def _in_berlin(cls, moment: datetime) -> datetime:
        # Two moments of one zone compare by the clock, which is wrong in the hour that comes twice.
        return (moment if moment.tzinfo else moment.replace(tzinfo=BERLIN)).astimezone(UTC)

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Maintenance:
        if self.ends <= self.begins:
            raise ValueError("it ends before it begins")
        return self

    def holds(self, at: datetime, table: str | None) -> bool:
        """Does the moment lie in it, for incidents of this table? None stands for a message about no table."""
        return self.begins <= at < self.ends and (not self.tables or table in self.tables)


class Rules(_Strict):
    """The content of `alerts.yml`.

    Attributes:
        reminder_hours: an open incident that nobody acknowledged is told again after so many hours.
    """

    channels: tuple[Channel, ...] = ()
    quiet: Quiet | None = None
    maintenance: tuple[Maintenance, ...] = ()
    reminder_hours: Annotated[int, Field(gt=0)] = 24

    @field_validator("channels")
    @classmethod
    def _named_once(cls, channels: tuple[Channel, ...]) -> tuple[Channel, ...]:
        names = [channel.name for channel in channels]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(f"the name {', '.join(doubled)} stands for more than one channel")
        return channels

    def is_held_back(self, at: datetime, table: str | None, severity: str) -> bool:
        """Must a message wait, for quiet hours or maintenance? Without a table it is about a channel."""
        if any(window.holds(at, table) for window in self.maintenance):
            return True
        return severity != "error" and self.quiet is not None and self.quiet.holds(at)

    def channels_for(self, owner: str, severity: str) -> list[Channel]:
        """The channels that get an incident; a fallback where no other does."""
        takers = [channel for channel in self.channels if channel.takes(owner, severity)]
        return [channel for channel in takers if not channel.is_fallback] or takers


@dataclass(frozen=True)
class Address:
    """A channel with its Apprise URL, which is a secret."""

    channel: Channel
    url: str

    def __repr__(self) -> str:
        return f"Address({self.channel.name})"


class _Loader(yaml.SafeLoader):
    """Leaves numbers and times as texts: YAML reads 22:00 as a number to the base of 60."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rsplit(":", 1)[-1] in ("null", "bool", "merge")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def rules_of_project() -> Rules:
    """The rules of alerts.yml beside dbt_project.yml.

    Raises:
        ProhandelError: see `read_rules`.
    """
    return read_rules(PROJECT / CONFIGURATION)


def read_rules(path: Path) -> Rules:
    """The rules of a file; without the file there is no channel.

    No message shows what is in the file: somebody may have written an address into it.

    Raises:
        ProhandelError: it cannot be read, is no YAML, or a key or value in it is not known.
    """
    if not path.exists():
        return Rules()
    try:
        content = _Loader(path.read_text(encoding="utf-8")).get_single_data() or {}
        return Rules.model_validate(content)
    except (OSError, UnicodeDecodeError) as error:
        raise ProhandelError(f"{path} cannot be read: {type(error).__name__}.", "Save it as a text in UTF-8.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ProhandelError(f"{path}{where}: this is no YAML.", "Mend the line, or the one above it.") from None
    except ValidationError as error:
        said = [f"{_place(one['loc'])}: {one['msg'].removeprefix('Value error, ')}" for one in error.errors()]
        raise ProhandelError(
            f"{path}: {'; '.join(said)}", "alerts.example.yml shows every key; copy the one that is meant from there."
        ) from None


def _place(keys: Sequence[str | int]) -> str:
    """Where in the file: channels.0.url."""
    shown = [str(key) if re.fullmatch(r"\w+", str(key)) else "(something that is no key)" for key in keys]
    return ".".join(shown) or "the whole of it"


def addresses(rules: Rules, environment: Mapping[str, str] = os.environ) -> tuple[list[Address], list[str]]:
    """The channels whose address is set, and the variables that are not."""
    found = [Address(channel, environment[channel.url]) for channel in rules.channels if environment.get(channel.url)]
    lacking = [channel.url for channel in rules.channels if not environment.get(channel.url)]
    return found, list(dict.fromkeys(lacking))


def named(channels: Sequence[Address]) -> dict[str, Address]:
    """Addresses by the name of their channel."""
    return {address.channel.name: address for address in channels}
