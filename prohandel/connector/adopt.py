"""Writes `connector.yml` from a connection that somebody has made in Fivetran."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import yaml

from prohandel.connector.config import FILE, FREQUENCIES
from prohandel.connector.fivetran import Fivetran, Record
from prohandel.errors import ProhandelError
from prohandel.landing.tables import LANDED_TABLES

_ROLE = re.compile(r"arn:(aws[\w-]*):iam::(\d{12}):role/.+")


@dataclass(frozen=True)
class Adopted:
    """The file.

    Attributes:
        connection_id: that it was written from.
        text: YAML.
        notes: what the API does not show, so that a person must look.
    """

    connection_id: str
    text: str
    notes: tuple[str, ...]


def adopt(client: Fivetran, connection_id: str, time_limit: Callable[[str, str], int | None]) -> Adopted:
    """Describes a connection as `connector.yml` would.

    Args:
        client: of Fivetran.
        connection_id: of the connection.
        time_limit: of a function, by ARN and region, in seconds; None where it is not known.

    Raises:
        ProhandelError: it is not of the service aws_lambda, or lacks what the file needs.
    """
    connection = client.connection(connection_id)
    if connection.get("service") != "aws_lambda":
        raise ProhandelError(
            f"The connection {connection_id} is of the service {connection.get('service')}.",
            f"{FILE} describes connections of aws_lambda. Which ones there are: the dashboard, or GET /connections.",
        )
    notes: list[str] = []
    content = _settings(connection, time_limit, notes)
    content["secrets"] = _secrets(connection, notes)
    content["schedule"] = {
        "every_minutes": _minutes(connection, notes),
        "type": connection.get("schedule_type") or "auto",
        "paused": bool(connection.get("paused")),
    }
    known = client.schemas(connection_id)
    content["schema_change_handling"] = (known or {}).get("schema_change_handling") or "ALLOW_COLUMNS"
    content["tables"] = _tables(known, notes)
    heading = (
        f"# Written by `prohandel connector adopt` from {connection_id}; connector.example.yml explains each key.\n"
    )
    return Adopted(connection_id, heading + yaml.safe_dump(content, sort_keys=False, width=120), tuple(notes))


def _settings(connection: Record, time_limit: Callable[[str, str], int | None], notes: list[str]) -> Record:
    config = connection.get("config") or {}
    role, region, function = (str(config.get(key) or "") for key in ("role_arn", "region", "function"))
    found = _ROLE.fullmatch(role)
    if not (found and region and function):
        raise ProhandelError(
            f"The connection {connection['id']} has no function, region or role yet.",
            "Fill in its form in Fivetran, or write connector.yml by hand and apply it.",
        )
    if not function.startswith("arn:"):
        function = f"arn:{found[1]}:lambda:{region}:{found[2]}:function:{function}"
    seconds = time_limit(function, region)
    if seconds is None:
        notes.append("time_limit_seconds: 180 was written without a look at AWS; compare it with the function's.")
    return {
        "name": str(connection.get("schema")),
        "group": str(connection.get("group_id")),
        "service": "aws_lambda",
        "function": function,
        "region": region,
        "role": role,
        "external_id": str(connection.get("group_id")),
        "time_limit_seconds": seconds or 180,
    }


def _secrets(connection: Record, notes: list[str]) -> dict[str, str]:
    listed = (connection.get("config") or {}).get("secrets_list") or []
    names = [str(one["key"]) for one in listed if str(one.get("key", "")).strip("*")]
    if not names:
        notes.append("secrets: Fivetran shows none; write the names that the Lambda looks up.")
    return {name: _variable(name) for name in names}


def _variable(name: str) -> str:
    """An environment variable's name for a secret: apiKey -> PROHANDEL_API_KEY."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    plain = re.sub(r"\W+", "_", words).strip("_").upper()
    return plain if plain.startswith("PROHANDEL_") else f"PROHANDEL_{plain}"


def _minutes(connection: Record, notes: list[str]) -> int:
    minutes = int(connection.get("sync_frequency") or 60)
    if minutes in FREQUENCIES:
        return minutes
    notes.append(f"schedule.every_minutes: Fivetran has {minutes}, which it no longer accepts; 60 was written.")
    return 60


def _tables(known: Record | None, notes: list[str]) -> dict[str, Any]:
    tables: dict[str, Any] = {name: None for name, table in LANDED_TABLES.items() if not table.optional}
    if known is None:
        notes.append("tables: Fivetran knows none before the first sync; all nine were written as synced.")
        return tables
    for schema in (known.get("schemas") or {}).values():
        for key, table in (schema.get("tables") or {}).items():
            name = str(table.get("name_in_destination") or key)
            if name not in LANDED_TABLES:
                notes.append(f"tables.{name}: ProHandel lands no such table, so it was left out.")
                continue
            tables[name] = _choice(table)
    found = {
        str(table.get("name_in_destination") or key)
        for schema in (known.get("schemas") or {}).values()
        for key, table in (schema.get("tables") or {}).items()
    }
    for name in sorted(set(tables) - found):
        tables[name] = {"sync": False}
        notes.append(f"tables.{name}: it has not been delivered, so `sync: false` was written.")
    return tables


def _choice(table: Record) -> dict[str, Any] | None:
    if not table.get("enabled"):
        return {"sync": False}
    columns: Iterable[tuple[str, Record]] = (table.get("columns") or {}).items()
    left_out = [key for key, column in columns if column.get("enabled") is False]
    hashed = [key for key, column in columns if column.get("hashed") and key not in left_out]
    choice = {"hash": hashed, "leave_out": left_out}
    return {key: names for key, names in choice.items() if names} or None
