{%- set horizon = forecast_setting('forecast_horizon_days') %}
{%- set windows = [7, 28, 91, 364] %}
{%- set weeks_ahead = whole_weeks('(' ~ days_apart('days.seen_until', 'days.date_day') ~ ' + 6)') %}

with

series as (
    select * from {{ ref('int_forecasting__series') }}
),

calendar as (
    select * from {{ ref('int_forecasting__calendar') }}
),

-- What has been seen when a day is forecast ends on its eve; for days further ahead at the as-of date.
days as (
    select
        series.*,
        days.date_day,
        least({{ days_after('days.date_day', -1) }}, series.series_end) as seen_until
    from series
    cross join
        lateral {{ each_day('series.series_start', days_after('series.series_end', horizon)) }} as days
),

final as (
    select
        days.branch_number,
        days.article_number,
        days.date_day,
        days.seen_until,
        {{ days_apart('days.seen_until', 'days.date_day') }} as days_ahead,
        target.demand_units,
        target.in_stock_share,
        -- What was seen.
        coalesce(history.demand_lag_1, 0) as demand_lag_1,
        {% for week in range(1, 5) -%}
        coalesce(history.demand_same_weekday_{{ week }}, 0) as demand_same_weekday_{{ week }},
        {% endfor -%}
        {% for window in windows -%}
        cast(history.demand_{{ window }}d / nullif(history.share_{{ window }}d, 0) as numeric(18, 6))
            as demand_mean_{{ window }}d,
        {% endfor -%}
        cast(coalesce(history.share_28d, 0) / 28 as numeric(18, 6)) as in_stock_share_28d,
        cast(
            history.demand_28d / nullif(history.share_28d, 0)
            / nullif(history.demand_91d / nullif(history.share_91d, 0), 0) as numeric(18, 6)
        ) as demand_trend,
        cast(history.demand_last_year / nullif(history.share_last_year, 0) as numeric(18, 6)) as demand_mean_last_year,
        {{ days_apart('history.last_demand_on', 'days.seen_until') }} as days_since_demand,
        cast(prices.label_value_28d / nullif(prices.labelled_units_28d, 0) as numeric(18, 4)) as label_price_28d,
        cast(
            1 - prices.label_value_28d / nullif(prices.labelled_units_28d * days.list_price_gross, 0) as numeric(18, 6)
        ) as label_price_depth_28d,
        cast(prices.discount_amount_7d / nullif(prices.label_value_7d, 0) as numeric(18, 6)) as discount_rate_7d,
        cast(prices.discount_amount_28d / nullif(prices.label_value_28d, 0) as numeric(18, 6)) as discount_rate_28d,
        -- What is known in advance.
        {{ days_apart('days.series_start', 'days.date_day') }} as age_days,
        {{ days_apart('days.season_starts_on', 'days.date_day') }} as season_day,
        {{ days_apart('days.date_day', 'days.season_ends_on') }} as days_until_season_end,
        cast(
            cast({{ days_apart('days.season_starts_on', 'days.date_day') }} as numeric(18, 6))
            / nullif({{ days_apart('days.season_starts_on', 'days.season_ends_on') }}, 0) as numeric(18, 6)
        ) as season_phase,
        calendar.iso_weekday,
        calendar.iso_week,
        calendar.month,
        calendar.is_sunday,
        calendar.is_public_holiday,
        calendar.is_day_before_holiday,
        calendar.is_day_after_holiday,
        calendar.is_school_holiday,
        calendar.is_open,
        calendar.is_promotion,
        -- What the article and the branch are.
        days.category,
        days.category_level_1,
        days.brand,
        days.supplier,
        days.season,
        days.price_tier,
        days.list_price_gross,
        days.assortment_type,
        sizes.sizes,
        days.state,
        days.shop_type,
        days.is_online
    from days
    inner join calendar
        on days.branch_number = calendar.branch_number and days.date_day = calendar.date_day
    -- One row each, by a left join: where none of its columns is asked for, none of it is worked out.
    left join lateral (
        select
            sum(case when spans.first_day = days.seen_until then spans.demand_units end) as demand_lag_1,
            {% for week in range(1, 5) -%}
            sum(
                case
                    when
                        {{ days_apart('spans.first_day', 'days.date_day') }}
                        = 7 * ({{ weeks_ahead }} + {{ week - 1 }})
                        then spans.demand_units
                end
            ) as demand_same_weekday_{{ week }},
            {% endfor -%}
            {% for window in windows -%}
            sum(
                case
                    when spans.first_day > {{ days_after('days.seen_until', -window) }} then spans.demand_units else 0
                end
            ) as demand_{{ window }}d,
            sum(
                {{ days_of_span_in_window('spans.first_day', 'spans.last_day', 'days.seen_until', window) }}
                * spans.in_stock_share
            ) as share_{{ window }}d,
            {% endfor -%}
            sum(
                case
                    when {{ days_apart('spans.first_day', 'days.date_day') }} between 361 and 367
                        then spans.demand_units
                    else 0
                end
            ) as demand_last_year,
            sum(
                {{ days_of_span_in_window(
                    'spans.first_day', 'spans.last_day', days_after('days.date_day', -361), 7
                ) }} * spans.in_stock_share
            ) as share_last_year,
            max(case when spans.demand_units > 0 then spans.first_day end) as last_demand_on
        from {{ ref('int_forecasting__demand_spans') }} as spans
        where
            spans.branch_number = days.branch_number
            and spans.article_number = days.article_number
            and spans.first_day <= days.seen_until
            and spans.last_day >= {{ days_after('days.date_day', -400) }}
    ) as history
        on true
    left join lateral (
        select
            max(case when spans.first_day = days.date_day then spans.demand_units else 0 end) as demand_units,
            max(spans.in_stock_share) as in_stock_share
        from {{ ref('int_forecasting__demand_spans') }} as spans
        where
            spans.branch_number = days.branch_number
            and spans.article_number = days.article_number
            and days.date_day between spans.first_day and spans.last_day
    ) as target
        on true
    -- Of the article in all branches: one branch sells too little to show a price.
    left join lateral (
        select
            {% for window in [7, 28] -%}
            sum(case when sales.date_day > {{ days_after('days.seen_until', -window) }} then sales.label_value end)
                as label_value_{{ window }}d,
            sum(case when sales.date_day > {{ days_after('days.seen_until', -window) }} then sales.discount_amount end)
                as discount_amount_{{ window }}d,
            {% endfor -%}
            sum(case when sales.label_value is not null then sales.demand_units end) as labelled_units_28d
        from {{ ref('fct_sales_daily') }} as sales
        where
            sales.article_number = days.article_number
            and sales.date_day > {{ days_after('days.seen_until', -28) }}
            and sales.date_day <= days.seen_until
    ) as prices
        on true
    left join lateral (
        select count(*) as sizes
        from {{ ref('int_articles__size_curves') }} as curves
        where curves.article_number = days.article_number
    ) as sizes
        on true
)

select * from final
