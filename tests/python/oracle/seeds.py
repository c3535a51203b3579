"""The seeds that decide measures, read from their CSV files.

Readings chosen:
    * `scope_value` of a policy is compared exactly; precedence article > brand > category > branch > default. A
      category may be named as it landed or by its name. An article by itself skips the scope of branches.
    * `pattern` is a SQL LIKE pattern over number, name or category, case folded.
    * Any season that landed is a season code. An article whose season `season_calendar` does not list is always in
      season.
    * A day outside the validity of its class's rates has no rate: an error, because guessing would change money.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .cleaning import EPOCH_DAY, scaled
from .landing import UNKNOWN

SEEDS = Path(__file__).resolve().parents[3] / "seeds"
_FOREVER = 2**40


@dataclass(frozen=True)
class Hours:
    """Opening hours as wall clocks 'hh:mm' (closing may be 24:00), and whether they hold on Sundays and holidays."""

    opens_at: str
    closes_at: str
    on_sundays: bool


@dataclass(frozen=True)
class Seeds:
    """Seeds as text frames, one per file.

    Attributes:
        vat_rates: vat_class, valid_from, valid_to, rate.
        vat_classes: scope, scope_value, vat_class.
        non_merchandise: scope (article, name, category), pattern.
        assortment: scope, scope_value, assortment_type.
        seasons: season, starts_on, ends_on.
        supply_network: branch_number to the branch that serves it.
        branch_calendar: scope, scope_value, state, opens_at, closes_at, open_on_sundays.
        public_holidays: date_day and a flag per state in lower case.
        postal_code_states: from_postal_code, to_postal_code, state.
    """

    vat_rates: pd.DataFrame
    vat_classes: pd.DataFrame
    non_merchandise: pd.DataFrame
    assortment: pd.DataFrame
    seasons: pd.DataFrame
    supply_network: Mapping[str, str]
    branch_calendar: pd.DataFrame
    public_holidays: pd.DataFrame
    postal_code_states: pd.DataFrame

    def vat_rate(self, vat_class: pd.Series[Any], day: pd.Series[Any]) -> pd.Series[Any]:
        """The rate of each class on each day in whole 1e-6 (Int64).

        Raises:
            LookupError: a class has no rate on a day.
        """
        rates = pd.Series(pd.NA, index=day.index, dtype="Int64")
        for row in self.vat_rates.itertuples():
            low = _day(row.valid_from, -_FOREVER)
            high = _day(row.valid_to, _FOREVER)
            rates = rates.mask(vat_class.eq(row.vat_class) & day.between(low, high), scaled(str(row.rate), 6))
        if rates.isna().any():
            first = rates.index[rates.isna()][0]
            raise LookupError(f"no VAT rate for class {vat_class[first]} on day {day[first]}")
        return rates

    def vat_class(self, articles: pd.DataFrame) -> pd.Series[Any]:
        """The VAT class of every article, or pair of branch and article; 'standard' where no policy names it."""
        return _policy(self.vat_classes, "vat_class", articles).fillna("standard")

    def assortment_type(self, articles: pd.DataFrame) -> pd.Series[Any]:
        """The assortment type of every article or pair; one_shot with a season, else nos, where no policy names it."""
        seasonal = articles["season"].ne(UNKNOWN)
        default = pd.Series(np.where(seasonal, "one_shot", "nos"), index=articles.index, dtype="string")
        return _policy(self.assortment, "assortment_type", articles).fillna(default)

    def is_non_merchandise(self, articles: pd.DataFrame) -> pd.Series[Any]:
        """Whether a pattern names the article's number, name or category."""
        columns = {"article": "article_number", "name": "name", "category": "category"}
        named = pd.Series(False, index=articles.index)
        for row in self.non_merchandise.itertuples():
            matcher = _like(str(row.pattern))
            values = articles[columns[str(row.scope)]]
            named |= pd.Series([bool(matcher.fullmatch(str(value))) for value in values], index=articles.index)
        return named

    def branch_hours(self, branch: str, shop_type: str | None) -> Hours:
        """When a branch opens."""
        row = self._calendar_row(branch, shop_type)
        return Hours(str(row["opens_at"]), str(row["closes_at"]), str(row["open_on_sundays"]) == "true")

    def state(self, branch: str, shop_type: str | None, postal_code: str | None) -> str:
        """The federal state of a branch: of its calendar row, else of its postal code, else 'unknown'."""
        said = self._calendar_row(branch, shop_type)["state"]
        if not pd.isna(said):
            return str(said)
        code = (postal_code or "").zfill(5)
        ranges = self.postal_code_states
        fitting = ranges[ranges["from_postal_code"].le(code) & ranges["to_postal_code"].ge(code)]
        return str(fitting["state"].iloc[0]) if len(fitting) and re.fullmatch(r"\d{5}", code) else UNKNOWN

    def holidays(self, state: str) -> frozenset[date]:
        """The public holidays of a state; none of an unknown one."""
        if state.lower() not in self.public_holidays.columns:
            return frozenset()
        rows = self.public_holidays[self.public_holidays[state.lower()].eq("true")]
        return frozenset(date.fromisoformat(str(day)) for day in rows["date_day"])

    def _calendar_row(self, branch: str, shop_type: str | None) -> pd.Series[Any]:
        calendar = self.branch_calendar
        for scope, value in (("branch", branch), ("shop_type", shop_type)):
            rows = calendar[calendar["scope"].eq(scope) & calendar["scope_value"].eq(value or "")]
            if len(rows):
                return rows.iloc[0]
        return calendar[calendar["scope"].eq("default")].iloc[0]

    def in_season(self, season: pd.Series[Any], day: pd.Series[Any]) -> pd.Series[Any]:
        """Whether the day lies in the article's season."""
        starts = {str(row.season): _day(row.starts_on, -_FOREVER) for row in self.seasons.itertuples()}
        ends = {str(row.season): _day(row.ends_on, _FOREVER) for row in self.seasons.itertuples()}
        low = season.map(starts).fillna(-_FOREVER).astype("int64")
        high = season.map(ends).fillna(_FOREVER).astype("int64")
        return (day >= low) & (day <= high)


def read_seeds(folder: Path = SEEDS) -> Seeds:
    """Read the seeds of a project."""
    network = _csv(folder / "supply_network.csv")
    return Seeds(
        vat_rates=_csv(folder / "vat_rates.csv"),
        vat_classes=_csv(folder / "vat_class.csv"),
        non_merchandise=_csv(folder / "non_merchandise.csv"),
        assortment=_csv(folder / "assortment.csv"),
        seasons=_csv(folder / "season_calendar.csv"),
        branch_calendar=_csv(folder / "branch_calendar.csv"),
        public_holidays=_csv(folder / "public_holidays.csv"),
        postal_code_states=_csv(folder / "postal_code_states.csv"),
        supply_network=dict(zip(network["branch_number"], network["supplied_from"], strict=True)),
    )


def _csv(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype="string", keep_default_na=False, na_values=[""])


def _day(text: Any, missing: int) -> int:
    return missing if pd.isna(text) else date.fromisoformat(str(text)).toordinal() - EPOCH_DAY


def _like(pattern: str) -> re.Pattern[str]:
    wild = {"%": ".*", "_": "."}
    return re.compile("".join(wild.get(mark, re.escape(mark)) for mark in pattern), re.IGNORECASE | re.DOTALL)


def _policy(policy: pd.DataFrame, value: str, articles: pd.DataFrame) -> pd.Series[Any]:
    found = pd.Series(pd.NA, index=articles.index, dtype="string")
    scopes = {
        "article_number": "article",
        "brand": "brand",
        "category": "category",
        "category_ref": "category",
        "branch_number": "branch",
    }
    for column, scope in scopes.items():
        if column in articles.columns:
            found = found.fillna(_lookup(policy, value, scope, articles[column]))
    default: Iterable[Any] = policy.loc[policy["scope"].eq("default"), value].dropna()
    return found.fillna(next(iter(default), pd.NA))


def _lookup(policy: pd.DataFrame, value: str, scope: str, names: pd.Series[Any]) -> pd.Series[Any]:
    rows = policy[policy["scope"].eq(scope) & policy[value].notna()].drop_duplicates("scope_value")
    return names.map(dict(zip(rows["scope_value"], rows[value], strict=True))).astype("string")
