-- Which price band sells but is not in stock, and which is in stock but does not sell? Read: gap is sales share less
-- stock share, in points of 1; above 0.05 there is too little of the band, below -0.05 too much. days_of_supply is the
-- stock at the pace of the last 90 days.
with

bands as (
    select * from {{ ref('price_band_performance') }}
),

final as (
    select
        category,
        price_band,
        net_units_90d,
        stock_units,
        sales_share,
        stock_share,
        sales_share - stock_share as gap,
        {{ rate('stock_units * 90', 'case when net_units_90d > 0 then net_units_90d end') }} as days_of_supply
    from bands
    where sales_share is not null and stock_share is not null
)

select * from final
order by gap desc, category, price_band
