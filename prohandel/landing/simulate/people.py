"""Customers, and who stands behind the till."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prohandel.landing.simulate.assortment import AHEAD_DAYS, Assortment
from prohandel.landing.simulate.catalogue import CUSTOMER_CITIES, FIRST_NAMES, LAST_NAMES, STREETS
from prohandel.landing.simulate.config import IntArray, stream

WALK_IN_ZERO, WALK_IN_BLANK, WALK_IN_NULL = -1, -2, -3
STAFF_BASE = -100
"""Codes of customers that are no persons on file; a member of staff s who buys is STAFF_BASE - s."""

STAFF_PER_BRANCH = 8


@dataclass(frozen=True)
class Customers:
    """Customers in the order of their first day (`created`, relative to the assortment's begin)."""

    id: list[str]
    number: list[str]
    first_name: list[str]
    last_name: list[str]
    street: list[str]
    postal_code: list[str]
    city: list[str]
    email: list[str | None]
    phone: list[str | None]
    created: IntArray


def customers(a: Assortment) -> Customers:
    """Customers on file by the last sync (`scale.customers`) and those of the year after."""
    rng = stream(a.seed, "customers")
    known = a.scale.customers
    later = int(known * AHEAD_DAYS / a.scale.days * 0.3)
    before = int(known * 0.6)
    created = np.concatenate(
        [
            -np.sort(rng.integers(1, 1_500, before))[::-1],
            np.sort(rng.integers(0, a.last_day, known - before)),
            np.sort(rng.integers(a.last_day + 1, a.horizon, later)),
        ]
    )
    n = len(created)
    first = rng.integers(len(FIRST_NAMES), size=n)
    last = rng.integers(len(LAST_NAMES), size=n)
    city = rng.integers(len(CUSTOMER_CITIES), size=n)
    street = rng.integers(len(STREETS), size=n)
    house = rng.integers(1, 140, n)
    has_mail, has_phone = rng.random(n) < 0.8, rng.random(n) < 0.5
    return Customers(
        id=[str(700_000_000 + i) for i in range(n)],
        number=[str(1_000_000 + 7 * i) for i in range(n)],
        first_name=[FIRST_NAMES[i] for i in first],
        last_name=[LAST_NAMES[i] for i in last],
        street=[f"{STREETS[s]} {h}" for s, h in zip(street, house, strict=True)],
        postal_code=[CUSTOMER_CITIES[i][0] for i in city],
        city=[CUSTOMER_CITIES[i][1] for i in city],
        email=[f"kunde{i}@example.org" if yes else None for i, yes in enumerate(has_mail)],
        phone=[f"+49 30 {5_550_000 + i}" if yes else None for i, yes in enumerate(has_phone)],
        created=created.astype(np.int64),
    )
