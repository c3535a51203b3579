-- Best and worst sellers of the last whole week, three each per category. Read: the worst are articles with stock that
-- sold least; an article that is worst here and has many weeks_of_cover is one to look at first.
with

today as (
    select max(period_end) as as_of_date
    from {{ ref('sales_to_date') }}
),

weeks as (
    select
        {{ days_after('calendar.week_start_date', -7) }} as first_day,
        {{ days_after('calendar.week_start_date', -1) }} as last_day
    from {{ ref('dim_dates') }} as calendar
    inner join today
        on calendar.date_day = {{ days_after('today.as_of_date', 1) }}
),

sold as (
    select
        sales.article_number,
        sum(sales.net_units) as net_units,
        sum(sales.net_revenue) as net_revenue
    from {{ ref('fct_sales_daily') }} as sales
    inner join weeks
        on
            sales.date_day >= weeks.first_day
            and sales.date_day <= weeks.last_day
    group by sales.article_number
),

ranked as (
    select
        ranking.category,
        ranking.article_number,
        ranking.name,
        coalesce(sold.net_units, 0) as net_units,
        coalesce(sold.net_revenue, 0) as net_revenue,
        ranking.on_hand,
        ranking.weeks_of_cover,
        row_number() over (
            partition by ranking.category
            order by coalesce(sold.net_revenue, 0) desc, ranking.article_number
        ) as place,
        row_number() over (
            partition by ranking.category, ranking.on_hand > 0
            order by coalesce(sold.net_revenue, 0), ranking.on_hand desc, ranking.article_number
        ) as place_from_below
    from {{ ref('article_ranking') }} as ranking
    left join sold
        on ranking.article_number = sold.article_number
),

final as (
    select
        category,
        'best' as side,
        place,
        article_number,
        name,
        net_units,
        net_revenue,
        on_hand,
        weeks_of_cover
    from ranked
    where place <= 3 and net_revenue > 0
    union all
    select
        category,
        'worst' as side,
        place_from_below as place,
        article_number,
        name,
        net_units,
        net_revenue,
        on_hand,
        weeks_of_cover
    from ranked
    where place_from_below <= 3 and on_hand > 0 and (place > 3 or net_revenue <= 0)
)

select * from final
order by category, side, place
