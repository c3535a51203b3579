"""The small simulated retailer, made once per session and variant."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from prohandel.landing.simulate import history, world
from prohandel.landing.simulate.config import GenerationChoice, scale_named
from prohandel.landing.simulate.history import History
from prohandel.landing.simulate.world import World

HistoryOf = Callable[..., History]


@pytest.fixture(scope="session")
def small() -> World:
    return world.build(scale_named("small"), seed=7)


@pytest.fixture(scope="session")
def history_of(small: World) -> HistoryOf:
    @cache
    def made(generation: GenerationChoice = "declared", dirt: float = 0.0) -> History:
        return history.make(small, generation, dirt, purchase_orders=True, progress=lambda _text, _share: None)

    return made
