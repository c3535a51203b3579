"""Quantiles and losses of demand in whole units, against sums over the probabilities and stockpyl."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from stockpyl.loss_functions import negative_binomial_loss

from prohandel.errors import ProhandelError
from prohandel.replenishment.counts import CountDemand, Floats

MEANS = np.array([0.0, 0.02, 0.7, 4.0, 4.0, 33.0, 250.0])
VARIANCES = np.array([0.0, 0.03, 0.7, 3.0, 12.0, 400.0, 251.0])
DEMAND = CountDemand(MEANS, VARIANCES)
UNITS = np.arange(4000)


def probabilities() -> Floats:
    """(pairs, units), by scipy's distributions."""
    rows = []
    for mean, variance in zip(MEANS, VARIANCES, strict=True):
        if variance > mean:
            rows.append(stats.nbinom.pmf(UNITS, mean**2 / (variance - mean), mean / variance))
        else:
            rows.append(stats.poisson.pmf(UNITS, mean))
    return np.array(rows)


@pytest.mark.parametrize("level", [0.0, 0.05, 0.5, 0.9, 0.99, 0.9999])
def test_a_quantile_is_the_first_number_that_reaches_its_level(level: float) -> None:
    reached = np.cumsum(probabilities(), axis=1) >= level - 1e-12
    assert DEMAND.quantile(level).tolist() == reached.argmax(axis=1).tolist()


def test_levels_may_differ_by_pair() -> None:
    levels = np.array([0.5, 0.99, 0.9, 0.2, 0.95, 0.6, 0.8])
    one_by_one = [DEMAND.quantile(level)[i] for i, level in enumerate(levels)]
    assert DEMAND.quantile(levels).tolist() == one_by_one


@pytest.mark.parametrize("units", [-3, 0, 1, 2.5, 7, 40, 300])
def test_losses_are_sums_over_the_probabilities(units: float) -> None:
    beyond = np.maximum(UNITS - units, 0)
    assert DEMAND.loss(units) == pytest.approx(probabilities() @ beyond, rel=1e-9, abs=1e-12)
    assert DEMAND.exceeds(units) == pytest.approx(probabilities() @ (units < UNITS), rel=1e-9, abs=1e-12)


def test_stockpyl_finds_the_same_loss() -> None:
    # stockpyl's r = 5, p = .25: mean 5 * .75 / .25 = 15, variance 15 / .25 = 60.
    assert negative_binomial_loss(14, 5, 0.25)[0] == pytest.approx(3.5004, abs=5e-5)
    assert CountDemand(np.array([15.0]), np.array([60.0])).loss(14)[0] == pytest.approx(
        negative_binomial_loss(14, 5, 0.25)[0], rel=1e-9
    )


@pytest.mark.parametrize("lot", [1, 2, 7])
def test_the_mean_loss_of_a_lot_is_that_of_its_positions(lot: int) -> None:
    positions = np.array([DEMAND.loss(3 + each) for each in range(lot)])
    assert DEMAND.mean_loss(3, lot) == pytest.approx(positions.mean(axis=0), rel=1e-7, abs=1e-9)


def test_lots_may_differ_by_pair() -> None:
    lots = np.array([1, 2, 1, 3, 1, 4, 1])
    one_by_one = [DEMAND.mean_loss(5, int(lot))[i] for i, lot in enumerate(lots)]
    assert DEMAND.mean_loss(5, lots) == pytest.approx(one_by_one, rel=1e-12)


def test_what_is_no_demand_is_refused() -> None:
    for mean, variance in ((-1.0, 1.0), (np.nan, 1.0), (1.0, np.inf)):
        with pytest.raises(ProhandelError, match="negative or not a number"):
            CountDemand(np.array([mean]), np.array([variance]))
    for level in (-0.1, 1.0):
        with pytest.raises(ProhandelError, match="service level"):
            DEMAND.quantile(level)
