{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['branch_number', 'article_number'],
    meta={
        'changes': 'int_sales__line_changes',
        'slice': ['branch_number', 'article_number'],
        'until_as_of': ['date_day'],
        'moves_with_as_of_date': true,
    },
    indexes=[{'columns': ['branch_number', 'article_number'], 'unique': true}],
) }}
{%- set changes = ref('int_sales__line_changes') %}

with

sales as (
    select * from {{ ref('fct_sales_daily') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

{% if is_incremental() %}
changed as {{ changed_slices(changes, ['branch_number', 'article_number']) }},
{% endif %}

recent as (
    select
        sales.*,
        sales.date_day > {{ days_after('as_of.as_of_date', -28) }} as is_in_28_days
    from sales
    cross join as_of
    {% if is_incremental() %}
    inner join changed
        on
            sales.branch_number = changed.branch_number
            and sales.article_number = changed.article_number
    {% endif %}
    where
        sales.date_day > {{ days_after('as_of.as_of_date', -90) }}
        and sales.date_day <= as_of.as_of_date
),

final as (
    select
        branch_number,
        article_number,
        cast(sum(demand_units) as numeric(18, 4)) as demand_units_90d,
        cast(sum(net_units) as numeric(18, 4)) as net_units_90d,
        cast(sum(net_revenue) as numeric(18, 6)) as net_revenue_90d,
        cast(sum(net_revenue_with_cost) as numeric(18, 6)) as net_revenue_with_cost_90d,
        cast(sum(gross_margin) as numeric(18, 6)) as gross_margin_90d,
        cast(sum(case when is_in_28_days then demand_units else 0 end) as numeric(18, 4)) as demand_units_28d,
        cast(sum(case when is_in_28_days then return_units else 0 end) as numeric(18, 4)) as return_units_28d,
        cast(sum(case when is_in_28_days then net_units else 0 end) as numeric(18, 4)) as net_units_28d,
        cast(sum(case when is_in_28_days then net_revenue else 0 end) as numeric(18, 6)) as net_revenue_28d,
        cast(sum(case when is_in_28_days then gross_margin end) as numeric(18, 6)) as gross_margin_28d
    from recent
    group by branch_number, article_number
)

select * from final
