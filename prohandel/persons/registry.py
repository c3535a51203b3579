"""Every table that holds something about a customer, and what becomes of it when the customer is to be forgotten.

Tests compare this list with the columns of all models and sources, and `prohandel forget` with those of the database: a
table with a column about customers that stands neither here nor among the exceptions stops both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Pointer = Literal["id", "number", "reference", "key"]
"""What a column says of a customer: ProHandel's id, the customer number, either of both, or the marts' keyed hash."""

Treatment = Literal["delete", "detach", "merge", "lone"]
"""What becomes of a customer's rows. delete: they go. detach: they stay and say no longer whose they are. merge: what
they sum up is added to the walk-in trade. lone: they go, and with them rows that only made sense beside them."""


@dataclass(frozen=True)
class Held:
    """What one table holds about customers.

    Attributes:
        layer: of the table: landed, staging, intermediate, marts or quality.
        table: its name.
        treatment: what becomes of a customer's rows.
        pointers: columns that say whose a row is.
        what: what it is, in words for the customer.
        only: SQL condition that a row about a customer meets beside that.
        landed_as: column with the row as it landed, as JSON; empty where there is none.
        hashes: columns with hashes of a row that the customer is part of.
        row_name: column that names the row, and is such a hash itself for rows that landed without an id.
    """

    layer: str
    table: str
    treatment: Treatment
    pointers: Mapping[str, Pointer]
    what: str
    only: str = ""
    landed_as: str = ""
    hashes: tuple[str, ...] = field(default=())
    row_name: str = ""


HELD = (
    Held(
        "landed", "customer", "delete", {"id": "id", "customer_number": "number", "number": "number"},
        "master data, as ProHandel delivers them",
    ),
    Held(
        "landed", "order", "detach", {"customer_id": "reference"}, "orders of the web shop, as ProHandel delivers them",
    ),
    Held(
        "landed", "sale", "detach", {"customer_number": "reference", "customer_id": "reference"},
        "lines of receipts, as ProHandel delivers them",
    ),
    Held(
        "staging", "base_prohandel__customers", "delete", {"customer_id": "id", "customer_number": "number"},
        "master data, cleaned",
    ),
    Held(
        "staging", "base_prohandel__orders", "detach", {"customer_ref": "reference"}, "orders, cleaned",
        landed_as="raw_row", hashes=("row_hash",), row_name="order_id",
    ),
    Held(
        "staging", "base_prohandel__sales", "detach", {"customer_ref": "reference"}, "lines of receipts, cleaned",
        landed_as="raw_row", hashes=("row_hash",), row_name="sale_line_id",
    ),
    Held(
        "intermediate", "int_customers__references", "delete",
        {"customer_ref": "reference", "customer_number": "number"},
        "which names orders and receipts call the customer by",
    ),
    Held(
        "intermediate", "int_sales__parent_changes", "delete", {"parent_ref": "reference"},
        "when the name that receipts call the customer by last changed", only="parent = 'customer'",
    ),
    Held(
        "intermediate", "int_sales__customer_months", "merge", {"customer_key": "key"},
        "revenue and receipts by month and branch",
    ),
    Held(
        "intermediate", "int_sales__shared_receipts", "lone", {"customer_key": "key"},
        "receipts that name the customer and somebody else",
    ),
    Held(
        "marts", "dim_customers", "delete", {"customer_key": "key"},
        "area, country and first order, under a pseudonym",
    ),
    Held("marts", "fct_orders", "detach", {"customer_key": "key"}, "orders, under a pseudonym"),
    Held("marts", "fct_sale_lines", "detach", {"customer_key": "key"}, "lines of receipts, under a pseudonym"),
)  # fmt: skip

# quality.rejected_rows holds rows of all tables as they landed, and has code of its own: prohandel/persons/rejected.py.
REJECTED = "rejected_rows"

NAMED_LIKE_A_PERSON = re.compile(
    r"customer|kunde|person|e_?mail|phone|telefon|street|strasse|address|anschrift|postal|birth|geburt"
    r"|first_name|last_name|full_name|vorname|nachname"
)
"""Columns with such names may be about a customer."""

NAMED_AFTER_A_CUSTOMER = re.compile("customer|kunde")
"""Columns with such names are emptied in the rows that are detached from a customer."""

NO_PERSON: Mapping[tuple[str, str], frozenset[str]] = {
    # Branches and suppliers are companies.
    ("landed", "shop"): frozenset({"address", "street", "postal_code", "phone", "email"}),
    ("landed", "supplier"): frozenset({"address", "street", "postal_code", "phone", "email"}),
    ("staging", "base_prohandel__shops"): frozenset({"street", "postal_code", "phone", "email"}),
    ("intermediate", "int_branches__resolved"): frozenset({"postal_code"}),
    ("marts", "dim_shops"): frozenset({"postal_code"}),
    ("reference", "postal_code_states"): frozenset({"from_postal_code", "to_postal_code"}),
    # How many there are.
    ("marts", "customer_cohorts"): frozenset({"customers", "active_customers"}),
    # Keyed hashes, by which an erased customer is known again.
    ("operations", "erasures"): frozenset({"person_hashes"}),
}
"""Columns that are named like one about a person and are not, by layer and table."""

LAYERS = (
    "staging", "intermediate", "snapshots", "reference", "marts", "marts_audit", "published", "quality", "state",
    "operations", "forecasting", "elementary",
)  # fmt: skip
"""Schemas of the project, beside the landed ones."""

# A gated run builds marts in one schema and publishes them, and what their views read, in others.
_SAME_TABLES = {"marts_audit": "marts", "published": "intermediate"}
_KEPT_BY_PUBLISHING = re.compile(r"^(?:replaced|written)__(?P<schema>.+?)__(?P<table>.+)$")

FREE_TEXT = ("quality", "state", "operations", "forecasting", "elementary")
"""Layers whose texts may quote a customer: messages, notes, samples."""


def origin(layer: str, table: str, schemas: Mapping[str, str]) -> tuple[str, str]:
    """Layer and table that a table has its columns from: itself, or the one that it is a copy of.

    Args:
        layer: of the table.
        table: its name.
        schemas: layer by schema.
    """
    kept = _KEPT_BY_PUBLISHING.match(table) if layer == "state" else None
    if kept is not None:
        layer = schemas.get(kept["schema"], kept["schema"])
        table = kept["table"]
    return _SAME_TABLES.get(layer, layer), table


def held(layer: str, table: str) -> Held | None:
    """What a table holds about customers; None where that is nothing."""
    return next((one for one in HELD if (one.layer, one.table) == (layer, table)), None)


def is_open(layer: str, table: str, column: str) -> bool:
    """May this column be about a customer, without the registry saying what becomes of it?"""
    if not NAMED_LIKE_A_PERSON.search(column) or column in NO_PERSON.get((layer, table), ()):
        return False
    one = held(layer, table)
    if one is None:
        return True
    return one.treatment == "detach" and column not in one.pointers and not NAMED_AFTER_A_CUSTOMER.search(column)
