with

stock_weeks as (
    select * from {{ ref('int_articles__stock_weeks') }}
),

flows as (
    select * from {{ ref('int_articles__season_flows') }}
),

articles as (
    select * from {{ ref('int_articles__resolved') }} where is_merchandise
),

seasons as (
    select * from {{ ref('int_seasons__previous') }}
),

plans as (
    select * from {{ ref('season_plan') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

week_numbers as (
    {% for week in range(1, 53) -%}
    select {{ week }} as season_week
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- What came before the first week counts in it.
sums_of_weeks as (
    select
        articles.season,
        articles.category,
        greatest(1, {{ whole_weeks('(' ~ days_apart('seasons.starts_on', 'stock_weeks.last_day') ~ ' + 1)') }})
            as season_week,
        sum(stock_weeks.received_units) as received_units,
        sum(stock_weeks.net_units) as net_units
    from stock_weeks
    inner join articles
        on stock_weeks.article_number = articles.article_number
    inner join seasons
        on articles.season = seasons.season
    group by 1, 2, 3
),

up_to_today as (
    select
        articles.season,
        articles.category,
        sum(flows.received_units) as received_units,
        sum(flows.net_units) as net_units
    from flows
    inner join articles
        on flows.article_number = articles.article_number and flows.for_season = articles.season
    group by articles.season, articles.category
),

weeks as (
    select
        up_to_today.season,
        up_to_today.category,
        week_numbers.season_week,
        {{ days_after('seasons.starts_on', '(7 * week_numbers.season_week - 1)') }} > as_of.as_of_date as is_running,
        up_to_today.received_units as received_up_to_today,
        up_to_today.net_units as net_up_to_today
    from up_to_today
    cross join week_numbers
    cross join as_of
    inner join seasons
        on up_to_today.season = seasons.season
    where {{ days_after('seasons.starts_on', '(7 * week_numbers.season_week - 7)') }} <= as_of.as_of_date
),

whole_weeks as (
    select
        weeks.*,
        sum(coalesce(sums_of_weeks.received_units, 0)) over (
            partition by weeks.season, weeks.category
            order by weeks.season_week
            rows between unbounded preceding and current row
        ) as received_by_weeks,
        sum(coalesce(sums_of_weeks.net_units, 0)) over (
            partition by weeks.season, weeks.category
            order by weeks.season_week
            rows between unbounded preceding and current row
        ) as net_by_weeks
    from weeks
    left join sums_of_weeks
        on
            weeks.season = sums_of_weeks.season
            and weeks.category = sums_of_weeks.category
            and weeks.season_week = sums_of_weeks.season_week
),

-- The running week ends at the as-of date.
cumulated as (
    select
        season,
        category,
        season_week,
        case when is_running then received_up_to_today else received_by_weeks end as received_units,
        case when is_running then net_up_to_today else net_by_weeks end as net_units
    from whole_weeks
),

rated as (
    select
        *,
        {{ rate('net_units', 'received_units') }} as sell_through
    from cumulated
    where received_units > 0
),

final as (
    select
        rated.season,
        rated.category,
        rated.season_week,
        cast(rated.received_units as numeric(18, 4)) as received_units_cumulated,
        cast(rated.net_units as numeric(18, 4)) as net_units_cumulated,
        rated.sell_through,
        last_year.sell_through as sell_through_last_year,
        cast(plans.plan_sell_through as numeric(18, 6)) as plan_sell_through
    from rated
    inner join seasons
        on rated.season = seasons.season
    left join rated as last_year
        on
            seasons.previous_season = last_year.season
            and rated.category = last_year.category
            and rated.season_week = last_year.season_week
    left join plans
        on
            rated.season = plans.season
            and rated.category = plans.category
            and rated.season_week = plans.season_week
)

select * from final
