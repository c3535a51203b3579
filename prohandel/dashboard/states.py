"""How a page looks where there is nothing, something old, or something broken: each says what to do next."""

from __future__ import annotations

import streamlit as st

from prohandel.dashboard.database import QueryTooSlowError
from prohandel.dashboard.queries import Freshness, freshness_of, pool_of
from prohandel.dashboard.settings import Settings
from prohandel.dashboard.words import Words
from prohandel.errors import ProhandelError

_SECONDS_BETWEEN_TRIES = 4


def _card(key: str, title: str, text: str) -> None:
    with st.container(key=f"state-{key}", border=True):
        st.markdown(f"**{title}**")
        st.markdown(text)


def empty(words: Words, key: str = "here") -> None:
    """No row fits the filters."""
    _card(f"empty-{key}", words("empty"), words("empty_filters"))


def empty_warehouse(words: Words) -> None:
    """There is no mart, or no sale in them."""
    _card("empty-warehouse", words("empty_warehouse"), words("empty_warehouse_next"))


def missing_mart(words: Words, name: str, next_step: str = "") -> None:
    """A mart that a page needs is not built.

    Args:
        words: language.
        name: of the mart.
        next_step: what brings it, where it is not a plain run.
    """
    _card(f"no-{name}", words("no_mart", name=name), next_step or words("no_mart_next"))


def failed(words: Words, error: Exception) -> None:
    """Something went wrong: what, and what to do, without a traceback."""
    if isinstance(error, QueryTooSlowError):
        _card("failed", words("too_slow"), words("too_slow_next"))
    elif isinstance(error, ProhandelError):
        _card("failed", words("failed"), f"{error.message}\n\n{error.remedy}")
    else:
        _card("failed", words("failed"), words("failed_unforeseen"))


def database_gone(words: Words, settings: Settings) -> None:
    """The database does not answer: looks again every few seconds, and draws the page as soon as it does."""
    _card("gone", words("gone"), words("gone_next"))
    st.button(words("try_again"), key="try_again")

    @st.fragment(run_every=_SECONDS_BETWEEN_TRIES)
    def look_again() -> None:
        if st.session_state.pop("looked_once", False):
            try:
                freshness_of(pool_of(settings))
            except ProhandelError:
                pass
            else:
                st.rerun()
        st.session_state["looked_once"] = True

    look_again()


def as_of_line(words: Words, freshness: Freshness) -> None:
    """As of which day, which data and which publication or run the figures are."""
    formats = words.formats
    parts = [words("as_of", day=formats.day(freshness.as_of_date, weekday=True))]
    if freshness.synced_at:
        parts.append(words("synced_until", moment=formats.moment(freshness.synced_at)))
    if freshness.publication_id is not None:
        moment = formats.moment(freshness.published_at)
        parts.append(words("publication", number=freshness.publication_id, moment=moment))
    elif freshness.run_at:
        parts.append(words("run", moment=formats.moment(freshness.run_at)))
    if freshness.newest_day and freshness.as_of_date and freshness.newest_day > freshness.as_of_date:
        parts.append(words("running_day", day=formats.day(freshness.newest_day, weekday=True, year=False)))
    with st.container(key="as-of"):
        st.caption(" · ".join(parts))


def stale_note(words: Words, freshness: Freshness, settings: Settings) -> None:
    """A warning above the page where the newest sync is too old."""
    now = settings.moment()
    if freshness.synced_at is None or not freshness.is_stale(now):
        return
    hours = words.formats.number((now - freshness.synced_at).total_seconds() / 3600)
    moment = words.formats.moment(freshness.synced_at)
    st.warning(f"{words('stale', hours=hours, moment=moment)}\n\n{words('stale_next')}")
