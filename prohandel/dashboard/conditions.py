"""Filters as SQL. Every condition is constant text; what the reader chose comes as a parameter of `Filters.parameters`.

A filter that is not set is a null parameter, which the planner folds away: statements are the same for all readers.
"""

from __future__ import annotations

from psycopg import sql


def of_branch(column: str = "branch_number") -> sql.Composable:
    """Rows of the chosen branches."""
    return sql.SQL("(%(branches)s::text[] is null or {} = any(%(branches)s::text[]))").format(_name(column))


def of_category(column: str = "category") -> sql.Composable:
    """Rows of the chosen categories, where a mart has the category itself."""
    return sql.SQL("(%(categories)s::text[] is null or {} = any(%(categories)s::text[]))").format(_name(column))


def of_article(column: str = "article_number") -> sql.Composable:
    """Rows of articles that fit category, brand, season, supplier and assortment type."""
    return sql.SQL(
        """(not %(has_article_filter)s or {} in (
            select chosen.article_number from dim_articles as chosen
            where
                (%(categories)s::text[] is null or chosen.category = any(%(categories)s::text[]))
                and (%(brands)s::text[] is null or chosen.brand = any(%(brands)s::text[]))
                and (%(seasons)s::text[] is null or chosen.season = any(%(seasons)s::text[]))
                and (%(suppliers)s::text[] is null or chosen.supplier = any(%(suppliers)s::text[]))
                and (%(assortment_types)s::text[] is null or chosen.assortment_type = any(%(assortment_types)s::text[]))
        ))"""
    ).format(_name(column))


def in_span(column: str = "date_day") -> sql.Composable:
    """Days of the period."""
    return sql.SQL("{} between %(first)s and %(last)s").format(_name(column))


def in_span_before(column: str = "date_day") -> sql.Composable:
    """Days that the period is compared with."""
    return sql.SQL("{} between %(before_first)s and %(before_last)s").format(_name(column))


def _name(column: str) -> sql.Identifier:
    return sql.Identifier(*column.split("."))
