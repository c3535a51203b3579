"""What a number means and its unit, from dbt's manifest: the docs of the marts are the only place that says so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from prohandel.dashboard.words import Words

_PACKAGE = "prohandel_analytics"


@dataclass(frozen=True)
class Definition:
    """A column of a mart.

    Attributes:
        mart: its name.
        column: its name.
        text: dbt's description; empty where the manifest does not know it.
        unit: of dbt's meta, as "EUR net" or "days"; empty where there is none.
    """

    mart: str
    column: str
    text: str
    unit: str

    def help(self, words: Words) -> str:
        """The help text of a number: definition, unit and source, as Markdown."""
        lines = [_plain(self.text)] if self.text else []
        if self.unit:
            lines.append(words("unit", unit=words.unit(self.unit)))
        lines.append(words("from_mart", mart=self.mart, column=self.column))
        return "\n\n".join(lines)


def _plain(text: str) -> str:
    # A dollar sign begins a formula and a tilde a strike-through in Streamlit's Markdown.
    return text.strip().replace("$", "\\$").replace("~", "\\~")


@dataclass(frozen=True)
class Definitions:
    """The definitions of all marts.

    Attributes:
        columns: (text, unit) by (mart, column).
        marts: text by mart.
    """

    columns: Mapping[tuple[str, str], tuple[str, str]]
    marts: Mapping[str, str]

    def of(self, mart: str, column: str) -> Definition:
        """The definition of a column; without text where the manifest does not know it."""
        text, unit = self.columns.get((mart, column), ("", ""))
        return Definition(mart, column, text, unit)

    def of_mart(self, mart: str) -> str:
        """What a mart is: the first paragraph of its description."""
        return _plain(self.marts.get(mart, "").split("\n\n")[0])


def read_definitions(path: Path) -> Definitions:
    """The definitions of a manifest; none where there is no manifest yet."""
    if not path.is_file():
        return Definitions({}, {})
    nodes = json.loads(path.read_text(encoding="utf-8"))["nodes"].values()
    models = [node for node in nodes if node["resource_type"] == "model" and node["package_name"] == _PACKAGE]
    columns = {
        (model["name"], name): (column["description"], str(column.get("config", {}).get("meta", {}).get("unit", "")))
        for model in models
        for name, column in model["columns"].items()
    }
    return Definitions(columns, {model["name"]: model["description"] for model in models})


def definitions_of(path: Path) -> Definitions:
    """The same, read once per version of the file."""
    changed = path.stat().st_mtime_ns if path.is_file() else 0
    return _read_once(path, changed)


@st.cache_resource(show_spinner=False, max_entries=4)
def _read_once(path: Path, changed: int) -> Definitions:  # noqa: ARG001
    return read_definitions(path)
