"""What all commands share: options, output, and questions."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from prohandel.errors import ProhandelError

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
TargetName = Annotated[
    str | None, typer.Option("--target", "-t", help="Target of the dbt profile; the embedded warehouse by default.")
]
ProfilesDir = Annotated[
    Path | None, typer.Option("--profiles-dir", help="Folder of profiles.yml, in place of DBT_PROFILES_DIR.")
]


def say_done(what: str) -> None:
    """Says on standard error what has been done."""
    err.print(f"[green]✓[/] {escape(what)}", soft_wrap=True)


def print_error(error: ProhandelError) -> None:
    """Says on standard error what is wrong and what to do."""
    err.print(f"[red]✗[/] {escape(error.message)}", soft_wrap=True)
    if error.remedy:
        err.print(f"  → {escape(error.remedy)}", soft_wrap=True)


def print_json(content: Any) -> None:
    """Prints one JSON document on standard output."""
    print(json.dumps(content, indent=2, default=str, ensure_ascii=False))


def confirm(question: str, *, yes: bool) -> None:
    """Asks, unless it was answered beforehand.

    Raises:
        ProhandelError: nobody is there to answer, or the answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise ProhandelError(f"{question} Nobody is there to answer.", "Say so beforehand: --yes")
    if not typer.confirm(question, err=True):
        raise ProhandelError("Nothing was changed.")


def use_profiles(profiles_dir: Path | None) -> None:
    """Has dbt look for profiles.yml in a folder, if one is named."""
    if profiles_dir:
        os.environ["DBT_PROFILES_DIR"] = str(profiles_dir.expanduser().resolve())
