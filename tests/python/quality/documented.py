"""Which relations and columns the SQL of a document names, and which there are; read from files, without a database."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from prohandel.landing.tables import DELETED, LANDED_TABLES, SYNCED
from prohandel.pipeline.target import PROJECT
from prohandel.quality import incidents, outbox

_KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        """
        and as asc at between by case count current_date desc distinct else end exists false from group having in inner
        interval is join last left like limit not null nulls on or order select set then time timestamptz true update
        when where zone
        """,
    )
)
_RELATION = re.compile(r"\b(?:from|join|update)\s+(\w+)\.(\w+)")
_ALIAS = re.compile(r"\bas\s+(\w+)")
_NAME = re.compile(r"(?<![\w.])(?:\w+\.)?([a-z_]\w*)(?!\w*\s*[.(])")


@dataclass(frozen=True)
class Named:
    """What a statement names.

    Attributes:
        relations: schema and name.
        columns: names that are no keyword, function, alias or relation.
    """

    relations: frozenset[tuple[str, str]]
    columns: frozenset[str]


def statements(text: str) -> list[str]:
    """The statements in the blocks of a Markdown text that are marked as sql."""
    blocks = re.findall(r"^```sql\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return [statement.strip() for block in blocks for statement in block.split(";") if statement.strip()]


def named(statement: str) -> Named:
    """What a plain statement names: no CTE, every relation with its schema."""
    bare = re.sub(r"'(?:[^']|'')*'", "''", statement)
    relations = frozenset(_RELATION.findall(bare))
    known = _KEYWORDS | set(_ALIAS.findall(bare)) | {part for relation in relations for part in relation}
    return Named(relations, frozenset(_NAME.findall(_RELATION.sub(" ", bare))) - known)


def unknown(statement: str, columns: Mapping[tuple[str, str], frozenset[str]]) -> list[str]:
    """Relations that are not there, and names that no relation of the statement has."""
    found = named(statement)
    lacking = sorted(".".join(relation) for relation in found.relations - columns.keys())
    there = frozenset[str]().union(*(columns.get(relation, frozenset()) for relation in found.relations))
    return lacking + sorted(found.columns - there)


@cache
def columns_by_relation() -> dict[tuple[str, str], frozenset[str]]:
    """Columns by schema and name: models of quality, marts and staging, landed tables, and what alerts keep."""
    found = {
        ("prohandel", name): frozenset({*table.landed_names, SYNCED, DELETED}) for name, table in LANDED_TABLES.items()
    }
    for schema, folder in (("staging", "staging"), ("marts", "marts"), ("quality", "quality")):
        for path in (PROJECT / "models" / folder).rglob("*.yml"):
            for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
                described = frozenset(column["name"] for column in model.get("columns", []))
                found[schema, model["name"]] = found.get((schema, model["name"]), frozenset()) | described
    for path in (PROJECT / "models" / "quality").glob("*.sql"):
        found["quality", path.stem] = found.get(("quality", path.stem), frozenset()) | frozenset(_selected(path))
    for name, created in (("incidents", incidents._COLUMNS), ("alert_messages", outbox._COLUMNS)):
        found["quality", name] = frozenset(re.findall(r"^\s*(\w+) ", created, flags=re.MULTILINE))
    return found


def _selected(model: Path) -> Iterator[str]:
    """Columns of a model's last CTE, `final`, which has one on each line."""
    text = model.read_text(encoding="utf-8")
    final = re.search(r"^final as \(\n    select\n(.*?)^    (?:from|where) ", text, flags=re.MULTILINE | re.DOTALL)
    assert final, f"{model.name} has no CTE `final` that begins with select on a line of its own"
    for line in final.group(1).splitlines():
        column = re.search(r"(?:^\s*| as |\.)(\w+),?$", line)
        if column:
            yield column.group(1)


def anchors(text: str) -> frozenset[str]:
    """What a link can point to in a Markdown text: its own anchors, and those that headings get."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    made = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return frozenset({*made, *re.findall(r'<a id="([^"]+)"></a>', text)})
