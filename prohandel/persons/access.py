"""What `forget` and `disclose` begin with: tables, and a connection with the key that hides customers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from prohandel.persons.erasures import Places
from prohandel.persons.person import Person, find_person
from prohandel.persons.recognition import with_key
from prohandel.persons.tables import Tables, find_tables
from prohandel.pipeline.landed import landing_schemas
from prohandel.pipeline.run import run_variables
from prohandel.pipeline.target import PROJECT, Target
from prohandel.pipeline.variables import project_variables


@dataclass(frozen=True)
class Warehouse:
    """A target at which persons are looked for.

    Attributes:
        conn: in autocommit, with the key that hides customers.
        tables: that are there.
        places: where erasures are noted.
        landed: schemas that Fivetran writes to.
        tenants: how many; 0 where numbers carry no schema in front.
    """

    conn: psycopg.Connection
    tables: Tables
    places: Places
    landed: tuple[str, ...]
    tenants: int

    def person(self, number: str) -> Person:
        """The customer of that number: see `find_person`."""
        return find_person(self.conn, self.tables, number, self.landed, self.tenants)


@contextmanager
def connected(target: Target) -> Iterator[Warehouse]:
    """Connects to a target.

    Raises:
        ProhandelError: it cannot be reached.
    """
    variables = {**project_variables(PROJECT), **run_variables(target, {})}
    landed = landing_schemas(variables)
    with with_key(target).connect("prohandel persons") as conn:
        tables = find_tables(conn, target, landed)
        tenants = len(variables.get("prohandel_schemas") or ())
        yield Warehouse(conn, tables, Places.of(target), tuple(landed), tenants)


@contextmanager
def as_of_now(conn: psycopg.Connection) -> Iterator[None]:
    """A transaction in which nothing changes, whatever others write, and nothing can be changed."""
    with conn.transaction():
        conn.execute("set transaction isolation level repeatable read, read only")
        yield
