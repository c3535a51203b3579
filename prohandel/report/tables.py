"""Tables of the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from prohandel.dashboard.words import Words


@dataclass(frozen=True)
class Cells:
    """A column of a table.

    Attributes:
        label: heading.
        write: makes a cell of a row: text, which is escaped.
        draw: makes a cell of a row that is HTML, in place of `write`.
        is_text: does it stand to the left?
    """

    label: str
    write: Callable[[Any], str] = str
    draw: Callable[[Any], str] | None = None
    is_text: bool = False


def table(title: str, found: pd.DataFrame, columns: Sequence[Cells], words: Words, most: int = 1000) -> str:
    """A table of the first rows of a frame, which says how many it leaves out; nothing where there is no row.

    Args:
        title: above it.
        found: rows, which `columns` get as named tuples.
        columns: from left to right.
        words: language.
        most: rows shown.
    """
    if found.empty:
        return ""
    heads = "".join(f'<th scope="col"{_side(column)}>{escape(column.label)}</th>' for column in columns)
    rows = "".join(
        f"<tr>{''.join(f'<td{_side(column)}>{_cell(column, row)}</td>' for column in columns)}</tr>"
        for row in found.head(most).itertuples(index=False)
    )
    number = words.formats.number
    rest = words("first_of", shown=number(most), total=number(len(found))) if len(found) > most else ""
    return (
        f'<div class="table"><h3>{escape(title)}</h3><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table>{f'<p class=quiet>{escape(rest)}</p>' if rest else ''}</div>"
    )


def _cell(column: Cells, row: Any) -> str:
    return column.draw(row) if column.draw else escape(column.write(row))


def _side(column: Cells) -> str:
    return ' class="text"' if column.is_text else ""
