"""Sends the report as an attachment over channels of alerts.yml."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prohandel.errors import ProhandelError
from prohandel.quality.channels import Address, Rules, addresses, named


def chosen(rules: Rules, names: Sequence[str]) -> list[Address]:
    """The channels of these names, with their addresses.

    Raises:
        ProhandelError: there is no such channel, or its address is not set.
    """
    known = {channel.name: channel for channel in rules.channels}
    missing = [name for name in names if name not in known]
    if missing:
        raise ProhandelError(
            f"alerts.yml has no channel {', '.join(missing)}.",
            f"It has: {', '.join(sorted(known)) or 'none'}. alerts.example.yml shows how to write one.",
        )
    there = named(addresses(rules)[0])
    unset = [known[name].url for name in names if name not in there]
    if unset:
        raise ProhandelError(
            f"The environment variable {unset[0]} is not set, which holds the address of a channel.",
            "Set it to the Apprise URL of the channel.",
        )
    return [there[name] for name in names]


def send(address: Address, title: str, text: str, path: Path) -> None:
    """Sends a file.

    Raises:
        ProhandelError: the service behind the channel takes no files, or did not take this one.
    """
    import apprise

    name = address.channel.name
    sender = apprise.Apprise()
    if not sender.add(address.url):
        raise ProhandelError(
            f"The address of the channel {name} is no Apprise URL.", f"Mend the variable {address.channel.url}."
        )
    if not all(service.attachment_support for service in sender):
        raise ProhandelError(
            f"The service behind the channel {name} takes no files.",
            "Choose a channel that does, such as mail (mailtos:) or Slack with a bot token, or send the file by hand.",
        )
    if not sender.notify(title=title, body=text, attach=str(path)):
        raise ProhandelError(
            f"The channel {name} did not take the report.",
            f"Try again; `prohandel alerts` says whether it takes messages. The file is {path}.",
        )
