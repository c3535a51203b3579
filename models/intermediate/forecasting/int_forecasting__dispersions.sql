{{ config(materialized='table', indexes=[{'columns': ['category'], 'unique': true}]) }}

{%- set most = baseline_constant('dispersion_most') %}

with

levels as (
    select * from {{ ref('int_forecasting__pair_levels') }}
),

rounded as (
    select
        category,
        cast(
            case
                when sum(squared_means) > 0 then round(least({{ most }}, greatest(0, sum(excess) / sum(squared_means))), 2)
                else {{ most }}
            end as numeric(18, 6)
        ) as dispersion
    from levels
    group by category
),

final as (
    {{ with_change_number('rounded', ['category'], ['dispersion']) }}
)

select * from final
