"""The part of the report that says what to do, in EUR."""

from __future__ import annotations

from html import escape

from prohandel.dashboard.words import Words
from prohandel.report.figures import Figures
from prohandel.report.tables import Cells, table

_MOST = 10
_TASKS = ("reorder", "transfer", "mark_down", "count", "investigate")


def to_do(figures: Figures, words: Words) -> str:
    """Five tasks with what they are worth, and the first rows behind each."""
    boxes = "".join(_box(figures, words, name) for name in _TASKS)
    tables = [
        _reorder(figures, words),
        _transfer(figures, words),
        _mark_down(figures, words),
        _anomalies(figures, words, "count"),
        _anomalies(figures, words, "investigate"),
        _silent(figures, words),
    ]
    note = words("to_do_note", day=words.formats.day(figures.as_of))
    return (
        f'<section class="to-do"><h2>{escape(words("to_do"))}</h2><p class="quiet">{escape(note)}</p>'
        f'<div class="boxes">{boxes}</div>{"".join(tables)}</section>'
    )


def _box(figures: Figures, words: Words, name: str) -> str:
    formats, task = words.formats, figures.tasks[name]
    if not task["cases"] and not task.get("incidents"):
        told = f"<small>{escape(words('nothing'))}</small>"
    else:
        numbers = {
            key: formats.number(task.get(key, 0)) for key in ("cases", "articles", "branches", "units", "incidents")
        }
        told = (
            f"<strong>{escape(formats.money(task['value']))}</strong><small>{escape(words(f'{name}_eur'))}<br>"
            f"{escape(words(f'{name}_text', **numbers))}</small>"
        )
    return f'<div class="box"><span class="label">{escape(words(name))}</span>{told}</div>'


def _reorder(figures: Figures, words: Words) -> str:
    if not figures.has_recommendations:
        return f'<p class="quiet">{escape(words("reorder"))}: {escape(words("reorder_basis"))}</p>'
    formats = words.formats
    return table(
        words("reorder_table"),
        figures.lists["reorder"],
        [
            Cells(words("supplier"), lambda row: words.of_value(row.supplier), is_text=True),
            Cells(words("lines"), lambda row: formats.number(row.lines)),
            Cells(words.column("articles"), lambda row: formats.number(row.articles)),
            Cells(words.column("units"), lambda row: formats.number(row.recommended_order_units)),
            Cells(words("value_cost"), lambda row: formats.money(row.order_value_cost)),
            Cells(words("urgent"), lambda row: formats.money(row.urgent_value_cost)),
        ],
        words,
        _MOST,
    )


def _transfer(figures: Figures, words: Words) -> str:
    formats = words.formats
    return table(
        words("transfer_table"),
        figures.lists["transfer"],
        [
            *_article(words),
            Cells(words.column("from_branch"), lambda row: _branch(figures, words, row.from_branch), is_text=True),
            Cells(words.column("to_branch"), lambda row: _branch(figures, words, row.to_branch), is_text=True),
            Cells(words.column("units"), lambda row: formats.number(row.units)),
            Cells(words("gain"), lambda row: formats.money(row.value)),
        ],
        words,
        _MOST,
    )


def _mark_down(figures: Figures, words: Words) -> str:
    formats = words.formats
    return table(
        words("mark_down_table"),
        figures.lists["mark_down"],
        [
            *_article(words),
            Cells(words("season"), lambda row: words.of_value(row.season), is_text=True),
            Cells(words.column("on_hand"), lambda row: formats.number(row.on_hand)),
            Cells(words("value_cost"), lambda row: formats.money(row.value_cost)),
            Cells(words.column("current_price_gross"), lambda row: formats.money(row.current_price_gross, 2)),
            Cells(words("step"), lambda row: formats.percent(row.price_step_rate, 0)),
            Cells(words.column("new_price_gross"), lambda row: formats.money(row.new_price_gross, 2)),
        ],
        words,
        _MOST,
    )


def _anomalies(figures: Figures, words: Words, name: str) -> str:
    formats = words.formats
    return table(
        words(f"{name}_table"),
        figures.lists[name],
        [
            Cells(words.column("kind"), lambda row: words.of_value(row.kind), is_text=True),
            *_article(words),
            Cells(words("branch"), lambda row: _branch(figures, words, row.branch_number), is_text=True),
            Cells(words.column("since"), lambda row: formats.day(row.since)),
            Cells(words.column("units"), lambda row: formats.number(row.units)),
            Cells(words("value_cost"), lambda row: formats.money(row.value_cost)),
        ],
        words,
        _MOST,
    )


def _silent(figures: Figures, words: Words) -> str:
    formats = words.formats
    return table(
        words("silent_table", day=formats.day(figures.as_of, weekday=True)),
        figures.lists["silent"],
        [
            Cells(words("branch"), lambda row: _branch(figures, words, row.branch_number), is_text=True),
            Cells(words("last_receipt_on"), lambda row: formats.day(row.last_receipt_on, weekday=True)),
            Cells(words("expected"), lambda row: formats.money(row.expected_net_revenue)),
        ],
        words,
    )


def _article(words: Words) -> tuple[Cells, Cells]:
    return (
        Cells(words.column("article_number"), lambda row: str(row.article_number), is_text=True),
        Cells(words.column("name"), lambda row: words.of_value(row.name), is_text=True),
    )


def _branch(figures: Figures, words: Words, number: str) -> str:
    return words.of_value(figures.branches.get(number, number))
