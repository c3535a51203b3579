{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['date_day', 'branch_number', 'category'],
    meta={'changes': 'int_inventory__pair_changes', 'slice': ['branch_number'], 'from': 'date_day'},
    indexes=[{'columns': ['branch_number', 'date_day']}],
) }}

{%- set changes = ref('int_inventory__pair_changes') %}

with

daily as (
    select * from {{ ref('fct_inventory_daily') }}
),

pairs as (
    select * from {{ ref('int_inventory__pairs') }} where not is_superseded
),

seasons as (
    select * from {{ ref('season_calendar') }}
),

-- A one_shot that is gone is a success, and out of its season an article need not be there.
pair_days as (
    select
        daily.date_day,
        daily.branch_number,
        pairs.category,
        daily.closing_stock,
        daily.stock_value_cost,
        daily.is_ranged,
        daily.is_ranged and daily.is_observed and daily.closing_stock <= 0 as is_stockout,
        daily.is_ranged
        and daily.is_observed
        and (
            pairs.assortment_type = 'nos'
            or (
                pairs.assortment_type = 'reorderable'
                and coalesce(daily.date_day between seasons.starts_on and seasons.ends_on, true)
            )
        ) as is_rated
    from daily
    {% if is_incremental() -%}
    inner join {{ changed_slices(changes, ['branch_number'], true) }} as changed
        on daily.branch_number = changed.branch_number and daily.date_day >= changed.rebuild_from
    {%- endif %}
    inner join pairs
        on daily.branch_number = pairs.branch_number and daily.article_number = pairs.article_number
    left join seasons
        on pairs.season = seasons.season
),

sums as (
    select
        date_day,
        branch_number,
        category,
        sum(closing_stock) as stock_units,
        sum(stock_value_cost) as stock_value_cost,
        count(*) filter (where is_ranged) as ranged_articles,
        count(*) filter (where is_stockout) as stocked_out_articles,
        count(*) filter (where is_rated) as rated_articles,
        count(*) filter (where is_rated and is_stockout) as rated_stocked_out_articles
    from pair_days
    group by date_day, branch_number, category
),

final as (
    select
        date_day,
        branch_number,
        category,
        cast(stock_units as numeric(18, 4)) as stock_units,
        cast(stock_value_cost as numeric(18, 6)) as stock_value_cost,
        ranged_articles,
        stocked_out_articles,
        rated_articles,
        rated_stocked_out_articles,
        cast(
            cast(rated_stocked_out_articles as numeric(18, 6)) / nullif(rated_articles, 0) as numeric(18, 6)
        ) as stockout_rate
    from sums
)

select * from final
