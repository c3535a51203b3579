"""Keeping secrets out of what people and logs see."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

MASK = "******"
"""What Fivetran, too, shows in place of a secret."""

# Shorter ones are hidden as well, but only where they stand alone: "a" is not hidden in each word.
_SHORTEST = 4


class Mask:
    """Replaces values by ****** in texts. Shows none of them in its own repr."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values: set[str] = set()
        self.add(values)

    def __repr__(self) -> str:
        return f"Mask({len(self._values)} values)"

    def add(self, values: Iterable[str]) -> None:
        """Hides further values, also as they look within JSON and within an address."""
        for value in values:
            if len(value) >= _SHORTEST:
                self._values |= {value, json.dumps(value)[1:-1], quote(value, safe="")}

    def hide(self, text: str) -> str:
        """The text without the values."""
        for value in sorted(self._values, key=len, reverse=True):
            text = text.replace(value, MASK)
        return text


def secrets_in(body: dict[str, Any]) -> list[str]:
    """The values of a connection's `secrets_list` in a request."""
    listed = (body.get("config") or {}).get("secrets_list") or []
    return [str(one["value"]) for one in listed if one.get("value")]
