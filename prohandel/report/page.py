"""The report as one file of HTML, with its styles and drawings inside: readable offline, printed on A4."""

from __future__ import annotations

from datetime import timedelta
from html import escape
from typing import Any

import pandas as pd

from prohandel.dashboard.formats import Kind, Language, change_rate, is_missing
from prohandel.dashboard.words import Words
from prohandel.report import svg
from prohandel.report.figures import Figures
from prohandel.report.style import STYLE
from prohandel.report.tables import Cells, table
from prohandel.report.to_do import to_do
from prohandel.report.words import WORDS

_CATEGORIES = 12


def words_of(language: Language) -> Words:
    """The words of the report before those of the dashboard."""
    return Words(language).with_page(WORDS)


def title_of(figures: Figures, words: Words) -> str:
    """Wochenbericht KW 9 2026."""
    year = figures.monday.isocalendar().year
    return words("title", week=words.formats.week(figures.monday), year=year)


def headline_of(figures: Figures, words: Words) -> str:
    """The week in a sentence."""
    formats, total = words.formats, figures.total
    revenue = formats.money(total.get("net_revenue", 0))
    if is_missing(total.get("change_rate")):
        return words("headline_alone", revenue=revenue)
    compared = _compared(figures)
    return words(
        "headline", revenue=revenue, change=formats.change(total["change_rate"]),
        up=int((compared["change_rate"] > 0).sum()), branches=len(compared),
    )  # fmt: skip


def _compared(figures: Figures) -> pd.DataFrame:
    """Branches that have a change, sales without a branch apart."""
    found = figures.by_branch
    return found[found["change_rate"].notna() & (found["part"] != "unknown")]


def document(figures: Figures, language: Language) -> str:
    """The whole report."""
    words = words_of(language)
    title = escape(title_of(figures, words))
    body = "\n".join([_head(figures, words), _happened(figures, words), to_do(figures, words)])
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n"
        f"<footer>{escape(words('made'))}</footer>\n</main>\n</body>\n</html>\n"
    )


def _head(figures: Figures, words: Words) -> str:
    formats, span = words.formats, figures.filters.span
    facts = [words("as_of_line", day=formats.day(figures.as_of, weekday=True))]
    if figures.freshness.synced_at:
        facts.append(words("synced", moment=formats.moment(figures.freshness.synced_at)))
    if figures.freshness.publication_id is not None:
        moment = formats.moment(figures.freshness.published_at)
        facts.append(words("publication", number=figures.freshness.publication_id, moment=moment))
    sunday = figures.monday + timedelta(days=6)
    days = words("days", first=formats.day(span.first), last=formats.day(sunday))
    notes = [words("so_far", number=span.days)] if span.days < 7 else []
    if figures.comparable_days < span.days:
        notes.append(words("uncovered", comparable_days=figures.comparable_days, days=span.days))
    told = "".join(f'<p class="note">{escape(note)}</p>' for note in notes)
    return (
        f"<header><h1>{escape(title_of(figures, words))}</h1><p>{escape(days)}</p>"
        f'<p class="quiet">{escape(" · ".join(facts))}</p>{told}</header>'
    )


def _happened(figures: Figures, words: Words) -> str:
    formats = words.formats
    sentences = [headline_of(figures, words)]
    plan = figures.receipts.get("plan_net_revenue")
    if not is_missing(plan) and plan:
        share = formats.percent(figures.total["net_revenue"] / plan, 0)
        sentences.append(words("plan_line", share=share, plan=formats.money(plan)))
    ranked = _compared(figures).sort_values("difference")
    if len(ranked) > 1:
        for name, row in (("weakest", ranked.iloc[0]), ("strongest", ranked.iloc[-1])):
            if (row["difference"] < 0) == (name == "weakest"):
                branch = figures.branches.get(row["part"], row["part"])
                sentences.append(words(name, branch=words.of_value(branch), difference=_signed(words, row)))
    return (
        f"<section><h2>{escape(words('happened'))}</h2>"
        f'<p class="headline">{escape(" ".join(sentences))}</p>'
        f"{_key_figures(figures, words)}{_days(figures, words)}{_branches(figures, words)}"
        f"{_categories(figures, words)}"
        f'<p class="quiet">{escape(words("against"))}</p></section>'
    )


def _signed(words: Words, row: Any) -> str:
    sign = "+" if row["difference"] > 0 else ""
    return f"{sign}{words.formats.money(row['difference'])}"


def _key_figures(figures: Figures, words: Words) -> str:
    formats, total, receipts = words.formats, figures.total, figures.receipts
    shown: tuple[tuple[str, dict[str, Any], str, Kind, bool], ...] = (
        (words("revenue"), total, "net_revenue", "money", True),
        (words("margin"), total, "gross_margin", "money", True),
        (words.column("margin_pct"), total, "margin_pct", "percent", True),
        (words("units"), total, "net_units", "units", True),
        (words.column("receipts"), receipts, "receipts", "count", True),
        (words.column("basket_gross"), receipts, "basket_gross", "money_cents", True),
        (words.column("discount_rate"), total, "discount_rate", "percent", False),
        (words.column("return_rate"), total, "return_rate", "percent", False),
    )
    boxes = []
    for label, row, name, kind, more_is_better in shown:
        now, before = row.get(f"{name}_comparable"), row.get(f"{name}_before")
        if kind == "percent":
            change = None if is_missing(now) or is_missing(before) else float(now or 0) - float(before or 0)
            text = formats.points(change)
        else:
            change = change_rate(now, before)
            text = formats.change(change)
        mood = "" if not change else "good" if (change > 0) == more_is_better else "bad"
        told = (
            f'<span class="{mood}">{escape(text)}</span> {escape(words("vs_last_year"))}' if change is not None else ""
        )
        boxes.append(
            f'<div class="box"><span class="label">{escape(label)}</span>'
            f"<strong>{escape(formats.value(row.get(name), kind))}</strong><small>{told}</small></div>"
        )
    return f'<div class="boxes">{"".join(boxes)}</div>'


def _days(figures: Figures, words: Words) -> str:
    formats = words.formats
    found = figures.days.sort_values("period_start")
    names = ("net_revenue", "net_revenue_before", "plan_net_revenue")
    if found.empty:
        return ""
    has_plan = bool(found["plan_net_revenue"].notna().any())
    values = svg.axis(float(found[list(names)].max(numeric_only=True).max()))
    drawn = []
    for row in found.to_dict("records"):
        now = 0.0 if is_missing(row["net_revenue"]) else float(row["net_revenue"])
        day = formats.day(row["period_start"], weekday=True, year=False)
        before, plan = (None if is_missing(row[name]) else float(row[name]) for name in names[1:])
        told = f"{day}: {formats.money(now)}; {words('comparable_days')}: {formats.money(before)}"
        drawn.append(svg.Bar(day, now, before, plan, told))
    key = [("now", "this_week"), ("before", "comparable_days"), *([("plan", "plan")] if has_plan else [])]
    legend = "".join(f'<span class="key {kind}">{escape(words(name))}</span>' for kind, name in key)
    return (
        f"<figure><figcaption><b>{escape(words('by_day'))}</b> ({escape(words('eur_net'))}) {legend}</figcaption>"
        f"{svg.bars(drawn, [(value, formats.number(value)) for value in values], words('by_day'))}</figure>"
    )


def _branches(figures: Figures, words: Words) -> str:
    formats, found = words.formats, figures.by_branch
    most = float(found["difference"].abs().max()) if len(found) else 0.0
    columns = [
        Cells(words("branch"), lambda row: words.of_value(figures.branches.get(row.part, row.part)), is_text=True),
        Cells(words("revenue"), lambda row: formats.money(row.net_revenue)),
        Cells(words("vs_last_year"), draw=lambda row: _mood(formats.change(row.change_rate), row.change_rate)),
        Cells(words("difference"), lambda row: formats.money(row.difference)),
        Cells("", draw=lambda row: svg.difference(row.difference, most)),
        Cells(words.column("margin_pct"), lambda row: formats.percent(row.margin_pct)),
        Cells(words.column("receipts"), lambda row: formats.number(row.receipts)),
        Cells(words.column("basket_gross"), lambda row: formats.money(row.basket_gross, 2)),
    ]
    if found["plan_rate"].notna().any():
        columns.insert(5, Cells(words("of_plan"), lambda row: formats.percent(row.plan_rate, 0)))
    return table(words("by_branch"), found, columns, words)


def _categories(figures: Figures, words: Words) -> str:
    formats, found = words.formats, figures.by_category
    most = float(found["difference"].abs().max()) if len(found) else 0.0
    return table(
        words("by_category"),
        found,
        [
            Cells(words("category"), lambda row: words.of_value(row.part), is_text=True),
            Cells(words("revenue"), lambda row: formats.money(row.net_revenue)),
            Cells(words("vs_last_year"), draw=lambda row: _mood(formats.change(row.change_rate), row.change_rate)),
            Cells(words("difference"), lambda row: formats.money(row.difference)),
            Cells("", draw=lambda row: svg.difference(row.difference, most)),
            Cells(words.column("margin_pct"), lambda row: formats.percent(row.margin_pct)),
            Cells(words.column("discount_rate"), lambda row: formats.percent(row.discount_rate)),
            Cells(words.column("return_rate"), lambda row: formats.percent(row.return_rate)),
        ],
        words,
        _CATEGORIES,
    )


def _mood(text: str, change: Any) -> str:
    kind = "" if is_missing(change) or not change else "good" if change > 0 else "bad"
    return f'<span class="{kind}">{escape(text)}</span>'
