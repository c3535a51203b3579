"""How many requests somebody may send: a bucket of tokens for each."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable


class Buckets:
    """A bucket of tokens for each of those who ask; a request takes one.

    Args:
        per_second: tokens that come back in a second.
        burst: tokens that a bucket holds.
        most: buckets that are kept; beyond that the one that was asked longest ago is forgotten, as if it were full.
        clock: seconds that never go back.
    """

    def __init__(
        self, per_second: float, burst: float, most: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._most = most
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str) -> float:
        """Takes a token; 0.0 if there was one, else the seconds until there is."""
        tokens, now = self._filled(who)
        left = tokens - 1.0
        wait = 0.0 if left >= 0 else -left / self._per_second
        self._keep(who, left if left >= 0 else tokens, now)
        return wait

    def wait_of(self, who: str) -> float:
        """The seconds until there is a token; takes none."""
        tokens, _ = self._filled(who)
        return 0.0 if tokens >= 1 else (1 - tokens) / self._per_second

    def _filled(self, who: str) -> tuple[float, float]:
        now = self._clock()
        tokens, seen = self._buckets.get(who, (self._burst, now))
        return min(self._burst, tokens + (now - seen) * self._per_second), now

    def _keep(self, who: str, tokens: float, now: float) -> None:
        self._buckets[who] = (tokens, now)
        self._buckets.move_to_end(who)
        while len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
