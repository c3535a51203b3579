{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['article_number'],
    meta={
        'changes': 'int_inventory__pair_changes',
        'slice': ['article_number'],
        'and_by_key': true,
        'moves_with_as_of_date': true,
    },
    indexes=[{'columns': ['article_number'], 'unique': true}],
) }}

{%- set changes = ref('int_inventory__pair_changes') %}
{#- Named where it is read: PostgreSQL reads all of the history behind a CTE that is used twice. -#}
{%- set all_sales = ref('fct_sales_daily') %}

with

all_pairs as (
    select * from {{ ref('int_inventory__pairs') }} where not is_superseded and is_merchandise
),

all_spans as (
    select * from {{ ref('int_inventory__pair_spans') }}
),

all_events as (
    select * from {{ ref('int_inventory__pair_events') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- Stock of the company is known from the first look at any shelf on.
company as (
    select
        as_of.as_of_date,
        min(all_pairs.known_from) as known_from
    from as_of
    left join all_pairs
        on true
    group by as_of.as_of_date
),

{% if is_incremental() -%}
changed as (
    select article_number from {{ changed_slices(changes, ['article_number']) }} as logged
    union
    select kept.article_number
    from {{ this }} as kept
    inner join company
        on kept.known_from is distinct from company.known_from
),
{%- endif %}

pairs as (
    select
        all_pairs.branch_number,
        all_pairs.article_number,
        all_pairs.stock_branch_number,
        company.as_of_date,
        company.known_from
    from all_pairs
    cross join company
    {% if is_incremental() -%}
    inner join changed
        on all_pairs.article_number = changed.article_number
    {%- endif %}
),

articles as (
    select distinct
        article_number,
        as_of_date,
        known_from
    from pairs
),

stock_values as (
    select
        pairs.article_number,
        sum(
            spans.stock_value_cost
            * {{ days_of_span_in_window('spans.first_day', 'spans.last_day', 'pairs.as_of_date', 365) }}
        ) as stock_value_days
    from pairs
    inner join all_spans as spans
        on
            pairs.branch_number = spans.branch_number
            and pairs.article_number = spans.article_number
            and spans.last_day > {{ days_after('pairs.as_of_date', -365) }}
            and pairs.as_of_date >= spans.first_day
    group by pairs.article_number
),

amounts as (
    select
        articles.article_number,
        sum(sales.cogs) as cogs,
        sum(sales.gross_margin) as gross_margin
    from articles
    inner join {{ all_sales }} as sales
        on
            articles.article_number = sales.article_number
            and sales.date_day > {{ days_after('articles.as_of_date', -365) }}
            and articles.as_of_date >= sales.date_day
            and articles.known_from <= sales.date_day
    group by articles.article_number
),

-- What moved up to the eve of the 90 days is the opening stock. The events of a served branch repeat its server's.
moved_days as (
    select
        pairs.article_number,
        pairs.as_of_date,
        greatest(events.date_day, {{ days_after('pairs.as_of_date', -90) }}) as date_day,
        sum(events.moved_units) as moved_units
    from pairs
    inner join all_events as events
        on pairs.branch_number = events.branch_number and pairs.article_number = events.article_number
    where
        pairs.branch_number = pairs.stock_branch_number
        and events.date_day <= pairs.as_of_date
    group by 1, 2, 3
),

selling_days as (
    select
        articles.article_number,
        articles.as_of_date,
        sales.date_day,
        sum(sales.net_units) as net_units
    from articles
    inner join {{ all_sales }} as sales
        on
            articles.article_number = sales.article_number
            and sales.date_day > {{ days_after('articles.as_of_date', -90) }}
            and articles.as_of_date >= sales.date_day
    group by 1, 2, 3
),

-- Day by day over all branches: what one sent another within a day cancels out.
company_days as (
    select
        coalesce(moved_days.article_number, selling_days.article_number) as article_number,
        coalesce(moved_days.date_day, selling_days.date_day)
        = {{ days_after('coalesce(moved_days.as_of_date, selling_days.as_of_date)', -90) }} as is_opening,
        coalesce(moved_days.moved_units, 0) as moved_units,
        coalesce(selling_days.net_units, 0) as net_units
    from moved_days
    full outer join selling_days
        on moved_days.article_number = selling_days.article_number and moved_days.date_day = selling_days.date_day
),

flows as (
    select
        article_number,
        sum(case when is_opening then moved_units else greatest(moved_units + net_units, 0) end) as offered_units_90d,
        sum(net_units) as net_units_90d
    from company_days
    group by article_number
),

final as (
    select
        articles.article_number,
        articles.as_of_date,
        articles.known_from,
        cast(stock_values.stock_value_days as numeric(18, 6)) as stock_value_days_365d,
        cast(case when amounts.article_number is null then 0 else amounts.cogs end as numeric(18, 6)) as cogs_365d,
        cast(case when amounts.article_number is null then 0 else amounts.gross_margin end as numeric(18, 6))
            as gross_margin_365d,
        cast(coalesce(flows.offered_units_90d, 0) as numeric(18, 4)) as offered_units_90d,
        cast(coalesce(flows.net_units_90d, 0) as numeric(18, 4)) as net_units_90d
    from articles
    left join stock_values
        on articles.article_number = stock_values.article_number
    left join amounts
        on articles.article_number = amounts.article_number
    left join flows
        on articles.article_number = flows.article_number
)

select * from final
