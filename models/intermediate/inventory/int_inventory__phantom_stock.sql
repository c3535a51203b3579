with

metrics as (
    select * from {{ ref('int_inventory_with_metrics') }} where on_hand > 0 and days_since_last_sale > 0
),

spans as (
    select * from {{ ref('int_inventory__spans') }} where is_in_stock
),

quiet as (
    select
        branch_number,
        article_number,
        on_hand,
        inventory_value_cost,
        as_of_date,
        days_since_last_sale,
        {{ days_after('as_of_date', '-days_since_last_sale') }} as last_sale_on,
        {{ days_after('as_of_date', '-days_since_last_sale - 89') }} as compared_from
    from metrics
),

sums as (
    select
        quiet.branch_number,
        quiet.article_number,
        sum(
            greatest(
                0,
                {{ days_apart(
                    'greatest(spans.first_day, ' ~ days_after('quiet.last_sale_on', 1) ~ ')',
                    'least(spans.last_day, quiet.as_of_date)',
                ) }} + 1
            )
        ) as days_in_stock_since,
        sum(
            case
                when spans.is_ranged
                    then greatest(
                        0,
                        {{ days_apart(
                            'greatest(spans.first_day, quiet.compared_from)', 'least(spans.last_day, quiet.last_sale_on)'
                        ) }} + 1
                    )
                else 0
            end
        ) as days_before,
        sum(
            case
                when spans.is_ranged and spans.first_day between quiet.compared_from and quiet.last_sale_on
                    then spans.demand_units
                else 0
            end
        ) as demand_units_before
    from quiet
    inner join spans
        on
            quiet.branch_number = spans.branch_number
            and quiet.article_number = spans.article_number
            and quiet.compared_from <= spans.last_day
            and quiet.as_of_date >= spans.first_day
    group by quiet.branch_number, quiet.article_number
),

-- Compared by multiplication: the expected units are a rate over days, times the days without a sale.
final as (
    select
        quiet.branch_number,
        quiet.article_number,
        {{ days_after('quiet.last_sale_on', 1) }} as since,
        quiet.on_hand,
        quiet.inventory_value_cost
    from quiet
    inner join sums
        on quiet.branch_number = sums.branch_number and quiet.article_number = sums.article_number
    where
        sums.days_in_stock_since = quiet.days_since_last_sale
        and sums.demand_units_before * quiet.days_since_last_sale
        >= {{ var('phantom_expected_units') }} * sums.days_before
        and sums.days_before > 0
)

select * from final
