with

articles as (
    select * from {{ ref('int_articles__resolved') }} where is_merchandise
),

windows as (
    select
        *,
        least(365, greatest(0, {{ days_apart('known_from', 'as_of_date') }} + 1)) as known_days,
        known_from <= {{ days_after('as_of_date', -90) }} as is_opening_known
    from {{ ref('int_articles__stock_windows') }}
),

final as (
    select
        articles.article_number,
        windows.known_days,
        windows.stock_value_days_365d,
        windows.cogs_365d,
        windows.gross_margin_365d,
        windows.offered_units_90d,
        windows.net_units_90d,
        cast(
            case
                when windows.known_days >= {{ var('min_stock_days') }} and windows.stock_value_days_365d > 0
                    then windows.cogs_365d * 365 / windows.stock_value_days_365d
            end as numeric(18, 6)
        ) as turnover_rate,
        cast(
            case
                when windows.known_days >= {{ var('min_stock_days') }} and windows.stock_value_days_365d > 0
                    then windows.gross_margin_365d * 365 / windows.stock_value_days_365d
            end as numeric(18, 6)
        ) as gmroi,
        cast(
            case
                when windows.is_opening_known and windows.offered_units_90d > 0
                    then windows.net_units_90d / windows.offered_units_90d
            end as numeric(18, 6)
        ) as sell_through_rate_90d
    from articles
    left join windows
        on articles.article_number = windows.article_number
)

select * from final
