{{ config(
    materialized='table',
    indexes=[{'columns': ['branch_number', 'category', 'iso_weekday'], 'unique': true}],
) }}

{%- set steps = baseline_constant('factor_steps') %}

with

sums as (
    select * from {{ ref('int_forecasting__weekday_sums') }}
),

weekdays as (
    select iso_weekday
    from (
        values
        {% for weekday in range(1, 8) %}({{ weekday }}){{ ', ' if not loop.last }}{% endfor %}
    ) as numbered_weekdays (iso_weekday)
),

rates as (
    select
        branch_number,
        category,
        coalesce(sum(units) / nullif(sum(share), 0), 0) as units_per_day
    from sums
    group by branch_number, category
),

raw_factors as (
    select
        rates.branch_number,
        rates.category,
        weekdays.iso_weekday,
        (coalesce(sums.units, 0) + {{ baseline_constant('weekday_prior') }})
        / (rates.units_per_day * coalesce(sums.share, 0) + {{ baseline_constant('weekday_prior') }}) as raw_factor
    from rates
    cross join weekdays
    left join sums
        on
            rates.branch_number = sums.branch_number
            and rates.category = sums.category
            and weekdays.iso_weekday = sums.iso_weekday
),

-- To steps far smaller than their error, so that few move when few lines do.
rounded as (
    select
        branch_number,
        category,
        iso_weekday,
        cast(
            round(raw_factor * 7 / sum(raw_factor) over (partition by branch_number, category) * {{ steps }}) / {{ steps }}
            as numeric(18, 6)
        ) as weekday_factor
    from raw_factors
),

final as (
    {{ with_change_number('rounded', ['branch_number', 'category', 'iso_weekday'], ['weekday_factor']) }}
)

select * from final
