{{ config(materialized='table', indexes=[{'columns': ['category'], 'unique': true}]) }}

{%- set steps = baseline_constant('level_steps') %}

with

sums as (
    select * from {{ ref('int_forecasting__weekday_sums') }}
),

factors as (
    select * from {{ ref('int_forecasting__weekday_factors') }}
),

levels as (
    select
        sums.category,
        cast(coalesce(sum(sums.units) / nullif(sum(sums.share * factors.weekday_factor), 0), 0) as {{ dbt.type_float() }})
            as category_level
    from sums
    inner join factors
        on
            sums.branch_number = factors.branch_number
            and sums.category = factors.category
            and sums.iso_weekday = factors.iso_weekday
    group by sums.category
),

-- To steps of two per cent: it counts half a unit.
rounded as (
    select
        category,
        cast(
            case when category_level > 0 then exp(round(ln(category_level) * {{ steps }}) / {{ steps }}) else 0 end
            as numeric(28, 15)
        ) as category_level
    from levels
),

final as (
    {{ with_change_number('rounded', ['category'], ['category_level']) }}
)

select * from final
