{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['article_number'],
    meta={
        'changes': 'int_inventory__pair_changes',
        'slice': ['article_number'],
        'until_as_of': ['rebuild_from', 'has_changed_pair'],
        'moves_with_as_of_date': true,
    },
    indexes=[{'columns': ['article_number'], 'unique': true}],
) }}

{%- set changes = ref('int_inventory__pair_changes') %}
{%- set all_sales = ref('fct_sales_daily') %}

with

all_pairs as (
    select * from {{ ref('int_inventory__pairs') }} where not is_superseded
),

all_spans as (
    select * from {{ ref('int_inventory__pair_spans') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

articles as (
    select
        all_pairs.article_number,
        as_of.as_of_date,
        min(case when all_pairs.is_merchandise then all_pairs.range_start end) as range_start
    from all_pairs
    cross join as_of
    {% if is_incremental() -%}
    inner join {{ changed_slices(changes, ['article_number']) }} as changed
        on all_pairs.article_number = changed.article_number
    {%- endif %}
    group by all_pairs.article_number, as_of.as_of_date
),

-- Looked up article by article: a join reads all sales, because how few articles have changed is not known beforehand.
sales as (
    select
        articles.article_number,
        articles.as_of_date,
        of_article.date_day,
        of_article.demand_units,
        of_article.return_units,
        of_article.gross_revenue,
        of_article.net_revenue,
        of_article.net_revenue_with_cost,
        of_article.cogs,
        of_article.gross_margin,
        of_article.label_value,
        of_article.discount_amount
    from articles
    cross join lateral (
        select held.*
        from {{ all_sales }} as held
        where
            held.article_number = articles.article_number
            and held.date_day > {{ days_after('articles.as_of_date', -365) }}
            and held.date_day <= articles.as_of_date
        {{ computed_once() }}
    ) as of_article
),

sums as (
    select
        article_number,
        sum(demand_units) as demand_units,
        sum(return_units) as return_units,
        sum(gross_revenue) as gross_revenue,
        sum(net_revenue) as net_revenue,
        sum(net_revenue_with_cost) as net_revenue_with_cost,
        sum(cogs) as cogs,
        sum(gross_margin) as gross_margin,
        sum(label_value) as label_value,
        sum(discount_amount) as discount_amount
    from sales
    group by article_number
),

-- The days of the 52 blocks of seven days that end at A, the newest is 0. Branches overlap, a day counts once.
available_spans as (
    select
        articles.article_number,
        articles.as_of_date,
        greatest(all_spans.first_day, {{ days_after('articles.as_of_date', -363) }}) as first_day,
        least(all_spans.last_day, articles.as_of_date) as last_day
    from articles
    inner join all_spans
        on
            articles.article_number = all_spans.article_number
            and all_spans.last_day > {{ days_after('articles.as_of_date', -364) }}
            and articles.as_of_date >= all_spans.first_day
    where
        all_spans.is_ranged
        and all_spans.is_in_stock
),

followed as (
    select
        *,
        max(last_day) over (
            partition by article_number order by first_day, last_day
            rows between unbounded preceding and 1 preceding
        ) as covered_until
    from available_spans
),

numbered as (
    select
        *,
        sum(case when first_day <= {{ days_after('covered_until', 1) }} then 0 else 1 end) over (
            partition by article_number order by first_day, last_day
            rows between unbounded preceding and current row
        ) as stretch
    from followed
),

stretches as (
    select
        article_number,
        as_of_date,
        {{ days_apart('max(last_day)', 'as_of_date') }} as youngest_age,
        {{ days_apart('min(first_day)', 'as_of_date') }} as oldest_age
    from numbered
    group by article_number, as_of_date, stretch
),

blocks as (
    select block
    from (
        values
        {% for block in range(52) %}({{ block }}){{ ', ' if not loop.last }}{% endfor %}
    ) as numbered_blocks (block)
),

available_blocks as (
    select
        stretches.article_number,
        blocks.block,
        sum(
            least(stretches.oldest_age, blocks.block * 7 + 6) - greatest(stretches.youngest_age, blocks.block * 7) + 1
        ) as available_days
    from stretches
    inner join blocks
        on blocks.block * 7 <= stretches.oldest_age and blocks.block * 7 + 6 >= stretches.youngest_age
    group by stretches.article_number, blocks.block
),

demand_blocks as (
    select
        article_number,
        {{ whole_weeks(days_apart('date_day', 'as_of_date')) }} as block,
        sum(demand_units) as demand_units
    from sales
    where date_day > {{ days_after('as_of_date', -364) }}
    group by 1, 2
),

block_sums as (
    select
        available_blocks.article_number,
        count(*) as blocks,
        sum(coalesce(demand_blocks.demand_units, 0)) as units,
        sum(coalesce(demand_blocks.demand_units, 0) * coalesce(demand_blocks.demand_units, 0)) as squares
    from available_blocks
    inner join articles
        on available_blocks.article_number = articles.article_number
    left join demand_blocks
        on
            available_blocks.article_number = demand_blocks.article_number
            and available_blocks.block = demand_blocks.block
    where
        available_blocks.available_days >= 4
        and {{ days_after('articles.as_of_date', '-(available_blocks.block * 7 + 6)') }} >= articles.range_start
    group by available_blocks.article_number
    having count(*) >= 13
),

final as (
    select
        articles.article_number,
        articles.as_of_date,
        articles.range_start,
        cast(coalesce(sums.demand_units, 0) as numeric(18, 4)) as demand_units_365d,
        cast(coalesce(sums.return_units, 0) as numeric(18, 4)) as return_units_365d,
        cast(coalesce(sums.gross_revenue, 0) as numeric(18, 6)) as gross_revenue_365d,
        cast(coalesce(sums.net_revenue, 0) as numeric(18, 6)) as net_revenue_365d,
        cast(coalesce(sums.net_revenue_with_cost, 0) as numeric(18, 6)) as net_revenue_with_cost_365d,
        cast(sums.cogs as numeric(18, 6)) as cogs_365d,
        cast(sums.gross_margin as numeric(18, 6)) as gross_margin_365d,
        cast(sums.label_value as numeric(18, 6)) as label_value_365d,
        cast(sums.discount_amount as numeric(18, 6)) as discount_amount_365d,
        block_sums.blocks,
        cast(block_sums.units as numeric(18, 4)) as demand_units_of_blocks,
        cast(block_sums.squares as numeric(28, 8)) as squared_demand_units_of_blocks
    from articles
    left join sums
        on articles.article_number = sums.article_number
    left join block_sums
        on articles.article_number = block_sums.article_number
)

select * from final
