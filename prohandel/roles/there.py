"""What the database says of roles, owners and privileges."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import psycopg

K = TypeVar("K")

PUBLIC = "public"
"""How privileges of everybody are named here; a role of that name is impossible."""


@dataclass(frozen=True)
class Role:
    """A role of the server.

    Attributes:
        name: its name.
        can_login: may it connect?
        powers: attributes that a role of ours must not have: superuser, createdb, createrole, replication, bypassrls.
        member_of: roles whose privileges it has as well.
    """

    name: str
    can_login: bool
    powers: tuple[str, ...]
    member_of: tuple[str, ...]


@dataclass(frozen=True)
class Relation:
    """A table, view, sequence or function of a schema.

    Attributes:
        schema: where it lies.
        name: of a function with its arguments.
        kind: table, view, materialized view, foreign table, sequence or function.
        owner: role that owns it.
        columns: names in order; none of a sequence or function.
    """

    schema: str
    name: str
    kind: str
    owner: str
    columns: tuple[str, ...] = ()

    @property
    def has_rows(self) -> bool:
        """Can one select from it?"""
        return self.kind not in ("sequence", "function")


Grant = tuple[str, str]
"""Who (a role, or PUBLIC) and which privilege."""


@dataclass(frozen=True)
class There:
    """What there is.

    Attributes:
        database: its name.
        owner: of the database.
        roles: of those asked for, by name.
        schemas: owner by schema.
        relations: of the schemas.
        on_database: privileges on the database.
        on_schemas: by schema.
        on_tables: by schema and table.
        on_columns: by schema, table and column.
        on_future: by creating role and schema.
    """

    database: str
    owner: str
    roles: dict[str, Role]
    schemas: dict[str, str]
    relations: tuple[Relation, ...]
    on_database: frozenset[Grant]
    on_schemas: dict[str, frozenset[Grant]]
    on_tables: dict[tuple[str, str], frozenset[Grant]]
    on_columns: dict[tuple[str, str, str], frozenset[Grant]]
    on_future: dict[tuple[str, str], frozenset[Grant]]


def look(conn: psycopg.Connection, schemas: Sequence[str], roles: Collection[str]) -> There:
    """Reads the catalogs.

    Args:
        conn: as anybody who may connect.
        schemas: that are of interest; those that are not there are left out.
        roles: names of the roles of interest.
    """
    name, owner = conn.execute(
        "select datname, pg_get_userbyid(datdba) from pg_database where datname = current_database()"
    ).fetchone() or ("", "")
    given = {"schemas": list(schemas), "roles": list(roles)}
    found_schemas: dict[str, str] = dict(conn.execute(_SCHEMAS, given).fetchall())
    relations = tuple(
        Relation(schema, relation, kind, of, tuple(columns or ()))
        for schema, relation, kind, of, columns in conn.execute(_RELATIONS, given).fetchall()
    )
    return There(
        database=name,
        owner=owner,
        roles={
            role: Role(role, can_login, tuple(powers), tuple(member_of))
            for role, can_login, powers, member_of in conn.execute(_ROLES, given).fetchall()
        },
        schemas=found_schemas,
        relations=relations,
        on_database=frozenset(conn.execute(_ON_DATABASE).fetchall()),
        on_schemas=_grants((row[0], row[1:]) for row in conn.execute(_ON_SCHEMAS, given)),
        on_tables=_grants(((row[0], row[1]), row[2:]) for row in conn.execute(_ON_TABLES, given)),
        on_columns=_grants(((row[0], row[1], row[2]), row[3:]) for row in conn.execute(_ON_COLUMNS, given)),
        on_future=_grants(((row[0], row[1]), row[2:]) for row in conn.execute(_ON_FUTURE, given)),
    )


def _grants(rows: Iterable[tuple[K, Sequence[str]]]) -> dict[K, frozenset[Grant]]:
    found: dict[K, set[Grant]] = {}
    for place, (who, privilege) in rows:
        found.setdefault(place, set()).add((who, privilege))
    return {place: frozenset(grants) for place, grants in found.items()}


_ROLES = """
    select
        roles.rolname,
        roles.rolcanlogin,
        array_remove(array[
            case when roles.rolsuper then 'superuser' end,
            case when roles.rolcreatedb then 'createdb' end,
            case when roles.rolcreaterole then 'createrole' end,
            case when roles.rolreplication then 'replication' end,
            case when roles.rolbypassrls then 'bypassrls' end
        ], null),
        array(
            select pg_get_userbyid(members.roleid)::text
            from pg_auth_members as members
            where members.member = roles.oid
            order by 1
        )
    from pg_roles as roles
    where roles.rolname = any(%(roles)s)
"""
_SCHEMAS = "select nspname, pg_get_userbyid(nspowner) from pg_namespace where nspname = any(%(schemas)s)"
_RELATIONS = """
    select
        namespaces.nspname,
        classes.relname,
        case classes.relkind
            when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table'
            when 'S' then 'sequence' else 'table'
        end,
        pg_get_userbyid(classes.relowner),
        case when classes.relkind <> 'S' then array(
            select attname::text from pg_attribute
            where attrelid = classes.oid and attnum > 0 and not attisdropped
            order by attnum
        ) end
    from pg_class as classes
    inner join pg_namespace as namespaces on classes.relnamespace = namespaces.oid
    where
        namespaces.nspname = any(%(schemas)s)
        and classes.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
        -- The sequence of a column goes with its table.
        and not exists (
            select from pg_depend
            where classid = 'pg_class'::regclass and objid = classes.oid and deptype in ('a', 'i')
                and classes.relkind = 'S'
        )
    union all
    select
        namespaces.nspname,
        format('%%I(%%s)', procs.proname, pg_get_function_identity_arguments(procs.oid)),
        'function',
        pg_get_userbyid(procs.proowner),
        null
    from pg_proc as procs
    inner join pg_namespace as namespaces on procs.pronamespace = namespaces.oid
    where namespaces.nspname = any(%(schemas)s)
    order by 1, 2
"""
_WHO = "case when acl.grantee = 0 then 'public' else pg_get_userbyid(acl.grantee)::text end"
_ON_DATABASE = f"""
    select {_WHO}, acl.privilege_type
    from pg_database as databases
    cross join aclexplode(coalesce(databases.datacl, acldefault('d', databases.datdba))) as acl
    where databases.datname = current_database()
"""  # noqa: S608
_ON_SCHEMAS = f"""
    select namespaces.nspname, {_WHO}, acl.privilege_type
    from pg_namespace as namespaces
    cross join aclexplode(coalesce(namespaces.nspacl, acldefault('n', namespaces.nspowner))) as acl
    where namespaces.nspname = any(%(schemas)s)
"""  # noqa: S608
_ON_TABLES = f"""
    select namespaces.nspname, classes.relname, {_WHO}, acl.privilege_type
    from pg_class as classes
    inner join pg_namespace as namespaces on classes.relnamespace = namespaces.oid
    cross join aclexplode(classes.relacl) as acl
    where namespaces.nspname = any(%(schemas)s) and classes.relkind in ('r', 'p', 'v', 'm', 'f')
        and acl.grantee <> classes.relowner
"""  # noqa: S608
_ON_COLUMNS = f"""
    select namespaces.nspname, classes.relname, attributes.attname, {_WHO}, acl.privilege_type
    from pg_attribute as attributes
    inner join pg_class as classes on attributes.attrelid = classes.oid
    inner join pg_namespace as namespaces on classes.relnamespace = namespaces.oid
    cross join aclexplode(attributes.attacl) as acl
    where namespaces.nspname = any(%(schemas)s) and attributes.attnum > 0 and not attributes.attisdropped
"""  # noqa: S608
_ON_FUTURE = f"""
    select pg_get_userbyid(defaults.defaclrole)::text, namespaces.nspname, {_WHO}, acl.privilege_type
    from pg_default_acl as defaults
    inner join pg_namespace as namespaces on defaults.defaclnamespace = namespaces.oid
    cross join aclexplode(defaults.defaclacl) as acl
    where namespaces.nspname = any(%(schemas)s) and defaults.defaclobjtype = 'r'
        and acl.grantee <> defaults.defaclrole
"""  # noqa: S608
