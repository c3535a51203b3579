{%- set elasticity = var('markdown_elasticity') %}
{%- set steps = var('markdown_steps') | sort %}
{#- A step s multiplies demand by (1 - s) ^ -elasticity; 15 digits, because 0.7 * 0.7 is a bit less than 0.49 in binary. -#}
{%- set divisors = {} %}
{%- for step in steps %}
{%- do divisors.update({step: '%.15g' | format((1 - step) ** elasticity)}) %}
{%- endfor %}

with

stock as (
    select
        article_number,
        as_of_date,
        sum(greatest(on_hand, 0)) as on_hand
    from {{ ref('inventory_status') }}
    where on_hand is not null
    group by article_number, as_of_date
),

sales as (
    select * from {{ ref('fct_sales_daily') }}
),

articles as (
    select * from {{ ref('int_articles__resolved') }}
),

prices as (
    select * from {{ ref('int_planning__prices') }}
),

classes as (
    select * from {{ ref('int_articles__classification') }}
),

seasons as (
    select * from {{ ref('season_calendar') }}
),

stocked as (
    select
        stock.article_number,
        articles.category,
        articles.brand,
        articles.season,
        coalesce(classes.is_new_article, false) as is_new_article,
        stock.on_hand,
        stock.as_of_date,
        prices.list_price_gross,
        prices.list_price_net,
        prices.unit_cost,
        greatest(0, {{ days_apart('stock.as_of_date', 'seasons.ends_on') }}) as days_left
    from stock
    inner join articles
        on stock.article_number = articles.article_number
    inner join seasons
        on articles.season = seasons.season
    inner join prices
        on stock.article_number = prices.article_number
    left join classes
        on stock.article_number = classes.article_number
    where
        stock.on_hand > 0
        and articles.assortment_type <> 'nos'
),

demand as (
    select
        stocked.article_number,
        sum(sales.demand_units) as demand_units_28d
    from stocked
    inner join sales
        on stocked.article_number = sales.article_number
    where
        sales.date_day > {{ days_after('stocked.as_of_date', -28) }}
        and sales.date_day <= stocked.as_of_date
    group by stocked.article_number
),

-- The stock has the days that are left to sell, or those that a clearance takes at least.
candidates as (
    select
        stocked.*,
        coalesce(demand.demand_units_28d, 0) as demand_units_28d,
        coalesce(demand.demand_units_28d, 0)
        * greatest(stocked.days_left, 7 * {{ var('clearance_weeks') }}) as demand_times_28
    from stocked
    left join demand
        on stocked.article_number = demand.article_number
    where stocked.on_hand * 28 > coalesce(demand.demand_units_28d, 0) * stocked.days_left
),

-- Compared by multiplication: what sells to the last piece is sold.
stepped as (
    select
        candidates.*,
        least(candidates.demand_times_28 / 28, candidates.on_hand) as units_without_step,
        case
            when candidates.is_new_article or candidates.demand_times_28 >= candidates.on_hand * 28 then 0
            {% for step in steps[:-1] -%}
            when candidates.demand_times_28 >= candidates.on_hand * 28 * {{ divisors[step] }} then {{ step }}
            {% endfor -%}
            else {{ steps | last }}
        end as price_step_rate
    from candidates
),

expected as (
    select
        stepped.*,
        case
            when stepped.demand_units_28d > 0
                then
                    least(
                        stepped.on_hand,
                        stepped.demand_times_28 / 28 / case stepped.price_step_rate
                            {% for step in steps -%}
                            when {{ step }} then {{ divisors[step] }}
                            {% endfor -%}
                            else 1
                        end
                    ) - stepped.units_without_step
        end as extra_units
    from stepped
),

final as (
    select
        article_number,
        category,
        brand,
        season,
        is_new_article,
        cast(on_hand as numeric(18, 4)) as on_hand,
        cast(demand_units_28d as numeric(18, 4)) as demand_units_28d,
        {{ rate('on_hand * 4', 'demand_units_28d') }} as weeks_of_cover,
        cast(cast(days_left as numeric(18, 6)) / 7 as numeric(18, 6)) as weeks_of_season_left,
        cast(list_price_gross as numeric(18, 6)) as current_price_gross,
        cast(price_step_rate as numeric(18, 6)) as price_step_rate,
        cast(list_price_gross * (1 - price_step_rate) as numeric(18, 6)) as new_price_gross,
        cast(units_without_step as numeric(18, 4)) as expected_units_without_step,
        cast(extra_units as numeric(18, 4)) as expected_extra_units,
        cast(units_without_step * list_price_net * price_step_rate as numeric(18, 6)) as margin_cost,
        cast(extra_units * (list_price_net * (1 - price_step_rate) - unit_cost) as numeric(18, 6)) as margin_gained,
        cast(extra_units * unit_cost as numeric(18, 6)) as capital_freed,
        as_of_date
    from expected
)

select * from final
