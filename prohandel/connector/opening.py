"""Opening what a command of the connector works on: the file, the API, the warehouse's memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from prohandel.console import err, use_profiles
from prohandel.errors import ProhandelError

if TYPE_CHECKING:
    from prohandel.connector.config import Connection
    from prohandel.connector.fivetran import Fivetran
    from prohandel.connector.memory import Memory

File = Annotated[
    Path | None, typer.Option("--file", "-f", help="In place of connector.yml here or in the project's folder.")
]


def opened(file: Path | None) -> tuple[Connection, Fivetran]:
    """The file, and a client of the API that the environment describes; to be closed by who asks.

    Raises:
        ProhandelError: the file is missing or wrong, or the API key is not set.
    """
    from prohandel.connector.config import FILE, load
    from prohandel.connector.fivetran import Fivetran
    from prohandel.pipeline.target import PROJECT

    path = file or next((folder / FILE for folder in (Path.cwd(), PROJECT) if (folder / FILE).is_file()), None)
    if path is None:
        raise ProhandelError(
            f"There is no {FILE} in {Path.cwd()} or {PROJECT}.",
            "Copy connector.example.yml there and fill it in; for a connection that exists: prohandel connector adopt",
        )
    config = load(path)
    client = Fivetran.from_environment(say=lambda what: err.print(what, markup=False))
    # Fivetran and the Lambda may quote them in an error, whatever the command is about.
    client.hide([os.environ.get(variable, "") for variable in config.secrets.values()])
    return config, client


@contextmanager
def memory_of(target: str | None, profiles_dir: Path | None) -> Iterator[Memory]:
    """What a target's warehouse remembers of connections."""
    from prohandel.connector.memory import LAYER, Memory
    from prohandel.pipeline.target import find_target

    use_profiles(profiles_dir)
    where = find_target(target)
    with where.connect("prohandel connector") as conn:
        yield Memory(conn, where.schema_of(LAYER))
