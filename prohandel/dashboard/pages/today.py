"""Today."""

from __future__ import annotations

import streamlit as st

from prohandel.dashboard.context import Context


def render(context: Context) -> None:
    st.write(context.filters)
