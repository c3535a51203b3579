{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    pre_hook="{{ forget_old_quality('run_at') }}",
    indexes=[{'columns': ['arrived_at']}],
) }}

-- depends_on: {{ ref('table_metrics') }}
{#- The first time, all that is there; from then on, what arrives. -#}
{%- set arrivals = arrivals_of_this_run() if is_incremental() else {} %}
{%- set sales = ref('base_prohandel__sales') %}

with

branches as (
    select * from {{ ref('int_branches__references') }}
),

lines as (
    {{ lines_to_check(arrivals) }}
),

stock as (
    select
        landed.*,
        coalesce(branches.branch_number, landed.branch_ref, 'unknown') as branch_number,
        {{ arrived_at('landed.synced_at') }} as arrived_at
    from {{ ref('base_prohandel__inventory') }} as landed
    left join branches
        on landed.branch_ref = branches.branch_ref
    where
        {{ has_arrived('inventory', arrivals) }}
        and landed.synced_at > {{ signals_from(ref('base_prohandel__inventory')) }}
),

-- What landed of a day with its sums, and of the whole day.
lines_of_days as (
    select
        days.sale_date,
        days.synced_at,
        sold.quantity,
        {{ line_amount('sold.sale_price', 'sale_price_per') | replace('* quantity', '* sold.quantity') }} as amount,
        sold.synced_at between days.synced_at - interval '30 minutes' and days.synced_at + interval '30 minutes'
            as is_of_sync
    from {{ ref('base_prohandel__daily_sales_agg') }} as days
    inner join {{ sales }} as sold
        on days.sale_date = sold.sale_date
    where {{ has_arrived('daily_sales_agg', arrivals) | replace('synced_at', 'days.synced_at') }}
),

sold_on_days as (
    select
        sale_date,
        synced_at,
        count(case when is_of_sync and (quantity is null or amount is null) then 1 end) = 0 as is_readable,
        sum(case when is_of_sync then abs(quantity) end) as units_of_sync,
        sum(case when is_of_sync then abs(amount) end) as amount_of_sync,
        sum(abs(quantity)) as units,
        sum(abs(amount)) as amount
    from lines_of_days
    group by sale_date, synced_at
),

-- Each sync overwrites the sums of a day with those of its own rows: they cannot exceed what landed with them. Where some
-- of that cannot be read, they cannot exceed what was sold on the day.
sums_of_days as (
    select
        cast(landed.sale_date as text) as sale_date_text,
        {{ arrived_at('landed.synced_at') }} as arrived_at,
        'all' as branch_number,
        landed.total_quantity,
        landed.total_amount,
        case when sold.is_readable then sold.units_of_sync else sold.units end as units,
        case when sold.is_readable then sold.amount_of_sync else sold.amount end as amount
    from {{ ref('base_prohandel__daily_sales_agg') }} as landed
    left join sold_on_days as sold
        on landed.sale_date = sold.sale_date and landed.synced_at = sold.synced_at
    where
        {{ has_arrived('daily_sales_agg', arrivals) | replace('synced_at', 'landed.synced_at') }}
        and landed.rejection_reasons is null
),

of_lines as (
    {{ checked('lines', 'sale_line_id', checks_of_lines(), {
        'units': 'sum(case when is_demand then quantity else 0 end)',
        'amount': 'sum(paid_amount)',
    }) }}
),

of_stock as (
    {{ checked('stock', 'inventory_key', checks_of_stock(), {}) }}
),

of_days as (
    {{ checked('sums_of_days', 'sale_date_text', checks_of_days(), {}) }}
),

measured as (
    {{ measures_of('sale', 'of_lines', checks_of_lines(), ['units', 'amount']) }}
    union all
    {{ measures_of('inventory', 'of_stock', checks_of_stock(), []) }}
    union all
    {{ measures_of('daily_sales_agg', 'of_days', checks_of_days(), []) }}
    {%- for table, base in landed_bases().items() if is_used(table) and table not in ['sale', 'inventory', 'daily_sales_agg'] %}
    union all
    select
        '{{ table }}' as table_name,
        'all' as branch_number,
        {{ arrived_at('synced_at') }} as arrived_at,
        'rows' as metric,
        count(*) as numerator,
        cast(null as bigint) as denominator,
        cast(null as text) as sample_key
    from {{ base }}
    where
        {{ has_arrived(table, arrivals) }}
        and synced_at > {{ signals_from(base) }}
    group by 3
    {%- endfor %}
),

final as (
    select
        {{ run_time() }} as run_at,
        table_name,
        branch_number,
        arrived_at,
        metric,
        cast(numerator as numeric(18, 4)) as numerator,
        cast(denominator as bigint) as denominator,
        sample_key
    from measured
)

select * from final
