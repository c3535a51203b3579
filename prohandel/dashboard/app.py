"""The entry of Streamlit: finds the warehouse, draws what all pages share, and hands the page its context."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import pandas as pd
import streamlit as st
from psycopg import sql
from streamlit.navigation.page import StreamlitPage

from prohandel.dashboard import access, filter_bar, search, states
from prohandel.dashboard.access import Reader
from prohandel.dashboard.conditions import Table, seen_by
from prohandel.dashboard.context import Context
from prohandel.dashboard.database import DatabaseGoneError, Query
from prohandel.dashboard.definitions import definitions_of
from prohandel.dashboard.filter_bar import Options
from prohandel.dashboard.filters import LISTS
from prohandel.dashboard.formats import Language
from prohandel.dashboard.queries import (
    Freshness,
    answer,
    freshness_of,
    pool_of,
    relations_there,
    tables_of_branches,
)
from prohandel.dashboard.settings import Settings, from_environment
from prohandel.dashboard.words import Words
from prohandel.errors import ProhandelError

HERE = Path(__file__).parent
LOG = logging.getLogger("prohandel.dashboard")

MENU = (
    "today", "inventory_overview", "stock_monitoring", "warehouse_performance", "forecast_reorder", "sales_analysis",
    "product_performance", "product", "data_quality",
)  # fmt: skip
"""Modules of `pages`, as the menu shows them; one that is not there is not shown. They stand in one list, because
Streamlit writes sections in a way that a screen reader cannot follow."""

FIRST = "today"
"""The page at the root of the address."""

_BRANCHES = sql.SQL(
    """
    select branch_number, name
    from dim_shops
    where branch_number in (select branch_number from warehouse_performance)
    order by branch_number
    """
)
_VALUES = sql.SQL(
    """
    select 'category' as name, category as value from dim_articles
    union
    select 'brand', brand from dim_articles
    union
    select 'season', season from dim_articles
    union
    select 'supplier', supplier from dim_articles
    order by name, value
    """
)
_FIRST_DAY = sql.SQL("select min(date_day) as first_day from branch_day_performance")

Choice = dict[str, StreamlitPage]


def main() -> None:
    """Draws one run of the app."""
    st.set_page_config(
        page_title="ProHandel Analytics", page_icon=str(HERE / "icon.svg"), layout="wide", initial_sidebar_state="auto"
    )
    st.html(HERE / "style.css")
    words = Words(_language())
    todo: list[Callable[[], None]] = []
    pages = _pages(words, todo)
    page = st.navigation(list(pages.values()))
    name = next(name for name, candidate in pages.items() if candidate.url_path == page.url_path)
    st.title(words(name), anchor=False)
    todo.append(partial(_draw, name, words, pages))
    page.run()


def modules() -> dict[str, str]:
    """Names of the modules of the pages that are there, by name of the page."""
    names = [name for name in MENU if (HERE / "pages" / f"{name}.py").is_file()]
    return {name: f"prohandel.dashboard.pages.{name}" for name in names}


def _pages(words: Words, todo: list[Callable[[], None]]) -> Choice:
    return {
        name: st.Page(lambda: todo.pop()(), title=words(name), url_path=name, default=name == FIRST)
        for name in modules()
    }


def _draw(name: str, words: Words, pages: Choice) -> None:
    """The page with what all pages share, or the state that says why there is none."""
    settings = None
    try:
        settings = from_environment()
        page = importlib.import_module(modules()[name])
        context = _context(name, words, pages, settings, getattr(page, "CONTROLS", filter_bar.CONTROLS))
        with st.sidebar:
            _language_switch(words)
        if context is not None:
            with st.sidebar:
                search.draw(context)
            page.render(context)
    except DatabaseGoneError:
        if settings is not None:
            states.database_gone(words, settings)
    except ProhandelError as error:
        states.failed(words, error)
    except Exception as error:
        LOG.exception("page %s", name)
        states.failed(words, error)


def _context(name: str, words: Words, pages: Choice, settings: Settings, controls: tuple[str, ...]) -> Context | None:
    """What the page gets; None where there is nothing to show yet."""
    pool = pool_of(settings)
    freshness = freshness_of(pool)
    if freshness.as_of_date is None:
        states.empty_warehouse(words)
        return None
    there = partial(_is_there, settings, freshness)
    reader = _reader(words, settings, freshness)
    if reader is None:
        return None
    ask = _asks(settings, freshness, reader)
    options = _options(ask)
    states.as_of_line(words, freshness)
    states.stale_note(words, freshness, settings)
    filter_bar.take_address(name, options, freshness.as_of_date)
    first_day = _first_day(ask, freshness.as_of_date)
    filters = filter_bar.draw(words, options, freshness.as_of_date, first_day, controls)
    filter_bar.put_address(filters)
    return Context(
        rows=ask,
        has=there,
        filters=filters,
        words=words,
        definitions=definitions_of(settings.manifest),
        freshness=freshness,
        branches={number: words.of_value(branch) for number, branch in options.branches.items()},
        go=partial(_go, pages),
        link=_link,
        pages=frozenset(pages),
    )


def _reader(words: Words, settings: Settings, freshness: Freshness) -> Reader | None:
    """Who looks; None where they may see nothing, which the page then says."""
    name = access.signed_in(settings)
    if name is None:
        access.draw_signed_out(words, settings)
        return None
    has_seed = bool(name) and _is_there(settings, freshness, "dashboard_access")
    reader = access.reader_of(name, partial(answer, settings, freshness.version), has_seed=has_seed)
    with st.sidebar:
        access.draw_name(words, settings, reader)
    if reader.branches == ():
        access.draw_no_branches(words, reader)
        return None
    return reader


def _asks(settings: Settings, freshness: Freshness, reader: Reader) -> Callable[[Query], pd.DataFrame]:
    """The only way of the pages to rows: those that the reader may see."""
    if reader.branches is None:
        return partial(answer, settings, freshness.version)
    branches, tables = reader.branches, _tables(settings, freshness.version)

    def ask(query: Query) -> pd.DataFrame:
        return answer(settings, freshness.version, seen_by(query, branches, tables))

    return ask


@st.cache_data(show_spinner=False, max_entries=20)
def _tables(settings: Settings, version: str) -> dict[str, Table]:  # noqa: ARG001
    return tables_of_branches(pool_of(settings), settings)


def _options(ask: Callable[[Query], object]) -> Options:
    branches = ask(Query(_BRANCHES, {}))
    values = ask(Query(_VALUES, {}))
    names = dict(zip(branches["branch_number"], branches["name"], strict=True))  # type: ignore[index]
    lists = {name: list(values.loc[values["name"] == name, "value"]) for name in LISTS if name != "branch"}  # type: ignore[attr-defined,index]
    return Options(
        {number: number if name == "unknown" else f"{number} {name}" for number, name in names.items()}, lists
    )


def _first_day(ask: Callable[[Query], object], as_of: date) -> date:
    found = ask(Query(_FIRST_DAY, {}))["first_day"].iloc[0]  # type: ignore[index]
    return as_of if found is None else min(found.date(), as_of)


def _is_there(settings: Settings, freshness: Freshness, mart: str) -> bool:
    return mart in _there(settings, freshness.version, (mart,))


@st.cache_data(show_spinner=False, max_entries=100)
def _there(settings: Settings, version: str, marts: tuple[str, ...]) -> set[str]:  # noqa: ARG001
    return relations_there(pool_of(settings), marts)


def _go(pages: Choice, name: str, **parameters: str) -> None:
    if name in pages:
        st.switch_page(pages[name], query_params=parameters)


def _link(name: str, **parameters: str) -> str:
    path = "" if name == FIRST else name
    return f"/{path}?{urlencode(parameters)}" if parameters else f"/{path}"


def _language() -> Language:
    """Of the address, of the session, or of the browser."""
    given = st.query_params.get("lang") or st.session_state.get("language") or st.context.locale or "de"
    chosen: Language = "de" if str(given).lower().startswith("de") else "en"
    st.session_state["language"] = chosen
    return chosen


def _switched() -> None:
    chosen = st.session_state["language_widget"]
    st.session_state["language"] = chosen
    st.query_params["lang"] = chosen


def _language_switch(words: Words) -> None:
    st.session_state["language_widget"] = words.language
    st.segmented_control(
        words("language"),
        ("de", "en"),
        key="language_widget",
        format_func=lambda language: "Deutsch" if language == "de" else "English",
        on_change=_switched,
        required=True,
        label_visibility="collapsed",
    )
