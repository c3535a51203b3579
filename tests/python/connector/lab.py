"""A fake API, a warehouse that remembers and a file, put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import yaml

from prohandel.connector.apply import Applied, apply
from prohandel.connector.config import Connection, load
from prohandel.connector.fivetran import Fivetran
from prohandel.connector.memory import Memory
from prohandel.connector.plan import Plan, make_plan
from prohandel.pipeline.target import PROJECT
from tests.python.connector.fake_fivetran import GROUP, KEY, SECRET, FakeFivetran

SECRETS = {
    "PROHANDEL_USERNAME": "user-4711-fashion",
    "PROHANDEL_PASSWORD": 'p@ss"word/5kz+q',
    "PROHANDEL_AUTH_URL": "https://auth.invalid/token?x=8812",
    "PROHANDEL_API_URL": "https://api.invalid/v2?y=9923",
}
EXAMPLE = PROJECT / "connector.example.yml"


def example(**changes: Any) -> dict[str, Any]:
    """The example's content for the group of the fake, with changes at its top."""
    content: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    return content | {"group": GROUP, "external_id": GROUP} | changes


def written(folder: Path, content: Mapping[str, Any]) -> Path:
    """A connector.yml with that content."""
    path = folder / "connector.yml"
    path.write_text(yaml.safe_dump(dict(content), sort_keys=False), encoding="utf-8")
    return path


@dataclass
class Lab:
    """What a plan needs.

    Attributes:
        fake: the API.
        memory: the warehouse's.
        folder: of connector.yml.
        config: the file.
        secrets: as the environment has them.
        said: what the client told while it waited.
    """

    fake: FakeFivetran
    memory: Memory
    folder: Path
    config: Connection
    secrets: dict[str, str] = field(default_factory=lambda: dict(SECRETS))
    said: list[str] = field(default_factory=list)

    def client(self) -> Fivetran:
        """A new client, as each process has one."""
        clock = self.fake.clock
        return Fivetran(
            KEY, SECRET, transport=self.fake.transport(), sleep=clock.sleep, clock=clock, say=self.said.append
        )

    def edit(self, **changes: Any) -> None:
        """Changes connector.yml."""
        path = written(self.folder, yaml.safe_load((self.folder / "connector.yml").read_text()) | changes)
        self.config = load(path)

    def plan(self) -> Plan:
        with self.client() as client:
            return make_plan(client, self.config, self.memory, self.secrets)

    def apply(self, *, allow_destroy: bool = False) -> Applied:
        with self.client() as client:
            return apply(client, self.config, self.memory, self.secrets, allow_destroy=allow_destroy)

    @property
    def connection(self) -> dict[str, Any]:
        """The only connection of the fake, secrets unmasked."""
        (one,) = self.fake.connections.values()
        return one

    @property
    def tables(self) -> dict[str, Any]:
        """What is chosen of the only connection's tables."""
        known = self.fake.schema_configs[self.connection["id"]]
        assert known is not None
        chosen: dict[str, Any] = known["schemas"]["prohandel"]["tables"]
        return chosen

    def end_state(self) -> Any:
        """All that the fake keeps, and the fingerprints, without times."""
        kept = [
            {key: value for key, value in one.items() if key != "created_at"} for one in self.fake.connections.values()
        ]
        fingerprints = {one["id"]: self.memory.fingerprints(one["id"]) for one in kept}
        return kept, self.fake.schema_configs, fingerprints


def lab(conn: psycopg.Connection[Any], folder: Path, **changes: Any) -> Lab:
    """An empty account, an empty warehouse and the example's file."""
    config = load(written(folder, example(**changes)))
    return Lab(FakeFivetran(), Memory(conn, "operations"), folder, config)
