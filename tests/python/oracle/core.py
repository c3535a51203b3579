"""Articles and branches as every measure sees them.

Readings chosen:
    * A sale names its article by number, never by id; inventory and purchase orders by number, else by id.
      Branches and customers by number first, then by id.
    * A category reference finds a category by id, then by name; where it finds none it is itself the category's name.
    * A supplier reference finds a supplier by number, then by id; where it finds no name it is itself the name.
    * The members are the landed ones and those that a staged row names, deleted sale lines included.
    * A landed shop that says nothing of its type is retail.
    * A branch is served by itself unless `supply_network` says otherwise; a served branch that has stock of its own is
      a supply group of its own, because its sales draw on that stock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from .cleaning import divide
from .landing import UNKNOWN, Staged
from .seeds import Seeds
from .variables import Variables

_SHOP_TYPES = ("retail", "online", "warehouse", "outlet", "other")
NON_MERCHANDISE = "non_merchandise"


@dataclass(frozen=True)
class Core:
    """Resolved members.

    Attributes:
        articles: article_number, category, category_ref, supplier, brand, season, assortment_type, vat_class,
            is_merchandise, list_price, unit_cost (null where unknown), created_on, is_active, is_deleted, is_landed.
        branches: branch_number, shop_type, state, is_online, supplied_from, has_own_stock, is_landed.
        branch_map: branch reference to branch_number.
        article_map: article reference of inventory and purchase orders to article_number.
    """

    articles: pd.DataFrame
    branches: pd.DataFrame
    branch_map: Mapping[str, str]
    article_map: Mapping[str, str]

    def branch_of(self, refs: pd.Series[Any]) -> pd.Series[Any]:
        """The branch number of every reference; 'unknown' where there is none."""
        return refs.map(self.branch_map).astype("string").fillna(UNKNOWN)

    def article_of(self, refs: pd.Series[Any]) -> pd.Series[Any]:
        """The article number of every reference of an inventory row or purchase order."""
        return refs.map(self.article_map).astype("string")


def resolve(refs: pd.Series[Any], parents: pd.DataFrame, number: str, identity: str) -> pd.Series[Any]:
    """References as numbers: one that is no parent's number but a parent's id becomes that parent's number."""
    mapping = _mapping(refs, parents, number, identity)
    return refs.map(mapping).astype("string")


def build(staged: Staged, seeds: Seeds, variables: Variables) -> Core:
    """Resolve every article and branch that landed or is named."""
    stock = pd.concat([staged.inventory, staged.history, staged.snapshot], ignore_index=True)
    stock = stock[stock["quantity"].notna()]
    orders = staged.purchase_orders
    branch_refs = pd.concat([staged.sales["branch_ref"], stock["branch_ref"], orders["branch_ref"]], ignore_index=True)
    article_refs = pd.concat([stock["article_ref"], orders["article_number"]], ignore_index=True)
    branch_map = _mapping(branch_refs, staged.shops, "branch_number", "shop_id")
    article_map = _mapping(article_refs, staged.articles, "article_number", "article_id")
    with_stock = set(stock["branch_ref"].map(branch_map).dropna())
    return Core(
        articles=_articles(staged, seeds, variables, set(article_map.values())),
        branches=_branches(staged, seeds, set(branch_map.values()), with_stock),
        branch_map=branch_map,
        article_map=article_map,
    )


def with_vat(core: Core, seeds: Seeds, day: int) -> Core:
    """The same members with list prices that landed without VAT brought to gross by the rate of a day."""
    articles = core.articles
    days = pd.Series(day, index=articles.index, dtype="Int64")
    gross = articles["list_price"] * (1_000_000 + seeds.vat_rate(articles["vat_class"], days))
    return replace(core, articles=articles.assign(list_price=divide(gross, 1_000_000)))


def _mapping(refs: pd.Series[Any], parents: pd.DataFrame, number: str, identity: str) -> dict[str, str]:
    numbers = set(parents[number].dropna())
    with_number = parents[parents[number].notna()]
    by_id = dict(zip(with_number[identity], with_number[number], strict=True))
    return {str(ref): str(ref) if ref in numbers else str(by_id.get(ref, ref)) for ref in refs.dropna().unique()}


def _one_per_number(frame: pd.DataFrame, number: str, identity: str) -> pd.DataFrame:
    """Of several rows of one number the newest that is not deleted, else the newest; ties by the higher id."""
    ordered = frame.sort_values(
        ["is_deleted", "synced_at", identity], ascending=[False, True, True], kind="stable", na_position="first"
    )
    return ordered.drop_duplicates(number, keep="last").reset_index(drop=True)


def _articles(staged: Staged, seeds: Seeds, variables: Variables, stocked: set[str]) -> pd.DataFrame:
    landed = _one_per_number(staged.articles, "article_number", "article_id").assign(is_landed=True)
    named = pd.Series(sorted(set(staged.sales["article_number"].dropna()) | stocked), dtype="string")
    orphans = pd.DataFrame({"article_number": named[~named.isin(landed["article_number"])], "is_landed": False})
    articles = pd.concat([landed, orphans], ignore_index=True)
    articles["is_deleted"] = articles["is_deleted"].astype("boolean").fillna(False).astype(bool)
    articles["is_active"] = articles["is_active"].astype("boolean")
    articles["is_landed"] = articles["is_landed"].astype(bool)
    for column in ("name", "brand", "season"):
        articles[column] = articles[column].astype("string").fillna(UNKNOWN)
    for column in ("list_price", "unit_cost", "created_on"):
        articles[column] = articles[column].astype("Int64")
    if not variables.zero_cost_is_known:
        articles["unit_cost"] = articles["unit_cost"].mask(articles["unit_cost"].eq(0).fillna(False))
    articles["category_ref"] = articles["category_ref"].astype("string")
    articles["category"] = _category_names(articles["category_ref"], staged.categories)
    articles["supplier"] = _supplier_names(articles["supplier_ref"].astype("string"), staged.suppliers)
    articles["is_merchandise"] = ~seeds.is_non_merchandise(articles)
    articles["category"] = articles["category"].mask(~articles["is_merchandise"], NON_MERCHANDISE)
    articles["assortment_type"] = seeds.assortment_type(articles)
    articles["vat_class"] = seeds.vat_class(articles)
    return articles


def _category_names(refs: pd.Series[Any], categories: pd.DataFrame) -> pd.Series[Any]:
    named = categories[categories["name"].notna()]
    by_id = dict(zip(named["category_id"], named["name"], strict=True))
    return refs.map(lambda ref: by_id.get(ref, ref), na_action="ignore").astype("string").fillna(UNKNOWN)


def _supplier_names(refs: pd.Series[Any], suppliers: pd.DataFrame) -> pd.Series[Any]:
    named = suppliers[suppliers["name"].notna()]
    numbered = _one_per_number(named[named["supplier_number"].notna()], "supplier_number", "supplier_id")
    names = dict(zip(named["supplier_id"], named["name"], strict=True))
    names |= dict(zip(numbered["supplier_number"], numbered["name"], strict=True))
    return refs.map(lambda ref: names.get(ref, ref), na_action="ignore").astype("string").fillna(UNKNOWN)


def _branches(staged: Staged, seeds: Seeds, named: set[str], with_stock: set[str]) -> pd.DataFrame:
    landed = _one_per_number(staged.shops, "branch_number", "shop_id")
    numbers = sorted(set(landed["branch_number"]) | named | {UNKNOWN})
    branches = pd.DataFrame({"branch_number": pd.Series(numbers, dtype="string")})
    branches = branches.merge(landed, on="branch_number", how="left", validate="one_to_one")
    webshop = branches["is_webshop"].astype("boolean")
    derived = webshop.map({True: "online", False: "retail"}).astype("string")
    said = branches["shop_type"].astype("string")
    said = said.mask(said.notna() & ~said.isin(_SHOP_TYPES), "other")
    branches["is_landed"] = branches["shop_id"].notna()
    landed_type = said.fillna(derived).fillna("retail")
    branches["shop_type"] = landed_type.where(branches["is_landed"], UNKNOWN)
    branches["is_online"] = branches["is_online"].astype("boolean").fillna(webshop).fillna(False)
    branches["state"] = [
        seeds.state(
            str(row.branch_number), str(row.shop_type), None if pd.isna(row.postal_code) else str(row.postal_code)
        )
        for row in branches.itertuples()
    ]
    supplied = branches["branch_number"].map(seeds.supply_network).astype("string")
    branches["supplied_from"] = supplied.fillna(branches["branch_number"])
    branches["has_own_stock"] = branches["branch_number"].isin(with_stock)
    return branches
