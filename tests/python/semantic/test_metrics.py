"""What MetricFlow computes from the semantic layer is what the marts hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.python.semantic.conftest import MetricFlow

# MetricFlow divides as double precision, marts keep six decimals.
RATES = frozenset(
    {
        "margin_pct",
        "cost_coverage",
        "discount_rate",
        "return_rate",
        "stockout_rate",
        "basket_gross",
        "units_per_receipt",
    }
    | {"days_of_supply"}
)
TOLERANCE = Decimal("0.000001")


@dataclass(frozen=True)
class Comparison:
    """A query of metrics, and the same figures from the marts.

    Attributes:
        arguments: of `mf query`.
        keys: the columns that name a row, in both.
        marts: SQL, with the same column names.
    """

    arguments: tuple[str, ...]
    keys: tuple[str, ...]
    marts: str


COMPARISONS = {
    "revenue_by_month": Comparison(
        ("--saved-query", "revenue_by_month"),
        ("metric_time__month",),
        """
        select
            dim_dates.month_start_date as metric_time__month,
            sum(net_revenue) as net_revenue,
            sum(gross_margin) as gross_margin,
            sum(gross_margin) / nullif(sum(net_revenue_with_cost), 0) as margin_pct,
            sum(discount_amount) / nullif(sum(label_value), 0) as discount_rate,
            sum(return_units) / nullif(sum(demand_units), 0) as return_rate
        from marts.sales_performance
        inner join marts.dim_dates on sales_performance.date_day = dim_dates.date_day
        group by dim_dates.month_start_date
        """,
    ),
    "demand_by_category": Comparison(
        ("--saved-query", "demand_by_category"),
        ("article__category",),
        """
        select
            category as article__category,
            sum(demand_units) as demand_units,
            sum(net_revenue) as net_revenue,
            sum(gross_margin) / nullif(sum(net_revenue_with_cost), 0) as margin_pct
        from marts.sales_performance
        where category <> 'non_merchandise'
        group by category
        """,
    ),
    "sales_by_day_branch_and_category": Comparison(
        (
            "--metrics",
            "gross_revenue,net_revenue,cogs,gross_margin,margin_pct,cost_coverage,discount_rate,return_rate,receipts,sale_lines",
            "--group-by",
            "metric_time__day,branch,article__category",
        ),
        ("metric_time__day", "branch", "article__category"),
        """
        select
            date_day as metric_time__day,
            branch_number as branch,
            category as article__category,
            gross_revenue,
            net_revenue,
            cogs,
            gross_margin,
            margin_pct,
            cost_coverage,
            discount_rate,
            return_rate,
            receipts,
            sale_lines
        from marts.sales_performance
        """,
    ),
    "receipts_by_branch_and_day": Comparison(
        ("--saved-query", "receipts_by_branch_and_day"),
        ("metric_time__day", "branch"),
        """
        select date_day as metric_time__day, branch_number as branch, receipts, basket_gross, units_per_receipt
        from marts.branch_day_performance
        where sale_lines > 0
        """,
    ),
    "returns_by_article": Comparison(
        (
            "--metrics",
            "net_revenue,margin_pct,return_rate,discount_rate",
            "--group-by",
            "article",
            "--start-time",
            "{first}",
            "--end-time",
            "{last}",
        ),
        ("article",),
        """
        select article_number as article, net_revenue_365d as net_revenue, margin_pct, return_rate, discount_rate
        from marts.product_profitability
        where article_number in (
            select article_number
            from marts.fct_sales_daily
            where date_day > product_profitability.as_of_date - 365 and date_day <= product_profitability.as_of_date
        )
        """,
    ),
    "stock_by_branch": Comparison(
        ("--saved-query", "stock_by_branch"),
        ("branch__branch_name",),
        """
        select
            name as branch__branch_name,
            sum(inventory_value_cost) as inventory_value_cost,
            sum(inventory_value_retail) as inventory_value_retail,
            -- Branches that never landed share the name 'unknown'; they hold nothing.
            case when count(days_of_supply) <= 1 then max(days_of_supply) end as days_of_supply,
            sum(excess_value_cost) as excess_value_cost,
            sum(slow_moving_value_cost) as slow_moving_value_cost,
            sum(dead_value_cost) as dead_value_cost
        from marts.warehouse_performance
        where branch_number in (select branch_number from marts.inventory_status)
        group by name
        """,
    ),
    "stockouts_by_day_branch_and_category": Comparison(
        (
            "--metrics",
            "stockout_rate,stock_value_cost,stock_units",
            "--group-by",
            "metric_time__day,branch,stock_of_a_day__stock_category",
        ),
        ("metric_time__day", "branch", "stock_of_a_day__stock_category"),
        """
        select
            date_day as metric_time__day,
            branch_number as branch,
            category as stock_of_a_day__stock_category,
            stockout_rate,
            stock_value_cost,
            stock_units
        from marts.stock_levels
        """,
    ),
    "stock_at_the_end_of_each_month": Comparison(
        ("--metrics", "stock_value_cost", "--group-by", "metric_time__month"),
        ("metric_time__month",),
        """
        select dim_dates.month_start_date as metric_time__month, sum(stock_value_cost) as stock_value_cost
        from marts.stock_levels
        inner join marts.dim_dates on stock_levels.date_day = dim_dates.date_day
        where stock_levels.date_day in (
            select max(last_days.date_day)
            from marts.stock_levels as last_days
            inner join marts.dim_dates as months on last_days.date_day = months.date_day
            group by months.month_start_date
        )
        group by dim_dates.month_start_date
        """,
    ),
    "revenue_to_date": Comparison(
        (
            "--metrics",
            "net_revenue_month_to_date,net_revenue_year_to_date",
            "--group-by",
            "metric_time__day,branch",
            "--start-time",
            "{last}",
            "--end-time",
            "{last}",
        ),
        ("metric_time__day", "branch"),
        """
        select
            period_end as metric_time__day,
            branch_number as branch,
            sum(net_revenue) filter (where period = 'month_to_date') as net_revenue_month_to_date,
            sum(net_revenue) filter (where period = 'year_to_date') as net_revenue_year_to_date
        from marts.sales_to_date
        where period in ('month_to_date', 'year_to_date') and exists (
            select 1
            from marts.sales_performance
            where sales_performance.branch_number = sales_to_date.branch_number
                and sales_performance.date_day between sales_to_date.period_start and sales_to_date.period_end
        )
        group by period_end, branch_number
        """,
    ),
}

Rows = dict[tuple[Any, ...], dict[str, Any]]


@pytest.fixture(scope="module")
def year(metricflow: MetricFlow) -> dict[str, str]:
    """First and last of the 365 days that end at as_of_date."""
    rows = metricflow.warehouse.execute(
        "select min(as_of_date) - 364, min(as_of_date) from marts.product_profitability"
    )
    first, last = rows[0]
    return {"first": f"{first:%Y-%m-%d}", "last": f"{last:%Y-%m-%d}"}


@pytest.fixture(scope="module")
def answers(metricflow: MetricFlow, year: dict[str, str]) -> dict[str, list[dict[str, Any]]]:
    """What MetricFlow answers to each query."""
    queries = {
        name: [argument.format(**year) for argument in comparison.arguments] for name, comparison in COMPARISONS.items()
    }
    return metricflow.query(queries)


def test_the_semantic_layer_is_valid_against_the_warehouse(metricflow: MetricFlow) -> None:
    printed = metricflow.run(["validate-configs"])
    assert "ERRORS: 0, FUTURE_ERRORS: 0" in printed
    assert "Successfully validated" in printed


@pytest.mark.parametrize("name", COMPARISONS)
def test_metrics_equal_the_marts(
    name: str, metricflow: MetricFlow, answers: dict[str, list[dict[str, Any]]], year: dict[str, str]
) -> None:
    comparison = COMPARISONS[name]
    ours = by_key(answers[name], comparison.keys)
    with metricflow.warehouse.connect() as conn:
        cursor = conn.execute(comparison.marts.format(**year).encode())
        columns = [column.name for column in cursor.description or ()]
        theirs = by_key([dict(zip(columns, row, strict=True)) for row in cursor], comparison.keys)
    assert len(theirs) > 1
    assert ours.keys() == theirs.keys()
    different = [
        f"{key} {metric}: {row[metric]} by MetricFlow, {theirs[key][metric]} in the marts"
        for key, row in ours.items()
        for metric in row
        if not agree(metric, row[metric], theirs[key][metric])
    ]
    assert different == []
    metrics = [metric for metric in next(iter(theirs.values())) if metric in next(iter(ours.values()))]
    print(f"\n{name}: {len(ours)} rows equal in {', '.join(metrics)}", end="")


def by_key(rows: list[dict[str, Any]], keys: tuple[str, ...]) -> Rows:
    """Rows by what names them; each of them once."""
    found: Rows = {}
    for row in rows:
        key = tuple(_day(row[name]) for name in keys)
        assert key not in found
        found[key] = {name: value for name, value in row.items() if name not in keys}
    return found


def agree(metric: str, left: Any, right: Any) -> bool:
    """Equal to the last digit; rates to the sixth decimal."""
    if left is None or right is None:
        return left is right
    if metric in RATES:
        return abs(Decimal(left) - Decimal(right)) <= TOLERANCE
    return Decimal(left) == Decimal(right)


def _day(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def test_saved_queries_are_all_compared_or_run(metricflow: MetricFlow) -> None:
    rows: Mapping[str, list[dict[str, Any]]] = metricflow.query(
        {"stockouts_by_week": ["--saved-query", "stockouts_by_week"]}
    )
    assert rows["stockouts_by_week"]
