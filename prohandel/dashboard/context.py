"""Everything a page is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pandas as pd

from prohandel.dashboard.database import Query
from prohandel.dashboard.definitions import Definitions
from prohandel.dashboard.filters import Filters
from prohandel.dashboard.queries import Freshness
from prohandel.dashboard.words import Pairs, Words


@dataclass(frozen=True)
class Context:
    """What a page needs to show itself.

    Attributes:
        rows: asks a query; the answer is kept until the marts change. Raises ProhandelError.
        has: is a mart there?
        filters: what the reader looks at.
        words: labels, numbers and dates in the reader's language.
        definitions: what columns mean, from dbt.
        freshness: what the marts are as of.
        branches: names by branch number.
        go: opens another page, with parameters of its own in the address: go("product", article="123").
        link: the address of a page, for links: link("product", article="123").
        pages: names of the pages that are there.
    """

    rows: Callable[[Query], pd.DataFrame]
    has: Callable[[str], bool]
    filters: Filters
    words: Words
    definitions: Definitions
    freshness: Freshness
    branches: dict[str, str]
    go: Callable[..., None]
    link: Callable[..., str]
    pages: frozenset[str]

    def with_words(self, own: Pairs) -> Context:
        """The same, with a page's own words before the shared ones."""
        return replace(self, words=self.words.with_page(own))

    def branch(self, number: object) -> str:
        """The name of a branch; its number where it has none."""
        name = self.branches.get(str(number), "unknown")
        return str(number) if name == "unknown" else name
