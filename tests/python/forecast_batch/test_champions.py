"""The champions' rule, on losses that are planted."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from prohandel.forecast.champions import RULE, compare, decide

ORIGINS = 8
BLOCK = 4


def _losses(
    draw: np.random.Generator, gain: float, n: int = 200, origins: int = ORIGINS, common: float = 0.02
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Losses of a champion and of a challenger that saves a share of them: skewed over series, with noise of each cell
    and, in the challenger's, noise that all series of an origin have in common and four origins in a row share."""
    champion = draw.gamma(0.5, 20.0, (n, 1)) * draw.gamma(8.0, 1 / 8, (n, origins))
    # The horizons of consecutive origins overlap by three quarters.
    shocks = draw.normal(0.0, common, origins + BLOCK - 1)
    shared = np.convolve(shocks, np.ones(BLOCK) / np.sqrt(BLOCK), mode="valid")
    noise = draw.normal(0.0, 0.15, champion.shape) + shared
    return champion, champion * (1.0 - gain + noise)


def test_noise_alone_does_not_win() -> None:
    draw = np.random.default_rng(1)
    rule = RULE.__class__(draws=300)
    wins = sum(compare("old", "new", *_losses(draw, 0.0), BLOCK, rule=rule).wins for _ in range(120))
    # One in forty, were the interval exact: three; nine or more then have a chance of four in a thousand.
    assert wins <= 8


def test_what_is_truly_better_wins() -> None:
    draw = np.random.default_rng(2)
    rule = RULE.__class__(draws=300)
    wins = sum(compare("old", "new", *_losses(draw, 0.08), BLOCK, rule=rule).wins for _ in range(40))
    assert wins >= 36


def test_a_sure_gain_that_is_too_small_does_not_win() -> None:
    draw = np.random.default_rng(3)
    champion, _ = _losses(draw, 0.0)
    found = compare("old", "new", champion, champion * 0.995)
    assert found.gain == pytest.approx(0.005)
    assert found.gain_least > 0
    assert not found.wins
    assert compare("old", "new", champion, champion * 0.985).wins


def test_few_origins_or_series_decide_nothing() -> None:
    draw = np.random.default_rng(4)
    champion, _ = _losses(draw, 0.0)
    assert compare("old", "new", champion, champion * 0.5).wins
    assert not compare("old", "new", champion[:, :7], champion[:, :7] * 0.5).wins
    assert not compare("old", "new", champion[:29], champion[:29] * 0.5).wins


def test_one_huge_origin_does_not_decide() -> None:
    """The challenger saves much at one origin and loses a little at the others."""
    champion = np.ones((100, ORIGINS))
    challenger = np.full((100, ORIGINS), 1.01)
    challenger[:, 3] = 0.2
    found = compare("old", "new", champion, challenger, BLOCK)
    assert found.gain == pytest.approx((0.8 - 7 * 0.01) / 8)
    assert found.origins_better == pytest.approx(1 / 8)
    assert not found.wins


def test_only_what_both_forecast_is_compared() -> None:
    champion, challenger = np.ones((40, ORIGINS)), np.full((40, ORIGINS), 0.5)
    champion[0], challenger[1:3, 0] = np.nan, np.nan
    found = compare("old", "new", champion, challenger)
    assert (found.n_series, found.n_origins) == (39, 8)
    assert found.champion_loss == 39 * 8 - 2
    assert found.challenger_loss == (39 * 8 - 2) / 2


def test_nothing_to_compare_changes_nothing() -> None:
    nothing = np.full((40, ORIGINS), np.nan)
    assert decide("old", {"old": nothing, "new": nothing}, BLOCK)[0] == "old"
    assert decide("old", {"old": np.zeros((40, ORIGINS)), "new": np.zeros((40, ORIGINS))}, BLOCK)[0] == "old"


def test_the_best_of_those_that_win_takes_over_and_stays() -> None:
    draw = np.random.default_rng(5)
    champion, good = _losses(draw, 0.1)
    losses = {"old": champion, "good": good, "worse": champion * 1.3, "better": good * 0.9}
    winner, evidence = decide("old", losses, BLOCK)
    assert winner == "better"
    assert [one.challenger for one in evidence] == ["better", "good", "worse"]
    assert decide("better", losses, BLOCK)[0] == "better"
