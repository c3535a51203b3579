"""Which model leads: a challenger takes over only if it wins by more than noise, and by enough to be worth it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prohandel.forecast.distribution import Doubles


@dataclass(frozen=True)
class Rule:
    """When a challenger wins.

    Attributes:
        least_gain: share of the champion's loss that it has to save, on average.
        error: chance of a win by noise alone, over all challengers of a champion together.
        least_share: share of the origins at which it has to be better.
        least_origins: fewer decide nothing.
        least_series: likewise.
        draws: of the bootstrap.
    """

    least_gain: float = 0.01
    error: float = 0.05
    least_share: float = 0.7
    least_origins: int = 8
    least_series: int = 30
    draws: int = 2_000


RULE = Rule()


@dataclass(frozen=True)
class Evidence:
    """What speaks for a challenger.

    Attributes:
        champion: name of the model that it challenges.
        challenger: its own name.
        champion_loss: sum over series and origins.
        challenger_loss: likewise.
        gain: 1 - challenger's loss / champion's loss.
        gain_least: lower end of the gain's confidence interval, by the paired bootstrap.
        gain_most: upper end.
        origins_better: share of the origins at which it lost less.
        n_series: series that were compared.
        n_origins: origins that were compared.
        wins: whether the rule lets it take over.
    """

    champion: str
    challenger: str
    champion_loss: float
    challenger_loss: float
    gain: float
    gain_least: float
    gain_most: float
    origins_better: float
    n_series: int
    n_origins: int
    wins: bool

    def as_json(self) -> dict[str, Any]:
        """For the column evidence; what cannot be said is null."""
        return {
            name: None if isinstance(value, float) and np.isnan(value) else value
            for name, value in asdict(self).items()
        }


def decide(
    champion: str, losses: Mapping[str, Doubles], block: int, seed: int = 0, rule: Rule = RULE
) -> tuple[str, list[Evidence]]:
    """The model that leads from now on, and the evidence of each challenger, the largest gain first.

    Args:
        champion: who leads so far; its losses are among those given.
        losses: (n, O) of each model: loss of a series at an origin, in units; nan where it was not scored.
        block: consecutive origins whose horizons overlap.
        seed: of the bootstrap.
        rule: when a challenger wins.
    """
    challengers = sorted(name for name in losses if name != champion)
    found = [
        compare(champion, name, losses[champion], losses[name], block, len(challengers), seed, rule)
        for name in challengers
    ]
    found.sort(key=lambda one: -np.nan_to_num(one.gain, nan=-np.inf))
    winner = next((one.challenger for one in found if one.wins), champion)
    return winner, found


def compare(
    champion: str,
    challenger: str,
    champion_loss: Doubles,
    challenger_loss: Doubles,
    block: int = 1,
    challengers: int = 1,
    seed: int = 0,
    rule: Rule = RULE,
) -> Evidence:
    """Holds a challenger's losses against those of the champion, at the same series and origins.

    The interval is that of a paired bootstrap which draws series, each with all of its origins, and blocks of
    consecutive origins, each with all of its series: what hits all series at once is one observation, and horizons that
    overlap are not counted twice (pigeonhole bootstrap, Owen, Annals of Applied Statistics 2007; circular blocks,
    Politis and Romano 1992). Its level is that of one of several challengers (Bonferroni). A bootstrap of k blocks
    understates their variance by (k - 1) / k, which is set right (Davison and Hinkley, Bootstrap Methods, 2.3).

    Args:
        champion: its name.
        challenger: its name.
        champion_loss: (n, O), nan where a series was not scored.
        challenger_loss: (n, O).
        block: origins that are drawn together; at most half of them are.
        challengers: how many there are.
        seed: of the bootstrap.
        rule: when a challenger wins.
    """
    there = ~(np.isnan(champion_loss) | np.isnan(challenger_loss))
    old, new = np.where(there, champion_loss, 0.0), np.where(there, challenger_loss, 0.0)
    rows, columns = there.any(axis=1), there.any(axis=0)
    old, new = old[np.ix_(rows, columns)], new[np.ix_(rows, columns)]
    n, origins = old.shape
    before, after = float(old.sum()), float(new.sum())
    gain = 1.0 - after / before if before > 0 else float("nan")
    better = float((new.sum(axis=0) < old.sum(axis=0)).mean()) if origins else float("nan")
    least, most = float("nan"), float("nan")
    if before > 0:
        together = min(block, max(1, origins // 2))
        gains = _drawn_gains(old, new, together, seed, rule.draws)
        tail = rule.error / 2.0 / max(1, challengers)
        wider = np.sqrt(origins / max(1, origins - together))
        least, most = (gain + wider * (float(value) - gain) for value in np.quantile(gains, [tail, 1.0 - tail]))
    wins = (
        n >= rule.least_series
        and origins >= rule.least_origins
        and gain >= rule.least_gain
        and least > 0
        and better >= rule.least_share
    )
    return Evidence(champion, challenger, before, after, gain, least, most, better, n, origins, bool(wins))


def _drawn_gains(old: Doubles, new: Doubles, block: int, seed: int, draws: int) -> Doubles:
    """(draws,) gains of samples of series and origins with replacement."""
    rng = np.random.default_rng(seed)
    n, origins = old.shape
    gains = np.empty(draws)
    step = max(1, min(draws, 20_000_000 // max(1, n)))
    for start in range(0, draws, step):
        count = min(step, draws - start)
        by_series: NDArray[np.int64] = rng.multinomial(n, np.full(n, 1.0 / n), size=count)
        by_origin = _block_counts(rng, origins, block, count)
        before = ((by_series @ old) * by_origin).sum(axis=1)
        after = ((by_series @ new) * by_origin).sum(axis=1)
        gains[start : start + count] = 1.0 - np.divide(after, before, out=np.ones(count), where=before > 0)
    return gains


def _block_counts(rng: np.random.Generator, origins: int, block: int, count: int) -> Doubles:
    """(count, O) how often each origin is in a sample of circular blocks; the last block is cut to the length."""
    blocks = -(-origins // block)
    starts = rng.integers(0, origins, (count, blocks))
    places = ((starts[:, :, None] + np.arange(block)) % origins).reshape(count, -1)[:, :origins]
    result = np.zeros((count, origins))
    np.add.at(result, (np.arange(count)[:, None], places), 1.0)
    return result
