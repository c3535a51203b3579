"""Panels of forecasts: what is expected after what happened, how good forecasts were, and where they went astray."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from prohandel.dashboard import charts
from prohandel.dashboard.components import Column, panel, section, table
from prohandel.dashboard.context import Context
from prohandel.dashboard.sql import forecast_reorder as ask
from prohandel.dashboard.what_if import quantiles_of

_BANDS = {"demand_p50": 0.5, "demand_p80": 0.8, "demand_p95": 0.95}
_STRETCHES = {7: 26, 1: 56}
"""Days of a stretch, and how many of them are shown of the past."""

WORDS = {
    "by_week": ("7 Tage", "7 days"),
    "by_day": ("Tag", "Day"),
    "step": ("Schritt", "Step"),
    "forecast": ("Prognose und Verkauf", "Forecast and sales"),
    "forecast_question": (
        "Was wird nachgefragt, und wie viel kann es werden? Dunkles Band: reicht in 8 von 10 Fällen; helles: in 19 von "
        "20. Verkauft wird nur, was da ist; nachgefragt wird mehr.",
        "What will be asked for, and how much may it be? Dark band: enough in 8 of 10 cases; light: in 19 of 20. "
        "Sold is what was there; asked for is more.",
    ),
    "of_sum": (
        "Summe von {pairs} Artikeln in Filialen. Bänder addieren sich nicht: hier steht das der Summe, als irrten alle "
        "unabhängig. Irren sie gemeinsam (Wetter, Feiertage), kann mehr kommen.",
        "Sum of {pairs} articles in branches. Bands do not add up: this is that of the sum, as if all erred "
        "independently. Where they err together (weather, holidays), more may come.",
    ),
    "of_pair": ("Ein Artikel in einer Filiale.", "One article in one branch."),
    "from_model": ("Modell: {models}, gerechnet bis {day}.", "Model: {models}, computed up to {day}."),
    "sold": ("Verkauft", "Sold"),
    "expected": ("Prognose", "Forecast"),
    "units_of_week": ("Stück in 7 Tagen", "units in 7 days"),
    "units_of_day": ("Stück am Tag", "units a day"),
    "from_day": ("Ab", "From"),
    "accuracy_section": ("Wie gut sind die Prognosen?", "How good are the forecasts?"),
    "accuracy_section_text": (
        "Von Stichtagen aus, deren Tage vergangen sind; alle Filialen und Artikel.",
        "From days whose forecasts have come to pass; all branches and articles.",
    ),
    "no_accuracy": ("Noch keine Prognose gemessen", "No forecast measured yet"),
    "no_accuracy_next": (
        "Genauigkeit, Verzerrung und Drift entstehen, wenn frühere Stichtage nachgerechnet werden: "
        "`prohandel forecast backtest`, danach `prohandel run`.",
        "Accuracy, bias and drift come from forecasts as of earlier days: `prohandel forecast backtest`, then "
        "`prohandel run`.",
    ),
    "accuracy": ("Fehler je Woche voraus", "Error by week ahead"),
    "accuracy_question": (
        "Wie weit liegen die Modelle daneben, je weiter sie schauen? Weniger ist besser; alle Segmente zusammen.",
        "How far off are models, the further they look? Less is better; all segments together.",
    ),
    "wape_axis": ("WAPE", "WAPE"),
    "weeks_ahead": ("Wochen voraus", "weeks ahead"),
    "segments": ("Genauigkeit je Segment und Modell", "Accuracy by segment and model"),
    "segments_question": (
        "Welches Modell prognostiziert ein Segment am besten? Verzerrung über 0: zu viel prognostiziert. Reicht 80 %: "
        "Anteil der Tage, an denen die Nachfrage darunter blieb; soll 80 % sein.",
        "Which model forecasts a segment best? Bias above 0: too much was forecast. Coverage 80 %: share of days on "
        "which demand stayed below; should be 80 %.",
    ),
    "drift": ("Drift: gegen die Basisprognose", "Drift: against the baseline"),
    "drift_question": (
        "Laufen Prognosen davon? Fehler des Modells gegen den der Basisprognose, nach Tagen gewogen gleich.",
        "Do forecasts go astray? Error of the model against that of the baseline, segments alike.",
    ),
    "baseline": ("Basisprognose", "Baseline"),
    "drifting": ("Segmente mit Drift", "Segments that drift"),
    "drifting_question": (
        "Wo passt die Prognose in der letzten Woche nicht mehr, und nach welcher Seite?",
        "Where did forecasts not fit in the newest week, and on which side do they err?",
    ),
    "no_drift": ("In der letzten Woche driftet kein Segment.", "No segment drifted in the newest week."),
}


def chosen_step() -> int:
    """Days of a stretch, as the reader has them before the control is drawn."""
    return int(st.session_state.get("forecast_step") or 7)


def forecast_panel(context: Context, article: str | None, at: str | None) -> None:
    """The forecast with its bands, after what was sold.

    Args:
        context: of the page.
        article: only this one; None for all that is filtered.
        at: only this branch.
    """
    context = context.with_words(WORDS)
    words, formats = context.words, context.words.formats
    step = st.segmented_control(
        words("step"), list(_STRETCHES), key="forecast_step", default=7, required=True, label_visibility="collapsed",
        format_func=lambda days: words("by_week" if days == 7 else "by_day"),
    )  # fmt: skip
    future = context.rows(ask.expected(context.filters, step, article, at))
    past = context.rows(ask.happened(context.filters, step, _STRETCHES[step], article, at))
    for name, level in _BANDS.items():
        future[name] = quantiles_of(future["demand_mean"].to_numpy(float), future["variance"].to_numpy(float), level)
    question = words("forecast_question")
    chart = None
    if len(future):
        pairs = int(future["pairs"].max())
        question += " " + (words("of_pair") if pairs == 1 else words("of_sum", pairs=formats.number(pairs)))
        models, day = future["models"].iloc[0], formats.day(future["forecast_origin"].min())
        question += " " + words("from_model", models=models, day=day)
        chart = _forecast_chart(context, past, future, step)
    drawn = pd.concat([past, future[["period_start", "demand_mean", *_BANDS, "pairs"]]], ignore_index=True)
    panel(context, "forecast", words("forecast"), drawn if len(future) else future, chart, question=question)


def _forecast_chart(context: Context, past: pd.DataFrame, future: pd.DataFrame, step: int) -> Any:
    words = context.words
    unit = words("units_of_week" if step == 7 else "units_of_day")
    days = int((future["period_start"].max() - past["period_start"].min()).days) + 1
    axis = charts.day_axis(words, days)
    y_axis = charts.value_axis(unit, "units_exact" if future["demand_mean"].max() < 20 else "units")
    order = [words("sold"), words("expected")]
    color = alt.Color("series:N", sort=order, scale=alt.Scale(domain=order, range=[charts.BLUE, charts.ORANGE]))
    x = alt.X("period_start:T", axis=axis)
    day = alt.Tooltip("period_start:T", title=words("from_day"), format="%d.%m.%Y")
    coming = alt.Chart(height=320).encode(x=x)
    wide = coming.mark_area(opacity=0.16, color=charts.ORANGE).encode(
        y=alt.Y("demand_p80:Q", axis=y_axis), y2="demand_p95:Q"
    )
    narrow = coming.mark_area(opacity=0.36, color=charts.ORANGE).encode(y="demand_p50:Q", y2="demand_p80:Q")
    mean = coming.mark_line(strokeWidth=2.5, point=step == 7).encode(
        y="demand_mean:Q",
        color=color,
        tooltip=[
            day,
            alt.Tooltip("demand_mean:Q", title=words("expected"), format=",.1f"),
            *(alt.Tooltip(f"{name}:Q", title=f"{level:.0%}", format=",.0f") for name, level in _BANDS.items()),
        ],
    )
    sold = (
        alt.Chart(past.assign(series=words("sold")), height=320)
        .mark_line(strokeWidth=2, point=step == 7)
        .encode(
            x=x,
            y="demand_units:Q",
            color=color,
            tooltip=[day, alt.Tooltip("demand_units:Q", title=words("sold"), format=",.0f")],
        )
    )
    return alt.layer(wide, narrow, sold, mean, data=future.assign(series=words("expected")))


def accuracy_panels(context: Context) -> None:
    """Accuracy, bias and drift, or what to run where no forecast was measured yet."""
    context = context.with_words(WORDS)
    words = context.words
    section(words("accuracy_section"), words("accuracy_section_text"))
    found = context.rows(ask.accuracy()) if context.has("forecast_accuracy") else pd.DataFrame()
    if found.empty:
        with st.container(key="state-no-accuracy", border=True):
            st.markdown(f"**{words('no_accuracy')}**")
            st.markdown(words("no_accuracy_next"))
        return
    _by_week_ahead(context, found)
    _by_segment(context, found)
    if context.has("forecast_drift"):
        _drift(context)


def weighted(found: pd.DataFrame, by: list[str], values: list[str]) -> pd.DataFrame:
    """Means of rates by groups, weighted by the days scored; rows without a rate have no say.

    Args:
        found: rows with n_points.
        by: columns of the groups.
        values: columns of rates.
    """
    sums = found[by].copy()
    for value in values:
        sums[value] = found[value] * found["n_points"]
        sums[f"{value}_points"] = found["n_points"].where(found[value].notna())
    grouped = sums.groupby(by, as_index=False).sum()
    for value in values:
        grouped[value] = grouped[value] / grouped[f"{value}_points"].where(grouped[f"{value}_points"] > 0)
    return grouped[[*by, *values]]


def _by_week_ahead(context: Context, found: pd.DataFrame) -> None:
    words = context.words
    drawn = weighted(found, ["model", "horizon_week"], ["wape", "bias"])
    order = drawn.groupby("model")["wape"].mean().sort_values().index.tolist()
    chart = (
        alt.Chart(drawn, height=260)
        .mark_line(strokeWidth=2, point=True)
        .encode(
            x=alt.X("horizon_week:O", axis=alt.Axis(title=words("weeks_ahead"), labelAngle=0)),
            y=alt.Y("wape:Q", axis=charts.value_axis(words("wape_axis"), "percent"), scale=alt.Scale(zero=False)),
            color=alt.Color("model:N", sort=order, scale=alt.Scale(domain=order, range=list(charts.SERIES))),
            tooltip=[
                alt.Tooltip("model:N", title=words.column("model")),
                alt.Tooltip("horizon_week:O", title=words("weeks_ahead")),
                alt.Tooltip("wape:Q", title=words("wape_axis"), format=".1%"),
                alt.Tooltip("bias:Q", title=words.column("bias"), format="+.1%"),
            ],
        )
    )
    panel(context, "forecast-accuracy", words("accuracy"), drawn, chart, question=words("accuracy_question"))


def _by_segment(context: Context, found: pd.DataFrame) -> None:
    words = context.words
    rates = ["wape", "bias", "rmsse", "coverage_p80", "coverage_p95"]
    rows = weighted(found, ["segment", "model"], rates)
    others = found.groupby(["segment", "model"], as_index=False).agg(
        n_series=("n_series", "max"), origins=("origins", "max"), is_champion=("is_champion", "max")
    )
    rows = rows.merge(others, on=["segment", "model"])
    rows["is_champion"] = [value is True or value == 1 for value in rows["is_champion"]]
    rows = rows.sort_values(["segment", "wape"], na_position="last")
    table(
        context,
        "accuracy-by-segment",
        words("segments"),
        rows,
        [
            Column("segment", "forecast_accuracy"),
            Column("model", "forecast_accuracy"),
            Column("is_champion", "forecast_accuracy"),
            *(Column(name, "forecast_accuracy") for name in rates),
            Column("n_series", "forecast_accuracy"),
            Column("origins", "forecast_accuracy", kind="count"),
        ],
        question=words("segments_question"),
        opens=None,
        height=380,
    )


def _drift(context: Context) -> None:
    words = context.words
    found = context.rows(ask.drift())
    if found.empty:
        return
    means = found.groupby("week", as_index=False)[["wape", "baseline_wape"]].mean()
    names = {"wape": words("expected"), "baseline_wape": words("baseline")}
    drawn = means.melt("week", list(names), "series", "error").dropna(subset=["error"])
    drawn["series"] = drawn["series"].map(names)
    chart = charts.lines(
        drawn, words, x="week", y="error", series="series", title=words("wape_axis"), kind="percent",
        order=list(names.values()), colors=(charts.ORANGE, charts.GREY), from_zero=False,
    ) if len(drawn) else None  # fmt: skip
    panel(context, "forecast-drift", words("drift"), drawn, chart, question=words("drift_question"))
    newest = found[(found["week"] == found["week"].max()) & found["is_drifting"].eq(True)]
    if newest.empty:
        st.caption(words("no_drift"))
        return
    table(
        context,
        "drifting",
        words("drifting"),
        newest.sort_values("tracking_signal", key=abs, ascending=False),
        [
            Column("segment", "forecast_drift"),
            Column("model", "forecast_drift"),
            Column("week", "forecast_drift", kind="date"),
            Column("tracking_signal", "forecast_drift"),
            Column("wape", "forecast_drift"),
            Column("baseline_wape", "forecast_drift"),
        ],
        question=words("drifting_question"),
        opens=None,
    )
