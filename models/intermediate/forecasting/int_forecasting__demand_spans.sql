with

spans as (
    select * from {{ ref('int_inventory__pair_spans') }} where is_ranged
),

calendar as (
    select * from {{ ref('int_inventory__branch_calendar') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

pairs as (
    select * from {{ ref('int_inventory__pairs') }} where not is_superseded
),

known as (
    select
        spans.branch_number,
        spans.article_number,
        spans.first_day,
        least(spans.last_day, as_of.as_of_date) as last_day,
        spans.demand_units,
        spans.is_in_stock,
        spans.closing_stock,
        -- Nobody keeps the stock of what sells and never had any: that it is said to be empty means nothing.
        coalesce(holders.first_quantity_on > as_of.as_of_date, true) as is_never_stocked,
        -- Hours say nothing where nobody looked by the hour, or only from within the day on.
        case
            when
                spans.is_observed
                and calendar.is_observed_by_the_hour
                and calendar.open_hours > 0
                and coalesce(spans.observed_from_at <= calendar.opens_at, true)
                then
                    coalesce(
                        spans.stockout_hours, case when spans.closing_stock <= 0 then calendar.open_hours else 0 end
                    )
        end as stockout_hours,
        calendar.open_hours
    from spans
    -- Not by comparing days: an index over days would be taken for all of the history.
    inner join as_of
        on {{ days_apart('spans.first_day', 'as_of.as_of_date') }} >= 0
    inner join pairs
        on spans.branch_number = pairs.branch_number and spans.article_number = pairs.article_number
    -- The import would be read as a whole if it were used twice.
    left join {{ ref('int_inventory__pairs') }} as holders
        on
            pairs.stock_branch_number = holders.branch_number
            and pairs.article_number = holders.article_number
            and not holders.is_superseded
    left join calendar
        on spans.branch_number = calendar.branch_number and spans.first_day = calendar.date_day
),

shares as (
    select
        branch_number,
        article_number,
        first_day,
        last_day,
        demand_units,
        is_in_stock,
        is_never_stocked,
        stockout_hours,
        open_hours,
        -- In stock for a part of the first day: empty hours are known, or it sold out at some hour that is not. What
        -- sold although none was there all day shows that its stock was not what it is said to have been.
        is_in_stock
        and not is_never_stocked
        and coalesce(stockout_hours > 0, closing_stock <= 0, false)
        and not coalesce(demand_units > 0 and stockout_hours >= open_hours, false) as is_partly_in_stock
    from known
),

parts as (
    select part
    from (values (1), (2)) as numbered_parts (part)
),

-- What was asked for belongs to the first day, which is a row of its own where its share is another.
final as (
    select
        shares.branch_number,
        shares.article_number,
        case when parts.part = 1 then shares.first_day else {{ days_after('shares.first_day', 1) }} end as first_day,
        case when parts.part = 1 and shares.is_partly_in_stock then shares.first_day else shares.last_day end
            as last_day,
        cast(case when parts.part = 1 then shares.demand_units else 0 end as numeric(18, 4)) as demand_units,
        cast(
            case
                when shares.is_never_stocked then 1
                when not shares.is_in_stock then 0
                when parts.part = 2 or not shares.is_partly_in_stock then 1
                when shares.stockout_hours is null then 0.5
                -- What sold was there for an hour at least.
                when shares.demand_units > 0
                    then greatest(1 - shares.stockout_hours / shares.open_hours, least(1, 1 / shares.open_hours))
                else greatest(1 - shares.stockout_hours / shares.open_hours, 0)
            end as numeric(18, 6)
        ) as in_stock_share
    from shares
    inner join parts
        on parts.part = 1 or (shares.is_partly_in_stock and shares.last_day > shares.first_day)
)

select * from final
