"""What the page Today asks."""

from __future__ import annotations

from datetime import date

from psycopg import sql

from prohandel.dashboard.conditions import of_article, of_branch
from prohandel.dashboard.database import Query
from prohandel.dashboard.filters import Filters

# Last year is that of the comparable day, row by row, so that Easter meets Easter. The plan has no VAT.
_DAYS = """
    select
        now.date_day,
        now.branch_number,
        now.receipts,
        now.net_units,
        now.net_revenue,
        now.gross_revenue,
        now.plan_net_revenue,
        coalesce(before.receipts, 0) as receipts_last_year,
        coalesce(before.net_units, 0) as net_units_last_year,
        coalesce(before.net_revenue, 0) as net_revenue_last_year,
        coalesce(before.gross_revenue, 0) as gross_revenue_last_year
    from branch_day_performance as now
    inner join dim_dates as dates on now.date_day = dates.date_day
    left join branch_day_performance as before
        on dates.comparable_day_last_year = before.date_day and now.branch_number = before.branch_number
    where now.date_day between %(since)s and %(as_of)s and {branch}
"""

_SUMS = """
    sum(receipts) as receipts,
    sum(net_units) as net_units,
    sum(net_revenue) as net_revenue,
    sum(gross_revenue) as gross_revenue,
    sum(plan_net_revenue) as plan_net_revenue,
    sum(receipts_last_year) as receipts_last_year,
    sum(net_units_last_year) as net_units_last_year,
    sum(net_revenue_last_year) as net_revenue_last_year,
    sum(gross_revenue_last_year) as gross_revenue_last_year
"""


def to_date(filters: Filters, as_of: date) -> Query:
    """Sums of the day, the ISO week and the month up to the as-of date, with those of the comparable days last year.

    Rows: period (day, week, month), receipts, units, revenue net and gross, plan, and the same of last year.
    """
    statement = sql.SQL(
        """
        with days as ({days})
        select periods.period, {sums}
        from (
            values ('day', %(as_of)s::date), ('week', date_trunc('week', %(as_of)s::date)::date),
            ('month', date_trunc('month', %(as_of)s::date)::date)
        ) as periods (period, first_day)
        left join days on periods.first_day <= days.date_day
        group by periods.period
        """
    ).format(days=sql.SQL(_DAYS).format(branch=of_branch("now.branch_number")), sums=sql.SQL(_SUMS))
    first = min(as_of.replace(day=1), date.fromordinal(as_of.toordinal() - as_of.weekday()))
    return Query(statement, {**filters.parameters(), "as_of": as_of, "since": first})


def by_day(filters: Filters, as_of: date, days: int) -> Query:
    """Revenue of the last days, by day, with that of the comparable days last year and the plan."""
    statement = sql.SQL(
        "with days as ({days}) select date_day, {sums} from days group by date_day order by date_day"
    ).format(days=sql.SQL(_DAYS).format(branch=of_branch("now.branch_number")), sums=sql.SQL(_SUMS))
    since = date.fromordinal(as_of.toordinal() - days + 1)
    return Query(statement, {**filters.parameters(), "as_of": as_of, "since": since})


def by_branch(filters: Filters, as_of: date) -> Query:
    """The last complete day of each branch."""
    statement = sql.SQL(
        """
        with days as ({days})
        select branch_number, {sums} from days
        group by branch_number
        order by net_revenue desc
        """
    ).format(days=sql.SQL(_DAYS).format(branch=of_branch("now.branch_number")), sums=sql.SQL(_SUMS))
    return Query(statement, {**filters.parameters(), "as_of": as_of, "since": as_of})


def silent_branches(filters: Filters, as_of: date) -> Query:
    """Branches without a receipt on the as-of date that sold on three of the last four same weekdays before it.

    Rows: branch_number, last_receipt_on, days_silent, expected_net_revenue (mean of those weekdays).
    """
    statement = sql.SQL(
        """
        select
            branch_number,
            max(date_day) filter (where receipts > 0) as last_receipt_on,
            %(as_of)s::date - max(date_day) filter (where receipts > 0) as days_silent,
            avg(net_revenue) filter (
                where receipts > 0 and date_day < %(as_of)s::date and (%(as_of)s::date - date_day) %% 7 = 0
            ) as expected_net_revenue
        from branch_day_performance
        where
            date_day between %(as_of)s::date - 28 and %(as_of)s::date
            and branch_number <> 'unknown'
            and {branch}
        group by branch_number
        having
            coalesce(sum(receipts) filter (where date_day = %(as_of)s::date), 0) = 0
            and count(*) filter (
                where receipts > 0 and date_day < %(as_of)s::date and (%(as_of)s::date - date_day) %% 7 = 0
            ) >= 3
        order by expected_net_revenue desc
        """
    ).format(branch=of_branch())
    return Query(statement, {**filters.parameters(), "as_of": as_of})


def to_reorder(filters: Filters, *, has_recommendations: bool) -> Query:
    """What should be ordered: pairs, units and value at cost, and the article with most of it.

    From reorder_recommendations where they are built; else the pairs at or below their reorder point, filled to their
    order-up-to level.
    """
    if has_recommendations:
        lines = sql.SQL(
            """
            select article_number, branch_number, recommended_order_units as units, order_value_cost as value
            from reorder_recommendations
            where recommended_order_units > 0 and {branch} and {article}
            """
        )
    else:
        lines = sql.SQL(
            """
            select
                points.article_number,
                points.branch_number,
                ceil(points.order_up_to_level - points.on_hand - coalesce(points.on_order_units, 0)) as units,
                ceil(points.order_up_to_level - points.on_hand - coalesce(points.on_order_units, 0))
                * articles.unit_cost as value
            from reorder_points as points
            inner join dim_articles as articles on points.article_number = articles.article_number
            where
                points.on_hand + coalesce(points.on_order_units, 0) <= points.reorder_point
                and points.order_up_to_level > points.on_hand + coalesce(points.on_order_units, 0)
                and articles.assortment_type <> 'one_shot'
                and {branch}
                and {article}
            """
        )
    prefix = "" if has_recommendations else "points."
    return _top(
        lines.format(branch=of_branch(f"{prefix}branch_number"), article=of_article(f"{prefix}article_number")), filters
    )


def to_transfer(filters: Filters) -> Query:
    """Transfers that pay: their number, units and value."""
    lines = sql.SQL(
        """
        select article_number, to_branch as branch_number, units, value
        from transfer_recommendations
        where ({sender} or {receiver}) and {article}
        """
    ).format(sender=of_branch("from_branch"), receiver=of_branch("to_branch"), article=of_article())
    return _top(lines, filters)


def to_mark_down(filters: Filters) -> Query:
    """Articles that need a price step to be gone when their season ends: units on hand and their value at cost."""
    lines = sql.SQL(
        """
        select
            candidates.article_number,
            cast(null as text) as branch_number,
            candidates.on_hand as units,
            candidates.on_hand * articles.unit_cost as value
        from markdown_candidates as candidates
        inner join dim_articles as articles on candidates.article_number = articles.article_number
        where candidates.price_step_rate > 0 and candidates.on_hand > 0 and {article}
        """
    ).format(article=of_article("candidates.article_number"))
    return _top(lines, filters)


def anomalies(filters: Filters, kinds: list[str]) -> Query:
    """Stock and sales that cannot be right, of some kinds: their number, units and value at cost, unsigned."""
    lines = sql.SQL(
        """
        select article_number, branch_number, abs(units) as units, abs(value_cost) as value
        from stock_anomalies
        where kind = any(%(kinds)s::text[]) and {branch} and {article}
        """
    ).format(branch=of_branch(), article=of_article())
    query = _top(lines, filters)
    return Query(query.statement, {**query.parameters, "kinds": kinds})


def open_incidents() -> Query:
    """How many incidents of the data are open, and how many of them are errors."""
    return Query(
        sql.SQL(
            """
            select count(*) as incidents, count(*) filter (where severity = 'error') as errors
            from incidents
            where closed_at is null
            """
        ),
        {},
    )


def _top(lines: sql.Composable, filters: Filters) -> Query:
    """Sums over lines, and the article that weighs most."""
    statement = sql.SQL(
        """
        with lines as ({lines}),
        articles_by_value as (
            select article_number, sum(value) as value from lines group by article_number
            order by value desc nulls last, article_number
            limit 1
        )
        select
            count(*) as cases,
            count(distinct lines.article_number) as articles,
            count(distinct lines.branch_number) as branches,
            coalesce(sum(lines.units), 0) as units,
            coalesce(sum(lines.value), 0) as value,
            max(top.article_number) as top_article,
            max(named.name) as top_name,
            max(top.value) as top_value
        from lines
        left join articles_by_value as top on true
        left join dim_articles as named on top.article_number = named.article_number
        """
    ).format(lines=lines)
    return Query(statement, filters.parameters())
