"""What the page Forecast & Reorder asks."""

from __future__ import annotations

from psycopg import sql

from prohandel.dashboard.conditions import of_article, of_branch
from prohandel.dashboard.database import MOST_ROWS, Query
from prohandel.dashboard.filters import Filters

_MOST_ARTICLES = 500
_CHOSEN = sql.SQL(
    """(%(article)s::text is null or {article} = %(article)s) and (%(at)s::text is null or {branch} = %(at)s)"""
)


def expected(filters: Filters, step: int, article: str | None, at: str | None) -> Query:
    """The forecast by stretches of days after the as-of date, summed over pairs that have stock of their own.

    A served branch has its demand in that of its server already. Of each pair the days share the error of their level:
    var = S + c S^2 + a (1 + c) sum(m^2), as `SumDemand` of prohandel/forecast/distribution.py says; variances of pairs
    add up as if they were independent.

    Args:
        filters: branches and articles.
        step: days of a stretch; a last one with fewer days is left out.
        article: only this one.
        at: only this branch.

    Rows: period_start, demand_mean (units), variance (units squared), pairs, from_batch (pairs), forecast_origin.
    """
    statement = sql.SQL(
        """
        select
            period_start,
            sum(demand_mean) as demand_mean,
            sum(
                demand_mean + level_cv2 * demand_mean * demand_mean + (1 + level_cv2) * spread
            ) as variance,
            count(*) as pairs,
            count(*) filter (where is_from_batch) as from_batch,
            min(forecast_origin) as forecast_origin,
            string_agg(distinct model, ', ') as models
        from (
            select
                %(as_of)s::date + 1 + %(step)s * ((days.forecast_date - %(as_of)s::date - 1) / %(step)s)
                    as period_start,
                sum(days.demand_mean) as demand_mean,
                sum(days.dispersion * days.demand_mean * days.demand_mean) as spread,
                max(days.level_cv2) as level_cv2,
                bool_or(days.is_from_batch) as is_from_batch,
                min(days.forecast_origin) as forecast_origin,
                max(days.model) as model
            from demand_forecast as days
            inner join inventory_status as status
                on
                    days.branch_number = status.branch_number
                    and days.article_number = status.article_number
                    and status.on_hand is not null
            where days.forecast_date > %(as_of)s::date and {branch} and {article} and {chosen}
            group by days.article_number, days.branch_number, period_start
            having count(*) = %(step)s
        ) as stretches
        group by period_start
        order by period_start
        """
    ).format(
        branch=of_branch("days.branch_number"),
        article=of_article("days.article_number"),
        chosen=_chosen("days"),
    )
    return Query(statement, {**filters.parameters(), "step": step, "article": article, "at": at})


def happened(filters: Filters, step: int, stretches: int, article: str | None, at: str | None) -> Query:
    """What was sold, by as many stretches of days that end with the as-of date; a stretch without a sale is 0.

    What a branch sold without stock of its own counts for the branch that it is supplied from, as in the forecast.
    """
    statement = sql.SQL(
        """
        select
            stretches.period_start,
            coalesce(sum(sales.demand_units), 0) as demand_units
        from (
            select %(as_of)s::date + 1 - %(step)s * number as period_start
            from generate_series(1, %(stretches)s) as number
        ) as stretches
        left join (
            select
                daily.date_day,
                daily.article_number,
                daily.demand_units,
                case
                    when status.on_hand is null then coalesce(shops.supplied_from, daily.branch_number)
                    else daily.branch_number
                end as branch_number
            from fct_sales_daily as daily
            left join inventory_status as status
                on daily.branch_number = status.branch_number and daily.article_number = status.article_number
            left join dim_shops as shops on daily.branch_number = shops.branch_number
            where daily.date_day > %(as_of)s::date - %(step)s * %(stretches)s
        ) as sales
            on
                sales.date_day >= stretches.period_start
                and sales.date_day < stretches.period_start + %(step)s
                and {branch}
                and {article}
                and {chosen}
        group by stretches.period_start
        order by stretches.period_start
        """
    ).format(
        branch=of_branch("sales.branch_number"),
        article=of_article("sales.article_number"),
        chosen=_chosen("sales"),
    )
    return Query(
        statement, {**filters.parameters(), "step": step, "stretches": stretches, "article": article, "at": at}
    )


def pairs_of(filters: Filters, article: str) -> Query:
    """Branches in which an article has stock of its own and a forecast, with how it is replenished there."""
    statement = sql.SQL(
        """
        select
            found.branch_number,
            found.supplier,
            found.on_hand,
            found.on_order_units,
            found.on_order_source,
            found.inbound_transfer_units,
            found.lead_time_days,
            found.lead_time_sd_days,
            found.review_period_days,
            found.service_level,
            found.service_kind,
            found.expected_lead_time_demand,
            found.safety_stock,
            found.reorder_point,
            found.order_up_to_level,
            found.recommended_order_units,
            found.order_value_cost,
            found.pack_units,
            found.unit_cost,
            found.binding_constraint
        from reorder_recommendations as found
        where found.article_number = %(article)s and found.model is not null and {branch}
        order by found.branch_number
        """
    ).format(branch=of_branch("found.branch_number"))
    return Query(statement, {**filters.parameters(), "article": article})


def days_of_pair(filters: Filters, article: str, at: str) -> Query:
    """The stored distribution of one pair, day by day."""
    statement = sql.SQL(
        """
        select forecast_date, demand_mean, dispersion, level_cv2
        from demand_forecast
        where article_number = %(article)s and branch_number = %(at)s and {branch}
        order by forecast_date
        """
    ).format(branch=of_branch())
    return Query(statement, {**filters.parameters(), "article": article, "at": at})


def article_name(number: str) -> Query:
    """One row, or none: the name of an article."""
    return Query(
        sql.SQL("select article_number, name from dim_articles where article_number = %(article)s"), {"article": number}
    )


def articles_to_order(filters: Filters) -> Query:
    """Articles with the dearest orders, to choose from."""
    statement = sql.SQL(
        """
        select found.article_number, min(articles.name) as name
        from reorder_recommendations as found
        inner join dim_articles as articles on found.article_number = articles.article_number
        where found.recommended_order_units > 0 and {branch} and {article}
        group by found.article_number
        order by sum(found.order_value_cost) desc nulls last, found.article_number
        limit %(most)s
        """
    ).format(branch=of_branch("found.branch_number"), article=of_article("found.article_number"))
    return Query(statement, {**filters.parameters(), "most": _MOST_ARTICLES})


def order_totals(filters: Filters) -> Query:
    """One row: lines, units and value (EUR net) of all recommended orders, and of those that are urgent."""
    statement = sql.SQL(
        """
        select
            count(*) as lines,
            count(distinct article_number) as articles,
            count(distinct supplier) as suppliers,
            coalesce(sum(recommended_order_units), 0) as recommended_order_units,
            coalesce(sum(order_value_cost), 0) as order_value_cost,
            count(*) filter (where urgency = 'now') as urgent_lines,
            coalesce(sum(order_value_cost) filter (where urgency = 'now'), 0) as urgent_value_cost,
            count(*) filter (where order_value_cost is null) as lines_without_cost,
            coalesce(bool_or(on_order_source = 'unknown'), false) as is_on_order_unknown
        from reorder_recommendations
        where recommended_order_units > 0 and {branch} and {article}
        """
    ).format(branch=of_branch(), article=of_article())
    return Query(statement, filters.parameters())


def suppliers(filters: Filters) -> Query:
    """Recommended orders by supplier, the largest first; a proposal is what one branch should order from one."""
    statement = sql.SQL(
        """
        select
            supplier,
            count(*) as lines,
            count(distinct article_number) as articles,
            count(distinct branch_number) as branches,
            sum(recommended_order_units) as recommended_order_units,
            sum(order_value_cost) as order_value_cost,
            sum(order_value_cost) filter (where urgency = 'now') as urgent_value_cost,
            max(minimum_proposal_value_cost) as minimum_proposal_value_cost,
            count(distinct branch_number) filter (where is_below_minimum_value) as proposals_below_minimum
        from reorder_recommendations
        where recommended_order_units > 0 and {branch} and {article}
        group by supplier
        order by order_value_cost desc nulls last, supplier
        """
    ).format(branch=of_branch(), article=of_article())
    return Query(statement, filters.parameters())


def order_lines(filters: Filters, supplier: str | None) -> Query:
    """Recommended orders, the urgent first, then the dearest; of one supplier or of all."""
    statement = sql.SQL(
        """
        select found.*, articles.name
        from reorder_recommendations as found
        inner join dim_articles as articles on found.article_number = articles.article_number
        where
            found.recommended_order_units > 0
            and (%(supplier)s::text is null or found.supplier = %(supplier)s)
            and {branch}
            and {article}
        order by
            case found.urgency when 'now' then 1 when 'soon' then 2 else 3 end,
            found.order_value_cost desc nulls last,
            found.article_number,
            found.branch_number
        """
    ).format(branch=of_branch("found.branch_number"), article=of_article("found.article_number"))
    return Query(statement, {**filters.parameters(), "supplier": supplier})


def import_lines(filters: Filters, supplier: str | None, after: int) -> Query:
    """A part of the order as an ERP imports it: a line per article, size and branch; without sizes one of no size.

    Args:
        filters: branches and articles.
        supplier: of this one; None for all.
        after: lines that were fetched before; the next MOST_ROWS follow.
    """
    statement = sql.SQL(
        """
        select
            found.supplier,
            found.branch_number,
            found.article_number,
            coalesce(sizes.article_size_number, '') as article_size_number,
            coalesce(sizes.recommended_units, found.recommended_order_units) as units,
            found.unit_cost,
            found.as_of_date as ordered_on
        from reorder_recommendations as found
        left join reorder_size_lines as sizes
            on
                found.article_number = sizes.article_number
                and found.branch_number = sizes.branch_number
        where
            found.recommended_order_units > 0
            and coalesce(sizes.recommended_units, found.recommended_order_units) > 0
            and (%(supplier)s::text is null or found.supplier = %(supplier)s)
            and {branch}
            and {article}
        order by found.supplier, found.branch_number, found.article_number, sizes.article_size_number
        limit %(most)s offset %(after)s
        """
    ).format(branch=of_branch("found.branch_number"), article=of_article("found.article_number"))
    return Query(statement, {**filters.parameters(), "supplier": supplier, "most": MOST_ROWS, "after": after})


def accuracy() -> Query:
    """How models forecast: over all origins, by model, segment and week ahead, weighted by days scored."""
    statement = sql.SQL(
        """
        select
            model,
            segment,
            horizon_week,
            sum(wape * n_points) / nullif(sum(n_points) filter (where wape is not null), 0) as wape,
            sum(bias * n_points) / nullif(sum(n_points) filter (where bias is not null), 0) as bias,
            sum(rmsse * n_points) / nullif(sum(n_points) filter (where rmsse is not null), 0) as rmsse,
            sum(coverage_p80 * n_points) / nullif(sum(n_points) filter (where coverage_p80 is not null), 0)
                as coverage_p80,
            sum(coverage_p95 * n_points) / nullif(sum(n_points) filter (where coverage_p95 is not null), 0)
                as coverage_p95,
            max(n_series) as n_series,
            sum(n_points) as n_points,
            count(distinct forecast_origin) as origins,
            max(forecast_origin) as newest_origin,
            bool_or(is_champion) filter (
                where forecast_origin = (select max(forecast_origin) from forecast_accuracy)
            ) as is_champion
        from forecast_accuracy
        group by model, segment, horizon_week
        order by segment, model, horizon_week
        """
    )
    return Query(statement, {})


def drift() -> Query:
    """Champions and others week by week, the newest 26 weeks."""
    statement = sql.SQL(
        """
        select model, segment, week, tracking_signal, wape, baseline_wape, psi, is_drifting
        from forecast_drift
        where week > (select max(week) from forecast_drift) - 26 * 7
        order by segment, model, week
        """
    )
    return Query(statement, {})


def _chosen(table: str) -> sql.Composable:
    return _CHOSEN.format(
        article=sql.Identifier(table, "article_number"), branch=sql.Identifier(table, "branch_number")
    )
