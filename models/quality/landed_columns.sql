{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
) }}

with

landed as (
    {{ columns_of_landed_tables() }}
),

known as (
    {{ columns_known() }}
),

tables_known as (
    select distinct
        source_relation,
        table_name
    from known
),

compared as (
    select
        coalesce(landed.source_relation, known.source_relation) as source_relation,
        coalesce(landed.table_name, known.table_name) as table_name,
        coalesce(landed.column_name, known.column_name) as column_name,
        case
            when landed.column_name is null then 'removed'
            when known.column_name is null and tables_known.table_name is null then 'first_seen'
            when known.column_name is null then 'added'
            else 'type_changed'
        end as change,
        known.data_type as old_type,
        landed.data_type as new_type
    from landed
    full outer join known
        on
            landed.source_relation = known.source_relation
            and landed.table_name = known.table_name
            and landed.column_name = known.column_name
    left join tables_known
        on landed.source_relation = tables_known.source_relation and landed.table_name = tables_known.table_name
    where landed.data_type is distinct from known.data_type
),

final as (
    select
        {{ run_time() }} as detected_at,
        source_relation,
        table_name,
        column_name,
        change,
        old_type,
        new_type
    from compared
)

select * from final
