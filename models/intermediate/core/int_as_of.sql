{{ config(materialized='table') }}

with

-- The tables themselves, because through a view neither maximum would come from its index.
newest as (
    select
        (
            select max(sale_date)
            from {{ ref('base_prohandel__sales') }}
            where
                rejection_reasons is null
                and not is_deleted
        ) as newest_day,
        (select max(synced_at) from {{ ref('base_prohandel__sales') }}) as last_synced_at
),

final as (
    select
        newest_day,
        {% if var('as_of_date') is not none -%}
        cast('{{ var('as_of_date') }}' as date) as as_of_date
        {%- else -%}
        case
            when {{ berlin_day('last_synced_at') }} > newest_day then newest_day
            else {{ days_after('newest_day', -1) }}
        end as as_of_date
        {%- endif %}
    from newest
)

select * from final
