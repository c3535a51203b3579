"""What answers look like, for OpenAPI; the answers themselves are put together where they are read."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

EXAMPLE_FORECAST: dict[str, Any] = {
    "branch_number": "0901",
    "article_number": "N10008",
    "model": "negative_binomial",
    "forecast_origin": "2026-02-27",
    "is_from_batch": True,
    "is_cold_start": False,
    "dispersion": 0.8,
    "level_cv2": 0.06,
    "days": ["2026-02-28", "2026-03-01"],
    "mean": [0.62, 0],
    "quantiles": {"p50": [0, 0], "p80": [1, 0], "p95": [2, 0]},
    "model_mean": None,
}
_EXAMPLE_SUM: dict[str, Any] = {
    "branch_number": "0901",
    "article_number": "N10008",
    "model": "negative_binomial",
    "forecast_origin": "2026-02-27",
    "is_from_batch": True,
    "first_day": "2026-02-28",
    "last_day": "2026-03-13",
    "days_beyond_horizon": 0,
    "mean": 8.4,
    "sd": 3.9,
    "quantiles": {"p50": 8, "p80": 11, "p95": 16},
}


class Answer(BaseModel):
    """An answer; more fields may come."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())


class NamedPair(Answer):
    branch_number: str
    article_number: str


class Forecast(NamedPair):
    """Demand per day of one series; `days`, `mean` and each quantile are equally long."""

    model_config = ConfigDict(
        extra="allow", protected_namespaces=(), json_schema_extra={"examples": [EXAMPLE_FORECAST]}
    )

    model: str = Field(description="Model that made it; `baseline` where no batch did.")
    forecast_origin: date = Field(description="Last day that the model saw.")
    is_from_batch: bool = Field(description="Whether a batch of `prohandel forecast` made it.")
    is_cold_start: bool | None = Field(description="Whether its level is borrowed; null for the baseline.")
    dispersion: float = Field(description="Of a day: variance = mean + dispersion * mean ** 2 at a known level.")
    level_cv2: float = Field(description="Squared coefficient of variation of the level, which all days share.")
    days: list[date]
    mean: list[float] = Field(description="Expected units, with overrides.")
    quantiles: dict[str, list[float]] = Field(description="Units by name, p05 to p99, with overrides.")
    model_mean: list[float] | None = Field(description="The model's own mean where overrides changed it, else null.")


class Forecasts(Answer):
    """Forecasts in the order in which they were asked for, each pair once."""

    forecasts: list[Forecast]
    missing: list[NamedPair] = Field(description="Pairs without a forecast.")


class Sum(NamedPair):
    """Demand of several days together. Its quantiles are its own: those of days do not add up."""

    model_config = ConfigDict(extra="allow", protected_namespaces=(), json_schema_extra={"examples": [_EXAMPLE_SUM]})

    model: str
    forecast_origin: date
    is_from_batch: bool
    first_day: date
    last_day: date
    days_beyond_horizon: int = Field(description="Of its days, those taken to be like the last week that was forecast.")
    mean: float
    sd: float = Field(description="Standard deviation, the level's uncertainty included.")
    quantiles: dict[str, int]


class Sums(Answer):
    """Sums in the order in which they were asked for."""

    sums: list[Sum]
    missing: list[NamedPair] = Field(description="Pairs without a forecast.")


class Order(Answer):
    """What would be ordered, of the article as a whole."""

    service_level: float
    service_kind: str = Field(description="cycle (deliveries without a stockout before) or fill (units).")
    lead_time_days: int
    lead_time_sd_days: float
    review_period_days: int
    on_hand: float
    on_order_units: float
    inbound_transfer_units: float
    expected_lead_time_demand: float = Field(description="Over lead time and review period.")
    safety_stock: float = Field(description="reorder_point less expected_lead_time_demand.")
    reorder_point: float
    order_up_to_level: float
    recommended_order_units: float
    replenishment_units: float = Field(description="Units that the supplying branch should send.")
    order_value_cost: float | None
    not_ordered_because: str | None = Field(description="one_shot, season, outlet, supplied, inactive or not_kept.")


class Recommended(Answer):
    """The same pair in the mart, size by size."""

    reorder_point: float
    order_up_to_level: float
    recommended_order_units: float
    replenishment_units: float
    reason: str


class WhatIfAnswer(NamedPair):
    """`current` and `what_if` are worked out alike, so that their difference is that of what was changed."""

    as_of_date: date
    model: str
    forecast_origin: date
    is_from_batch: bool
    price_elasticity: float | None
    price_elasticity_source: str | None = Field(description="request, server, or null without a price.")
    demand_factor: float = Field(description="What the price multiplies demand by.")
    current: Order
    what_if: Order
    recommended: Recommended
    notes: list[str]


class Recommendation(NamedPair):
    """A row of the mart `reorder_recommendations`, which describes each column."""

    article_name: str | None
    category: str | None
    supplier: str
    urgency: str
    recommended_order_units: float
    order_value_cost: float | None
    reason: str
    on_hand: float
    reorder_point: float
    order_up_to_level: float
    as_of_date: date


class SizeLine(Answer):
    article_size_number: str
    on_hand: float
    needed_units: float
    recommended_units: float
    pack_units: float


class RecommendationWithSizes(Recommendation):
    """A recommendation and its rows of the mart `reorder_size_lines`."""

    sizes: list[SizeLine]


class Paged(Answer):
    next_cursor: str | None = Field(description="For the page that follows; null on the last one.")


class RecommendationPage(Paged):
    recommendations: list[Recommendation]


class Accuracy(Answer):
    """A row of the mart `forecast_accuracy`."""

    model: str
    segment: str
    forecast_origin: date
    horizon_week: int
    wape: float | None
    bias: float | None
    rmsse: float | None
    scaled_pinball: float | None
    coverage_p80: float | None
    coverage_p95: float | None
    n_series: int
    n_points: int
    is_champion: bool


class AccuracyPage(Paged):
    accuracy: list[Accuracy]


class Drift(Answer):
    """A row of the mart `forecast_drift`."""

    model: str
    segment: str
    week: date
    tracking_signal: float | None
    wape: float | None
    baseline_wape: float | None
    psi: float | None
    is_drifting: bool


class DriftPage(Paged):
    drift: list[Drift]


class Override(NamedPair):
    override_id: int
    starts_on: date
    ends_on: date
    factor: float | None
    units: float | None
    reason: str
    author: str = Field(description="Name of the key that wrote it.")
    created_at: datetime
    revoked_at: datetime | None


class OverridePage(Paged):
    overrides: list[Override]


class Health(Answer):
    status: str = Field(examples=["alive"])
    version: str


class Ready(Answer):
    """The database answers and the marts are there."""

    status: str = Field(examples=["ready"])
    as_of_date: date | None = Field(description="Last day that the marts show.")
    forecast_origin: date | None = Field(description="Of the newest batch; null without any.")
    is_batch_used: bool = Field(description="Whether it is young enough; else the baseline is used.")
