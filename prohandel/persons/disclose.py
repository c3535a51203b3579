"""All that the warehouse holds about a customer (GDPR, article 15)."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from prohandel.errors import ProhandelError
from prohandel.persons.person import Person, of_person
from prohandel.persons.registry import REJECTED
from prohandel.persons.rejected import rejected_of
from prohandel.persons.tables import Tables, check_covered
from prohandel.persons.text import texts_about


def disclose(conn: psycopg.Connection, tables: Tables, person: Person) -> dict[str, Any]:
    """Every row about a customer, by table, and every text that quotes them.

    Args:
        conn: to the warehouse, best in a transaction in which nothing changes.
        tables: of the warehouse.
        person: whom it is about.

    Returns:
        JSON content: customer_number, written_at, `tables` (table, what it is, rows), `texts` (by column), and
        `others`: columns of other people's schemas that may hold the customer as well.

    Raises:
        ProhandelError: a table about customers is unknown.
    """
    check_covered(tables)
    found = []
    for table in tables.about_customers:
        condition = of_person(table, person)
        if condition is None or table.held is None:
            continue
        query = sql.SQL("select to_jsonb(held) from {} as held where {}").format(table.identifier, condition)
        rows = [row[0] for row in conn.execute(query).fetchall()]
        if rows:
            found.append({"table": str(table), "what": table.held.what, "rows": rows})
    for table in tables.rejected:
        if rows := rejected_of(conn, table, person):
            what = f"rows that could not be read ({REJECTED})"
            found.append({"table": str(table), "what": what, "rows": rows})
    texts = texts_about(conn, tables, person)
    return {
        "customer_number": person.prefix + person.number,
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "tables": found,
        "texts": texts,
        "others": list(tables.others),
    }


def write(content: Mapping[str, Any], output: Path) -> None:
    """Writes a disclosure into a new file that only its owner may read.

    Raises:
        ProhandelError: there is such a file already, or it cannot be written.
    """
    text = json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n"
    try:
        with os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise ProhandelError(f"{output} is there already.", "Name a file that is not: --output FILE") from error
    except OSError as error:
        raise ProhandelError(f"{output} cannot be written: {error.strerror}.", "Name another file.") from error
