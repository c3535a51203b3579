"""A fake of Fivetran's REST API, built from its documentation: it keeps connections in memory and forgets no request.

In process nobody waits: `Fivetran(KEY, SECRET, transport=fake.transport(), sleep=fake.clock.sleep, clock=fake.clock)`.
Over loopback: `with fake.serving() as url`, with `FakeFivetran(clock=time.monotonic, sleep=time.sleep)`.
"""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.python.connector.fake_network import Answer, FakeClock, FaultyServer, Record, Request

KEY = "fake-api-key-7h3k"
SECRET = "fake-api-secret-9q2w"
GROUP = "projected_sickle"
MASKED = "******"
TABLES = (
    "article", "customer", "order", "sale", "inventory", "shop",
    "daily_sales_agg", "article_sales_agg", "warehouse_inventory_agg",
)  # fmt: skip

_FREQUENCIES = {1, 5, 15, 30, 60, 120, 180, 360, 480, 720, 1440}
_FIELDS = {
    "group_id", "service", "paused", "pause_after_trial", "sync_frequency", "schedule_type", "config",
    "run_setup_tests", "trust_certificates", "trust_fingerprints", "daily_sync_time", "data_delay_sensitivity",
    "data_delay_threshold",
}  # fmt: skip
_CONFIG = {"schema", "function", "region", "role_arn", "secrets_list", "sync_method", "bucket", "custom_payloads"}
_HANDLING = {"ALLOW_ALL", "ALLOW_COLUMNS", "BLOCK_ALL"}


@dataclass(frozen=True)
class Step:
    """What a connection becomes, some seconds after its script began.

    Attributes:
        after: seconds.
        status: entries of `status` that change, e.g. {"sync_state": "syncing"}.
        succeeded: whether a sync ends well now (`succeeded_at`).
        failed: whether a sync fails now (`failed_at`).
        changes: other entries of the connection, e.g. {"paused": True}.
    """

    after: float
    status: Record = field(default_factory=dict)
    succeeded: bool = False
    failed: bool = False
    changes: Record = field(default_factory=dict)


GOOD_SYNC = (
    Step(0, {"sync_state": "syncing"}),
    Step(60, {"sync_state": "scheduled", "is_historical_sync": False}, succeeded=True),
)
PASSED = ({"title": "Invoke the Lambda function", "status": "PASSED", "message": ""},)


class FakeFivetran(FaultyServer):
    """The API.

    Attributes:
        groups: name of each group by id.
        connections: each with its config, secrets unmasked, by id.
        schema_configs: what is chosen of each connection's tables; None before Fivetran knows any.
        source_tables: what a reload finds: columns of each table with whether they are of the primary key.
        page_size: the most items of a page.
        hides_new_schema_config: whether chosen tables stay unseen until a reload or the first sync.
        refuses_functions: whether the account is one of those that may have no aws_lambda.
        setup_tests: what the setup tests say.
        sync_script: what happens after POST sync or resync, from that moment on.
        listing_delay: seconds before a new connection appears in lists.
    """

    def __init__(
        self,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], None] | None = None,
        began: datetime | None = None,
    ) -> None:
        self.fake_clock = FakeClock()
        self.clock_of_api = clock or self.fake_clock
        super().__init__(self._route, sleep or self.fake_clock.sleep)
        self.groups = {GROUP: "Warehouse"}
        self.connections: dict[str, Record] = {}
        self.schema_configs: dict[str, Record | None] = {}
        self.source_tables: dict[str, dict[str, bool]] = {table: {"id": True, "updated_at": False} for table in TABLES}
        self.source_tables["customer"] |= {"email": False, "phone": False, "street": False}
        self.page_size = 1000
        self.refuses_functions = False
        self.hides_new_schema_config = False
        self.setup_tests: Sequence[Record] = PASSED
        self.sync_script: Sequence[Step] = GOOD_SYNC
        self.listing_delay = 0.0
        self._began = began or datetime(2026, 3, 2, 8, tzinfo=UTC)
        self._clock_began = self.clock_of_api()
        self._scripts: list[tuple[str, float, list[Step]]] = []
        self._listed_from: dict[str, float] = {}
        self._unseen: set[str] = set()

    @property
    def clock(self) -> FakeClock:
        """The clock of a fake in process."""
        return self.fake_clock

    def now(self) -> datetime:
        """The time of the API."""
        return self._began + timedelta(seconds=self.clock_of_api() - self._clock_began)

    def schedule(self, connection_id: str, steps: Sequence[Step]) -> None:
        """Has something happen to a connection from now on without a request: somebody else's sync, say."""
        self._scripts.append((connection_id, self.clock_of_api(), sorted(steps, key=lambda step: step.after)))

    def add_connection(self, schema: str, group_id: str = GROUP, service: str = "aws_lambda", **config: Any) -> Record:
        """Puts a connection there that nobody has asked for, as a person in the dashboard would."""
        return self._new(
            {
                "group_id": group_id,
                "service": service,
                "paused": False,
                "sync_frequency": 360,
                "config": {"schema": schema, **config},
            }
        )

    def count(self, method: str, pattern: str = ".*") -> int:
        """How many requests of a method came to paths that match."""
        return sum(one.method == method and re.fullmatch(pattern, one.path) is not None for one in self.requests)

    def settle(self) -> None:
        """Lets everything happen whose time has come."""
        now = self.clock_of_api()
        for connection_id, began, steps in self._scripts:
            while steps and began + steps[0].after <= now:
                self._play(connection_id, steps.pop(0), began)
        self._scripts = [script for script in self._scripts if script[2]]

    def _play(self, connection_id: str, step: Step, began: float) -> None:
        connection = self.connections.get(connection_id)
        if connection is None:
            return
        connection["status"] |= step.status
        connection |= step.changes
        at = _text(self._began + timedelta(seconds=began + step.after - self._clock_began))
        if step.succeeded:
            connection["succeeded_at"] = at
        if step.failed:
            connection["failed_at"] = at

    def _route(self, request: Request) -> Answer:
        self.settle()
        expected = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if request.headers.get("authorization") != expected:
            return _error(401, "AuthFailed", "Authentication failed")
        match request.path.strip("/").split("/"), request.method:
            case ["groups"], "GET":
                return self._page([{"id": key, "name": name} for key, name in self.groups.items()], request)
            case ["metadata", "connector-types", service], "GET":
                if self.refuses_functions and service == "aws_lambda":
                    return _error(404, "NotFound_ConnectorType", "Connector type 'aws_lambda' is not available.")
                return _good({"id": service, "name": service})
            case ["connections"], "GET":
                return self._page([_listed(one) for one in self._found(request)], request)
            case ["connections"], "POST":
                return self._create(request.body)
            case ["connections", connection_id, *rest], method if connection_id in self.connections:
                return self._of_connection(connection_id, rest, method, request.body)
            case ["connections", *_], _:
                return _error(404, "NotFound_Connection", "Cannot find the connection.")
        return _error(404, "NotFound", "HTTP 404 Not Found")

    def _of_connection(self, connection_id: str, rest: list[str], method: str, body: Record) -> Answer:
        connection = self.connections[connection_id]
        match rest, method:
            case [], "GET":
                return _good(_shown(connection))
            case [], "PATCH":
                return self._patch(connection, body)
            case [], "DELETE":
                del self.connections[connection_id]
                self.schema_configs.pop(connection_id, None)
                return Answer(200, {"code": "Success", "message": "Connection has been deleted"})
            case ["test"], "POST":
                return _good(_shown(connection) | {"setup_tests": self._run_setup_tests(connection)})
            case ["sync"], "POST":
                return self._sync(connection, force=body.get("force", False))
            case ["resync"], "POST":
                return self._sync(connection, force=False, historical=True)
            case ["schemas", *path], _:
                return self._of_schemas(connection, path, method, body)
        return _error(404, "NotFound", "HTTP 404 Not Found")

    def _found(self, request: Request) -> list[Record]:
        group_id, schema = request.params.get("group_id"), request.params.get("schema")
        return [
            one
            for one in self.connections.values()
            if group_id in (None, one["group_id"])
            and schema in (None, one["schema"])
            and self._listed_from[one["id"]] <= self.clock_of_api()
        ]

    def _page(self, items: list[Record], request: Request) -> Answer:
        limit = min(int(request.params.get("limit", 100)), self.page_size)
        if not 1 <= limit <= 1000:
            return _error(400, "InvalidInput", "limit must be within 1..1000")
        start = int(request.params.get("cursor", "c0")[1:])
        data: Record = {"items": items[start : start + limit]}
        if start + limit < len(items):
            data["next_cursor"] = f"c{start + limit}"
        return _good(data)

    def _create(self, body: Record) -> Answer:
        if body.get("service") == "aws_lambda" and self.refuses_functions:
            return _error(400, "InvalidInput", "Service 'aws_lambda' is not available for your account.")
        if problem := _problem(body) or self._problem_of_new(body):
            return _error(400, "InvalidInput", problem)
        connection = self._new(body)
        if body.get("run_setup_tests", True):
            connection["setup_tests"] = self._run_setup_tests(connection)
        shown = _shown(connection) | {"setup_tests": connection.pop("setup_tests", [])}
        return Answer(201, {"code": "Success", "message": "Connection has been created", "data": shown})

    def _problem_of_new(self, body: Record) -> str:
        if body.get("group_id") not in self.groups:
            return f"Group {body.get('group_id')} does not exist."
        missing = {"schema", "function", "region", "role_arn"} - set(body.get("config") or {})
        return f"Field '{min(missing)}' is required" if missing else ""

    def _new(self, body: Record) -> Record:
        connection_id = f"connection_{len(self._listed_from) + 1}"
        config = copy.deepcopy(body["config"])
        config["external_id"] = body["group_id"]
        config.setdefault("sync_method", "DIRECT")
        self.connections[connection_id] = {
            "id": connection_id,
            "group_id": body["group_id"],
            "service": body["service"],
            "schema": config["schema"],
            "paused": body.get("paused", False),
            "pause_after_trial": body.get("pause_after_trial", False),
            "sync_frequency": body.get("sync_frequency", 360),
            "schedule_type": body.get("schedule_type", "auto"),
            "created_at": _text(self.now()),
            "succeeded_at": None,
            "failed_at": None,
            "status": {
                "setup_state": "incomplete",
                "sync_state": "paused" if body.get("paused") else "scheduled",
                "update_state": "on_schedule",
                "is_historical_sync": True,
                "rescheduled_for": None,
                "tasks": [],
                "warnings": [],
            },
            "config": config,
        }
        self.schema_configs[connection_id] = None
        self._listed_from[connection_id] = self.clock_of_api() + self.listing_delay
        return self.connections[connection_id]

    def _run_setup_tests(self, connection: Record) -> list[Record]:
        failed = any(one["status"] in ("FAILED", "JOB_FAILED") for one in self.setup_tests)
        connection["status"]["setup_state"] = "incomplete" if failed else "connected"
        return copy.deepcopy(list(self.setup_tests))

    def _patch(self, connection: Record, body: Record) -> Answer:
        if problem := _problem(body):
            return _error(400, "InvalidInput", problem)
        config = body.get("config") or {}
        if config.get("schema", connection["schema"]) != connection["schema"]:
            return _error(400, "InvalidInput", "Field 'schema' cannot be changed")
        if {"group_id", "service"} & set(body):
            return _error(400, "InvalidInput", "Unknown field group_id or service")
        if not set(body) - {"run_setup_tests", "trust_certificates", "trust_fingerprints"}:
            return _error(400, "InvalidInput", "At least one persistent field is required")
        connection |= {key: value for key, value in body.items() if key not in ("config", "run_setup_tests")}
        connection["config"] |= copy.deepcopy(config)
        if "paused" in body:
            connection["status"]["sync_state"] = "paused" if body["paused"] else "scheduled"
        answered = _shown(connection)
        if body.get("run_setup_tests", True):
            answered["setup_tests"] = self._run_setup_tests(connection)
            answered["status"] = dict(connection["status"])
        return _good(answered)

    def _sync(self, connection: Record, *, force: bool, historical: bool = False) -> Answer:
        if connection["status"]["sync_state"] == "syncing":
            if not force:
                return _error(409, "Conflict", "The connection is syncing.")
            self._scripts = [script for script in self._scripts if script[0] != connection["id"]]
        if historical:
            connection["status"]["is_historical_sync"] = True
        self.schedule(connection["id"], self.sync_script)
        self.settle()
        return Answer(200, {"code": "Success", "message": "Sync has been successfully triggered"})

    def _of_schemas(self, connection: Record, path: list[str], method: str, body: Record) -> Answer:
        known = self.schema_configs[connection["id"]]
        match path, method:
            case ["reload"], "POST":
                return _good(self._reloaded(connection))
            case [], "GET" if connection["id"] in self._unseen:
                pass
            case [], "GET" if known is not None:
                return _good(known)
            case [], "POST" if known is None:
                self._unseen |= {connection["id"]} if self.hides_new_schema_config else set()
                return self._merge_schemas(connection, {"schema_change_handling": "ALLOW_ALL", "schemas": {}}, body)
            case [], "POST":
                return _error(409, "Conflict", "The connection has a schema config already.")
            case [], "PATCH" if known is not None:
                return self._merge_schemas(connection, known, body)
            case [schema, "tables", table, "columns"], "GET":
                return self._columns(connection, schema, table)
        return _error(404, "NotFound_SchemaConfig", "The connection has no schema config yet.")

    def _columns(self, connection: Record, schema: str, table: str) -> Answer:
        if schema != connection["schema"] or table not in self.source_tables:
            return _error(404, "NotFound_Table", "Cannot find the table.")
        chosen = (self.schema_configs[connection["id"]] or {"schemas": {}})["schemas"]
        chosen = chosen.get(schema, {}).get("tables", {}).get(table, {}).get("columns", {})
        columns = {
            name: {"name_in_destination": name, "enabled": True, "hashed": False, "is_primary_key": is_key}
            | chosen.get(name, {})
            for name, is_key in self.source_tables[table].items()
        }
        return _good({"columns": columns})

    def _reloaded(self, connection: Record) -> Record:
        known = self.schema_configs[connection["id"]] or {"schema_change_handling": "ALLOW_ALL", "schemas": {}}
        blocked = known["schema_change_handling"] != "ALLOW_ALL"
        schema = known["schemas"].setdefault(
            connection["schema"], {"name_in_destination": connection["schema"], "enabled": True, "tables": {}}
        )
        for table in self.source_tables:
            schema["tables"].setdefault(
                table,
                {
                    "name_in_destination": table,
                    "enabled": not blocked,
                    "enabled_patch_settings": {"allowed": True},
                },
            )
        self.schema_configs[connection["id"]] = known
        self._unseen.discard(connection["id"])
        return known

    def _merge_schemas(self, connection: Record, known: Record, body: Record) -> Answer:
        handling = body.get("schema_change_handling", known["schema_change_handling"])
        if handling not in _HANDLING:
            return _error(400, "InvalidInput", f"schema_change_handling {handling} is unknown")
        new = copy.deepcopy(known) | {"schema_change_handling": handling}
        for schema, chosen in (body.get("schemas") or {}).items():
            kept = new["schemas"].setdefault(schema, {"name_in_destination": schema, "enabled": True, "tables": {}})
            kept |= {key: value for key, value in chosen.items() if key != "tables"}
            for table, settings in (chosen.get("tables") or {}).items():
                entry = kept["tables"].setdefault(table, {"name_in_destination": table, "enabled": True})
                entry |= {key: value for key, value in settings.items() if key != "columns"}
                for column, choice in (settings.get("columns") or {}).items():
                    is_key = self.source_tables.get(table, {}).get(column, False)
                    if is_key and (choice.get("hashed") or choice.get("enabled") is False):
                        return _error(400, "InvalidInput", f"Column `{column}` is a primary key.")
                    columns = entry.setdefault("columns", {})
                    columns[column] = {"name_in_destination": column, "enabled": True, "hashed": False} | choice
        self.schema_configs[connection["id"]] = new
        return _good(new)


def _problem(body: Record) -> str:
    """Why a body of a connection is refused; empty where it is not."""
    unknown = (set(body) - _FIELDS) | (set(body.get("config") or {}) - _CONFIG)
    if unknown:
        return f"Unknown field {min(unknown)}"
    if body.get("sync_frequency", 60) not in _FREQUENCIES:
        return "sync_frequency is not supported"
    if body.get("schedule_type", "auto") not in ("auto", "manual"):
        return "schedule_type is not supported"
    return ""


def _listed(connection: Record) -> Record:
    return {key: copy.deepcopy(value) for key, value in connection.items() if key != "config"}


def _shown(connection: Record) -> Record:
    """A connection as the API shows it, its secrets masked."""
    shown = copy.deepcopy(connection)
    for secret in shown["config"].get("secrets_list") or []:
        secret["value"] = MASKED
    return shown


def _good(data: Record) -> Answer:
    return Answer(200, {"code": "Success", "data": copy.deepcopy(data)})


def _error(status: int, code: str, message: str) -> Answer:
    return Answer(status, {"code": code, "message": message})


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
