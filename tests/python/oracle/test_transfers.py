"""The laws of transfers: each is seen when it is broken."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from .transfers import Level, Transfers, broken_laws

_RELATIONS = pd.DataFrame(
    [
        ["shop_type", "retail", "shop_type", "retail", "true", "28", "3", "60"],
        ["shop_type", "retail", "shop_type", "outlet", "true", "0", "1", "0"],
        ["branch", "C", "shop_type", "retail", "false", "0", "0", "0"],
    ],
    columns=[
        "from_scope",
        "from_value",
        "to_scope",
        "to_value",
        "is_allowed",
        "rest_days",
        "minimum_units",
        "minimum_value",
    ],
)
_NAN = float("nan")


def _laws(
    *moves: tuple[str, str, str, float, float],
    received: dict[tuple[str, str], int] | None = None,
    core_sizes: int = 0,
) -> list[str]:
    columns = ["article_number", "from_branch", "to_branch", "units", "value"]
    shops: dict[str, Any] = {"A": "retail", "B": "retail", "C": "retail", "O": "outlet"}
    levels = {
        ("A", "X"): Level(10, 4, 6),
        ("B", "X"): Level(1, 2, 6),
        ("C", "X"): Level(10, _NAN, _NAN),
    }
    frame = pd.DataFrame(list(moves), columns=columns)
    sizes = {("A", "X"): core_sizes}
    return broken_laws(Transfers(frame, levels, shops, _RELATIONS, received or {}, sizes))


def test_what_keeps_the_laws_passes() -> None:
    assert _laws() == []
    assert _laws(("X", "A", "B", 5, 100)) == []
    assert _laws(("X", "A", "O", 10, 0)) == []
    assert _laws(("X", "A", "B", 5, 100), received={("A", "X"): 28, ("B", "X"): 1}) == []


@pytest.mark.parametrize(
    ("moves", "law"),
    [
        ([("X", "A", "B", 0, 100)], "moves nothing"),
        ([("X", "A", "O", 11, 0)], "sends 11.0 of 10"),
        ([("X", "A", "O", 7, 0)], "keeps 3.0, below its reorder point 4"),
        ([("X", "A", "B", 3, 60), ("X", "A", "O", 4, 0)], "keeps 3.0, below its reorder point 4"),
        ([("X", "A", "B", 6, 100)], "receives 6.0 and lacks 5"),
        ([("X", "A", "B", 3, 60), ("X", "B", "O", 1, 0)], "sends and receives"),
        ([("X", "C", "B", 3, 100)], "no relation allows it"),
        ([("X", "O", "B", 3, 100)], "no relation allows it"),
        ([("X", "A", "B", 2, 100)], "units below 3"),
        ([("X", "A", "B", 3, 59)], "value below 60"),
    ],
)
def test_each_law_is_seen(moves: list[tuple[str, str, str, float, float]], law: str) -> None:
    assert any(line.startswith(law) for line in _laws(*moves))


def test_nothing_goes_on_soon_after_its_receipt() -> None:
    assert _laws(("X", "A", "B", 5, 100), received={("A", "X"): 27}) == ["goes on 27 days after its receipt: X, A to B"]


def test_core_sizes_stay_whole_or_all_goes() -> None:
    assert _laws(("X", "A", "O", 5, 0), core_sizes=5) == []
    assert _laws(("X", "A", "O", 10, 0), core_sizes=6) == []
    assert _laws(("X", "A", "O", 5, 0), core_sizes=6) == ["keeps 5.0 of 6 core sizes: ('A', 'X')"]
