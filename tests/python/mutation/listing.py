"""The list of deliberate errors: one entry per error in the TOML files of this folder."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
PROJECT = FOLDER.parents[2]
KINDS = ("unit", "pytest", "build")


class ListError(ValueError):
    """An entry of the list that cannot be used; the message says which and why."""


@dataclass(frozen=True)
class Check:
    """One way to notice an error.

    Attributes:
        kind: `unit` (the unit tests of a model), `pytest` (a module or a node of it) or `build` (models are built on
            the small retailer, with their data tests).
        subject: name of the model, node id, or dbt's selection.
    """

    kind: str
    subject: str


@dataclass(frozen=True)
class Mutation:
    """A deliberate error.

    Attributes:
        name: what `ONLY=` selects by.
        group: the file that lists it, without its ending.
        breaks: the trap of the landing, the law or the promise that it breaks.
        file: the file it is planted in, from the project's root.
        find: text that is in this file exactly once.
        replace: what stands there instead.
        checks: what has to notice it, tried in this order.
    """

    name: str
    group: str
    breaks: str
    file: str
    find: str
    replace: str
    checks: tuple[Check, ...]


def read() -> list[Mutation]:
    """All entries, in the order of the files' names and of the entries in them."""
    found = []
    for path in sorted(FOLDER.glob("*.toml")):
        for entry in tomllib.loads(path.read_text())["mutation"]:
            checks = tuple(Check(*test.split(maxsplit=1)) for test in entry.pop("tests"))
            found.append(Mutation(**entry, group=path.stem, checks=checks))
    return found


def planted(mutation: Mutation, text: str) -> str:
    """The text of a file with the error in it.

    Raises:
        ListError: the text to find is not there exactly once, or stays as it is.
    """
    count = text.count(mutation.find)
    if count != 1:
        raise ListError(f"{mutation.name}: {mutation.file} has the text to find {count} times, not once.")
    if mutation.find == mutation.replace:
        raise ListError(f"{mutation.name}: nothing is changed.")
    return text.replace(mutation.find, mutation.replace)
