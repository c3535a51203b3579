"""What the landed rows themselves say about how they are meant: prices, customer numbers, references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import psycopg
from psycopg import sql

Per = Literal["line", "unit"]

# Lines looked at for prices; more would say the same.
_LINES = 200_000
# Fewer lines prove nothing.
_FEW_LINES = 20
# A reading is preferred to another when its share of plausible lines is higher by this much.
_CLEARLY = 0.05
# Most people's numbers are at least this long; the rest is walk-in trade and staff.
_SHORT_SHARE = 0.05


@dataclass(frozen=True)
class Reading:
    """How staging reads one landed column.

    Attributes:
        column: as landed.
        name: our column.
        kind: id, code, text, number, integer, boolean, date, timestamp …
        is_essential: a row without a readable value is rejected.
        is_personal: names or reaches a person.
        may_be_unreadable: values of the landed type can be unreadable as this kind.
        value: SQL of the clean value, null where it cannot be read; the table is called `landed`.
        filled: SQL that says whether there is a value at all.
    """

    column: str
    name: str
    kind: str
    is_essential: bool
    is_personal: bool
    may_be_unreadable: bool
    value: str
    filled: str


@dataclass(frozen=True)
class LandedReadings:
    """One landed table as staging reads it."""

    schema: str
    table: str
    readings: tuple[Reading, ...]

    @property
    def source(self) -> str:
        """What to write after `from`."""
        return sql.SQL("{} as landed").format(sql.Identifier(self.schema, self.table)).as_string()

    def value(self, name: str) -> str | None:
        """SQL of our column, from the first landed column that is filled; None where none has landed."""
        found = [reading for reading in self.readings if reading.name == name]
        if not found:
            return None
        return "case " + " ".join(f"when {reading.filled} then {reading.value}" for reading in found) + " end"


Tables = Mapping[str, LandedReadings]
"""The landed tables of one schema, by name."""


def as_rows(conn: psycopg.Connection, query: str) -> list[tuple[Any, ...]]:
    """Runs a query that was put together from staging's own expressions."""
    return conn.execute(query.encode()).fetchall()


@dataclass(frozen=True)
class PriceEvidence:
    """How well each reading of a price fits.

    Attributes:
        variable: the dbt variable that chooses the reading.
        lines: receipt lines of more than one unit that tell.
        line: share of them that is plausible when the price is read per line, 0..1.
        unit: the same per unit.
        fits: the reading that the data speak for; None where they do not say.
    """

    variable: str
    lines: int
    line: float
    unit: float
    fits: Per | None


def price_evidence(conn: psycopg.Connection, tables: Tables) -> list[PriceEvidence]:
    """Reads prices both ways on lines of more than one unit: only one way gives plausible ratios.

    A label price is compared with the article's price, a purchase price with the article's cost; a sale price mostly
    lies between half of the label price and the label price, which no line of several units does when it is read the
    other way; a discount is what lies between the two.
    """
    sale, article = tables.get("sale"), tables.get("article")
    if sale is None or sale.value("quantity") is None:
        return []
    lines = _lines_of_several_units(sale, article)
    found: list[PriceEvidence] = []
    label = _evidence(conn, lines, "label_price_per", "label_price", "list_price", low=0.7, high=1.3)
    found.append(label)
    label_total = "label_price" if label.fits == "line" else "label_price * quantity"
    reference = f"nullif({label_total}, 0)"
    if sale.value("label_price") is None:
        reference = "list_price * quantity"
    paid = _total_evidence(conn, lines, "sale_price_per", "sale_price", reference, low=0.505, high=1.005)
    found.append(paid)
    found.append(_evidence(conn, lines, "purchase_price_per", "purchase_price", "cost", low=0.7, high=1.3))
    paid_total = "sale_price * quantity" if paid.fits == "unit" else "sale_price"
    missing = f"nullif(case when {label_total} - {paid_total} > 0.005 then {label_total} - {paid_total} end, 0)"
    found.append(_total_evidence(conn, lines, "discount_per", "discount", missing, low=0.98, high=1.02))
    return [evidence for evidence in found if evidence.lines]


def _lines_of_several_units(sale: LandedReadings, article: LandedReadings | None) -> str:
    nothing = "cast(null as numeric)"

    def amount(name: str) -> str:
        value = sale.value(name)
        return f"abs({value})" if value else nothing

    columns = ", ".join(
        f"{amount(name)} as {name}" for name in ("quantity", "sale_price", "label_price", "purchase_price", "discount")
    )
    sold = f"select {sale.value('article_number')} as article_number, {columns} from {sale.source} limit {_LINES}"
    priced = f"select cast(null as text) as article_number, {nothing} as list_price, {nothing} as cost"
    if article is not None and article.value("article_number"):
        number = article.value("article_number")
        price, cost = (article.value(name) or nothing for name in ("list_price_gross", "unit_cost"))
        priced = (
            f"select {number} as article_number, max({price}) as list_price, max({cost}) as cost"
            f" from {article.source} group by 1"
        )
    return (
        f"with sold as ({sold}), priced as ({priced}), lines as ("
        "select sold.*, nullif(priced.list_price, 0) as list_price, nullif(priced.cost, 0) as cost"
        " from sold left join priced on sold.article_number = priced.article_number where sold.quantity > 1) "
    )


def _evidence(
    conn: psycopg.Connection, lines: str, variable: str, price: str, per_unit: str, *, low: float, high: float
) -> PriceEvidence:
    """Compares a price with one that is known to be per unit."""
    return _total_evidence(conn, lines, variable, price, f"({per_unit} * quantity)", low=low, high=high)


def _total_evidence(
    conn: psycopg.Connection, lines: str, variable: str, price: str, total: str, *, low: float, high: float
) -> PriceEvidence:
    """Compares a price with the total of the line that it should be near to."""
    query = (
        f"{lines} select count(*),"
        f" avg(case when {price} / {total} between {low} and {high} then 1.0 else 0.0 end),"
        f" avg(case when {price} * quantity / {total} between {low} and {high} then 1.0 else 0.0 end)"
        f" from lines where {price} > 0 and {total} > 0"
    )
    count, line, unit = as_rows(conn, query)[0]
    line, unit = float(line or 0), float(unit or 0)
    fits: Per | None = None
    if count >= _FEW_LINES and abs(line - unit) > _CLEARLY:
        fits = "line" if line > unit else "unit"
    return PriceEvidence(variable, count, line, unit, fits)


@dataclass(frozen=True)
class CustomerNumbers:
    """How long customers' numbers are.

    Attributes:
        table: where they were counted: customer, or sale where no customer table has landed.
        numbers: how many different ones by length; zeros and blanks left out.
        shortest: the length that separates people from walk-in trade and staff; None where there are no numbers.
    """

    table: str
    numbers: dict[int, int]
    shortest: int | None


def customer_numbers(conn: psycopg.Connection, tables: Tables) -> CustomerNumbers | None:
    """Counts the lengths of customers' numbers; None where none has landed."""
    for table, name in (("customer", "customer_number"), ("sale", "customer_ref")):
        number = tables[table].value(name) if table in tables else None
        if number is None:
            continue
        query = (
            "select length(number), count(distinct number)"
            f" from (select {number} as number from {tables[table].source}) as numbers"
            " where trim(both '0' from number) <> '' group by 1 order by 1"
        )
        lengths = {int(length): int(count) for length, count in as_rows(conn, query)}
        return CustomerNumbers(table, lengths, _shortest(lengths))
    return None


def _shortest(lengths: Mapping[int, int]) -> int | None:
    """The greatest length that all but a few numbers reach."""
    total = sum(lengths.values())
    reaching = 0
    for length in sorted(lengths, reverse=True):
        reaching += lengths[length]
        if reaching >= (1 - _SHORT_SHARE) * total:
            return length
    return None


@dataclass(frozen=True)
class References:
    """What the references of one column to another table hold.

    Attributes:
        column: table and landed meaning, e.g. "sale.branch_ref".
        parent: the table that they name.
        different: how many different values.
        by_number: how many of them are the parent's number.
        by_id: how many are no number of the parent but its id.
        neither: how many are neither; those rows go to the unknown member.
    """

    column: str
    parent: str
    different: int
    by_number: int
    by_id: int
    neither: int


_REFERENCES = (
    ("sale", "branch_ref", "shop", "branch_number", "shop_id"),
    ("sale", "article_number", "article", "article_number", "article_id"),
    ("sale", "customer_ref", "customer", "customer_number", "customer_id"),
    ("order", "customer_ref", "customer", "customer_number", "customer_id"),
    ("inventory", "branch_ref", "shop", "branch_number", "shop_id"),
    ("inventory", "article_ref", "article", "article_number", "article_id"),
    ("article", "category_ref", "category", "name", "category_id"),
    ("article", "supplier_ref", "supplier", "supplier_number", "supplier_id"),
)


def references(conn: psycopg.Connection, tables: Tables) -> list[References]:
    """Which references meet the parent's number, which its id, which neither."""
    found = []
    for child, column, parent, number, key in _REFERENCES:
        if child not in tables or parent not in tables:
            continue
        value = tables[child].value(column)
        numbers = tables[parent].value(number) or "cast(null as text)"
        keys = tables[parent].value(key) or "cast(null as text)"
        if value is None:
            continue
        query = (
            f"with used as (select distinct {value} as ref from {tables[child].source}),"
            f" numbers as (select distinct {numbers} as ref from {tables[parent].source}),"
            f" keys as (select distinct {keys} as ref from {tables[parent].source})"
            " select count(*), count(numbers.ref), count(keys.ref) filter (where numbers.ref is null)"
            " from used left join numbers on used.ref = numbers.ref left join keys on used.ref = keys.ref"
            " where used.ref is not null"
        )
        different, by_number, by_id = cast("tuple[int, int, int]", as_rows(conn, query)[0])
        found.append(
            References(f"{child}.{column}", parent, different, by_number, by_id, different - by_number - by_id)
        )
    return found


def plausible_readings(evidence: Sequence[PriceEvidence]) -> dict[str, Per]:
    """The value that the data speak for, by variable."""
    return {item.variable: item.fits for item in evidence if item.fits is not None}
