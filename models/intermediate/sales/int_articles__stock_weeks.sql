{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['article_number', 'last_day'],
    meta={'changes': 'int_inventory__pair_changes', 'slice': ['article_number'], 'from': 'last_day'},
    indexes=[{'columns': ['article_number', 'last_day'], 'unique': true}],
) }}
{%- set changes = ref('int_inventory__pair_changes') %}

with

article_days as (
    select * from {{ ref('int_inventory__article_days') }}
),

articles as (
    select * from {{ ref('int_articles__resolved') }} where is_merchandise
),

seasons as (
    select * from {{ ref('season_calendar') }}
),

-- The weeks of an article begin as its season's do, so that a season week is one row.
anchored as (
    select
        articles.article_number,
        coalesce(seasons.starts_on, cast('2000-01-03' as date)) as anchor,
        {% if is_incremental() %}changed.rebuild_from{% else %}cast('1900-01-01' as date) as rebuild_from{% endif %}
    from articles
    left join seasons
        on articles.season = seasons.season
    {% if is_incremental() -%}
    inner join {{ changed_slices(changes, ['article_number'], true) }} as changed
        on articles.article_number = changed.article_number
    {%- endif %}
),

-- One step into the index per article; through the CTE, used twice, all days would be read.
received as (
    select
        anchored.article_number,
        anchored.anchor,
        {{ week_start('anchored.anchor', 'anchored.rebuild_from') }} as rebuild_from,
        first_receipt.date_day as received_from
    from anchored
    cross join lateral (
        select days.date_day
        from {{ ref('int_inventory__article_days') }} as days
        where
            days.article_number = anchored.article_number
            and days.received_units > 0
        order by days.date_day
        limit 1
    ) as first_receipt
),

counted as (
    select
        article_days.article_number,
        article_days.date_day,
        article_days.received_units,
        article_days.net_units,
        {{ week_start('received.anchor', 'article_days.date_day') }} as first_day
    from received
    inner join article_days
        on
            received.article_number = article_days.article_number
            and received.received_from <= article_days.date_day
            and received.rebuild_from <= article_days.date_day
),

final as (
    select
        article_number,
        {{ days_after('first_day', 6) }} as last_day,
        first_day,
        min(date_day) as counted_from,
        cast(sum(received_units) as numeric(18, 4)) as received_units,
        cast(sum(net_units) as numeric(18, 4)) as net_units
    from counted
    group by article_number, first_day
)

select * from final
