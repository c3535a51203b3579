"""Who looks, and which branches they may see: nobody is asked on loopback, else a proxy or OpenID Connect says who.

The seed dashboard_access names the branches of every user; `*` stands for all. `conditions.seen_by` then leaves the
others out of every query.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import streamlit as st
from psycopg import sql

from prohandel.dashboard.database import Query
from prohandel.dashboard.settings import Settings
from prohandel.dashboard.words import Words
from prohandel.errors import ProhandelError

ALL = "*"

_BRANCHES = sql.SQL(
    """
    select distinct btrim(branch_number) as branch_number
    from dashboard_access
    where lower(btrim(user_name)) = %(user_name)s
    order by branch_number
    """
)


@dataclass(frozen=True)
class Reader:
    """Somebody who looks at the pages.

    Attributes:
        name: as the proxy or the provider says, in small letters; empty where nobody asks.
        branches: numbers that they may see; None means all, an empty tuple none.
    """

    name: str
    branches: tuple[str, ...] | None


def signed_in(settings: Settings) -> str | None:
    """The name of who looks, in small letters; empty where access is not asked for, None for nobody.

    Raises:
        ProhandelError: OpenID Connect is not set up.
    """
    if settings.access == "none":
        return ""
    name = _name_of_proxy(settings.user_header) if settings.access == "proxy" else _name_of_provider()
    return name.strip().lower() or None if name else None


def reader_of(name: str, ask: Callable[[Query], pd.DataFrame], *, has_seed: bool) -> Reader:
    """What somebody may see.

    Args:
        name: of `signed_in`.
        ask: answers queries.
        has_seed: is the table dashboard_access there?

    Raises:
        ProhandelError: access is asked for, and there is no table that says who may see what.
    """
    if not name:
        return Reader("", None)
    if not has_seed:
        raise ProhandelError(
            "The table dashboard_access is missing, so nobody may see anything.",
            "Name users and branches in seeds/dashboard_access.csv, then: prohandel run",
        )
    branches = tuple(ask(Query(_BRANCHES, {"user_name": name}))["branch_number"])
    return Reader(name, None if ALL in branches else branches)


def _name_of_proxy(header: str) -> str | None:
    return st.context.headers.get(header)


def _name_of_provider() -> str | None:
    """The e-mail address of the token; none where the provider says that it is not verified."""
    if "is_logged_in" not in st.user:
        raise ProhandelError(
            "Signing in is not set up: Streamlit knows no [auth].",
            "Put the provider's [auth] into ~/.streamlit/secrets.toml, or choose --access proxy.",
        )
    if not st.user.is_logged_in or st.user.get("email_verified") is False:
        return None
    email = st.user.get("email")
    return str(email) if email else None


def draw_signed_out(words: Words, settings: Settings) -> None:
    """The state of a page that nobody has signed in to."""
    with st.container(key="state-signed-out", border=True):
        st.markdown(f"**{words('signed_out')}**")
        if settings.access == "oidc":
            st.button(words("sign_in"), on_click=st.login, type="primary", key="sign_in")
        else:
            st.markdown(words("signed_out_proxy", header=settings.user_header))


def draw_no_branches(words: Words, reader: Reader) -> None:
    """The state of a page whose reader may see no branch."""
    with st.container(key="state-no-branches", border=True):
        st.markdown(f"**{words('no_branches', name=reader.name)}**")
        st.markdown(words("no_branches_next"))


def draw_name(words: Words, settings: Settings, reader: Reader) -> None:
    """Who is signed in, and the way out."""
    if not reader.name:
        return
    st.caption(words("signed_in_as", name=reader.name))
    if settings.access == "oidc":
        st.button(words("sign_out"), on_click=st.logout, type="tertiary", key="sign_out")
