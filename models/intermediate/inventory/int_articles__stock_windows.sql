{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['article_number'],
    meta={
        'changes': 'int_inventory__pair_changes',
        'slice': ['article_number'],
        'and_by_key': true,
        'until_as_of': ['rebuild_from', 'has_changed_pair'],
        'moves_with_as_of_date': true,
    },
    indexes=[{'columns': ['article_number'], 'unique': true}],
) }}

{%- set changes = ref('int_inventory__pair_changes') %}
{#- Named where it is read: PostgreSQL reads all of the history behind a CTE that is used twice. -#}
{%- set all_sales = ref('fct_sales_daily') %}
{%- set all_metrics = ref('int_inventory_with_metrics') %}

with

all_pairs as (
    select * from {{ ref('int_inventory__pairs') }} where not is_superseded and is_merchandise
),

article_days as (
    select * from {{ ref('int_inventory__article_days') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- Stock of the company is known from the first look at any shelf on.
company as (
    select
        as_of.as_of_date,
        min(all_pairs.known_from) as known_from
    from as_of
    left join all_pairs
        on true
    group by as_of.as_of_date
),

{% if is_incremental() -%}
changed as (
    select article_number from {{ changed_slices(changes, ['article_number']) }} as logged
    union
    select kept.article_number
    from {{ this }} as kept
    inner join company
        on kept.known_from is distinct from company.known_from
),
{%- endif %}

articles as (
    select distinct
        all_pairs.article_number,
        company.as_of_date,
        company.known_from
    from all_pairs
    cross join company
    {% if is_incremental() -%}
    inner join changed
        on all_pairs.article_number = changed.article_number
    {%- endif %}
),

-- Looked up article by article: a join reads all sales, because how few articles have changed is not known beforehand.
stock_values as (
    select
        articles.article_number,
        of_article.stock_value_days
    from articles
    cross join lateral (
        select sum(metrics.stock_value_days_365d) as stock_value_days
        from {{ all_metrics }} as metrics
        where metrics.article_number = articles.article_number
    ) as of_article
),

amounts as (
    select
        articles.article_number,
        of_article.cogs,
        of_article.gross_margin
    from articles
    cross join lateral (
        select
            count(*) as days,
            sum(sales.cogs) as cogs,
            sum(sales.gross_margin) as gross_margin
        from {{ all_sales }} as sales
        where
            sales.article_number = articles.article_number
            and sales.date_day > {{ days_after('articles.as_of_date', -365) }}
            and sales.date_day <= articles.as_of_date
            and sales.date_day >= articles.known_from
    ) as of_article
    where of_article.days > 0
),

-- What moved up to the eve of the 90 days is the opening stock. What one branch sent another within a day is no receipt.
flows as (
    select
        articles.article_number,
        sum(
            case
                when days.date_day > {{ days_after('articles.as_of_date', -90) }} then days.received_units
                else days.moved_units
            end
        ) as offered_units_90d,
        sum(
            case when days.date_day > {{ days_after('articles.as_of_date', -90) }} then days.net_units else 0 end
        ) as net_units_90d
    from articles
    inner join article_days as days
        on articles.article_number = days.article_number and articles.as_of_date >= days.date_day
    group by articles.article_number
),

final as (
    select
        articles.article_number,
        articles.as_of_date,
        articles.known_from,
        cast(stock_values.stock_value_days as numeric(18, 6)) as stock_value_days_365d,
        cast(case when amounts.article_number is null then 0 else amounts.cogs end as numeric(18, 6)) as cogs_365d,
        cast(case when amounts.article_number is null then 0 else amounts.gross_margin end as numeric(18, 6))
            as gross_margin_365d,
        cast(coalesce(flows.offered_units_90d, 0) as numeric(18, 4)) as offered_units_90d,
        cast(coalesce(flows.net_units_90d, 0) as numeric(18, 4)) as net_units_90d
    from articles
    left join stock_values
        on articles.article_number = stock_values.article_number
    left join amounts
        on articles.article_number = amounts.article_number
    left join flows
        on articles.article_number = flows.article_number
)

select * from final
