{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    pre_hook="{{ forget_old_quality('run_at') }}",
) }}

{%- set before = metrics_before() %}

with

measured as (
    {%- for table, base in landed_bases().items() if is_used(table) %}
    {{ metrics_of_table(table, base, before.get(table)) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        {{ run_time() }} as run_at,
        table_name,
        cast(row_count as bigint) as row_count,
        cast(rows_added as bigint) as rows_added,
        cast(rows_changed as bigint) as rows_changed,
        cast(duplicate_rows as bigint) as duplicate_rows,
        cast(rejected_rows as bigint) as rejected_rows,
        last_synced_at,
        cast(extract(epoch from {{ clock() }} - last_synced_at) / 3600 as numeric(18, 4)) as hours_since_sync,
        cast(arrived_after as bigint) as arrived_after,
        cast(arrived_until as bigint) as arrived_until,
        synced_after
    from measured
)

select * from final
