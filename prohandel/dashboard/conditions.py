"""Filters as SQL. Every condition is constant text; what the reader chose comes as a parameter of `Filters.parameters`.

A filter that is not set is a null parameter, which the planner folds away: statements are the same for all readers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from psycopg import sql

from prohandel.dashboard.database import Query

BRANCHES = ("branch_number", "from_branch", "to_branch")
"""Columns that name a branch."""

HIDDEN = {"rejected_rows": ("table_name", "row_key", "reason", "first_seen_at", "synced_at")}
"""Tables that name branches in their text only, with the columns that every role reads: who may not see all branches
sees none of their rows."""


class Table(NamedTuple):
    """A table whose rows belong to branches, or one of HIDDEN.

    Attributes:
        schema: that it lies in.
        columns: those of BRANCHES that it has.
        of_all: do rows of the branch `all` speak of no branch in particular, as in the schema quality?
    """

    schema: str
    columns: tuple[str, ...]
    of_all: bool


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


def seen_by(query: Query, branches: Sequence[str], tables: Mapping[str, Table]) -> Query:
    """The query of a reader who may see some branches only.

    Every table that the statement names is replaced, below its own name, by its rows of these branches; so no statement
    can leave the condition out. Tables without a branch, as masters and classes of articles, stay whole: they hold what
    the company as a whole knows of an article.

    Args:
        query: whose tables have no schema in front.
        branches: that the reader may see.
        tables: all that have rows of branches, by name.
    """
    named = sorted(set(re.findall(r"\w+", query.text())) & tables.keys())
    if not named:
        return query
    shadows = sql.SQL(", ").join(_shadow(name, tables[name]) for name in named)
    statement = sql.SQL("with {} select * from ({}) as seen").format(shadows, query.statement)
    return Query(statement, {**query.parameters, "seen_branches": list(branches)})


def _shadow(name: str, table: Table) -> sql.Composable:
    if name in HIDDEN:
        # Reading roles have no right to the landed row.
        return sql.SQL("""{} as (select {}, null::jsonb as "row" from {} where false)""").format(
            sql.Identifier(name),
            sql.SQL(", ").join(map(sql.Identifier, HIDDEN[name])),
            sql.Identifier(table.schema, name),
        )
    either = [sql.SQL("{} = any(%(seen_branches)s::text[])").format(sql.Identifier(column)) for column in table.columns]
    if table.of_all:
        either += [sql.SQL("{} = 'all'").format(sql.Identifier(column)) for column in table.columns]
    return sql.SQL("{} as not materialized (select * from {} where {})").format(
        sql.Identifier(name), sql.Identifier(table.schema, name), sql.SQL(" or ").join(either)
    )


def in_span(column: str = "date_day") -> sql.Composable:
    """Days of the period."""
    return sql.SQL("{} between %(first)s and %(last)s").format(_name(column))


def in_span_before(column: str = "date_day") -> sql.Composable:
    """Days that the period is compared with."""
    return sql.SQL("{} between %(before_first)s and %(before_last)s").format(_name(column))


def _name(column: str) -> sql.Identifier:
    return sql.Identifier(*column.split("."))
