{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['article_number', 'date_day'],
    meta={'changes': 'int_inventory__pair_changes', 'slice': ['article_number'], 'from': 'date_day'},
    indexes=[{'columns': ['article_number', 'date_day'], 'unique': true}],
) }}

{%- set changes = ref('int_inventory__pair_changes') %}

with

events as (
    select * from {{ ref('int_inventory__pair_events') }}
),

sales as (
    select * from {{ ref('fct_sales_daily') }}
),

pairs as (
    select * from {{ ref('int_inventory__pairs') }} where not is_superseded and is_merchandise
),

changed_pairs as (
    select
        pairs.branch_number,
        pairs.article_number,
        pairs.stock_branch_number,
        {% if is_incremental() %}changed.rebuild_from{% else %}cast('1900-01-01' as date){% endif %} as rebuild_from
    from pairs
    {% if is_incremental() -%}
    inner join {{ changed_slices(changes, ['article_number'], true) }} as changed
        on pairs.article_number = changed.article_number
    {%- endif %}
),

-- The events of a served branch repeat its server's, and are left out.
moved_days as (
    select
        events.article_number,
        events.date_day,
        sum(events.moved_units) as moved_units
    from changed_pairs
    inner join events
        on
            changed_pairs.branch_number = events.branch_number
            and changed_pairs.article_number = events.article_number
            and changed_pairs.rebuild_from <= events.date_day
    where changed_pairs.branch_number = changed_pairs.stock_branch_number
    group by events.article_number, events.date_day
),

selling_days as (
    select
        sales.article_number,
        sales.date_day,
        sum(sales.net_units) as net_units
    from changed_pairs
    inner join sales
        on
            changed_pairs.branch_number = sales.branch_number
            and changed_pairs.article_number = sales.article_number
            and changed_pairs.rebuild_from <= sales.date_day
    group by sales.article_number, sales.date_day
),

combined as (
    select
        coalesce(moved_days.article_number, selling_days.article_number) as article_number,
        coalesce(moved_days.date_day, selling_days.date_day) as date_day,
        coalesce(moved_days.moved_units, 0) as moved_units,
        coalesce(selling_days.net_units, 0) as net_units
    from moved_days
    full outer join selling_days
        on moved_days.article_number = selling_days.article_number and moved_days.date_day = selling_days.date_day
),

-- Day by day over all branches: what one sent another within a day cancels out.
final as (
    select
        article_number,
        date_day,
        cast(moved_units as numeric(18, 4)) as moved_units,
        cast(net_units as numeric(18, 4)) as net_units,
        cast(greatest(moved_units + net_units, 0) as numeric(18, 4)) as received_units,
        cast(greatest(-moved_units - net_units, 0) as numeric(18, 4)) as issued_units
    from combined
    where moved_units <> 0 or net_units <> 0
)

select * from final
