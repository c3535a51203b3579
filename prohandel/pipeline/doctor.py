"""What has landed, what of it cannot be used, and the variables that fit it: the first thing to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import psycopg
import yaml
from rich.console import Console
from rich.table import Table

from prohandel.errors import ProhandelError
from prohandel.landing.tables import DELETED, LANDED_TABLES, SYNCED, LandedTable
from prohandel.pipeline import packages
from prohandel.pipeline.dbt import Dbt
from prohandel.pipeline.evidence import (
    CustomerNumbers,
    LandedReadings,
    PriceEvidence,
    Reading,
    References,
    as_rows,
    customer_numbers,
    plausible_readings,
    price_evidence,
    references,
)
from prohandel.pipeline.landed import FoundTable, find_tables, landing_schemas, schemas_with_landings
from prohandel.pipeline.target import PROJECT, Target, find_target
from prohandel.pipeline.variables import check_variables, parse_variables, project_variables

_SAMPLES = 3
_SAMPLE_LENGTH = 40


@dataclass(frozen=True)
class ColumnReport:
    """One landed column.

    Attributes:
        name: as landed.
        type: as landed.
        generation: declared, api, or both where the generations agree on the name; None where nobody reads it.
        unreadable: values that staging cannot read.
        samples: some of them; none of a personal column.
        is_essential: an unreadable value costs the row.
    """

    name: str
    type: str
    generation: str | None
    unreadable: int
    samples: tuple[str, ...]
    is_essential: bool


@dataclass(frozen=True)
class TableReport:
    """One landed table.

    Attributes:
        schema: where it lies.
        name: as landed.
        rows: how many.
        newest_sync: newest `_fivetran_synced`.
        generation: declared, api, mixed, or both where its columns tell no difference.
        columns: what it has.
        missing: declared names of columns that landed under no name.
        problem: what keeps staging from using it; empty where nothing does.
    """

    schema: str
    name: str
    rows: int
    newest_sync: datetime | None
    generation: str
    columns: tuple[ColumnReport, ...]
    missing: tuple[str, ...]
    problem: str

    @property
    def unknown(self) -> list[str]:
        """Columns that no catalogue knows."""
        return [column.name for column in self.columns if column.generation is None]


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor found.

    Attributes:
        target: address of the database.
        schemas: landing schemas looked at.
        tables: landed tables found.
        absent: tables of the catalogue that have not landed, as schema.table.
        prices: how well each reading fits.
        customers: lengths of customers' numbers.
        references: what meets its parent, and how.
        variables: those that should differ from dbt_project.yml.
    """

    target: str
    schemas: tuple[str, ...]
    tables: tuple[TableReport, ...]
    absent: tuple[str, ...]
    prices: tuple[PriceEvidence, ...]
    customers: CustomerNumbers | None
    references: tuple[References, ...]
    variables: dict[str, Any]


def diagnose(target_name: str | None, variables: str = "") -> Diagnosis:
    """Looks at everything that has landed; changes nothing.

    Args:
        target_name: of the dbt profile; None for the embedded warehouse.
        variables: `--vars`, e.g. with another `prohandel_schema`.

    Raises:
        ProhandelError: the database does not answer, or nothing has landed there.
    """
    given = parse_variables(variables)
    check_variables(given, "--vars")
    project = project_variables(PROJECT)
    check_variables(project, "vars: in dbt_project.yml")
    packages.resolve(PROJECT)
    target = find_target(target_name)
    with target.connect() as conn:
        current = {**project, **given}
        schemas = landing_schemas(current)
        found = {schema: find_tables(conn, schema) for schema in schemas}
        if not any(set(tables) & LANDED_TABLES.keys() for tables in found.values()):
            schemas, given = _other_schema(conn, schemas, given)
            found = {schema: find_tables(conn, schema) for schema in schemas}
        readable = _readings(Dbt(_aside(target), given).evaluate("readings()"))
        reports = tuple(
            _table_report(conn, found[schema][name], readable.get(schema, {}).get(name))
            for schema in schemas
            for name in LANDED_TABLES
            if name in found[schema]
        )
        usable = {
            schema: {name: table for name, table in tables.items() if found[schema][name].is_readable}
            for schema, tables in readable.items()
        }
        largest = max(usable.values(), key=len)
        prices = tuple(price_evidence(conn, largest))
        customers = customer_numbers(conn, largest)
        named = tuple(references(conn, largest))
    fitting = {**given, **_fitting(reports, prices, customers, current)}
    return Diagnosis(
        target=target.address,
        schemas=tuple(schemas),
        tables=reports,
        absent=tuple(f"{schema}.{name}" for schema in schemas for name in LANDED_TABLES if name not in found[schema]),
        prices=prices,
        customers=customers,
        references=named,
        variables={name: value for name, value in fitting.items() if project.get(name) != value},
    )


def _aside(target: Target) -> Target:
    """The same target with artifacts of its own: a run's parse stays valid whatever variables we look with."""
    return replace(target, home=target.home / "doctor")


def _other_schema(
    conn: psycopg.Connection, schemas: list[str], given: Mapping[str, Any]
) -> tuple[list[str], dict[str, Any]]:
    """Where nothing landed in the schema that the variables name, the one where most did."""
    landings = schemas_with_landings(conn)
    if not landings:
        raise ProhandelError(
            f"No table of ProHandel has landed in schema {', '.join(schemas)}, nor in any other of this database.",
            "Check dbname in the target, and that the Fivetran connection writes to this database. "
            "Without Fivetran: prohandel land files DIR.",
        )
    return landings[:1], {**given, "prohandel_schema": landings[0]}


def _readings(evaluated: Any) -> dict[str, dict[str, LandedReadings]]:
    return {
        schema: {
            table: LandedReadings(schema, table, tuple(Reading(**entry) for entry in entries))
            for table, entries in tables.items()
        }
        for schema, tables in evaluated.items()
    }


def _table_report(conn: psycopg.Connection, found: FoundTable, readings: LandedReadings | None) -> TableReport:
    table = LANDED_TABLES[found.name]
    missing = tuple(column.name for column in table.columns if not set(column.names) & found.columns.keys())
    if not found.is_readable or readings is None:
        columns = tuple(_column_report(table, name, kind, None) for name, kind in found.columns.items())
        problem = "this user may not read it: grant select on it"
        return TableReport(found.schema, found.name, 0, None, _generation(columns), columns, missing, problem)
    rows, newest_sync, unreadable = _unreadable(conn, found, readings)
    columns = tuple(_column_report(table, name, kind, unreadable.get(name)) for name, kind in found.columns.items())
    needed = [
        column.name
        for column in table.columns
        if column.name in missing and (column.essential or column.name in table.primary_key)
    ]
    problem = f"no column {', '.join(needed)}" if needed else "" if rows else "no rows"
    return TableReport(found.schema, found.name, rows, newest_sync, _generation(columns), columns, missing, problem)


@dataclass(frozen=True)
class _Unreadable:
    count: int
    samples: tuple[str, ...]
    is_essential: bool


def _unreadable(
    conn: psycopg.Connection, found: FoundTable, readings: LandedReadings
) -> tuple[int, datetime | None, dict[str, _Unreadable]]:
    """Rows, newest sync, and what cannot be read by landed column: one scan, and one more per column with findings."""
    doubtful = [reading for reading in readings.readings if reading.may_be_unreadable]
    counts = [f"count(*) filter (where {_misread(reading)})" for reading in doubtful]
    newest = f"max(landed.{SYNCED})" if found.columns.get(SYNCED, "").startswith("timestamp") else "null"
    query = f"select {', '.join(['count(*)', newest, *counts])} from {readings.source}"
    row = as_rows(conn, query)[0]
    result = {}
    for reading, count in zip(doubtful, row[2:], strict=True):
        if count:
            names_a_person = reading.is_personal or reading.name.startswith("customer")
            samples = () if names_a_person else _samples(conn, readings, reading)
            result[reading.column] = _Unreadable(count, samples, reading.is_essential)
    return row[0], row[1], result


def _misread(reading: Reading) -> str:
    return f"({reading.filled}) and ({reading.value}) is null"


def _samples(conn: psycopg.Connection, readings: LandedReadings, reading: Reading) -> tuple[str, ...]:
    column = '"' + reading.column.replace('"', '""') + '"'
    query = (
        f"select distinct left(cast(landed.{column} as text), {_SAMPLE_LENGTH}) as sample from {readings.source}"
        f" where {_misread(reading)} order by 1 limit {_SAMPLES}"
    )
    return tuple(sample for (sample,) in as_rows(conn, query))


def _column_report(table: LandedTable, name: str, kind: str, unreadable: _Unreadable | None) -> ColumnReport:
    column = table.column(name)
    if name.startswith("_fivetran"):
        generation: str | None = "both"
    elif column is None:
        generation = "both" if name in (SYNCED, DELETED) else None
    elif len(column.names) == 1:
        generation = "both"
    else:
        generation = "declared" if name == column.name else "api"
    if unreadable is None:
        return ColumnReport(name, kind, generation, 0, (), is_essential=False)
    return ColumnReport(
        name, kind, generation, unreadable.count, unreadable.samples, is_essential=unreadable.is_essential
    )


def _generation(columns: tuple[ColumnReport, ...]) -> str:
    told = {column.generation for column in columns if column.generation in ("declared", "api")}
    return "mixed" if len(told) > 1 else "".join(told) or "both"


def _fitting(
    reports: tuple[TableReport, ...],
    prices: tuple[PriceEvidence, ...],
    customers: CustomerNumbers | None,
    current: Mapping[str, Any],
) -> dict[str, Any]:
    """The variables that fit what has landed. A table counts as landed where one of the schemas can use it."""
    usable = {report.name for report in reports if not report.problem}
    fitting: dict[str, Any] = {table.using_variable: table.name in usable for table in LANDED_TABLES.values()}
    fitting |= plausible_readings(prices)
    if customers is not None and customers.shortest is not None:
        fitting["min_customer_number_length"] = min(current["min_customer_number_length"], customers.shortest)
    return fitting


def block(variables: Mapping[str, Any]) -> str:
    """The variables as they stand in dbt_project.yml; `--vars` takes the block as it is, too."""
    if not variables:
        return "vars: {}  # the defaults fit\n"
    return yaml.safe_dump({"vars": dict(variables)}, sort_keys=False)


def show(diagnosis: Diagnosis, console: Console) -> None:
    """Prints a diagnosis for people; the last thing is the block to paste."""
    console.print(f"Database {diagnosis.target}, schema {', '.join(diagnosis.schemas)}", highlight=False)
    console.print(_overview(diagnosis))
    for report in diagnosis.tables:
        columns = ", ".join(f"{column.name} {column.type}" for column in report.columns)
        console.print(f"[bold]{report.schema}.{report.name}[/]: {columns}", highlight=False)
    if diagnosis.absent:
        console.print(f"Not landed: {', '.join(diagnosis.absent)}", highlight=False)
    _show_findings(diagnosis, console)
    if diagnosis.references:
        console.print(_references(diagnosis))
    if diagnosis.prices:
        console.print(_prices(diagnosis))
    if diagnosis.customers is not None:
        lengths = ", ".join(f"{count:,} of {length}" for length, count in diagnosis.customers.numbers.items())
        console.print(f"Digits of customer numbers ({diagnosis.customers.table}): {lengths or 'none'}", highlight=False)
    console.print("\nFor dbt_project.yml, or in one line with --vars:", highlight=False)
    console.print(block(diagnosis.variables), highlight=False, markup=False)


def _overview(diagnosis: Diagnosis) -> Table:
    table = Table(title="Landed tables", title_justify="left")
    for name in ("table", "rows", "newest sync", "generation", "columns", "missing", "problem"):
        table.add_column(name, justify="right" if name in ("rows", "columns") else "left")
    for report in diagnosis.tables:
        synced = f"{report.newest_sync:%Y-%m-%d %H:%M}" if report.newest_sync else "unknown"
        table.add_row(
            report.name,
            f"{report.rows:,}",
            synced,
            report.generation,
            str(len(report.columns)),
            ", ".join(report.missing),
            report.problem,
        )
    return table


def _show_findings(diagnosis: Diagnosis, console: Console) -> None:
    for report in diagnosis.tables:
        for column in report.columns:
            if column.unreadable:
                effect = "these rows are rejected" if column.is_essential else "read as null"
                samples = f", such as {', '.join(map(repr, column.samples))}" if column.samples else ""
                console.print(
                    f"[yellow]![/] {report.name}.{column.name}: {column.unreadable:,} values cannot be read"
                    f"{samples}; {effect}",
                    highlight=False,
                )
        if report.unknown:
            console.print(
                f"Nobody reads {report.name}: {', '.join(report.unknown)} (passthrough_columns hands them on)",
                highlight=False,
            )


def _references(diagnosis: Diagnosis) -> Table:
    table = Table(title="References (different values)", title_justify="left")
    for name in ("column", "names a", "values", "its number", "its id", "neither"):
        table.add_column(name, justify="left" if name in ("column", "names a") else "right")
    for entry in diagnosis.references:
        counts = (entry.different, entry.by_number, entry.by_id, entry.neither)
        table.add_row(entry.column, entry.parent, *(f"{count:,}" for count in counts))
    return table


def _prices(diagnosis: Diagnosis) -> Table:
    table = Table(title="How prices are meant (share of plausible lines of more than one unit)", title_justify="left")
    for name in ("variable", "lines", "per line", "per unit", "fits"):
        table.add_column(name, justify="left" if name in ("variable", "fits") else "right")
    for entry in diagnosis.prices:
        table.add_row(
            entry.variable, f"{entry.lines:,}", f"{entry.line:.1%}", f"{entry.unit:.1%}", entry.fits or "not clear"
        )
    return table
