"""The schedule files as tests read them: workflows of GitHub, units of systemd, a crontab, and the commands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from prohandel.pipeline.target import PROJECT

WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))
SYSTEMD = PROJECT / "deploy" / "systemd"
SERVICES = sorted(SYSTEMD.glob("*.service"))
SERVERS = [SYSTEMD / f"prohandel-{name}.service" for name in ("api", "dashboard", "webhook")]
TIMERS = sorted(SYSTEMD.glob("*.timer"))
SETTINGS = SYSTEMD / "prohandel.env.example"
CRONTAB = PROJECT / "deploy" / "cron" / "prohandel.cron"

_ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=")
_PUNCTUATION = re.compile(r"^[();<>|&]+$")


@dataclass(frozen=True)
class Command:
    """One command of a script.

    Attributes:
        program: its name, without the folder that it lies in.
        arguments: as the shell hands them over, but for variables, which are not filled in.
    """

    program: str
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        return shlex.join([self.program, *self.arguments])


class _WorkflowLoader(yaml.SafeLoader):
    """YAML as GitHub reads it: `on` is a word there, in YAML 1.1 it is true."""


_WorkflowLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_WorkflowLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), ["t", "f"])


def workflow(path: Path) -> dict[str, Any]:
    """The content of a workflow."""
    content = _WorkflowLoader(path.read_text(encoding="utf-8")).get_single_data()
    assert isinstance(content, dict), path
    return content


def steps(content: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every step of a workflow with the name of its job."""
    for job, definition in content["jobs"].items():
        for step in definition["steps"]:
            yield job, step


def commands_of(script: str) -> list[Command]:
    """The commands of a shell script as plain as those of our schedules; what flock runs stands beside flock itself."""
    found: list[Command] = []
    # What a substitution runs is a command like any other.
    for line in script.replace("\\\n", " ").replace("$(", "\n").splitlines():
        words: list[str] = []
        tokens = list(_tokens(line))
        position = 0
        while position < len(tokens):
            token = tokens[position]
            if not _PUNCTUATION.match(token):
                words.append(token)
            elif "<" in token or ">" in token:
                if words and words[-1].isdigit():
                    words.pop()
                position += 1
            else:
                found += _of_words(words)
                words = []
            position += 1
        found += _of_words(words)
    return found


def _tokens(line: str) -> Iterator[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    yield from lexer


def _of_words(words: list[str]) -> Iterator[Command]:
    while words and _ASSIGNMENT.match(words[0]):
        words = words[1:]
    if not words:
        return
    command = Command(Path(words[0]).name or words[0], tuple(words[1:]))
    yield command
    if command.program == "flock":
        yield from _of_words(_after_lock(words[1:]))


def _after_lock(words: list[str]) -> list[str]:
    """What `flock` runs: the words after its options and the file that it locks."""
    while words[0].startswith("-"):
        words = words[2 if words[0] == "-w" else 1 :]
    return words[1:]


def unit(path: Path) -> dict[str, dict[str, list[str]]]:
    """A unit of systemd: values by section and key, in their order."""
    sections: dict[str, dict[str, list[str]]] = {}
    keys: dict[str, list[str]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if not text or text[0] in "#;":
            continue
        if text.startswith("["):
            assert re.match(r"^\[[A-Z]\w+\]$", text), f"{path.name}:{number}: {text}"
            keys = sections.setdefault(text[1:-1], {})
        else:
            key, is_assigned, value = text.partition("=")
            assert is_assigned, f"{path.name}:{number}: {text}"
            keys.setdefault(key.strip(), []).append(value.strip())
    return sections


def settings() -> dict[str, str]:
    """The variables of the environment file that systemd and cron read."""
    lines = SETTINGS.read_text(encoding="utf-8").splitlines()
    found = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name: value for name, _, value in found}


@dataclass(frozen=True)
class Entry:
    """One line of a crontab: five fields of time, and a script."""

    times: tuple[str, ...]
    script: str


def crontab() -> tuple[dict[str, str], list[Entry]]:
    """The variables and the entries of the crontab."""
    variables: dict[str, str] = {}
    entries = []
    for line in CRONTAB.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if _ASSIGNMENT.match(line):
            name, _, value = line.partition("=")
            variables[name] = value
        else:
            *times, script = line.split(maxsplit=5)
            entries.append(Entry(tuple(times), script))
    return variables, entries
