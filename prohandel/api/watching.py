"""How good forecasts were, and whether they drift: rows of the marts, the newest first."""

from __future__ import annotations

from prohandel.api.paging import Listing, Place

_NEWEST_FIRST = "(date '9999-12-31' - {column})"


def _floats(*names: str) -> str:
    return ", ".join(f"{name}::float8 as {name}" for name in names)


ACCURACY = Listing(
    columns="model, segment, forecast_origin, horizon_week, "
    + _floats("wape", "bias", "rmsse", "scaled_pinball", "coverage_p80", "coverage_p95")
    + ", n_series, n_points, is_champion",
    source="{marts}.forecast_accuracy",
    places=(
        Place(_NEWEST_FIRST.format(column="forecast_origin"), "integer"),
        Place("segment", "text"),
        Place("horizon_week", "integer"),
        Place("model", "text"),
    ),
    filters={
        "model": "model = %(model)s",
        "segment": "segment = %(segment)s",
        "is_champion": "is_champion = %(is_champion)s",
        "since": "forecast_origin >= %(since)s",
    },
)

DRIFT = Listing(
    columns="model, segment, week, " + _floats("tracking_signal", "wape", "baseline_wape", "psi") + ", is_drifting",
    source="{marts}.forecast_drift",
    places=(
        Place(_NEWEST_FIRST.format(column="week"), "integer"),
        Place("segment", "text"),
        Place("model", "text"),
    ),
    filters={
        "model": "model = %(model)s",
        "segment": "segment = %(segment)s",
        "is_drifting": "is_drifting = %(is_drifting)s",
        "since": "week >= %(since)s",
    },
)
