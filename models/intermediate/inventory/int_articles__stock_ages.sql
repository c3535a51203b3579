{{ config(materialized='table', indexes=[{'columns': ['article_number', 'age_bucket'], 'unique': true}]) }}

with

metrics as (
    select * from {{ ref('int_inventory_with_metrics') }}
),

articles as (
    select * from {{ ref('int_articles__resolved') }}
),

article_days as (
    select * from {{ ref('int_inventory__article_days') }} where received_units > 0
),

-- Stock is that of the newest observation, so receipts of the running day are in it, unless a variable sets the day.
as_of as (
    select
        as_of_date,
        {% if var('as_of_date') is none %}greatest(newest_day, as_of_date){% else %}as_of_date{% endif %} as stock_day
    from {{ ref('int_as_of') }}
),

stocks as (
    select
        article_number,
        sum(greatest(on_hand, 0)) as stock_units
    from metrics
    where on_hand > 0
    group by article_number
),

receipts as (
    select
        stocks.article_number,
        stocks.stock_units,
        articles.assortment_type,
        article_days.received_units,
        greatest(0, {{ days_apart('article_days.date_day', 'as_of.as_of_date') }}) as age_days,
        max(greatest(0, {{ days_apart('article_days.date_day', 'as_of.as_of_date') }}))
            over (partition by stocks.article_number) as first_receipt_age_days,
        coalesce(
            sum(article_days.received_units) over (
                partition by stocks.article_number
                order by article_days.date_day desc
                rows between unbounded preceding and 1 preceding
            ), 0
        ) as received_later
    from stocks
    inner join articles
        on stocks.article_number = articles.article_number
    cross join as_of
    inner join article_days
        on stocks.article_number = article_days.article_number and as_of.stock_day >= article_days.date_day
),

-- First in, first out: what is left came last. Only for what is always there; all of a fashion article is as old as
-- its first delivery.
aged as (
    select
        article_number,
        age_days,
        least(received_units, greatest(0, stock_units - received_later)) as stock_units
    from receipts
    where assortment_type = 'nos'
),

explained as (
    select
        article_number,
        sum(stock_units) as stock_units
    from aged
    group by article_number
),

first_receipts as (
    select
        article_number,
        max(first_receipt_age_days) as age_days
    from receipts
    group by article_number
),

unexplained as (
    select
        stocks.article_number,
        first_receipts.age_days,
        stocks.stock_units - coalesce(explained.stock_units, 0) as stock_units
    from stocks
    left join explained
        on stocks.article_number = explained.article_number
    left join first_receipts
        on stocks.article_number = first_receipts.article_number
),

units as (
    select
        article_number,
        age_days,
        stock_units
    from aged
    union all
    select
        article_number,
        age_days,
        stock_units
    from unexplained
),

bucketed as (
    select
        article_number,
        stock_units,
        case
            when age_days is null then 'unknown'
            when age_days <= 30 then '0-30'
            when age_days <= 90 then '31-90'
            when age_days <= 180 then '91-180'
            when age_days <= 365 then '181-365'
            else '366+'
        end as age_bucket
    from units
    where stock_units > 0
),

final as (
    select
        article_number,
        age_bucket,
        cast(sum(stock_units) as numeric(18, 4)) as stock_units
    from bucketed
    group by article_number, age_bucket
)

select * from final
