"""Forecasts of several models at once, with what was trained for them: what two models share is computed once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from prohandel.forecast.combine import combine
from prohandel.forecast.distribution import Demand, Floats, Quantiles
from prohandel.forecast.life_cycle import Cycle
from prohandel.forecast.models import Forecast, model_of
from prohandel.forecast.negative_binomial import SETTINGS, Fit, fit, predict
from prohandel.forecast.panel import Panel
from prohandel.forecast.store import Artefact


@dataclass(frozen=True)
class Trained:
    """The forecast of one model.

    Attributes:
        name: of the model.
        mean: (n, H) units.
        dispersion: (n,) of a period.
        level_cv2: (n,) of the level.
        values: (n, H, Q) quantiles where they are not those of the negative binomial; else None.
        artefacts: what was trained.
    """

    name: str
    mean: Floats
    dispersion: Floats
    level_cv2: Floats
    values: Floats | None
    artefacts: tuple[Artefact, ...]

    def quantiles(self, rows: slice | np.ndarray) -> Floats:
        """(m, H, Q) of these series."""
        if self.values is not None:
            return self.values[rows]
        return Demand(self.mean[rows], self.dispersion[rows], self.level_cv2[rows]).quantiles()


class Training:
    """Models of one panel and horizon.

    Args:
        panel: n series of days, weeks or months.
        horizon: H periods.
        seed: the same seed gives the same forecasts.
        num_threads: of the boosting.
        cycle: season and life where they were learned from more series than are forecast.
    """

    def __init__(
        self, panel: Panel, horizon: int, seed: int = 0, num_threads: int = 1, cycle: Cycle | None = None
    ) -> None:
        self._panel = panel
        self._horizon = horizon
        self._seed = seed
        self._num_threads = num_threads
        self._cycle = cycle
        self._fit: Fit | None = None
        self._boosted: tuple[Demand, tuple[Artefact, ...]] | None = None

    def forecast(self, name: str) -> Trained:
        """The forecast of a model.

        A model whose spread is not negative binomial (those of statsforecast, seasonal naive) keeps its own quantiles;
        dispersion and error of the level, which sums over days need, are those of the negative binomial.

        Raises:
            ProhandelError: no such model, or its package is missing.
        """
        if name == "negative_binomial":
            return _trained(name, self._plain(), (self._plain_artefact(),))
        if name == "boosted":
            return _trained(name, *self._boost())
        if name == "combined":
            demand, artefacts = self._boost()
            return _trained(name, combine([self._plain(), demand]), (self._plain_artefact(), *artefacts))
        made: Forecast = model_of(name, seed=self._seed, num_threads=self._num_threads)(self._panel, self._horizon)
        artefact = Artefact(name, {"seed": self._seed}, None)
        if isinstance(made, Demand):
            return _trained(name, made, (artefact,))
        return _with_spread(name, made, self._plain(), artefact)

    def _fitted(self) -> Fit:
        if self._fit is None:
            self._fit = fit(self._panel, cycle=self._cycle)
        return self._fit

    def _plain(self) -> Demand:
        return predict(self._fitted(), self._panel, self._horizon)

    def _plain_artefact(self) -> Artefact:
        """Settings of the model, and its month factors and mean dispersion by code of the category."""
        found, category = self._fitted(), self._panel.group("category")
        of_category: dict[str, Any] = {}
        for code in np.unique(category):
            mine = category == code
            of_category[str(code)] = {
                "month_factor": found.month_factor[np.argmax(mine)].round(6).tolist(),
                "dispersion": round(float(found.dispersion[mine].mean()), 6),
            }
        return Artefact("negative_binomial", asdict(SETTINGS[self._panel.freq]), json.dumps(of_category))

    def _boost(self) -> tuple[Demand, tuple[Artefact, ...]]:
        if self._boosted is None:
            # LightGBM takes a second to load, which the other models need not wait for.
            from prohandel.forecast.boosted import BoostSettings, boost
            from prohandel.forecast.features import feature_names, with_cycle

            cycle = self._fitted().cycle
            demand, boosters = boost(
                self._panel, self._plain(), cycle=cycle, seed=self._seed, num_threads=self._num_threads
            )
            features = feature_names(with_cycle(self._panel, cycle, self._horizon))
            parameters = {**asdict(BoostSettings()), "seed": self._seed, "features": features}
            names = ["boosted", *(f"boosted_{place}" for place in range(2, len(boosters) + 1))]
            artefacts = [
                Artefact(name, parameters, booster.model_to_string())
                for name, booster in zip(names, boosters, strict=False)
            ]
            self._boosted = demand, tuple(artefacts or [Artefact("boosted", parameters, None)])
        return self._boosted


def _trained(name: str, demand: Demand, artefacts: Sequence[Artefact]) -> Trained:
    return Trained(name, demand.mean, demand.dispersion, demand.level_cv2, None, tuple(artefacts))


def _with_spread(name: str, made: Quantiles, plain: Demand, artefact: Artefact) -> Trained:
    """Demand cannot be negative, as the quantiles of a Gaussian spread may be."""
    mean, values = np.maximum(made.mean, 0.0), np.maximum(made.values, 0.0)
    return Trained(name, mean, plain.dispersion, plain.level_cv2, values, (artefact,))
