"""Finds articles by number, EAN or name."""

from __future__ import annotations

import streamlit as st
from psycopg import sql

from prohandel.dashboard.context import Context
from prohandel.dashboard.database import Query

_HITS = 8

_SEARCH = sql.SQL(
    """
    select article_number, name, brand, season
    from dim_articles
    where
        article_number = %(text)s
        or ean = %(text)s
        or article_number ilike %(begins)s
        or (length(%(text)s) >= 3 and name ilike %(contains)s)
    order by
        (article_number = %(text)s or ean = %(text)s) desc nulls last,
        is_active desc nulls last,
        last_sale_date desc nulls last,
        article_number
    limit %(hits)s
    """
)


def search_query(text: str) -> Query:
    """The articles that fit a text: the exact number or EAN first, then those sold last."""
    literal = text.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return Query(
        _SEARCH,
        {"text": text.strip(), "begins": f"{literal}%", "contains": f"%{literal}%", "hits": _HITS + 1},
    )


def draw(context: Context) -> None:
    """The field and what it found; a click opens the article."""
    words = context.words
    text = st.text_input(words("search"), placeholder=words("search_hint"), key="search", max_chars=60)
    if len(text.strip()) < 2:
        return
    found = context.rows(search_query(text))
    if found.empty:
        st.caption(words("search_nothing", text=text))
    for row in found.head(_HITS).itertuples():
        label = f"{row.article_number} · {words.of_value(row.name)}"
        if st.button(label, key=f"hit-{row.article_number}", type="tertiary", width="stretch"):
            context.go("product", article=str(row.article_number))
    if len(found) > _HITS:
        st.caption(words("search_more"))
