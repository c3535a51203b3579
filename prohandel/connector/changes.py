"""What differs between a connection as it is and as `connector.yml` has it, setting by setting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from prohandel.connector.config import Connection
from prohandel.connector.fingerprints import Fingerprint
from prohandel.connector.fivetran import Record

Call = Literal["replace", "create", "connection", "secrets", "tables", "test"]


@dataclass(frozen=True)
class Change:
    """One setting that would change.

    Attributes:
        call: which call of the API changes it.
        setting: its key in connector.yml.
        now: what it is.
        wanted: what it becomes.
        body: its part of the request; never a secret.
    """

    call: Call
    setting: str
    now: str
    wanted: str
    body: Record = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        return f"{self.setting}: {self.now} -> {self.wanted}"


def settings(config: Connection) -> Record:
    """The body of a connection, without secrets and without what cannot be changed."""
    return {
        "sync_frequency": config.schedule.every_minutes,
        "schedule_type": config.schedule.type,
        "paused": config.schedule.paused,
        "config": {"function": config.function_name, "region": config.region, "role_arn": config.role},
    }


def body_of_new(config: Connection, secrets: Mapping[str, str]) -> Record:
    """The request that creates a connection: paused and untested, so that nothing lands before the rest is set."""
    body = settings(config)
    body |= {"group_id": config.group, "service": config.service, "paused": True, "run_setup_tests": False}
    body["config"] |= {
        "schema": config.schema_name,
        "sync_method": "DIRECT",
        "secrets_list": secrets_list(secrets),
    }
    return body


def secrets_list(secrets: Mapping[str, str]) -> list[Record]:
    """Secrets as the API takes them."""
    return [{"key": key, "value": value} for key, value in secrets.items()]


def of_settings(config: Connection, connection: Record) -> Iterator[Change]:
    """Changes of the function, the role and the schedule."""
    found = connection.get("config") or {}
    function = str(found.get("function", ""))
    # Fivetran takes a name and an ARN alike.
    function = function.split(":")[6] if function.startswith("arn:") and function.count(":") >= 6 else function
    keys: tuple[tuple[str, Any, Any, Record], ...] = (
        ("function", function, config.function_name, {"config": {"function": config.function_name}}),
        ("region", found.get("region"), config.region, {"config": {"region": config.region}}),
        ("role", found.get("role_arn"), config.role, {"config": {"role_arn": config.role}}),
        (
            "schedule.every_minutes",
            connection.get("sync_frequency"),
            config.schedule.every_minutes,
            {"sync_frequency": config.schedule.every_minutes},
        ),
        (
            "schedule.type",
            connection.get("schedule_type"),
            config.schedule.type,
            {"schedule_type": config.schedule.type},
        ),
        ("schedule.paused", connection.get("paused"), config.schedule.paused, {"paused": config.schedule.paused}),
    )
    for setting, now, wanted, body in keys:
        if now != wanted:
            yield Change("connection", setting, _text(now), _text(wanted), body)


def of_secrets(
    config: Connection, connection: Record, sent: Mapping[str, Fingerprint], wanted: Mapping[str, Fingerprint]
) -> Iterator[Change]:
    """Changes of secrets: which are there, and which were rotated.

    Args:
        config: as it should be.
        connection: as it is, its secrets masked.
        sent: fingerprints of the secrets that were sent last.
        wanted: fingerprints of the secrets as they should be.
    """
    shown = _shown_secrets(connection)
    for name, variable in config.secrets.items():
        if shown is not None and name not in shown:
            now = "not there"
        elif name not in sent:
            now = "not known, because it was not sent from here"
        elif sent[name].key_check != wanted[name].key_check:
            now = "not known, because PROHANDEL_HASH_KEY was another"
        elif sent[name].digest != wanted[name].digest:
            now = "another value"
        else:
            continue
        yield Change("secrets", f"secrets.{name}", now, f"the value of {variable}")
    for name in sorted((set(sent) if shown is None else shown) - set(config.secrets)):
        yield Change("secrets", f"secrets.{name}", "there", "not there")


def _shown_secrets(connection: Record) -> set[str] | None:
    """The names of the secrets that a connection has; None where these are masked as well."""
    listed = (connection.get("config") or {}).get("secrets_list")
    if not isinstance(listed, list):
        return None
    names = {str(one.get("key", "")) for one in listed if isinstance(one, dict)}
    return None if any(not name.strip("*") for name in names) else names


def _text(value: Any) -> str:
    if value is None or value == "":
        return "nothing"
    return str(value).lower() if isinstance(value, bool) else str(value)
