"""Small landings made by hand, built with nothing but the staging layer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dbt.cli.main import dbtRunner, dbtRunnerResult
from psycopg import sql
from psycopg.rows import dict_row

from tests.python.scenarios.harness import PROJECT, Warehouse, environment

ALL_TABLES = {
    f"using_{table}": True
    for table in (
        "article",
        "customer",
        "order",
        "sale",
        "inventory",
        "shop",
        "daily_sales_agg",
        "article_sales_agg",
        "warehouse_inventory_agg",
        "category",
        "supplier",
        "inventory_history",
        "purchase_order",
    )
}
NO_TABLES = dict.fromkeys(ALL_TABLES, False)
BUILT_SCHEMAS = ("staging", "quality", "snapshots", "state")
SYNCED = "2025-03-10 12:00:00+00"

Row = Mapping[str, Any]


class BuildError(AssertionError):
    """A build that did not end well; the message is what dbt says to its user."""


@dataclass
class Staging:
    """A database with landed tables made by hand.

    dbt parses the project once, with every table in use; what a variable changes later is decided when a model is
    compiled, so that hundreds of builds need no further parse.

    Attributes:
        warehouse: the database.
        using: the tables that have landed since `clear()`.
    """

    warehouse: Warehouse
    using: dict[str, bool] = field(default_factory=lambda: dict(NO_TABLES))

    def clear(self) -> None:
        """Drops everything that has landed or was built."""
        self.using = dict(NO_TABLES)
        with self.warehouse.connect() as conn:
            found = conn.execute(
                "select nspname from pg_namespace where nspname !~ '^pg_' and nspname not in ('public', 'information_schema')"
            ).fetchall()
            for (name,) in found:
                conn.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(name)))

    def land(
        self, table: str, columns: Mapping[str, str], rows: Sequence[Row], *, schema: str = "prohandel", key: str = ""
    ) -> None:
        """Creates a landed table in place of an older one.

        Args:
            columns: type by name. `_fivetran_synced` is added with a fixed time where it is missing; `""` as its type
                leaves it out.
            rows: values by column; what a row does not name is null.
            key: columns of the primary key, with commas; none where empty.
        """
        self.using[f"using_{table}"] = True
        types = {"_fivetran_synced": "timestamptz", **columns}
        if not types["_fivetran_synced"]:
            del types["_fivetran_synced"]
        definitions = [sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in types.items()]
        if key:
            definitions.append(sql.SQL("primary key ({})").format(sql.SQL(key)))
        target = sql.Identifier(schema, table)
        with self.warehouse.connect() as conn:
            conn.execute("set timezone = 'UTC'")
            conn.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
            conn.execute(sql.SQL("drop table if exists {} cascade").format(target))
            conn.execute(sql.SQL("create table {} ({})").format(target, sql.SQL(", ").join(definitions)))
        self.upsert(table, rows, schema=schema, synced="_fivetran_synced" in types)

    def upsert(self, table: str, rows: Sequence[Row], *, schema: str = "prohandel", synced: bool = True) -> None:
        """Inserts rows; a row whose primary key has landed replaces the one there."""
        target = sql.Identifier(schema, table)
        with self.warehouse.connect() as conn:
            conn.execute("set timezone = 'UTC'")
            key = [
                name
                for (name,) in conn.execute(
                    "select attribute.attname from pg_index"
                    " join pg_attribute as attribute on attribute.attrelid = indrelid and attribute.attnum = any(indkey)"
                    " where indisprimary and indrelid = %s::regclass",
                    (f'"{schema}"."{table}"',),
                )
            ]
            for given in rows:
                row = {"_fivetran_synced": SYNCED, **given} if synced else dict(given)
                names = sql.SQL(", ").join(map(sql.Identifier, row))
                statement = sql.SQL("insert into {} ({}) values ({})").format(
                    target, names, sql.SQL(", ").join(map(sql.Literal, row.values()))
                )
                if key:
                    statement += sql.SQL(" on conflict ({}) do update set {}").format(
                        sql.SQL(", ").join(map(sql.Identifier, key)),
                        sql.SQL(", ").join(
                            sql.SQL("{} = excluded.{}").format(sql.Identifier(name), sql.Identifier(name))
                            for name in row
                        ),
                    )
                conn.execute(statement)

    def execute(self, statement: str) -> None:
        """Runs a statement."""
        with self.warehouse.connect() as conn:
            conn.execute("set timezone = 'UTC'")
            conn.execute(statement.encode())

    def invoke(self, *arguments: str, **variables: Any) -> dbtRunnerResult:
        """Runs a dbt command and returns whatever became of it."""
        given = {"nightly": False, **self.using, **variables}
        options = {"prohandel.hash_key": "test-key", **self.warehouse.session}
        with environment(PGOPTIONS=" ".join(f"-c {name}={value}" for name, value in options.items())):
            return dbtRunner(manifest=self.warehouse.manifest(ALL_TABLES)).invoke(
                [
                    *("--quiet", "--log-level-file", "none", "--no-write-json"),
                    *arguments,
                    *("--project-dir", str(PROJECT)),
                    *("--profiles-dir", str(self.warehouse.write_profile())),
                    *("--target-path", str(self.warehouse.workdir / "target")),
                    *("--log-path", str(self.warehouse.workdir / "logs")),
                    *("--vars", json.dumps(given)),
                ]
            )

    def build(self, *models: str, **variables: Any) -> None:
        """Builds models, by default all of staging and what is made of it alone in quality.

        Raises:
            BuildError: a model failed.
        """
        selected = models or ("path:models/staging", "rejected_rows", "reconciliation")
        result = self.invoke("run", "--select", *selected, **variables)
        if not result.success:
            messages = [str(row.message) for row in getattr(result.result, "results", []) if row.status == "error"]
            raise BuildError("\n".join(messages) or str(result.exception))

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows of a query."""
        with self.warehouse.connect() as conn:
            conn.execute("set timezone = 'UTC'")
            with conn.cursor(row_factory=dict_row) as cursor:
                return cursor.execute(query.encode()).fetchall()

    def staged(self, plural: str, key: str, layer: str = "stg") -> dict[str, dict[str, Any]]:
        """The rows of a staging view, or a base model, by key."""
        return {row[key]: row for row in self.rows(f"select * from staging.{layer}_prohandel__{plural}")}

    def rejected(self) -> set[tuple[str, str, str]]:
        """Table, key and reason of every rejected row."""
        found = self.rows("select table_name, row_key, reason from quality.rejected_rows")
        return {(row["table_name"], row["row_key"], row["reason"]) for row in found}
