"""dbt's documentation of the project as one page that needs neither a server nor a network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from prohandel.errors import ProhandelError
from prohandel.pipeline import packages
from prohandel.pipeline.dbt import Dbt
from prohandel.pipeline.landed import check_landing
from prohandel.pipeline.lock import only_run
from prohandel.pipeline.progress import showing
from prohandel.pipeline.run import run_variables
from prohandel.pipeline.target import PROJECT, find_target
from prohandel.pipeline.variables import check_variables, parse_variables, project_variables


@dataclass(frozen=True)
class Documentation:
    """The page that was written.

    Attributes:
        path: of the page.
        has_landing: False where nothing has landed: the page then has no compiled SQL and no sizes.
        relations: how many tables and views of the project stand in the warehouse.
    """

    path: Path
    has_landing: bool
    relations: int


def write_documentation(
    path: Path, target_name: str | None = None, variables: str = "", console: Console | None = None
) -> Documentation:
    """Writes the page, with the types and sizes of what the warehouse holds.

    Args:
        path: of the page; its folder is made.
        target_name: of the dbt profile; None for the embedded warehouse.
        variables: `--vars`, YAML or JSON.
        console: where progress goes; standard error by default.

    Raises:
        ProhandelError: the project cannot be read, its SQL cannot be compiled, or a run is active.
    """
    console = console or Console(stderr=True)
    given = parse_variables(variables)
    check_variables(given, "--vars")
    packages.resolve(PROJECT, say=console.print)
    target = find_target(target_name)
    in_force = run_variables(target, given)
    with only_run(target):
        has_landing = True
        with target.connect() as conn:
            try:
                check_landing(conn, {**project_variables(PROJECT), **in_force})
            except ProhandelError:
                # Staging looks at the landed columns; everything else about the project can be told without.
                has_landing = False
        with showing("documentation", console):
            page, relations = Dbt(target, in_force).document(has_landing=has_landing)
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{path.name}.new")
        new.write_bytes(page.read_bytes())
        new.replace(path)
    return Documentation(path, has_landing, relations)
