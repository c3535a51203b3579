"""Which tables and columns are synced: what Fivetran calls the schema config of a connection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from prohandel.connector.changes import Change
from prohandel.connector.config import ColumnChoice, Connection, TableChoice
from prohandel.connector.fivetran import Record
from prohandel.landing.names import landed_name

Columns = Callable[[str, str], Record]
"""All columns of a table, by the names of schema and table at the source."""

_BODY: dict[ColumnChoice, Record] = {
    "plain": {"enabled": True, "hashed": False},
    "hashed": {"enabled": True, "hashed": True},
    "left out": {"enabled": False, "hashed": False},
}


@dataclass
class TablePlan:
    """What would change about tables and columns.

    Attributes:
        changes: that a call makes.
        notes: what no call can change, and what to know.
    """

    changes: list[Change] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def body_of_tables(config: Connection) -> Record:
    """The request that chooses all tables of a connection of which Fivetran knows none yet."""
    tables = {}
    for name, choice in config.tables.items():
        entry: Record = {"enabled": choice.sync}
        if choice.sync and (columns := choice.columns()):
            entry["columns"] = {column: _BODY[wanted] for column, wanted in columns.items()}
        tables[name] = entry
    schema = {"enabled": True, "tables": tables}
    return {"schema_change_handling": config.schema_change_handling, "schemas": {config.schema_name: schema}}


def of_tables(config: Connection, known: Record, columns: Columns, *, has_landed: bool) -> TablePlan:
    """Changes of tables and columns that Fivetran knows.

    Args:
        config: as it should be.
        known: the schema config as it is.
        columns: asks for all columns of a table; the schema config has only those that somebody chose.
        has_landed: whether rows have.
    """
    plan = TablePlan()
    handling = known.get("schema_change_handling")
    if handling != config.schema_change_handling:
        wanted = config.schema_change_handling
        plan.changes.append(
            Change("tables", "schema_change_handling", str(handling), wanted, {"schema_change_handling": wanted})
        )
    schema_key, schema = _schema_of(known, config.schema_name)
    if schema.get("enabled") is False:
        body = {"schemas": {schema_key: {"enabled": True}}}
        plan.changes.append(Change("tables", "tables", "none is synced", "as listed", body))
    found: dict[str, tuple[str, Record]] = {
        str(table.get("name_in_destination") or key): (key, table)
        for key, table in (schema.get("tables") or {}).items()
    }
    for name, choice in config.tables.items():
        if name in found:
            _of_table(plan, schema_key, name, *found[name], choice, columns, has_landed=has_landed)
        elif choice.sync:
            plan.notes.append(f"tables.{name}: the Lambda has not delivered it yet, so there is nothing to choose.")
    for name in sorted(set(found) - set(config.tables)):
        key, table = found[name]
        if table.get("enabled"):
            if config.schema_change_handling == "ALLOW_ALL":
                plan.notes.append(f"tables.{name}: it lands, because ALLOW_ALL lets every table land.")
            else:
                body = _nested(schema_key, key, {"enabled": False})
                plan.changes.append(Change("tables", f"tables.{name}", "synced", "not synced", body))
    return plan


def _schema_of(known: Record, name: str) -> tuple[str, Record]:
    """The schema config's entry of a schema, with its key; the name itself where there is no entry."""
    schemas: dict[str, Record] = known.get("schemas") or {}
    for key, schema in schemas.items():
        if name in (key, schema.get("name_in_destination")):
            return key, schema
    return next(iter(schemas.items())) if len(schemas) == 1 else (name, {})


def _of_table(
    plan: TablePlan,
    schema_key: str,
    name: str,
    key: str,
    table: Record,
    choice: TableChoice,
    columns: Columns,
    *,
    has_landed: bool,
) -> None:
    if bool(table.get("enabled")) != choice.sync:
        allowed = table.get("enabled_patch_settings") or {}
        if allowed.get("allowed") is False:
            plan.notes.append(f"tables.{name}: Fivetran does not let it be changed: {allowed.get('reason', '')}")
        else:
            words = ("synced", "not synced")
            now, wanted = words if not choice.sync else words[::-1]
            body = _nested(schema_key, key, {"enabled": choice.sync})
            plan.changes.append(Change("tables", f"tables.{name}", now, wanted, body))
    if not choice.sync:
        return
    chosen: Record = table.get("columns") or {}
    wanted_columns = choice.columns()
    missing = [column for column in wanted_columns if _find(chosen, column) is None]
    # One more request, and only where a column is to be hidden that nobody has hidden yet.
    everything = columns(schema_key, key) if missing else {}
    seen: set[str] = set()
    for column, wanted_choice in wanted_columns.items():
        column_key = _find(chosen, column) or _find(everything, column)
        if column_key is None:
            plan.notes.append(
                f"tables.{name}: the Lambda has delivered no column {column}, so nothing is {wanted_choice}. "
                "Is it spelt as the Lambda returns it?"
            )
            continue
        seen.add(column_key)
        entry = chosen.get(column_key) or everything[column_key]
        _of_column(plan, schema_key, key, f"tables.{name}.{column}", column_key, entry, wanted_choice)
        if has_landed and plan.changes and plan.changes[-1].setting == f"tables.{name}.{column}":
            plan.notes.append(
                f"tables.{name}.{column}: rows that have landed keep it as it is. "
                f"Read them again: prohandel connector resync --table {name}"
            )
    for column_key, entry in chosen.items():
        if column_key not in seen:
            setting = f"tables.{name}.{entry.get('name_in_destination') or column_key}"
            _of_column(plan, schema_key, key, setting, column_key, entry, "plain")


def _of_column(
    plan: TablePlan, schema_key: str, table_key: str, setting: str, key: str, entry: Record, wanted: ColumnChoice
) -> None:
    now = _choice_of(entry)
    if now == wanted:
        return
    allowed = entry.get("enabled_patch_settings") or {}
    if allowed.get("allowed") is False and "left out" in (now, wanted):
        plan.notes.append(f"{setting}: Fivetran does not let it be changed: {allowed.get('reason', '')}")
        return
    body = _nested(schema_key, table_key, {"columns": {key: _BODY[wanted]}})
    plan.changes.append(Change("tables", setting, now, wanted, body))


def _choice_of(entry: Record) -> ColumnChoice:
    if entry.get("enabled") is False:
        return "left out"
    return "hashed" if entry.get("hashed") else "plain"


def _find(columns: Record, name: str) -> str | None:
    """The key of a column, given as the source has it or as it lands."""
    for key, column in columns.items():
        if name in (key, column.get("name_in_destination")) or landed_name(key) == landed_name(name):
            return key
    return None


def _nested(schema_key: str, table_key: str, content: Record) -> Record:
    return {"schemas": {schema_key: {"tables": {table_key: content}}}}
