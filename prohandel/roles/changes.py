"""The changes that bring the roles of a database to what they should be; none where they are there already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from psycopg import sql

from prohandel.errors import ProhandelError
from prohandel.roles.there import PUBLIC, Grant, Relation, There
from prohandel.roles.wanted import KINDS, Kind, Wanted

_NAMED_IN_FULL = 3


@dataclass(frozen=True)
class Change:
    """One change.

    Attributes:
        sign: + gives, - takes away, ~ alters.
        what: a sentence without a full stop.
        statements: that make it, in order.
    """

    sign: str
    what: str
    statements: tuple[sql.Composed, ...] = field(repr=False)


def changes(wanted: Wanted, there: There) -> list[Change]:
    """What is to be done, in the order in which it can be done.

    Raises:
        ProhandelError: two kinds share a role, or a role is one that must not be confined: a superuser, or the owner of
            the database.
    """
    _refuse(wanted, there)
    return [
        *_roles(wanted, there),
        *_schemas(wanted, there),
        *_on_database(wanted, there),
        *_on_schemas(wanted, there),
        *_owners(wanted, there),
        *_on_tables(wanted, there),
        *_on_columns(wanted, there),
        *_on_future(wanted, there),
    ]


def _refuse(wanted: Wanted, there: There) -> None:
    names = list(wanted.names.values())
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ProhandelError(
            f"The role {twice[0]} is named for more than one purpose.", "Give each of the five a role of its own."
        )
    for name in names:
        role = there.roles.get(name)
        if role is not None and "superuser" in role.powers:
            raise ProhandelError(
                f"The role {name} is a superuser, whom no privilege confines.", "Name another role, or leave it out."
            )
        if name == there.owner:
            raise ProhandelError(
                f"The role {name} owns the database {there.database}, so nothing can be taken from it.",
                f"Name another role, or first: alter database {there.database} owner to <an administrator>",
            )


def _roles(wanted: Wanted, there: There) -> Iterator[Change]:
    for kind in KINDS:
        name = wanted.names[kind]
        role = there.roles.get(name)
        who = sql.Identifier(name)
        if role is None:
            yield Change("+", f"role {name}, the {kind}", (sql.SQL("create role {} login").format(who),))
            continue
        if not role.can_login:
            yield Change("~", f"{name} may log in", (sql.SQL("alter role {} login").format(who),))
        for power in role.powers:
            yield Change(
                "-", f"{name} is no longer {power}", (sql.SQL("alter role {} {}").format(who, sql.SQL(f"no{power}")),)
            )
        for other in role.member_of:
            yield Change(
                "-",
                f"{name} is no member of {other} any more",
                (sql.SQL("revoke {} from {}").format(sql.Identifier(other), who),),
            )


def _schemas(wanted: Wanted, there: There) -> Iterator[Change]:
    transformer = wanted.names["transformer"]
    for schema in wanted.schemas:
        place = sql.Identifier(schema)
        if schema not in there.schemas:
            statements = [sql.SQL("create schema {}").format(place)]
            if schema in wanted.built:
                statements.append(sql.SQL("alter schema {} owner to {}").format(place, sql.Identifier(transformer)))
            yield Change("+", f"schema {schema}", tuple(statements))
        elif schema in wanted.built and there.schemas[schema] != transformer:
            yield Change(
                "~",
                f"{transformer} owns the schema {schema} (now {there.schemas[schema]})",
                (sql.SQL("alter schema {} owner to {}").format(place, sql.Identifier(transformer)),),
            )


def _owners(wanted: Wanted, there: There) -> Iterator[Change]:
    for schema in wanted.schemas:
        owner = wanted.owner_of(schema)
        foreign = [one for one in there.relations if one.schema == schema and one.owner != owner]
        if not foreign:
            continue
        now = ", ".join(sorted({one.owner for one in foreign}))
        yield Change(
            "~",
            f"{owner} owns {_listed([one.name for one in foreign])} of {schema} (now {now})",
            tuple(_alter_owner(one, owner) for one in foreign),
        )


def _alter_owner(relation: Relation, owner: str) -> sql.Composed:
    name: sql.Composable = sql.Identifier(relation.schema, relation.name)
    if relation.kind == "function":
        # The name comes from format('%I(…)') of the database itself.
        name = sql.SQL("{}.{}").format(sql.Identifier(relation.schema), sql.SQL(relation.name))
    return sql.SQL("alter {} {} owner to {}").format(
        sql.SQL(relation.kind),
        name,
        sql.Identifier(owner),
    )


def _on_database(wanted: Wanted, there: There) -> Iterator[Change]:
    place = sql.SQL("database {}").format(sql.Identifier(there.database))
    for kind in KINDS:
        role = wanted.names[kind]
        yield from _granted(role, wanted.on_database(kind), there.on_database, place, f"the database {there.database}")


def _on_schemas(wanted: Wanted, there: There) -> Iterator[Change]:
    for schema in wanted.schemas:
        place = sql.SQL("schema {}").format(sql.Identifier(schema))
        held = there.on_schemas.get(schema, frozenset())
        owner = wanted.names["transformer"] if schema in wanted.built else there.schemas.get(schema)
        for role, kind in _grantees(wanted):
            if role != owner:
                asked = wanted.on_schema(kind, schema) if kind else frozenset[str]()
                yield from _granted(role, asked, held, place, f"the schema {schema}")


def _on_tables(wanted: Wanted, there: There) -> Iterator[Change]:
    for schema in wanted.schemas:
        tables = [one.name for one in there.relations if one.schema == schema and one.has_rows]
        for role, kind in _grantees(wanted):
            if role == wanted.owner_of(schema):
                continue
            given: dict[str, list[str]] = {}
            taken: dict[str, list[str]] = {}
            for table in tables:
                asked = wanted.on_table(kind, schema, table) if kind else frozenset[str]()
                has = _of(role, there.on_tables.get((schema, table), frozenset()))
                for privilege in asked - has:
                    given.setdefault(privilege, []).append(table)
                for privilege in has - asked:
                    taken.setdefault(privilege, []).append(table)
            for sign, found in (("+", given), ("-", taken)):
                for privilege, names in sorted(found.items()):
                    place = sql.SQL("table {}").format(
                        sql.SQL(", ").join(sql.Identifier(schema, name) for name in names)
                    )
                    yield _grant(sign, role, privilege, place, f"{_listed(names)} of {schema}")


def _on_columns(wanted: Wanted, there: There) -> Iterator[Change]:
    for one in there.relations:
        if not one.has_rows:
            continue
        for role, kind in _grantees(wanted):
            if role == wanted.owner_of(one.schema):
                continue
            asked = wanted.visible_columns(kind, one.schema, one.name, one.columns) if kind else frozenset[str]()
            held = {
                (column, privilege)
                for column in one.columns
                for privilege in _of(role, there.on_columns.get((one.schema, one.name, column), frozenset()))
            }
            wants = {(column, "SELECT") for column in asked}
            for sign, found in (("+", wants - held), ("-", held - wants)):
                for privilege in sorted({privilege for _, privilege in found}):
                    columns = [name for name in one.columns if (name, privilege) in found]
                    statement = sql.SQL("{} {} ({}) on table {} {} {}").format(
                        sql.SQL("grant" if sign == "+" else "revoke"),
                        sql.SQL(privilege),
                        sql.SQL(", ").join(map(sql.Identifier, columns)),
                        sql.Identifier(one.schema, one.name),
                        sql.SQL("to" if sign == "+" else "from"),
                        _who(role),
                    )
                    place = f"{_listed(columns, 'columns')} of {one.schema}.{one.name}"
                    yield Change(sign, f"{_named(role)}: {privilege} on {place}", (statement,))


def _on_future(wanted: Wanted, there: There) -> Iterator[Change]:
    for schema in wanted.schemas:
        owner = wanted.owner_of(schema)
        held = there.on_future.get((owner, schema), frozenset())
        for role, kind in _grantees(wanted):
            if role == owner:
                continue
            asked = wanted.on_future_tables(kind, schema) if kind else frozenset[str]()
            has = _of(role, held)
            for sign, privileges in (("+", asked - has), ("-", has - asked)):
                for privilege in sorted(privileges):
                    statement = sql.SQL(
                        "alter default privileges for role {} in schema {} {} {} on tables {} {}"
                    ).format(
                        sql.Identifier(owner),
                        sql.Identifier(schema),
                        sql.SQL("grant" if sign == "+" else "revoke"),
                        sql.SQL(privilege),
                        sql.SQL("to" if sign == "+" else "from"),
                        _who(role),
                    )
                    what = f"{_named(role)}: {privilege} on tables that {owner} will create in {schema}"
                    yield Change(sign, what, (statement,))


def _grantees(wanted: Wanted) -> list[tuple[str, Kind | None]]:
    """Our roles, and everybody, who may do nothing in these schemas."""
    return [*((wanted.names[kind], kind) for kind in KINDS), (PUBLIC, None)]


def _granted(
    role: str, asked: frozenset[str], held: Iterable[Grant], place: sql.Composable, where: str
) -> Iterator[Change]:
    has = _of(role, held)
    for sign, privileges in (("+", asked - has), ("-", has - asked)):
        for privilege in sorted(privileges):
            yield _grant(sign, role, privilege, place, where)


def _grant(sign: str, role: str, privilege: str, place: sql.Composable, where: str) -> Change:
    statement = sql.SQL("grant {} on {} to {}" if sign == "+" else "revoke {} on {} from {}").format(
        sql.SQL(privilege),
        place,
        _who(role),
    )
    return Change(sign, f"{_named(role)}: {privilege} on {where}", (statement,))


def _of(role: str, held: Iterable[Grant]) -> frozenset[str]:
    return frozenset(privilege for who, privilege in held if who == role)


def _who(role: str) -> sql.Composable:
    return sql.SQL("public") if role == PUBLIC else sql.Identifier(role)


def _named(role: str) -> str:
    return "everybody" if role == PUBLIC else role


def _listed(names: Sequence[str], word: str = "tables") -> str:
    return ", ".join(names) if len(names) <= _NAMED_IN_FULL else f"{len(names)} {word}"
