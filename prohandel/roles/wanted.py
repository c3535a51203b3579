"""What each role may do in the warehouse, and nothing beyond it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from prohandel.pipeline.target import Target

Kind = Literal["loader", "transformer", "reader", "dashboard", "api"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_BUILT = (
    "staging", "intermediate", "snapshots", "reference", "marts", "marts_audit", "published", "quality", "state",
    "operations", "forecasting",
)  # fmt: skip
_READ: Mapping[Kind, tuple[str, ...]] = {
    "reader": ("marts", "quality", "reference", "forecasting"),
    "dashboard": ("marts", "quality", "forecasting"),
    "api": ("marts", "quality", "forecasting"),
}
_OF_DATABASE: Mapping[Kind, frozenset[str]] = {
    "loader": frozenset({"CONNECT", "TEMPORARY"}),
    # `create schema if not exists` asks for CREATE even where the schema is there.
    "transformer": frozenset({"CONNECT", "CREATE", "TEMPORARY"}),
    "reader": frozenset({"CONNECT"}),
    "dashboard": frozenset({"CONNECT"}),
    "api": frozenset({"CONNECT"}),
}
# Of rejected rows everybody may see how many there are and why; the rows themselves name customers by their number.
_HIDDEN: Mapping[tuple[str, str], frozenset[str]] = {("quality", "rejected_rows"): frozenset({"row"})}
# What the API writes: the corrections that planners make to forecasts.
_WRITTEN: Mapping[tuple[Kind, str, str], frozenset[str]] = {
    ("api", "forecasting", "overrides"): frozenset({"INSERT", "UPDATE"})
}


@dataclass(frozen=True)
class Wanted:
    """What the roles of one warehouse may do.

    Attributes:
        names: of the roles, by kind.
        landed: schemas that the loader writes to.
        built: schemas that the transformer owns.
        readable: for each reading role, the schemas that it reads.
        hidden: columns, by schema and table, that reading roles do not see.
        written: privileges beside SELECT, by kind, schema and table.
    """

    names: Mapping[Kind, str]
    landed: tuple[str, ...]
    built: tuple[str, ...]
    readable: Mapping[Kind, tuple[str, ...]]
    hidden: Mapping[tuple[str, str], frozenset[str]]
    written: Mapping[tuple[Kind, str, str], frozenset[str]]

    @property
    def schemas(self) -> tuple[str, ...]:
        """Every schema that the roles are about."""
        return (*self.landed, *self.built)

    def owner_of(self, schema: str) -> str:
        """The role that owns the tables of a schema."""
        return self.names["loader" if schema in self.landed else "transformer"]

    def kind_of(self, role: str) -> Kind | None:
        """The kind of a role, by its name."""
        return next((kind for kind, name in self.names.items() if name == role), None)

    def on_database(self, kind: Kind) -> frozenset[str]:
        """Privileges on the database."""
        return _OF_DATABASE[kind]

    def on_schema(self, kind: Kind, schema: str) -> frozenset[str]:
        """Privileges on a schema, beside what its owner has."""
        if schema in self.landed:
            return {"loader": frozenset({"USAGE", "CREATE"}), "transformer": frozenset({"USAGE"})}.get(
                kind, frozenset()
            )
        return frozenset({"USAGE"}) if schema in self.readable.get(kind, ()) else frozenset()

    def on_future_tables(self, kind: Kind, schema: str) -> frozenset[str]:
        """Privileges on the tables that the schema's owner will create."""
        if schema in self.landed:
            return frozenset({"SELECT"}) if kind == "transformer" else frozenset()
        return frozenset({"SELECT"}) if schema in self.readable.get(kind, ()) else frozenset()

    def on_table(self, kind: Kind, schema: str, table: str) -> frozenset[str]:
        """Privileges on a table or view that is there, whole."""
        if (schema, table) in self.hidden:
            return frozenset()
        return self.on_future_tables(kind, schema) | self.written.get((kind, schema, table), frozenset())

    def visible_columns(self, kind: Kind, schema: str, table: str, columns: Sequence[str]) -> frozenset[str]:
        """Columns of a table with hidden ones that a role may select; empty for any other table."""
        hidden = self.hidden.get((schema, table))
        if hidden is None or not self.on_future_tables(kind, schema):
            return frozenset()
        return frozenset(columns) - hidden


def wanted(target: Target, landed: Sequence[str], names: Mapping[Kind, str]) -> Wanted:
    """What the roles of a target may do.

    Args:
        target: whose schemas they are about.
        landed: schemas that Fivetran writes to.
        names: of the roles; for a kind that is left out, prohandel_<kind>.
    """
    return Wanted(
        names={kind: names.get(kind) or f"prohandel_{kind}" for kind in KINDS},
        landed=tuple(landed),
        built=tuple(map(target.schema_of, _BUILT)),
        readable={kind: tuple(map(target.schema_of, schemas)) for kind, schemas in _READ.items()},
        hidden={(target.schema_of(schema), table): columns for (schema, table), columns in _HIDDEN.items()},
        written={
            (kind, target.schema_of(schema), table): privileges
            for (kind, schema, table), privileges in _WRITTEN.items()
        },
    )
