"""Rows per landed table, as far as the function's log lines name them.

The function is not this project's, so its words are not known: what is understood is a count beside the name of a
table, in a sentence or in fields. Where several lines name the same table, the largest count stands: a total is larger
than its pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard

from prohandel.landing.tables import LANDED_TABLES

_SYNONYMS = {
    "branch": "shop", "branches": "shop", "inventories": "inventory", "stock": "inventory", "stocks": "inventory",
    "categories": "category",
}  # fmt: skip
_TABLES: Mapping[str, str] = {
    **{name: name for name in LANDED_TABLES},
    **{f"{name}s": name for name in LANDED_TABLES if not name.endswith("y")},
    **_SYNONYMS,
}
_TABLE = rf"(?P<table>{'|'.join(sorted(map(re.escape, _TABLES), key=len, reverse=True))})"
_ROWS = r"(?P<rows>\d{1,3}(?:[.,]\d{3})+|\d+)"
_THINGS = r"(?:rows?|records?|items?|entries|lines?|objects?)"
_QUOTED = r"['\"`]?"
_SENTENCES = tuple(
    re.compile(pattern, flags=re.IGNORECASE)
    for pattern in (
        # Fetched 1,204 sales; 12 new article records
        rf"(?<![\w.,:/-]){_ROWS} (?:(?:new|changed|updated|more) )?{_QUOTED}{_TABLE}{_QUOTED}(?: {_THINGS})?(?![\w-])",
        # 12 rows of sale; 12 records from table 'sale'; 12 rows into sale
        rf"(?<![\w.,:/-]){_ROWS} {_THINGS} (?:of|from|for|to|in|into) (?:the )?(?:table )?{_QUOTED}{_TABLE}\b",
        # sale: 12 rows; sale = 12 records
        rf"(?<!\w){_TABLE}{_QUOTED} ?[:=] ?{_ROWS} {_THINGS}\b",
        # table=sale rows=12
        rf"\btable{_QUOTED} ?[:=] ?{_QUOTED}{_TABLE}\b.{{0,80}}?\b(?:rows|records|count){_QUOTED} ?[:=] ?{_ROWS}\b",
    )
)
_COUNTED = re.compile(r"\b(?:rows|records|inserted|upserted|fetched|synced|counts?)\b", flags=re.IGNORECASE)
_PAIR = re.compile(rf"{_QUOTED}\b{_TABLE}{_QUOTED} ?[:=] ?{_ROWS}(?![\w.])", flags=re.IGNORECASE)


def rows_by_table(messages: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, int]:
    """Rows by landed table.

    Args:
        messages: what was logged and, of a line in JSON format, its fields.
    """
    found: dict[str, int] = {}
    for text, fields in messages:
        for table, rows in [*_in_text(text), *_in_fields(fields)]:
            found[table] = max(rows, found.get(table, 0))
    return found


def _in_text(text: str) -> Iterable[tuple[str, int]]:
    for pattern in _SENTENCES:
        for match in pattern.finditer(text):
            yield _TABLES[match["table"].lower()], _number(match["rows"])
    pairs = list(_PAIR.finditer(text))
    # One pair may be anything ("branch: 901"); several beside a word of counting are a list of counts.
    if len(pairs) > 1 and _COUNTED.search(text):
        for match in pairs:
            yield _TABLES[match["table"].lower()], _number(match["rows"])


def _in_fields(fields: Mapping[str, Any]) -> Iterable[tuple[str, int]]:
    named = fields.get("table")
    for key in ("rows", "records", "row_count", "count", "inserted"):
        value = fields.get(key)
        if isinstance(value, Mapping):
            for table, rows in value.items():
                if str(table).lower() in _TABLES and _is_count(rows):
                    yield _TABLES[str(table).lower()], rows
        elif _is_count(value) and str(named).lower() in _TABLES:
            yield _TABLES[str(named).lower()], value


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _number(text: str) -> int:
    return int(re.sub(r"[.,]", "", text))
