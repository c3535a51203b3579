"""What requests look like: names, bounds and examples, as OpenAPI shows them."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal, Self

from annotated_types import Len
from fastapi import Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from prohandel.forecast.distribution import LEVEL_NAMES

MOST_PAIRS = 500
MOST_ROWS = 1000
LONGEST_OVERRIDE_DAYS = 366
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_NUMBER_PATTERN = r"^[^\x00-\x1f\x7f]+$"
_WORDS_PATTERN = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"


def _written_out(day: object) -> object:
    """Lets no number or time pass for a day."""
    if not isinstance(day, str) or not _DAY.fullmatch(day):
        raise ValueError("a day as YYYY-MM-DD")
    return day


def _number(value: object) -> object:
    """Lets no text and no truth pass for a number."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError("a number")
    return value


_IS_NUMBER = BeforeValidator(_number)
Real = Annotated[float, _IS_NUMBER]
Whole = Annotated[int, _IS_NUMBER]
Day = Annotated[date, BeforeValidator(_written_out)]
Number = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=_NUMBER_PATTERN)]
Filter = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_NUMBER_PATTERN)]
Branch = Annotated[Number, Path(description="Number of the branch.", examples=["0901"])]
Article = Annotated[Number, Path(description="Number of the article.", examples=["N10008"])]
QuantileName = Literal["p05", "p10", "p20", "p25", "p30", "p40", "p50", "p60", "p70", "p75", "p80", "p90", "p95", "p99"]
Urgency = Literal["now", "soon", "later", "none"]
Limit = Annotated[int, Field(ge=1, le=MOST_ROWS, description="Rows of a page.")]
Cursor = Annotated[
    str | None, Field(max_length=2000, description="`next_cursor` of the page before; left out for the first page.")
]
Quantiles = Annotated[
    list[QuantileName] | None,
    Field(max_length=len(LEVEL_NAMES), description="Quantiles to give; all fourteen where none is named."),
]
Days = Annotated[
    int | None, Field(ge=1, le=366, description="At most so many days; all that were forecast by default.")
]


class Strict(BaseModel):
    """A request; a field that nobody knows is an error, so that a misspelt filter never means all."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Pair(Strict):
    """A series: a branch and an article."""

    branch_number: Number = Field(examples=["0901"])
    article_number: Number = Field(examples=["N10008"])


class ForecastQuery(Strict):
    """What to give of a forecast."""

    days: Days = None
    quantiles: Quantiles = None


class ManyForecasts(ForecastQuery):
    """The forecasts of many series."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "pairs": [
                        {"branch_number": "0901", "article_number": "N10008"},
                        {"branch_number": "0901", "article_number": "N10082"},
                    ],
                    "days": 14,
                    "quantiles": ["p50", "p80", "p95"],
                }
            ]
        },
    )

    pairs: Annotated[list[Pair], Len(1, MOST_PAIRS)]
    days: Annotated[Days, _IS_NUMBER] = None


class SumQuery(Strict):
    """Which days to sum up."""

    days: int = Field(14, ge=1, le=366, description="How many days together.")
    first: int = Field(1, ge=1, le=366, description="Which forecast day is the first of them.")
    quantiles: Quantiles = None


class SumOf(Pair):
    """A series and the days to sum up."""

    days: Whole = Field(ge=1, le=366, description="How many days together.", examples=[14])
    first: Whole = Field(1, ge=1, le=366, description="Which forecast day is the first of them.")


class ManySums(Strict):
    """Sums of many series, each over days of its own."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "sums": [{"branch_number": "0901", "article_number": "N10008", "days": 14}],
                    "quantiles": ["p50", "p95"],
                }
            ]
        },
    )

    sums: Annotated[list[SumOf], Len(1, MOST_PAIRS)]
    quantiles: Quantiles = None


class WhatIf(Pair):
    """What is different; what is left out stays as it is."""

    model_config = ConfigDict(
        extra="forbid",
        allow_inf_nan=False,
        json_schema_extra={
            "examples": [
                {"branch_number": "0901", "article_number": "N10008", "service_level": 0.98, "lead_time_days": 21},
                {
                    "branch_number": "0901",
                    "article_number": "N10008",
                    "price_gross": 39.95,
                    "price_elasticity": 1.8,
                    "on_hand": 2,
                },
            ]
        },
    )

    service_level: Annotated[float, Field(ge=0.5, le=0.9999), _IS_NUMBER] | None = Field(
        None, description="Share to be served."
    )
    lead_time_days: Annotated[int, Field(ge=0, le=365), _IS_NUMBER] | None = Field(
        None, description="From order to shelf."
    )
    review_period_days: Annotated[int, Field(ge=1, le=365), _IS_NUMBER] | None = Field(
        None, description="From one order to the next."
    )
    on_hand: Annotated[float, Field(ge=0, le=1_000_000), _IS_NUMBER] | None = Field(
        None, description="Units on the shelf."
    )
    on_order_units: Annotated[float, Field(ge=0, le=1_000_000), _IS_NUMBER] | None = Field(
        None, description="Units to come from the supplier."
    )
    price_gross: Annotated[float, Field(ge=0.01, le=1_000_000), _IS_NUMBER] | None = Field(
        None, description="Price instead of the list price, EUR."
    )
    price_elasticity: Annotated[float, Field(ge=0, le=10), _IS_NUMBER] | None = Field(
        None, description="Demand is multiplied by (price / list price) ** -price_elasticity."
    )


class RecommendationQuery(Strict):
    """Which recommendations."""

    branch: Filter | None = Field(None, examples=["0901"])
    supplier: Filter | None = None
    category: Filter | None = None
    urgency: list[Urgency] | None = Field(
        None, max_length=4, description="One or more, each as a parameter of its own."
    )
    limit: Limit = 100
    cursor: Cursor = None
    format: Literal["json", "csv"] | None = Field(None, description="What the header Accept may say as well.")


class AccuracyQuery(Strict):
    """Which figures of accuracy."""

    model: Filter | None = None
    segment: Filter | None = Field(None, examples=["all"])
    is_champion: bool | None = None
    since: Day | None = Field(None, description="Origins from this day on.")
    limit: Limit = 100
    cursor: Cursor = None


class DriftQuery(Strict):
    """Which figures of drift."""

    model: Filter | None = None
    segment: Filter | None = Field(None, examples=["all"])
    is_drifting: bool | None = None
    since: Day | None = Field(None, description="Weeks from this day on.")
    limit: Limit = 100
    cursor: Cursor = None


class OverrideQuery(Strict):
    """Which overrides."""

    branch: Filter | None = Field(None, examples=["0901"])
    article: Filter | None = Field(None, examples=["N10008"])
    on: Day | None = Field(None, description="A day that they apply to.")
    is_revoked: bool | None = Field(None, description="false for those in force.")
    limit: Limit = 100
    cursor: Cursor = None


def _one_of_both(schema: dict[str, Any]) -> None:
    """Says in the schema what the check says: factor or units, and not null."""
    for name in ("factor", "units"):
        schema["properties"][name].pop("default", None)
    schema["oneOf"] = [{"required": ["factor"]}, {"required": ["units"]}]
    schema["examples"] = [
        {
            "branch_number": "0901",
            "article_number": "N10008",
            "starts_on": "2026-03-09",
            "days": 7,
            "factor": 1.5,
            "reason": "Window display in that week",
        },
        {
            "branch_number": "0901",
            "article_number": "N10008",
            "starts_on": "2026-03-09",
            "days": 14,
            "units": 20,
            "reason": "Ordered by a club",
        },
    ]


class NewOverride(Pair):
    """A planner's word on the demand of an article in a branch: a factor or units, exactly one of both."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, json_schema_extra=_one_of_both)

    starts_on: Day = Field(description="First day.")
    days: Whole = Field(ge=1, le=LONGEST_OVERRIDE_DAYS, description="How many days, the first included.")
    factor: Real = Field(None, ge=0, le=100, description="What mean and quantiles are multiplied by.")  # type: ignore[assignment]
    units: Real = Field(None, ge=0, le=1_000_000, description="Units expected over all of these days together.")  # type: ignore[assignment]
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=_WORDS_PATTERN)] = Field(
        description="Why, for those who look at it later."
    )

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if len({"factor", "units"} & self.model_fields_set) != 1:
            raise ValueError("give factor or units, exactly one of both")
        return self


def places_of(names: list[QuantileName] | None) -> list[int]:
    """Places in LEVELS of quantiles by name, ascending and each once; all where none is named."""
    return [place for place, name in enumerate(LEVEL_NAMES) if not names or name in names]
