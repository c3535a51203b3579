"""Sizes in the order in which a rack hangs."""

from __future__ import annotations

import re

_LETTERS = {
    name: rank
    for rank, names in enumerate((
        ("XXXS", "3XS"), ("XXS", "2XS"), ("XS",), ("S",), ("M",), ("L",), ("XL",), ("XXL", "2XL"), ("XXXL", "3XL"),
        ("4XL",), ("5XL",),
    ))
    for name in names
}  # fmt: skip


def size_order(size: str) -> tuple[int, list[float], str]:
    """Sorts sizes: letters from XS to 5XL, then numbers by value (32/34 by both), then the rest; `unknown` last."""
    upper = size.strip().upper()
    if upper == "UNKNOWN":
        return 3, [], size
    if upper.split("/")[0] in _LETTERS:
        return 0, [float(_LETTERS[upper.split("/")[0]])], size
    numbers = [float(part.replace(",", ".")) for part in re.findall(r"\d+(?:[.,]\d+)?", upper)]
    return (1, numbers, size) if numbers else (2, [], size)
