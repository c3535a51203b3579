"""Streamlit's server, with what every page needs loaded before it answers: the first reader would wait for it."""

from __future__ import annotations

import gc
import importlib
import sys

import altair as alt
import pandas as pd
from streamlit.web.cli import main

from prohandel.dashboard.app import modules


def warm_up() -> None:
    """Loads the pages and draws a chart and a table: Altair and pandas load much of themselves with the first one."""
    for name in modules().values():
        importlib.import_module(name)
    alt.Chart(pd.DataFrame({"x": [0]})).mark_point().encode(x="x:Q").to_dict(validate=False)
    pd.DataFrame({"x": [0]}).style.format({"x": str}).to_html()
    # Streamlit collects garbage after every run while the reader's last elements wait to be sent. What is loaded by now
    # stays for good, and looking through it takes longer than many a run.
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    warm_up()
    main(["run", *sys.argv[1:]])
