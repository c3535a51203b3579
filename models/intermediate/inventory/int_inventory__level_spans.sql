{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['branch_number', 'category', 'first_day'],
    meta={
        'changes': 'int_inventory__pair_changes',
        'slice': ['branch_number', 'category'],
        'until': 'last_day',
        'all_where_null': 'category',
    },
    indexes=[{'columns': ['branch_number', 'category', 'first_day'], 'unique': true}],
) }}

{%- set changes = ref('int_inventory__pair_changes') %}

with

all_spans as (
    select * from {{ ref('int_inventory__pair_spans') }}
),

all_pairs as (
    select * from {{ ref('int_inventory__pairs') }} where not is_superseded and is_merchandise
),

seasons as (
    select * from {{ ref('season_calendar') }}
),

{% if is_incremental() -%}
slices as (
    select
        branch_number,
        category,
        rebuild_from
    from {{ changed_slices(changes, ['branch_number', 'category'], true) }} as named
    where category is not null
    union all
    select
        moved.branch_number,
        categories.category,
        moved.rebuild_from
    from {{ changed_slices(changes, ['branch_number', 'category'], true) }} as moved
    inner join (select distinct branch_number, category from all_pairs) as categories
        on moved.branch_number = categories.branch_number
    where moved.category is null
),

earliest as (
    select
        branch_number,
        category,
        min(rebuild_from) as rebuild_from
    from slices
    group by branch_number, category
),

-- The level of the eve may last longer or shorter now: it is read from where it began. What is kept may also begin later
-- than what changed, as after an article with a longer history has come into the category.
changed as (
    select
        earliest.branch_number,
        earliest.category,
        least(min(kept.first_day), earliest.rebuild_from) as read_from
    from earliest
    left join {{ this }} as kept
        on
            earliest.branch_number = kept.branch_number
            and earliest.category = kept.category
            and kept.last_day >= {{ days_after('earliest.rebuild_from', -1) }}
    group by earliest.branch_number, earliest.category, earliest.rebuild_from
),
{%- endif %}

pairs as (
    select
        all_pairs.branch_number,
        all_pairs.article_number,
        all_pairs.category,
        all_pairs.assortment_type,
        coalesce(seasons.starts_on, cast('1900-01-01' as date)) as season_from,
        coalesce(seasons.ends_on, cast('9999-12-31' as date)) as season_until,
        {% if is_incremental() %}changed.read_from{% else %}cast('1900-01-01' as date){% endif %} as read_from
    from all_pairs
    left join seasons
        on all_pairs.season = seasons.season
    {% if is_incremental() -%}
    inner join changed
        on all_pairs.branch_number = changed.branch_number and all_pairs.category = changed.category
    {%- endif %}
),

spans as (
    select
        pairs.branch_number,
        pairs.category,
        pairs.assortment_type,
        pairs.season_from,
        pairs.season_until,
        greatest(all_spans.first_day, pairs.read_from) as first_day,
        all_spans.last_day,
        all_spans.closing_stock,
        all_spans.stock_value_cost,
        all_spans.is_ranged,
        all_spans.is_ranged and all_spans.is_observed as is_known,
        all_spans.is_ranged and all_spans.is_observed and all_spans.closing_stock <= 0 as is_stockout
    from pairs
    inner join all_spans
        on
            pairs.branch_number = all_spans.branch_number
            and pairs.article_number = all_spans.article_number
            and pairs.read_from <= all_spans.last_day
),

-- A one_shot that is gone is a success, and out of its season an article need not be there.
rated_spans as (
    select
        branch_number,
        category,
        case when assortment_type = 'nos' then first_day else greatest(first_day, season_from) end as first_day,
        case when assortment_type = 'nos' then last_day else least(last_day, season_until) end as last_day,
        is_stockout
    from spans
    where is_known and assortment_type in ('nos', 'reorderable')
),

shares as (
    select
        branch_number,
        category,
        first_day,
        last_day,
        1 as articles,
        case when closing_stock is not null then 1 else 0 end as observed_articles,
        case when stock_value_cost is not null then 1 else 0 end as valued_articles,
        coalesce(closing_stock, 0) as stock_units,
        coalesce(stock_value_cost, 0) as stock_value_cost,
        case when is_ranged then 1 else 0 end as ranged_articles,
        case when is_stockout then 1 else 0 end as stocked_out_articles,
        0 as rated_articles,
        0 as rated_stocked_out_articles
    from spans
    union all
    select
        branch_number,
        category,
        first_day,
        last_day,
        0 as articles,
        0 as observed_articles,
        0 as valued_articles,
        0 as stock_units,
        0 as stock_value_cost,
        0 as ranged_articles,
        0 as stocked_out_articles,
        1 as rated_articles,
        case when is_stockout then 1 else 0 end as rated_stocked_out_articles
    from rated_spans
    where first_day <= last_day
),

{%- set sums = [
    'articles', 'observed_articles', 'valued_articles', 'stock_units', 'stock_value_cost', 'ranged_articles',
    'stocked_out_articles', 'rated_articles', 'rated_stocked_out_articles',
] %}

-- A span comes on its first day and goes on the day after its last.
turns as (
    select
        branch_number,
        category,
        first_day as date_day
        {%- for column in sums %},
        {{ column }}
        {%- endfor %}
    from shares
    union all
    select
        branch_number,
        category,
        {{ days_after('last_day', 1) }} as date_day
        {%- for column in sums %},
        -{{ column }} as {{ column }}
        {%- endfor %}
    from shares
    where last_day < cast('9999-12-31' as date)
),

steps as (
    select
        branch_number,
        category,
        date_day
        {%- for column in sums %},
        sum({{ column }}) as {{ column }}
        {%- endfor %}
    from turns
    group by branch_number, category, date_day
    having
        {% for column in sums -%}
        sum({{ column }}) <> 0{{ ' or ' if not loop.last }}
        {% endfor %}
),

levels as (
    select
        branch_number,
        category,
        date_day as first_day,
        coalesce(
            {{ days_after('lead(date_day) over (partition by branch_number, category order by date_day)', -1) }},
            cast('9999-12-31' as date)
        ) as last_day
        {%- for column in sums %},
        sum({{ column }}) over (partition by branch_number, category order by date_day) as {{ column }}
        {%- endfor %}
    from steps
),

final as (
    select
        branch_number,
        category,
        first_day,
        last_day,
        cast(case when observed_articles > 0 then stock_units end as numeric(18, 4)) as stock_units,
        cast(case when valued_articles > 0 then stock_value_cost end as numeric(18, 6)) as stock_value_cost,
        cast(ranged_articles as bigint) as ranged_articles,
        cast(stocked_out_articles as bigint) as stocked_out_articles,
        cast(rated_articles as bigint) as rated_articles,
        cast(rated_stocked_out_articles as bigint) as rated_stocked_out_articles
    from levels
    where articles > 0
)

select * from final
