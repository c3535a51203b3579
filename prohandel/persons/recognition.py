"""A look for customers who were erased and have landed again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import psycopg

from prohandel.persons.erasures import Places, made_with_another_key, returned
from prohandel.pipeline.target import Target, exists, hash_key_options
from prohandel.quality.symptoms import Symptom


def with_key(target: Target) -> Target:
    """The target with connections that have the key that hides customers; libpq carries it, no SQL and no log does."""
    options = hash_key_options().get("PGOPTIONS")
    return replace(target, connection={**target.connection, "options": options}) if options else target


def returned_customers(conn: psycopg.Connection, target: Target, now: datetime) -> list[Symptom]:
    """What is out of the ordinary about erased customers: those who are back, and erasures that a new key has hidden.

    Args:
        conn: to the target.
        target: where it is looked.
        now: the time of the run.
    """
    places = Places.of(target)
    if not exists(conn, places.record):
        return []
    with with_key(target).connect() as keyed:
        erasures = {one.erasure for one in returned(keyed, places)}
        hidden = made_with_another_key(keyed, places)
    found = []
    if erasures:
        people = "customer who was erased has" if len(erasures) == 1 else "customers who were erased have"
        listed = ", ".join(map(str, sorted(erasures)))
        what = f"{len(erasures)} {people} landed again (erasure {listed}): prohandel forget --again."
        found.append(_symptom("returned_customers", now, len(erasures), what))
    if hidden:
        what = f"The key that hides customers has changed: {hidden} erasures can no longer be recognised."
        found.append(_symptom("unrecognised_erasures", now, hidden, what))
    return found


def _symptom(check: str, now: datetime, rows: int, what: str) -> Symptom:
    return Symptom(
        kind="anomaly", check=check, table="customer", column="customer_number", since=now,
        severity="error" if check == "returned_customers" else "warn", rows=rows, what=what,
    )  # fmt: skip
