"""Asks dbt what the project itself knows about a landing: how old it is, and how staging reads it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from prohandel.connector.verification import DbtAnswers
from prohandel.errors import ProhandelError
from prohandel.pipeline import packages
from prohandel.pipeline.dbt import Dbt
from prohandel.pipeline.evidence import LandedReadings, Reading
from prohandel.pipeline.run import run_variables
from prohandel.pipeline.target import PROJECT, Target


def ask_dbt(target: Target, schema: str) -> DbtAnswers:
    """`dbt source freshness`, and how staging reads `sale`.

    Args:
        target: with the landing.
        schema: where the connection lands.

    Raises:
        ProhandelError: dbt cannot read the project or reach the database.
    """
    packages.resolve(PROJECT)
    dbt = Dbt(replace(target, home=target.home / "verification"), variables_of(target, schema))
    outcome = dbt.freshness()
    if outcome.error:
        raise ProhandelError(f"dbt cannot measure freshness: {outcome.error}", "prohandel doctor looks closer.")
    entries = dbt.evaluate("readings()").get(schema, {}).get("sale")
    sale = LandedReadings(schema, "sale", tuple(Reading(**entry) for entry in entries)) if entries else None
    return DbtAnswers(outcome.freshness, sale)


def variables_of(target: Target, schema: str) -> dict[str, Any]:
    """The variables of a run on this landing."""
    return run_variables(target, {"prohandel_schema": schema})
