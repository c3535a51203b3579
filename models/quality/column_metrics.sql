{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    pre_hook="{{ forget_old_quality('run_at') }}",
) }}

-- depends_on: {{ ref('table_metrics') }}
{%- set arrivals = arrivals_of_this_run() %}

with

measured as (
    {%- for table, base in landed_bases().items() if is_used(table) %}
    {{ profile_of_table(table, base, arrivals) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        {{ run_time() }} as run_at,
        table_name,
        column_name,
        rows_measured,
        last_synced_at,
        {{ rate('cast(null_count as numeric(18, 6))', 'rows_measured') }} as null_rate,
        {{ rate('cast(unreadable_count as numeric(18, 6))', 'rows_measured') }} as unreadable_rate,
        {{ rate('cast(damaged_count as numeric(18, 6))', 'rows_measured') }} as damaged_rate,
        distinct_count,
        min_value,
        max_value,
        cast(mean_length as numeric(18, 4)) as mean_length
    from measured
)

select * from final
