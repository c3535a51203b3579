"""The widgets of the filters, and their way to and from the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import streamlit as st

from prohandel.dashboard.filters import (
    ASSORTMENTS,
    COMPARISONS,
    DEFAULTS,
    KEYS,
    LISTS,
    MONEYS,
    PERIODS,
    Filters,
    from_values,
    to_address,
)
from prohandel.dashboard.words import Words

CONTROLS = ("period", "compare", "money")
"""The controls beside the popover of filters; a page names those that it heeds in a constant of this name."""

_SEEN = "filters_in_address"
_PAGE = "filters_page"
_OWN = "filter_own_days"


@dataclass(frozen=True)
class Options:
    """What can be chosen.

    Attributes:
        branches: names by number.
        lists: names by filter: category, brand, season, supplier.
    """

    branches: Mapping[str, str]
    lists: Mapping[str, list[str]]

    def of(self, name: str) -> list[str]:
        """The values of a filter."""
        return list(self.branches) if name == "branch" else self.lists[name]


def widget_key(name: str) -> str:
    """The key of a filter's widget in the session."""
    return f"filter_{name}"


def take_address(page: str, options: Options, as_of: date) -> None:
    """Brings the filters of the address into the session, before any widget is drawn.

    The address wins where it says something else than we last wrote there: on the first run, on a link, after the
    reader went back. A new page whose address has no filters keeps those of the session: menus drop the address.
    """
    given = {key: st.query_params.get_all(key) for key in KEYS if key in st.query_params}
    is_new_page = st.session_state.get(_PAGE) != page
    seen = st.session_state.get(_SEEN)
    st.session_state[_PAGE] = page
    if seen is not None and (given == seen or (is_new_page and not given)):
        return
    values: dict[str, Any] = {key: given[key] if key in LISTS else given[key][-1] for key in given}
    filters = from_values(values, as_of)
    for key in DEFAULTS:
        st.session_state[widget_key(key)] = getattr(filters, key)
    for key in LISTS:
        st.session_state[widget_key(key)] = [value for value in getattr(filters, key) if value in options.of(key)]
    st.session_state[_OWN] = (filters.span.first, filters.span.last)


def put_address(filters: Filters) -> None:
    """Writes the filters into the address; parameters that are no filters stay."""
    others = {key: st.query_params.get_all(key) for key in st.query_params if key not in KEYS}
    wanted = to_address(filters)
    given = {key: st.query_params.get_all(key) for key in KEYS if key in st.query_params}
    listed = {key: [value] if isinstance(value, str) else value for key, value in wanted.items()}
    st.session_state[_SEEN] = listed
    if listed != given:
        st.query_params.from_dict({**others, **wanted})


def current(as_of: date) -> Filters:
    """The filters as the session holds them."""
    state = st.session_state
    values: dict[str, Any] = {key: state.get(widget_key(key)) for key in (*DEFAULTS, *LISTS)}
    own: tuple[date, ...] = state.get(_OWN) or ()
    if len(own) == 2:
        values |= {"from": own[0], "to": own[1]}
    return from_values(values, as_of)


def draw(words: Words, options: Options, as_of: date, first_day: date, controls: Sequence[str] = CONTROLS) -> Filters:
    """Draws the bar and returns what is chosen.

    Args:
        words: language.
        options: what can be chosen.
        as_of: the last complete day.
        first_day: of the sales, the earliest that can be chosen.
        controls: those of period, compare and money that change something on the page.
    """
    _keep()
    with st.container(key="filter-bar", horizontal=True, vertical_alignment="center", gap="small"):
        if "period" in controls:
            _period(words, as_of, first_day)
        for name, values in (("compare", COMPARISONS), ("money", MONEYS)):
            if name in controls:
                st.segmented_control(
                    words(name),
                    values,
                    key=widget_key(name),
                    format_func=words,
                    required=True,
                    label_visibility="collapsed",
                )
        number = len(current(as_of).active())
        label = words("filters_count", number=number) if number else words("filters")
        with st.popover(label, type="primary" if number else "secondary", width=130):
            _lists(words, options)
    filters = current(as_of)
    _chosen(words, options, filters)
    if "period" in controls:
        _spans(words, filters, with_comparison="compare" in controls)
    return filters


def _period(words: Words, as_of: date, first_day: date) -> None:
    st.selectbox(
        words("period"), PERIODS, key=widget_key("period"), format_func=words, width=190, label_visibility="collapsed"
    )
    if st.session_state[widget_key("period")] == "own":
        st.date_input(
            words("own_days"),
            key=_OWN,
            min_value=first_day,
            max_value=as_of,
            format="DD.MM.YYYY" if words.language == "de" else "YYYY-MM-DD",
            width=230,
            label_visibility="collapsed",
        )


def _spans(words: Words, filters: Filters, *, with_comparison: bool) -> None:
    shown, before = (
        f"{words.formats.day(span.first)} \u2013 {words.formats.day(span.last)}"
        for span in (filters.span, filters.before)
    )
    with st.container(key="filter-span"):
        st.caption(f"{shown} · {words('vs_' + filters.compare)} ({before})" if with_comparison else shown)


def _keep() -> None:
    """Keeps widgets' values that a page without them would let Streamlit forget."""
    for name in (*DEFAULTS, *LISTS):
        key = widget_key(name)
        st.session_state[key] = st.session_state.get(key, DEFAULTS.get(name, []))
    if _OWN in st.session_state:
        st.session_state[_OWN] = st.session_state[_OWN]


def _lists(words: Words, options: Options) -> None:
    st.segmented_control(
        words("assortment"), ASSORTMENTS, key=widget_key("assortment"), format_func=words, required=True
    )
    for name in LISTS:
        st.multiselect(
            words(name),
            options.of(name),
            key=widget_key(name),
            format_func=(lambda value: options.branches.get(value, value)) if name == "branch" else words.of_value,
            placeholder=words("choose"),
        )


def _reset() -> None:
    for name in LISTS:
        st.session_state[widget_key(name)] = []
    st.session_state[widget_key("assortment")] = DEFAULTS["assortment"]


def _chosen(words: Words, options: Options, filters: Filters) -> None:
    """One line that names what is filtered, with the way out."""
    # Its place is there before it is needed, as that of `components.note`.
    place = st.container(key="filter-chosen", horizontal=True, vertical_alignment="center", gap="small")
    if not filters.active():
        return
    parts = []
    for name in filters.active():
        if name == "assortment":
            parts.append(f"**{words('assortment')}:** {words(filters.assortment)}")
            continue
        values = getattr(filters, name)
        shown = [options.branches.get(value, value) if name == "branch" else words.of_value(value) for value in values]
        more = f" +{len(shown) - 3}" if len(shown) > 3 else ""
        parts.append(f"**{words(name)}:** {', '.join(shown[:3])}{more}")
    with place:
        st.markdown(" · ".join(parts), width="content")
        st.button(words("reset"), on_click=_reset, type="tertiary", key="filters_reset")
