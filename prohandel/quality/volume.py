"""How many rows should have arrived, and whether fewer did: a robust seasonal baseline per branch.

Rows of an hour are taken as level x weekday x share of the hour in its day. Levels and weekdays are medians, so that
one incident, one holiday or one sale event in the past moves them little; the level is the lower one of the last week
and the last four, so that the end of a sale event is no drop. What a branch should send follows what the others send
at the same time, where that is little: a slow day everywhere is no fault of one till, a rush in the shops before a
holiday none of the web shop. On a holiday a web shop may sell as on a Sunday. How far days stray from what the days
before let expect is measured on the logarithm, by the median absolute deviation (Rousseeuw and Croux, Alternatives to
the Median Absolute Deviation, JASA 88, 1993), less what chance alone explains. Days in which an incident lay that is
marked as a fault of the data are left out whole: what is left of them would be a day like no other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import lambertw

BERLIN = ZoneInfo("Europe/Berlin")
BASELINE_DAYS = 56
MINIMUM_DAYS = 21
"""Days with arrivals that a baseline needs."""
SILENCE = 9.0
"""Minus the logarithm of the probability of no row at all, from which on silence is no chance."""
FEW_SCORE = 3.5
"""Standard deviations below what was expected."""
FEW_SHARE = 0.55
"""Share of what was expected below which it is a drop."""
LEAST_SPREAD, MOST_SPREAD = 0.1, 0.3
"""Between these lies how far a day may stray, as a share."""
WINDOWS = (1, 2, 4, 8, 12, 24, 48, 72)
"""Hours looked back on."""
_SHORT_DAYS = frozenset({(12, 24), (12, 31)})
_BETWEEN_THE_YEARS = ((12, 23), (1, 6))
_ROWS_TO_COMPARE_WITH = 30.0
_BORROWED_ROWS = 150.0

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Drop:
    """Fewer rows than expected in the hours up to now.

    Attributes:
        branch: of the rows.
        since: begin of the window.
        rows: that came.
        expected: rows that should have come.
    """

    branch: str
    since: datetime
    rows: float
    expected: float

    @property
    def missing(self) -> int:
        """Rows that should have come and did not."""
        return round(self.expected - self.rows)


@dataclass(frozen=True)
class Baseline:
    """What a branch's hours are expected to bring.

    Attributes:
        level: rows of a mean day, in mean weekdays.
        weekday: factor by ISO weekday, Monday first; 0 where nothing comes.
        hour: share of a day's rows by local hour of arrival, one row per ISO weekday.
        spread: standard deviation of a day's rows about what was expected, chance apart, as a share.
        clumping: variance of an hour's rows over their mean, at least 1: receipts have several lines.
        strayed: rows of each past day as a share of what was expected.
    """

    level: float
    weekday: FloatArray
    hour: FloatArray
    spread: float
    clumping: float
    strayed: Mapping[date, float]

    def expected(self, at: datetime, *, is_quiet: bool = False) -> float:
        """Rows of the hour of arrival that begins at a moment; on a quiet day no more than on a Sunday."""
        local = at.astimezone(BERLIN)
        usual, on_sunday = (
            float(self.level * self.weekday[day] * self.hour[day, local.hour]) for day in (local.weekday(), 6)
        )
        return min(usual, on_sunday) if is_quiet else usual


def drops(
    rows: pl.DataFrame,
    now: datetime,
    closed: Mapping[str, Collection[date]],
    *,
    quiet: Mapping[str, Collection[date]] | None = None,
    ignored: Mapping[str, Collection[datetime]] | None = None,
) -> list[Drop]:
    """The branches that send less than they should; `all` stands for all of them together.

    Args:
        rows: columns branch_number, arrived_at (UTC, begin of the hour), rows.
        now: newest hour of arrival that should be complete.
        closed: holidays by branch.
        quiet: holidays by branch on which it is open, and may sell as on a Sunday.
        ignored: hours of incidents that are marked as faults of the data, by branch; those of `all` count for every
            branch. No baseline learns from the days that they lie in.
    """
    days = _days(rows, now)
    forgotten = {branch: {at.astimezone(BERLIN).date() for at in hours} for branch, hours in (ignored or {}).items()}
    of_all = forgotten.get("all", set())
    together = _baseline(days.filter(pl.col("branch_number") == "all"), None, of_all)
    if together is None:
        return []
    counts = _counts(rows, now)
    baselines = {
        str(branch): baseline
        for (branch,), of_branch in days.filter(pl.col("branch_number") != "all").group_by(
            "branch_number", maintain_order=True
        )
        if (baseline := _baseline(of_branch, together, of_all | forgotten.get(str(branch), set()))) is not None
    }
    found = []
    quiet = quiet or {}
    hours = {
        branch: _expected_hours(baseline, now, closed.get(branch, ()), quiet.get(branch, ()))
        for branch, baseline in {**baselines, "all": together}.items()
    }
    everyone = _drop("all", together, counts["all"], now, hours["all"])
    if everyone is not None:
        found.append(everyone)
    progress = {branch: _progress(counts.get(branch, {}), hours[branch]) for branch in baselines}
    total = np.sum(list(progress.values()), axis=0) if progress else np.zeros((2, max(WINDOWS)))
    for branch, baseline in baselines.items():
        came, should = total - progress[branch]
        enough = should >= _ROWS_TO_COMPARE_WITH
        others = np.where(enough, np.clip(came / np.where(enough, should, 1.0), 0.4, 1.0), 1.0)
        drop = _drop(branch, baseline, counts.get(branch, {}), now, hours[branch], others.tolist())
        if drop is not None:
            found.append(drop)
    return _roots(found)


def _progress(counts: Mapping[datetime, float], expected: Sequence[tuple[datetime, float]]) -> FloatArray:
    """Rows that came and rows that should have, each summed from now backwards; shape (2, hours)."""
    return np.cumsum(np.array([(counts.get(at.astimezone(UTC), 0.0), of_hour) for at, of_hour in expected]), axis=0).T


def _roots(found: list[Drop]) -> list[Drop]:
    """All branches together explain theirs, unless it is no more than one or two that miss nearly all of it."""
    everyone = next((drop for drop in found if drop.branch == "all"), None)
    branches = sorted((drop for drop in found if drop.branch != "all"), key=lambda drop: -drop.missing)
    if everyone is None:
        return branches
    if 0 < len(branches) <= 2 and sum(drop.missing for drop in branches) > 0.7 * everyone.missing:
        return branches
    return [everyone]


def _days(rows: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Rows by branch, local day and local hour of the complete days before today's; `all` added."""
    today = datetime.combine(now.astimezone(BERLIN).date(), time(), BERLIN)
    since = today - timedelta(days=BASELINE_DAYS)
    local = rows.filter(
        (pl.col("arrived_at") >= since.astimezone(UTC)) & (pl.col("arrived_at") < today.astimezone(UTC))
    ).with_columns(at=pl.col("arrived_at").dt.convert_time_zone("Europe/Berlin"))
    by_hour = local.group_by(
        "branch_number", day=pl.col("at").dt.date(), hour=pl.col("at").dt.hour().cast(pl.Int64)
    ).agg(pl.col("rows").sum())
    everyone = by_hour.group_by("day", "hour").agg(pl.col("rows").sum()).with_columns(branch_number=pl.lit("all"))
    return pl.concat([by_hour, everyone.select(by_hour.columns)]).sort("branch_number", "day", "hour")


def _baseline(rows: pl.DataFrame, borrowed: Baseline | None, forgotten: Collection[date]) -> Baseline | None:
    """None where there is too little of a past. Hours are shrunk to those of all branches, weekdays too."""
    rows = rows.filter(~pl.col("day").is_in(list(forgotten)))
    by_day = rows.group_by("day").agg(pl.col("rows").sum()).sort("day")
    if by_day.height < MINIMUM_DAYS:
        return None
    weekdays = by_day["day"].dt.weekday().to_numpy() - 1
    values = by_day["rows"].to_numpy().astype(float)
    middle = float(np.median(values))
    if middle <= 0:
        return None
    weekday = np.zeros(7)
    possible = _weekdays_between(by_day["day"].to_list(), forgotten)
    for day in range(7):
        of_day = values[weekdays == day]
        # A weekday on which something comes less than every other week is one on which nothing is expected.
        if len(of_day) > possible[day] / 2:
            weekday[day] = float(np.median(of_day)) / middle
    factors = weekday[weekdays]
    usual = factors > 0
    if usual.sum() < MINIMUM_DAYS / 2:
        return None
    levels = values[usual] / factors[usual]
    level = min(float(np.median(levels[-28:])), float(np.median(levels[-7:])))
    hour = np.zeros((7, 24))
    for day in range(7):
        of_day = rows.filter(pl.col("day").dt.weekday() == day + 1)
        counts = np.zeros(24)
        np.add.at(counts, of_day["hour"].to_numpy(), of_day["rows"].to_numpy().astype(float))
        if borrowed is not None and weekday[day] > 0 and borrowed.weekday[day] > 0:
            counts = counts + _BORROWED_ROWS * borrowed.hour[day] * (counts.sum() > 0)
        if counts.sum() > 0:
            hour[day] = counts / counts.sum()
    usual_days = by_day["day"].filter(pl.Series(usual)).to_list()
    strayed = dict(zip(usual_days, (levels / np.median(levels)).tolist(), strict=True))
    compared = levels
    if borrowed is not None:
        compared = np.array([share / borrowed.strayed.get(day, 1.0) for day, share in strayed.items()]) * np.median(
            levels
        )
    return Baseline(level, weekday, hour, _spread(compared), _clumping(rows, values, weekdays, hour), strayed)


def _weekdays_between(days: Sequence[date], forgotten: Iterable[date]) -> npt.NDArray[np.int64]:
    """How often each ISO weekday could have brought something in the weeks of the days, Monday first."""
    weeks = max(1, min(BASELINE_DAYS // 7, ((days[-1] - days[0]).days + 1) // 7))
    missed = np.bincount([day.weekday() for day in forgotten if days[0] <= day <= days[-1]], minlength=7)
    return np.asarray(np.maximum(1, weeks - missed), dtype=np.int64)


def _clumping(rows: pl.DataFrame, values: FloatArray, weekdays: npt.NDArray[np.int64], hour: FloatArray) -> float:
    """Variance over mean of the rows of an hour, given those of its day: the mean of squared Pearson residuals."""
    days = {day: place for place, day in enumerate(rows["day"].unique().sort().to_list())}
    counts = np.zeros((len(days), 24))
    for day, at, count in rows.select("day", "hour", "rows").iter_rows():
        counts[days[day], at] += count
    expected = values[:, None] * hour[weekdays]
    enough = expected >= 1
    if enough.sum() < 50:
        return 2.0
    return max(1.0, float(np.mean((counts[enough] - expected[enough]) ** 2 / expected[enough])))


def _spread(levels: FloatArray) -> float:
    """How far a day strays from the median of the week before it, as a share."""
    errors = [
        np.log(max(level, 0.5) / max(float(np.median(levels[max(0, at - 7) : at])), 0.5))
        for at, level in enumerate(levels)
        if at >= 7
    ]
    if len(errors) < MINIMUM_DAYS / 2:
        return MOST_SPREAD
    strayed = 1.4826 * float(np.median(np.abs(errors - np.median(errors))))
    by_chance = 1 / max(float(np.median(levels)), 1.0)
    return float(np.clip(np.sqrt(max(0.0, strayed**2 - by_chance)), LEAST_SPREAD, MOST_SPREAD))


def _counts(rows: pl.DataFrame, now: datetime) -> dict[str, dict[datetime, float]]:
    since = now - timedelta(hours=max(WINDOWS))
    recent = rows.filter((pl.col("arrived_at") > since) & (pl.col("arrived_at") <= now))
    counts: dict[str, dict[datetime, float]] = {"all": {}}
    for branch, at, count in recent.select("branch_number", "arrived_at", "rows").iter_rows():
        at = at.astimezone(UTC)
        counts.setdefault(branch, {})[at] = counts.get(branch, {}).get(at, 0.0) + float(count)
        counts["all"][at] = counts["all"].get(at, 0.0) + float(count)
    return counts


def _expected_hours(
    baseline: Baseline, now: datetime, closed: Collection[date], quiet: Collection[date]
) -> list[tuple[datetime, float]]:
    """Hours of arrival from now backwards, with what each should bring."""
    found = []
    for back in range(max(WINDOWS)):
        at = now - timedelta(hours=back)
        # What arrives in an hour was sold in the one before.
        sold = (at - timedelta(minutes=30)).astimezone(BERLIN)
        is_short = (sold.month, sold.day) in _SHORT_DAYS and sold.hour >= 12
        is_closed = sold.date() in closed or is_short
        found.append((at, 0.0 if is_closed else baseline.expected(at, is_quiet=sold.date() in quiet)))
    return found


def _is_between_the_years(at: datetime) -> bool:
    """From Christmas to Epiphany people buy on other days and in other places than before: silence alone counts."""
    day = at.astimezone(BERLIN)
    first, last = _BETWEEN_THE_YEARS
    return (day.month, day.day) >= first or (day.month, day.day) <= last


def _drop(
    branch: str,
    baseline: Baseline,
    counts: Mapping[datetime, float],
    now: datetime,
    expected_hours: Sequence[tuple[datetime, float]],
    others: Sequence[float] | None = None,
) -> Drop | None:
    """The worst of the windows; `others` says for each hour, now's first, how the rest did, as a share of expected."""
    hours = [(at, counts.get(at.astimezone(UTC), 0.0), of_hour) for at, of_hour in expected_hours]
    came = expected = 0.0
    worst, worst_share = 0, 1.0
    for back, (at, count, of_hour) in enumerate(hours, start=1):
        came += count
        expected += of_hour
        if back not in WINDOWS or expected <= 0:
            continue
        should = expected * (1.0 if others is None else others[back - 1])
        is_silent = came == 0 and _silence(should / baseline.clumping, baseline.spread) >= SILENCE
        deviation = np.sqrt(baseline.clumping * should + (baseline.spread * should) ** 2)
        is_few = (
            came < FEW_SHARE * should
            and (should - came) / deviation >= FEW_SCORE
            and not _is_between_the_years(at)
            and not _is_between_the_years(now)
        )
        if (is_silent or is_few) and came / should < worst_share:
            worst, worst_share = back, came / should
    if not worst:
        return None
    back = _begun(hours, worst)
    rest = 1.0 if others is None else others[back - 1]
    return Drop(
        branch,
        hours[back - 1][0],
        sum(count for _, count, _ in hours[:back]),
        rest * sum(of_hour for *_, of_hour in hours[:back]),
    )


def _silence(expected: float, spread: float) -> float:
    """Minus the logarithm of the probability that nothing comes, by Laplace's method.

    The count is Poisson about a mean that strays log-normally: of all ways to nothing, the likeliest is a mean of
    `expected * exp(spread * z)`, z standard normal, where expected * exp(spread * z) + z^2 / 2 is least. That is where
    -spread * z = W(expected * spread^2), W being Lambert's function.
    """
    w = float(lambertw(expected * spread**2).real)
    return (w + w**2 / 2) / spread**2


def _begun(hours: Sequence[tuple[datetime, float, float]], window: int) -> int:
    """How many hours back it began: the first in a row that brought little; hours of no expectation do not count."""

    def is_low(place: int) -> bool:
        _, count, of_hour = hours[place]
        return count < FEW_SHARE * of_hour

    begun = max((place for place in range(window) if is_low(place)), default=window - 1)
    for place in range(begun + 1, len(hours)):
        if is_low(place):
            begun = place
        elif hours[place][2] > 0:
            break
    return begun + 1
