{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['article_number'],
    meta={'changes': 'int_sales__line_changes'},
    indexes=[{'columns': ['article_number', 'article_size_number'], 'unique': true}],
) }}

{#- Named where it is read: PostgreSQL reads all of the history behind a CTE that is used twice. -#}
{%- set all_lines = ref('fct_sale_lines') %}

with

lines as (
    select * from {{ all_lines }} where is_demand and is_merchandise
),

line_changes as (
    select * from {{ ref('int_sales__line_changes') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- The window moves with the as-of date, and then every article is counted anew; else only those whose lines changed
-- within it.
{% if is_incremental() -%}
changed as (
    select line_changes.article_number
    from line_changes
    cross join as_of
    where line_changes.change_number > {{ seen_change_number() }} and line_changes.date_day <= as_of.as_of_date
    union
    select everything.article_number
    from (
        select sold.value as article_number
        from ({{ distinct_values(all_lines, 'article_number', 'is_demand') }}) as sold
        union
        select kept.article_number
        from {{ this }} as kept
    ) as everything
    where (select as_of.as_of_date from as_of) is distinct from (select max(kept.as_of_date) from {{ this }} as kept)
),

{% endif -%}
counted as (
    select
        lines.article_number,
        lines.article_size_number,
        sum(lines.quantity) as demand_units,
        sum(case when lines.sale_date > {{ days_after('as_of.as_of_date', -365) }} then lines.quantity else 0 end)
            as demand_units_365d
    from lines
    cross join as_of
    where
        lines.sale_date <= as_of.as_of_date
        {%- if is_incremental() %}
        and {{ is_among('lines.article_number', 'select changed.article_number from changed') }}
        {%- endif %}
    group by lines.article_number, lines.article_size_number
),

final as (
    select
        counted.article_number,
        counted.article_size_number,
        cast(counted.demand_units as numeric(18, 4)) as demand_units,
        cast(counted.demand_units_365d as numeric(18, 4)) as demand_units_365d,
        as_of.as_of_date
    from counted
    cross join as_of
    {%- if is_incremental() %}
    union all
    -- What no longer sells in any size leaves a row, so that its old rows are deleted.
    select
        changed.article_number,
        'unknown' as article_size_number,
        cast(0 as numeric(18, 4)) as demand_units,
        cast(0 as numeric(18, 4)) as demand_units_365d,
        as_of.as_of_date
    from changed
    cross join as_of
    where not exists (select 1 from counted where counted.article_number = changed.article_number)
    {%- endif %}
)

select * from final
