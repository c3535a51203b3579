{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['branch_number', 'article_number', 'iso_weekday'],
    meta={
        'changes': 'int_inventory__pair_changes',
        'slice': ['branch_number', 'article_number'],
        'until_as_of': ['rebuild_from', 'has_changed_pair'],
        'moves_with_as_of_date': true,
        'variables': ['as_of_date'],
    },
    indexes=[{'columns': ['branch_number', 'article_number', 'iso_weekday'], 'unique': true}],
) }}

{#- Named where it is read: PostgreSQL reads all of the history behind a CTE that is used twice. -#}
{%- set changes = ref('int_inventory__pair_changes') %}
{%- set all_spans = ref('int_forecasting__demand_spans') %}
{%- set half_life = baseline_constant('half_life') %}

with

as_of as (
    select * from {{ ref('int_as_of') }}
),

{% if is_incremental() -%}
spans as (
    select held.*
    from {{ changed_slices(changes, ['branch_number', 'article_number']) }} as changed
    cross join lateral (
        select of_pair.*
        from {{ all_spans }} as of_pair
        where
            of_pair.branch_number = changed.branch_number
            and of_pair.article_number = changed.article_number
        {{ computed_once() }}
    ) as held
),
{%- else -%}
spans as (
    select * from {{ all_spans }}
),
{%- endif %}

windowed as (
    select
        spans.branch_number,
        spans.article_number,
        greatest(spans.first_day, {{ days_after('as_of.as_of_date', 1 - baseline_constant('window')) }}) as first_day,
        spans.last_day,
        as_of.as_of_date,
        spans.in_stock_share,
        case
            when spans.first_day > {{ days_after('as_of.as_of_date', -baseline_constant('window')) }}
                then spans.demand_units
            else 0
        end as demand_units
    from spans
    inner join as_of
        on
            spans.first_day <= as_of.as_of_date
            and spans.last_day > {{ days_after('as_of.as_of_date', -baseline_constant('window')) }}
    {{ computed_once() }}
),

days_back as (
    select days
    from (
        values
        {% for days in range(7) %}({{ days }}){{ ', ' if not loop.last }}{% endfor %}
    ) as numbered_days (days)
),

-- The newest day of each weekday in a span, and the weights of all of its like: a geometric series, as each is a week
-- older than the next.
weighed as (
    select
        windowed.branch_number,
        windowed.article_number,
        {{ iso_weekday(days_after('windowed.last_day', '-days_back.days')) }} as iso_weekday,
        cast(
            {{ halved(
                days_apart(days_after('windowed.last_day', '-days_back.days'), 'windowed.as_of_date'), half_life
            ) }}
            * (
                1 - {{ halved(
                    '7 * (1 + ' ~ whole_weeks(
                        '(' ~ days_apart('windowed.first_day', 'windowed.last_day') ~ ' - days_back.days)'
                    ) ~ ')', half_life
                ) }}
            )
            / (1 - {{ halved('7', half_life) }}) as numeric(18, 12)
        ) as weight,
        windowed.in_stock_share,
        cast(0 as numeric(18, 12)) as weight_of_demand,
        cast(0 as numeric(18, 4)) as demand_units
    from windowed
    inner join days_back
        on days_back.days <= {{ days_apart('windowed.first_day', 'windowed.last_day') }}
    where windowed.in_stock_share > 0
    union all
    select
        branch_number,
        article_number,
        {{ iso_weekday('first_day') }} as iso_weekday,
        cast(0 as numeric(18, 12)) as weight,
        in_stock_share,
        cast({{ halved(days_apart('first_day', 'as_of_date'), half_life) }} as numeric(18, 12)) as weight_of_demand,
        demand_units
    from windowed
    where demand_units > 0
),

final as (
    select
        branch_number,
        article_number,
        iso_weekday,
        cast(sum(weight_of_demand * demand_units) as numeric(28, 12)) as units,
        cast(sum(weight * in_stock_share) as numeric(28, 12)) as share,
        cast(sum(weight_of_demand * demand_units * demand_units) as numeric(28, 12)) as units_squared,
        cast(sum(weight_of_demand * demand_units * in_stock_share) as numeric(28, 12)) as units_by_share,
        cast(sum(weight * in_stock_share * in_stock_share) as numeric(28, 12)) as share_squared
    from weighed
    group by branch_number, article_number, iso_weekday
)

select * from final
