{{ config(materialized='table', indexes=[{'columns': ['as_of_date'], 'unique': true}]) }}

with

-- Read from the table, because through the staging view neither maximum would come from its index.
newest_line as (
    select max(sale_date) as newest_day
    from {{ ref('base_prohandel__sales') }}
    where
        rejection_reasons is null
        and not is_deleted
),

last_sync as (
    select max(synced_at) as last_synced_at
    from {{ ref('base_prohandel__sales') }}
),

complete_days as (
    select
        newest_line.newest_day,
        case
            when {{ berlin_day('last_sync.last_synced_at') }} > newest_line.newest_day then newest_line.newest_day
            else {{ days_after('newest_line.newest_day', -1) }}
        end as last_complete_day
    from newest_line
    cross join last_sync
),

final as (
    select
        newest_day,
        {% if var('as_of_date') is none -%}
        last_complete_day as as_of_date
        {%- else -%}
        cast('{{ var('as_of_date') }}' as date) as as_of_date
        {%- endif %}
    from complete_days
)

select * from final
