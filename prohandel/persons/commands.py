"""The commands `prohandel forget` and `prohandel disclose`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from prohandel.console import (
    AsJson,
    ProfilesDir,
    TargetName,
    Yes,
    confirm,
    err,
    out,
    print_json,
    say_done,
    use_profiles,
)
from prohandel.errors import ProhandelError

if TYPE_CHECKING:
    from prohandel.persons.erase import Erasure

_CUSTOMER = typer.Option("--customer", help="Customer number; with several tenants <landing schema>/<customer number>.")


def forget(
    customer: Annotated[str | None, _CUSTOMER] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Erase those who were erased before and have landed again.")
    ] = False,
    reference: Annotated[
        str, typer.Option("--reference", help="Of the request, for the record; nothing that names the customer.")
    ] = "",
    yes: Yes = False,
    target: TargetName = None,
    profiles_dir: ProfilesDir = None,
    as_json: AsJson = False,
) -> None:
    """Erase a customer from every table (GDPR, article 17), in one transaction. It cannot be undone.

    Master data go. Orders and receipts stay, without saying whose they are, so that all sums stay as they are. The
    record in operations.erasures does not say who it was; the next landing of the same customer is recognised and
    alerted. Erase the customer in ProHandel first. Backups and files that were written before are not reached.

    The target has to log in as somebody who may write to the landed tables, such as an administrator.

    Examples:

        prohandel forget --target admin --customer 1000123 --reference DS-2026-014
        prohandel forget --target admin --again
    """
    from prohandel.persons.access import connected
    from prohandel.persons.erase import clean_up, count, erase
    from prohandel.persons.erasures import returned
    from prohandel.pipeline.lock import only_run
    from prohandel.pipeline.target import find_target

    if (customer is None) != again:
        raise ProhandelError("Whom?", "Name a customer, --customer NUMBER, or those who have come back, --again.")
    use_profiles(profiles_dir)
    where = find_target(target)
    done: list[Erasure] = []
    with only_run(where), connected(where) as warehouse:
        numbers = [customer] if customer else [one.reference for one in returned(warehouse.conn, warehouse.places)]
        if not numbers:
            say_done("nobody who was erased has landed again")
            return
        for number in numbers:
            try:
                person = warehouse.person(number)
                if not as_json:
                    _show(count(warehouse.conn, warehouse.tables, person))
                confirm("Erase this customer? It cannot be undone.", yes=yes)
                done.append(erase(warehouse.conn, warehouse.tables, person, warehouse.places, reference))
            except ProhandelError as error:
                # Another name of one who has just been erased.
                if not (done and again and "nothing" in error.message):
                    raise
        clean_up(warehouse.conn, warehouse.tables, [name for one in done for name in one.rows])
    if as_json:
        print_json([{"erasure": one.number, "at": one.at, "rows": one.rows, "others": one.others} for one in done])
    for one in done:
        say_done(f"erasure {one.number}: {sum(one.rows.values())} rows of {len(one.rows)} tables")
    if done and done[0].others:
        err.print(
            f"Not of this project, and left as they are: {', '.join(done[0].others)}", markup=False, soft_wrap=True
        )


def disclose(
    customer: Annotated[str, _CUSTOMER],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="New file, readable by you alone; standard output by default.")
    ] = None,
    target: TargetName = None,
    profiles_dir: ProfilesDir = None,
) -> None:
    """Write all that the warehouse holds about a customer (GDPR, article 15), as JSON. Changes nothing.

    Example: `prohandel disclose --target admin --customer 1000123 --output 1000123.json`
    """
    from prohandel.persons.access import as_of_now, connected
    from prohandel.persons.disclose import disclose as all_about
    from prohandel.persons.disclose import write
    from prohandel.pipeline.target import find_target

    use_profiles(profiles_dir)
    with connected(find_target(target)) as warehouse, as_of_now(warehouse.conn):
        content = all_about(warehouse.conn, warehouse.tables, warehouse.person(customer))
    if output is None:
        print_json(content)
        return
    write(content, output)
    rows = sum(len(one["rows"]) for one in content["tables"])
    say_done(f"{output}: {rows} rows of {len(content['tables'])} tables")


def _show(rows: Mapping[str, int]) -> None:
    for table, number in rows.items():
        out.print(f"{number:>8,}  {table}", markup=False, soft_wrap=True)
