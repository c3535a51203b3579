"""What the page Sales Analysis asks: sales of the period beside those of the days that it is compared with.

Each day of the period has one day to compare with: the comparable day of `dim_dates` (364 days earlier, Easter with
Easter) where the reader compares with last year, else the day one period earlier. Columns with `_before` are sums over
those days, put where the day of the period stands. Days whose other day lies before the first receipt of all cannot be
compared: columns with `_comparable` leave them out, and are what a change is made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Literal

from psycopg import sql

from prohandel.dashboard.conditions import of_article, of_branch, of_category
from prohandel.dashboard.database import Query
from prohandel.dashboard.filters import Filters

Grain = Literal["day", "week", "month"]
Part = Literal["branch_number", "category", "brand"]

MEASURES = (
    "net_revenue", "gross_revenue", "net_revenue_with_cost", "gross_margin", "demand_units", "return_units",
    "net_units", "discount_amount", "label_value",
)  # fmt: skip
"""Sums of sales_performance and fct_sales_daily; rates are made of sums, never summed."""

RECEIPT_MEASURES = ("receipts", "net_units", "gross_revenue", "net_revenue", "plan_net_revenue")
"""Sums of branch_day_performance."""

_DAYS = sql.SQL(
    """
    select
        date_day,
        period_start,
        before_day,
        before_day >= (select min(date_day) from branch_day_performance where receipts > 0) as is_comparable
    from (
        select
            date_day,
            {start} as period_start,
            case when %(is_last_year)s then comparable_day_last_year else date_day - %(days)s::integer end as before_day
        from dim_dates
        where date_day between %(first)s and %(last)s
    ) as days_of_period
    """
)

_BY_CATEGORY = sql.SQL(
    "select date_day, {part} as part, {measures} from sales_performance where {days} and {branch} and {category}"
)

_BY_ARTICLE = sql.SQL(
    """
    select sales.date_day, {part} as part, {measures}
    from fct_sales_daily as sales
    inner join dim_articles as articles on sales.article_number = articles.article_number
    where {days} and {branch} and {article}
    """
)

_RECEIPTS = sql.SQL("select date_day, {part} as part, {measures} from branch_day_performance where {days} and {branch}")

_COMPARED = sql.SQL(
    """
    with days as materialized ({days}),

    sales as (
        select days.period_start, now.part, true as is_now, days.is_comparable, {measures_now}
        from days
        inner join ({now}) as now on days.date_day = now.date_day
        union all
        select days.period_start, before.part, false as is_now, days.is_comparable, {measures_before}
        from days
        inner join ({before}) as before on days.before_day = before.date_day
    )

    select period_start, part, {sums}
    from sales
    group by period_start, part
    order by period_start, part
    """
)

_NOW = sql.SQL("{} between %(first)s and %(last)s")
_BEFORE = sql.SQL("{} between (select min(before_day) from days) and (select max(before_day) from days)")


def sales(filters: Filters, grain: Grain | None = None, by: Part | None = None, only: Sequence[str] = ()) -> Query:
    """Sums of sales now and before.

    Args:
        filters: what the reader looks at.
        grain: day, week or month; None for the whole period.
        by: what to split by; None for the total.
        only: parts to keep apart; all others are one part, null. All parts are kept where it is empty.

    Rows: period_start (its first day, which may lie before the period's; the period's where grain is None), part
    (null without `by`), and each of MEASURES with its `_before` and `_comparable`.
    """
    if filters.needs_articles or by == "brand":
        columns = {"branch_number": "sales.branch_number", "category": "articles.category", "brand": "articles.brand"}
        names = sql.SQL(", ").join(sql.Identifier("sales", name) for name in MEASURES)

        def rows(condition: sql.SQL) -> sql.Composable:
            return _BY_ARTICLE.format(
                part=_part(columns[by] if by else None, only),
                measures=names,
                days=condition.format(sql.SQL("sales.date_day")),
                branch=of_branch("sales.branch_number"),
                article=of_article("sales.article_number"),
            )
    else:

        def rows(condition: sql.SQL) -> sql.Composable:
            return _BY_CATEGORY.format(
                part=_part(by, only),
                measures=sql.SQL(", ").join(map(sql.Identifier, MEASURES)),
                days=condition.format(sql.SQL("date_day")),
                branch=of_branch(),
                category=of_category(),
            )

    return _compared(filters, rows(_NOW), rows(_BEFORE), MEASURES, grain, only)


def receipts(filters: Filters, grain: Grain | None = None, by: Literal["branch_number"] | None = None) -> Query:
    """Receipts, their units and money, and the plan, now and before; of whole receipts, so branches alone narrow them.

    Rows as of `sales`, with RECEIPT_MEASURES.
    """

    def rows(condition: sql.SQL) -> sql.Composable:
        return _RECEIPTS.format(
            part=_part(by, ()),
            measures=sql.SQL(", ").join(map(sql.Identifier, RECEIPT_MEASURES)),
            days=condition.format(sql.SQL("date_day")),
            branch=of_branch(),
        )

    return _compared(filters, rows(_NOW), rows(_BEFORE), RECEIPT_MEASURES, grain, ())


def like_for_like(filters: Filters) -> Query:
    """Sales by branch against the comparable days of last year, and which branches can be compared.

    A branch can be compared where its first receipt is not after the first comparable day and it has revenue on both
    sides, as in `sales_to_date`.

    Rows as of `sales` by branch, with is_like_for_like.
    """
    query = sales(replace(filters, compare="last_year"), by="branch_number")
    statement = sql.SQL(
        """
        select
            compared.*,
            coalesce(
                starts.first_day <= (select min(before_day) from ({days}) as days where is_comparable)
                and compared.net_revenue_comparable <> 0
                and compared.net_revenue_before <> 0, false
            ) as is_like_for_like
        from ({compared}) as compared
        left join (
            select branch_number, min(date_day) as first_day
            from branch_day_performance
            where receipts > 0
            group by branch_number
        ) as starts on compared.part = starts.branch_number
        order by compared.net_revenue desc nulls last
        """
    ).format(compared=query.statement, days=_DAYS.format(start=sql.SQL("date_day")))
    return Query(statement, query.parameters)


def coverage(filters: Filters) -> Query:
    """One row: first_day of all sales, days of the period, and comparable_days of them."""
    statement = sql.SQL(
        """
        select
            (select min(date_day) from branch_day_performance where receipts > 0) as first_day,
            count(*) as days,
            count(*) filter (where is_comparable) as comparable_days
        from ({days}) as days
        """
    ).format(days=_DAYS.format(start=sql.SQL("date_day")))
    return Query(statement, _parameters(filters))


def calendar(filters: Filters, weeks: int) -> Query:
    """Revenue of every day of the last whole weeks and of the running one, up to the end of the period.

    Rows: date_day, week_start (Monday), holiday_name (null on other days), net_revenue, gross_revenue (null where
    nothing was sold).
    """
    last = filters.span.last
    since = last - timedelta(days=last.weekday() + 7 * (weeks - 1))
    query = sales(replace(filters, compare="previous"), "day")
    statement = sql.SQL(
        """
        select
            dates.date_day,
            cast(date_trunc('week', dates.date_day) as date) as week_start,
            dates.holiday_name,
            days.net_revenue,
            days.gross_revenue
        from dim_dates as dates
        left join ({days}) as days on dates.date_day = days.period_start
        where dates.date_day between %(first)s and %(last)s
        order by dates.date_day
        """
    ).format(days=query.statement)
    return Query(statement, {**query.parameters, "first": since})


def _compared(
    filters: Filters,
    now: sql.Composable,
    before: sql.Composable,
    measures: Sequence[str],
    grain: Grain | None,
    only: Sequence[str],
) -> Query:
    sums = [
        sql.SQL("sum({name}) filter (where {side}) as {label}").format(
            name=sql.Identifier(name), side=sql.SQL(side), label=sql.Identifier(f"{name}{suffix}")
        )
        for side, suffix in (("is_now", ""), ("not is_now", "_before"), ("is_now and is_comparable", "_comparable"))
        for name in measures
    ]
    start = sql.SQL("cast(date_trunc(%(grain)s, date_day) as date)" if grain else "cast(%(first)s as date)")
    statement = _COMPARED.format(
        days=_DAYS.format(start=start),
        measures_now=sql.SQL(", ").join(sql.Identifier("now", name) for name in measures),
        measures_before=sql.SQL(", ").join(sql.Identifier("before", name) for name in measures),
        now=now,
        before=before,
        sums=sql.SQL(", ").join(sums),
    )
    return Query(statement, {**_parameters(filters), "grain": grain, "only": list(only)})


def _parameters(filters: Filters) -> dict[str, object]:
    return {
        **filters.parameters(),
        "is_last_year": filters.compare == "last_year",
        "days": filters.span.days,
    }


def _part(column: str | None, only: Sequence[str]) -> sql.Composable:
    if column is None:
        return sql.SQL("cast(null as text)")
    name = sql.Identifier(*column.split("."))
    if not only:
        return name
    return sql.SQL("case when {name} = any(%(only)s::text[]) then {name} end").format(name=name)


def days_in(start: date, grain: Grain) -> int:
    """How many days a whole day, week or month has that begins on a day."""
    if grain == "month":
        return ((start.replace(day=1) + timedelta(days=32)).replace(day=1) - start.replace(day=1)).days
    return 7 if grain == "week" else 1
