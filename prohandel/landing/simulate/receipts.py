"""Demand becomes wishes at a till: receipts with lines, times, prices, customers, and whether it comes back."""

from __future__ import annotations

import numpy as np

from prohandel.landing.simulate.assortment import NON_MERCHANDISE, Assortment
from prohandel.landing.simulate.calendar import has_clock_change
from prohandel.landing.simulate.catalogue import LEAVES
from prohandel.landing.simulate.config import OPENS_AT, Columns, FloatArray, IntArray, stream
from prohandel.landing.simulate.demand import Conditions, PairDays
from prohandel.landing.simulate.people import (
    STAFF_BASE,
    STAFF_PER_BRANCH,
    WALK_IN_BLANK,
    WALK_IN_NULL,
    WALK_IN_ZERO,
    Customers,
)

HOUR, DAY = 3_600, 86_400
PAYMENTS = ("EC", "BAR", "KREDITKARTE", "PAYPAL", "RECHNUNG")
NEVER = -1

_STORE_HOURS = np.array([0.06, 0.09, 0.11, 0.11, 0.10, 0.11, 0.13, 0.13, 0.10, 0.06])
_WEB_HOURS = np.array([18, 9, 4, 2, 2, 4, 9, 18, 28, 36, 42, 44, 46, 44, 42, 44, 46, 52, 62, 78, 88, 84, 62, 36], float)
_STORE_RETURNS, _WEB_RETURNS = 0.068, 0.49
_SECOND_LINE = {"store": 0.34, "web": 0.46}


def wishes(a: Assortment, c: Conditions, people: Customers, demand: PairDays, block: int) -> Columns:
    """Every line that customers of a block want, whether or not there is stock, sorted by time.

    Columns: t (seconds since the begin), day, branch, article, size, cell, quantity, basket (number of its receipt
    within branch and day), position, customer, staff, payment, label and paid (EUR per unit, VAT included),
    return_at (t of its return, NEVER = kept).
    """
    rng = stream(a.seed, "wishes", block)
    sold = np.flatnonzero(demand.units)
    unit = np.repeat(sold, demand.units[sold])
    pair, day = demand.pair[unit], demand.day[unit]
    article, branch = a.pair_article[pair], a.pair_branch[pair]
    edges = np.cumsum(a.size_share[article], axis=1)
    size = np.minimum((rng.random(len(unit))[:, None] >= edges).sum(axis=1), a.sizes[article] - 1)

    order = np.lexsort((size, unit))
    unit, pair, day, article, branch, size = (x[order] for x in (unit, pair, day, article, branch, size))
    joins = np.zeros(len(unit), dtype=bool)
    joins[1:] = (unit[1:] == unit[:-1]) & (size[1:] == size[:-1])
    joins &= rng.random(len(unit)) < 0.85
    starts = np.flatnonzero(~joins)
    quantity = np.diff(np.append(starts, len(unit)))
    day, article, branch, size = (x[starts] for x in (day, article, branch, size))

    is_web = branch == a.web
    shuffle = np.lexsort((rng.random(len(day)), branch, day))
    day, article, branch, size, quantity, is_web = (x[shuffle] for x in (day, article, branch, size, quantity, is_web))
    group = day * len(a.branches) + branch
    first = np.ones(len(day), dtype=bool)
    first[1:] = group[1:] != group[:-1]
    joins_basket = rng.random(len(day)) < np.where(is_web, _SECOND_LINE["web"], _SECOND_LINE["store"])
    heads = np.flatnonzero(first | ~joins_basket)
    basket_of = np.cumsum(first | ~joins_basket) - 1

    head_day, head_branch, head_web = day[heads], branch[heads], is_web[heads]
    second = _time_of_day(a, rng, head_day, head_web)
    basket_t = head_day * DAY + second
    by_time = np.lexsort((np.arange(len(heads)), basket_t, head_branch, head_day))
    head_group = group[heads][by_time]
    group_start = np.concatenate([[0], np.flatnonzero(np.diff(head_group)) + 1])
    running = np.arange(len(heads)) - np.repeat(group_start, np.diff(np.append(group_start, len(heads))))
    number = np.empty(len(heads), dtype=np.int64)
    number[by_time] = running + 1
    customer = _customer(rng, people, head_day, head_web)
    staff = np.where(head_web, -1, rng.integers(0, STAFF_PER_BRANCH, len(heads)))
    payment = np.where(
        head_web,
        rng.choice([2, 3, 4], len(heads), p=[0.25, 0.5, 0.25]),
        rng.choice([0, 1, 2], len(heads), p=[0.55, 0.35, 0.1]),
    )

    label = a.label_price(article, branch, day)
    discount = c.discount[is_web.astype(np.int64), a.leaf[article], day]
    is_staff = customer[basket_of] <= STAFF_BASE
    discount = np.where(is_staff, np.maximum(discount, 0.25), discount)
    by_hand = (rng.random(len(day)) < 0.03) & ~is_web
    discount = np.where(by_hand, np.minimum(discount + rng.choice([0.05, 0.10], len(day)), 0.4), discount)

    bag = np.flatnonzero(~head_web & (rng.random(len(heads)) < 0.05))
    voucher = np.flatnonzero(~head_web & (rng.random(len(heads)) < 0.004))
    service = np.flatnonzero(~head_web & (rng.random(len(heads)) < 0.006))
    extra_basket = np.concatenate([bag, voucher, service])
    extra = np.repeat(np.arange(len(NON_MERCHANDISE)), [len(bag), len(voucher), len(service)])
    extra_price = np.array([price for _, _, price, _ in NON_MERCHANDISE])[extra]
    extra_price = np.where(extra == 1, extra_price * rng.integers(1, 4, len(extra)), extra_price)

    all_basket = np.concatenate([basket_of, extra_basket])
    column: Columns = {
        "t": basket_t[all_basket],
        "day": head_day[all_basket],
        "branch": head_branch[all_basket],
        "article": np.concatenate([article, a.articles + extra]),
        "size": np.concatenate([size, np.full(len(extra), -1)]),
        "quantity": np.concatenate([quantity, np.ones(len(extra), dtype=np.int64)]),
        "basket": number[all_basket],
        "customer": customer[all_basket],
        "staff": staff[all_basket],
        "payment": payment[all_basket],
        "label": np.concatenate([label, extra_price]),
        "paid": np.concatenate([np.round(label * (1 - discount), 2), extra_price]),
    }
    stock_branch = np.array([a.stock_branch(i) for i in range(len(a.branches))])[column["branch"]]
    stocked = column["article"] < a.articles
    cell = np.full(len(all_basket), -1, dtype=np.int64)
    cell[stocked] = a.first_cell[column["article"][stocked], stock_branch[stocked]] + column["size"][stocked]
    column["cell"] = cell
    column["return_at"] = _return_time(a, c, rng, column)

    order = np.lexsort((column["article"], column["basket"], column["branch"], column["t"]))
    column = {name: values[order] for name, values in column.items()}
    key = column["branch"] * 1_000_000_000 + column["day"] * 100_000 + column["basket"]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(key)) + 1]) if len(key) else np.zeros(0, dtype=np.int64)
    column["position"] = np.arange(len(key)) - np.repeat(starts, np.diff(np.append(starts, len(key))))
    return column


def _time_of_day(a: Assortment, rng: np.random.Generator, day: IntArray, is_web: np.ndarray) -> IntArray:
    """Seconds since midnight; stores from ten to eight (until two on 24 and 31 December), the web all day."""
    store_hour = OPENS_AT + rng.choice(len(_STORE_HOURS), len(day), p=_STORE_HOURS / _STORE_HOURS.sum())
    web_hour = rng.choice(24, len(day), p=_WEB_HOURS / _WEB_HOURS.sum())
    hour = np.where(is_web, web_hour, store_hour)
    for d in np.unique(day):
        on = a.day_of(int(d))
        if on.month == 12 and on.day in (24, 31):
            late = (day == d) & ~is_web
            hour[late] = OPENS_AT + (hour[late] - OPENS_AT) % 4
        elif has_clock_change(on):
            hour[(day == d) & (hour == 2)] = 4
    return (hour * HOUR + rng.integers(0, HOUR, len(day))).astype(np.int64)


def _customer(rng: np.random.Generator, people: Customers, day: IntArray, is_web: np.ndarray) -> IntArray:
    n = len(day)
    known = np.searchsorted(people.created, day, side="right")
    person = (known * rng.random(n) ** 1.4).astype(np.int64)
    u = rng.random(n)
    walk_in = rng.choice([WALK_IN_ZERO, WALK_IN_BLANK, WALK_IN_NULL], n, p=[0.75, 0.1, 0.15])
    staff = STAFF_BASE - rng.integers(0, 40, n)
    in_store = np.where(u < 0.36, person, np.where(u < 0.375, staff, walk_in))
    return np.where(is_web, person, in_store).astype(np.int64)


def _return_time(a: Assortment, c: Conditions, rng: np.random.Generator, lines: Columns) -> IntArray:
    """When a line comes back, within 30 days and while the branch (for the web the warehouse) is open."""
    n = len(lines["t"])
    is_web = lines["branch"] == a.web
    stocked = lines["cell"] >= 0
    relative = np.array([item.returns for item in LEAVES])
    leaf = a.leaf[np.where(stocked, lines["article"], 0)]
    chance = np.where(is_web, _WEB_RETURNS, _STORE_RETURNS) * relative[leaf]
    returns = stocked & (rng.random(n) < chance)
    delay = np.where(is_web, 4 + rng.gamma(3.0, 2.3, n), 1 + rng.exponential(7.5, n)).astype(np.int64)
    delay = np.clip(delay, 1, 26)
    handled_by = np.where(is_web, a.warehouse, lines["branch"])
    back = c.next_open[handled_by, np.minimum(lines["day"] + delay, a.horizon - 1)]
    within: FloatArray = np.where(
        is_web, 7 * HOUR + rng.random(n) * 9 * HOUR, OPENS_AT * HOUR + rng.random(n) * 9.9 * HOUR
    )
    returns &= back - lines["day"] <= 30
    return np.where(returns, back * DAY + within.astype(np.int64), NEVER)
