"""What every mart of one landing is computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from . import observations
from .core import Core
from .landing import Staged
from .seeds import Seeds
from .status import size_stock
from .stock import Stock
from .variables import Variables


@dataclass(frozen=True)
class Facts:
    """Cleaned rows, members, lines and stock, and the days N and A.

    Attributes:
        lines: `sales.sale_lines`.
        products: `products.product_profitability`.
        levels: `stock.stock_levels`.
        newest: the newest day N.
        as_of: the day A.
        inbound: units that other branches are to send, by branch and article.
    """

    staged: Staged
    core: Core
    seeds: Seeds
    variables: Variables
    lines: pd.DataFrame
    stock: Stock
    products: pd.DataFrame
    levels: pd.DataFrame
    newest: int
    as_of: int
    inbound: Mapping[tuple[str, str], float] = field(default_factory=dict)

    @cached_property
    def articles(self) -> pd.DataFrame:
        """Merchandise by article_number: category, supplier, brand, season, list_price, unit_cost, assortment_type."""
        goods = self.core.articles[self.core.articles["is_merchandise"]]
        return goods.set_index(pd.Index(goods["article_number"].astype("object")), drop=False).rename_axis(None)

    @cached_property
    def goods(self) -> pd.DataFrame:
        """Lines of merchandise up to A."""
        return self.lines[self.lines["is_merchandise"] & self.lines["day"].le(self.as_of)]

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """`inventory_status`, with category and season."""
        named = self.stock.pairs.reset_index(drop=True)
        return named.assign(category=self.of_article(named, "category"), season=self.of_article(named, "season"))

    @cached_property
    def own(self) -> pd.DataFrame:
        """The pairs whose branch holds stock of its own."""
        return self.pairs[self.pairs["known_from"].notna()]

    @cached_property
    def holders(self) -> set[str]:
        """The branches whose stock is known as of A."""
        return set(self.own.loc[self.own["on_hand"].notna(), "branch_number"])

    @cached_property
    def sizes(self) -> pd.DataFrame:
        """`status.size_stock`."""
        events = observations.observations(self.staged, self.core)
        return size_stock(self.staged, self.core, events, self.variables, self.as_of)

    @cached_property
    def list_price_net(self) -> pd.Series[Any]:
        """List price without the VAT of A, as floats (money), by article of merchandise."""
        day = pd.Series(self.as_of, index=self.articles.index, dtype="Int64")
        rate = self.seeds.vat_rate(self.articles["vat_class"], day).astype("float64") / 1e6
        return self.articles["list_price"].astype("Float64").astype("float64") / 1e4 / (1 + rate)

    @cached_property
    def season_ends(self) -> dict[str, int]:
        """The last day of every season that the calendar knows."""
        return self.seeds.season_ends()

    def window(self, days: int) -> pd.DataFrame:
        """Lines of merchandise in the window of `days` days."""
        return self.goods[self.goods["day"].gt(self.as_of - days)]

    def of_article(self, frame: pd.DataFrame, column: str) -> pd.Series[Any]:
        """A column of the articles that the rows of a frame name."""
        return frame["article_number"].map(self.articles[column])
