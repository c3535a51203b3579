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

ORDER_TERMS = ("lead_time_days", "lead_time_sd_days", "service_kind", "minimum_order_units", "minimum_order_value")

# Of a project that does not say otherwise.
DEFAULTS = {
    "sales_plan": pd.DataFrame(columns=["date_day", "branch_number", "plan_net_revenue"], dtype="string"),
    "season_plan": pd.DataFrame(columns=["season", "category", "season_week", "plan_sell_through"], dtype="string"),
    "purchase_plan": pd.DataFrame(
        columns=["month", "category", "plan_sales_cost", "plan_closing_stock_cost"], dtype="string"
    ),
    "price_bands": pd.DataFrame(
        {
            "price_band": ["0-10", "10-20", "20-30", "30-50", "50-80", "80-120", "120-200", "200+"],
            "from_price_gross": ["0", "10", "20", "30", "50", "80", "120", "200"],
            "below_price_gross": ["10", "20", "30", "50", "80", "120", "200", None],
        },
        dtype="string",
    ),
    "replenishment_policy": pd.DataFrame(
        [["default", None, "0.95", "7", "7", "1"]],
        columns=["scope", "scope_value", "service_level", "lead_time_days", "review_period_days", "pack_units"],
        dtype="string",
    ),
    "order_terms": pd.DataFrame(columns=["scope", "scope_value", *ORDER_TERMS], dtype="string"),
    "size_pack": pd.DataFrame(
        columns=["scope", "scope_value", "article_size_number", "pack_units", "is_lot"], dtype="string"
    ),
}


@dataclass(frozen=True)
class Hours:
    """Opening hours as wall clocks 'hh:mm' (closing may be 24:00), and whether they hold on Sundays and holidays."""

    opens_at: str
    closes_at: str
    on_sundays: bool


@dataclass(frozen=True)
class PackRow:
    """In which units a size comes; with `is_lot` the packs of all sizes come together."""

    units: float
    is_lot: bool


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
        sales_plan: date_day, branch_number, plan_net_revenue.
        season_plan: season, category, season_week, plan_sell_through.
        price_bands: price_band, from_price_gross, below_price_gross.
        replenishment_policy: scope, scope_value, service_level, lead_time_days, review_period_days, pack_units.
        purchase_plan: month, category, plan_sales_cost, plan_closing_stock_cost.
        order_terms: scope, scope_value and ORDER_TERMS.
        size_pack: scope, scope_value, article_size_number, pack_units, is_lot.
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
    sales_plan: pd.DataFrame
    season_plan: pd.DataFrame
    price_bands: pd.DataFrame
    replenishment_policy: pd.DataFrame
    purchase_plan: pd.DataFrame
    order_terms: pd.DataFrame
    size_pack: pd.DataFrame

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

    def replenishment(self, pairs: pd.DataFrame) -> pd.DataFrame:
        """Service level, lead time, review period and pack of every pair, and whether only the default fits it.

        Raises:
            LookupError: no row fits a pair.
        """
        rows = self.replenishment_policy.reset_index(drop=True)
        found = _policy(rows.assign(row=rows.index.astype("string")), "row", pairs)
        if found.isna().any():
            raise LookupError(f"no replenishment policy for {pairs[found.isna()].iloc[0].to_dict()}")
        names = ["service_level", "lead_time_days", "review_period_days", "pack_units"]
        numbers = rows[names].astype("float64").assign(is_default=rows["scope"].eq("default"))
        return numbers.iloc[found.astype("int64")].set_index(pairs.index)

    def order_term(self, pair: Mapping[str, Any], column: str) -> str | None:
        """A term of the orders of a pair, as text: of the first scope that has it; None where none does."""
        if self.order_terms.empty:
            return None
        for scope in ("article", "supplier", "brand", "category", "branch", "default"):
            name = {"article": "article_number", "branch": "branch_number"}.get(scope, scope)
            rows = self.order_terms[self.order_terms["scope"].eq(scope) & self.order_terms[column].notna()]
            if scope != "default":
                rows = rows[rows["scope_value"].eq(str(pair[name]))]
            if len(rows):
                return str(rows[column].iloc[0])
        return None

    def size_pack_of(self, article: Mapping[str, Any] | pd.Series[Any], size: str) -> PackRow | None:
        """In which packs a size of an article comes; None where no row fits."""
        if self.size_pack.empty:
            return None
        for scope in ("article", "brand", "category", "default"):
            name = {"article": "article_number"}.get(scope, scope)
            rows = self.size_pack[self.size_pack["scope"].eq(scope)]
            if scope != "default":
                rows = rows[rows["scope_value"].eq(str(article[name]))]
            named = rows["article_size_number"]
            for fitting in (rows[named.eq(size).fillna(False)], rows[named.isna()]):
                if len(fitting):
                    row = fitting.iloc[0]
                    return PackRow(float(row["pack_units"]), str(row["is_lot"]) == "true")
        return None

    def presentation_minimum(self, pairs: pd.DataFrame) -> pd.Series[Any]:
        """Units (floats) that a pair shows at least; NaN where no policy names them."""
        if "presentation_minimum" not in self.assortment.columns:
            return pd.Series(np.nan, index=pairs.index)
        return _policy(self.assortment, "presentation_minimum", pairs).astype("Float64").astype("float64")

    def price_band(self, price: pd.Series[Any]) -> pd.Series[Any]:
        """The band of every gross price (whole 1e-4); 'unknown' where there is none."""
        band = pd.Series(UNKNOWN, index=price.index, dtype="string")
        for row in self.price_bands.itertuples():
            low = scaled(str(row.from_price_gross), 4) or 0
            fits = price.ge(low)
            if not pd.isna(row.below_price_gross):
                fits &= price.lt(scaled(str(row.below_price_gross), 4))
            band = band.mask(fits.fillna(False).astype(bool), str(row.price_band))
        return band

    def season_starts(self) -> dict[str, int]:
        """The first day of every season that the calendar knows."""
        return {
            str(row.season): _day(row.starts_on, 0) for row in self.seasons.itertuples() if not pd.isna(row.starts_on)
        }

    def season_ends(self) -> dict[str, int]:
        """The last day of every season that the calendar knows."""
        return {str(row.season): _day(row.ends_on, 0) for row in self.seasons.itertuples() if not pd.isna(row.ends_on)}

    def season_before(self, season: str) -> str | None:
        """The season that started 350 to 380 days before; the latest where there are several."""
        starts = self.season_starts()
        if season not in starts:
            return None
        earlier = {name: day for name, day in starts.items() if 350 <= starts[season] - day <= 380}
        return max(earlier, key=lambda name: (earlier[name], name), default=None)

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
        """The public holidays of a state; of an unknown one those that all states share."""
        calendar = self.public_holidays
        states = calendar.columns.difference(["date_day", "name"])
        asked = [state.lower()] if state.lower() in states else list(states)
        rows = calendar[calendar[asked].eq("true").fillna(False).all(axis=1)]
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
        sales_plan=_csv_or_default(folder / "sales_plan.csv"),
        season_plan=_csv_or_default(folder / "season_plan.csv"),
        price_bands=_csv_or_default(folder / "price_bands.csv"),
        replenishment_policy=_csv_or_default(folder / "replenishment_policy.csv"),
        purchase_plan=_csv_or_default(folder / "purchase_plan.csv"),
        order_terms=_csv_or_default(folder / "order_terms.csv"),
        size_pack=_csv_or_default(folder / "size_pack.csv"),
        supply_network=dict(zip(network["branch_number"], network["supplied_from"], strict=True)),
    )


def _csv(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype="string", keep_default_na=False, na_values=[""])


def _csv_or_default(path: Path) -> pd.DataFrame:
    return _csv(path) if path.exists() else DEFAULTS[path.stem].copy()


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
