"""The baseline forecast in SQL against the same model in Python."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from prohandel.forecast.baseline import baseline
from prohandel.forecast.distribution import Demand
from prohandel.forecast.distribution import quantiles as exact_quantiles
from tests.python.forecasting_models.panels import A, Case, random_case
from tests.python.forecasting_models.queries import Queries

PLACE = ("branch_number", "article_number", "iso_weekday")
FIGURES = ("demand_mean", "dispersion", "level_cv2", "demand_p50", "demand_p80", "demand_p95")


def _by_key(queries: Queries, case: Case) -> dict[tuple[str, str, int], list[float]]:
    rows = queries.run(case.tables(), "int_forecasting__baseline", PLACE + FIGURES)
    return {row[:3]: [float(figure) for figure in row[3:]] for row in rows}


def _expected(case: Case) -> dict[tuple[str, str, int], list[float]]:
    demand: Demand = baseline(case.panel(), 7)
    quantiles = demand.quantiles((0.5, 0.8, 0.95))
    found = {}
    for row, (branch, article) in enumerate(case.keys):
        for ahead in range(7):
            weekday = (A + timedelta(days=ahead + 1)).isoweekday()
            found[branch, article, weekday] = [
                float(demand.mean[row, ahead]),
                float(demand.dispersion[row]),
                float(demand.level_cv2[row]),
                *map(float, quantiles[row, ahead]),
            ]
    return found


@pytest.mark.parametrize("seed", range(6))
def test_sql_and_python_agree(queries: Queries, seed: int) -> None:
    case = random_case(seed)
    found, expected = _by_key(queries, case), _expected(case)
    assert found.keys() == expected.keys()
    for key, figures in expected.items():
        assert found[key] == pytest.approx(figures, rel=1e-6, abs=1e-6), key


def test_one_sale_by_hand(queries: Queries) -> None:
    """One series, in stock on the origin alone, a Sunday, which sold 3: its weight is 1."""
    share, units = np.zeros((1, 10)), np.zeros((1, 10))
    share[0, 9], units[0, 9] = 1.0, 3.0
    found = _by_key(queries, Case([("b", "a")], {"a": "x"}, [9], units, share))
    # r = 3: raw factors are 1 on six days, and (3 + 20) / (3 + 20) on Sunday. g = 3, in steps of 2 % exp(1.1):
    # (3 + 0.5) / (1 + 0.5 / 3.004166). a = ((3 - 3)^2 - 3) / 9 below 0; the level's error 0.02 + 1 / 3.5.
    assert found["b", "a", 1][:3] == pytest.approx([3.5 / (1 + 0.5 / 3.0041660), 0, 0.02 + 1 / 3.5])


def test_nothing_ever_sold(queries: Queries) -> None:
    case = Case([("b", "a")], {"a": "x"}, [0], np.zeros((1, 30)), np.ones((1, 30)))
    figures = _by_key(queries, case)["b", "a", 1]
    assert figures == pytest.approx(_expected(case)["b", "a", 1], abs=1e-6)
    assert figures[0] == 0
    assert figures[3:] == [0, 0, 0]


@pytest.mark.parametrize("mean", [0.001, 0.4, 7.3, 180.0, 2500.0, 9000.0])
def test_quantiles_of_any_mean(queries: Queries, mean: float) -> None:
    """The distribution alone, from hardly anything to more than a double's smallest probability bears."""
    levels = {"branch_number": "b", "article_number": "a", "category": "x", "is_forecastable": True, "series_end": A}
    tables: dict[str, list[dict[str, Any]]] = {
        "intermediate.int_forecasting__levels": [
            {**levels, "article_number": f"{a}", "level": mean, "dispersion": a, "level_cv2": a / 15}
            for a in (0, 0.3, 5)
        ],
        "intermediate.int_forecasting__weekday_factors": [
            {"branch_number": "b", "category": "x", "iso_weekday": 1, "weekday_factor": 1}
        ],
    }
    given = {
        **{
            f"intermediate.int_forecasting__{unused}": "branch_number text"
            for unused in ("pair_weekdays", "weekday_sums", "category_levels", "pair_levels", "dispersions")
        },
        "intermediate.int_forecasting__levels": (
            "branch_number text, article_number text, category text, is_forecastable boolean, series_end date,"
            " level numeric(28, 15), dispersion numeric(28, 15), level_cv2 numeric(28, 15)"
        ),
        "intermediate.int_forecasting__weekday_factors": (
            "branch_number text, category text, iso_weekday integer, weekday_factor numeric(28, 15)"
        ),
    }
    found = queries.run(tables, "int_forecasting__baseline", ("article_number", *FIGURES[3:]), given)
    for article, *quantiles in found:
        spread = float(article)
        period = np.array([(1 + spread) * (1 + spread / 15) - 1])
        expected = list(map(float, exact_quantiles(np.array([mean]), period, (0.5, 0.8, 0.95))[0]))
        # Large means without any spread but chance are taken for normal.
        tolerance = 1 if spread == 0 and mean > 600 else 0
        assert [float(units) for units in quantiles] == pytest.approx(expected, rel=0, abs=tolerance), article
