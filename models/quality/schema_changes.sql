with

logged as (
    select
        *,
        sum(case change when 'removed' then -1 when 'type_changed' then 0 else 1 end) over (
            partition by source_relation, table_name
            order by detected_at
        ) as columns_left
    from {{ ref('landed_columns') }}
),

read_columns as (
    {{ columns_read_by_staging() }}
),

built as (
    {{ built_from_landed_tables() }}
),

-- A table without any column is not there: one row says so, not one for each of its columns.
changes as (
    select distinct
        detected_at,
        source_relation,
        table_name,
        case when columns_left = 0 then '*' else column_name end as column_name,
        change,
        case when columns_left > 0 then old_type end as old_type,
        new_type
    from logged
    where change <> 'first_seen'
),

final as (
    select
        changes.detected_at,
        changes.source_relation,
        changes.table_name,
        changes.column_name,
        changes.change,
        changes.old_type,
        changes.new_type,
        read_columns.read_as,
        case when changes.column_name = '*' or read_columns.read_as is not null then built.models end as touched_models,
        case when changes.column_name = '*' or read_columns.read_as is not null then built.exposures end
            as touched_exposures
    from changes
    left join read_columns
        on
            changes.table_name = read_columns.table_name
            and changes.column_name = read_columns.column_name
    left join built
        on changes.table_name = built.table_name
)

select * from final
