"""Streamlit's server, with what every page needs loaded before it answers: the first reader would wait for it."""

from __future__ import annotations

import sys

import altair as alt
import pandas as pd
from streamlit.web.cli import main


def warm_up() -> None:
    """Draws a chart: Altair loads its schema with the first one."""
    alt.Chart(pd.DataFrame({"x": [0]})).mark_point().encode(x="x:Q").to_dict()


if __name__ == "__main__":
    warm_up()
    main(["run", *sys.argv[1:]])
