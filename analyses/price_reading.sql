-- Are landed prices per unit or per line? Lines of more than one unit tell: the reading whose typical discount against
-- the label price is small and not negative is the right one. Compare with the variables sale_price_per and
-- label_price_per.
with

lines as (
    select
        abs(sale_price) as sale_price,
        abs(label_price) as label_price,
        abs(quantity) as quantity
    from {{ ref('stg_prohandel__sales') }}
    where not is_deleted and abs(quantity) > 1 and sale_price <> 0 and label_price <> 0
),

readings as (
    select
        'line' as sale_price_per,
        'unit' as label_price_per,
        sale_price as paid,
        label_price * quantity as label
    from lines
    union all
    select
        'unit' as sale_price_per,
        'unit' as label_price_per,
        sale_price * quantity as paid,
        label_price * quantity as label
    from lines
    union all
    select
        'line' as sale_price_per,
        'line' as label_price_per,
        sale_price as paid,
        label_price as label
    from lines
    union all
    select
        'unit' as sale_price_per,
        'line' as label_price_per,
        sale_price * quantity as paid,
        label_price as label
    from lines
),

final as (
    select
        sale_price_per,
        label_price_per,
        count(*) as lines,
        avg(case when paid between 0.1 * label and 1.005 * label then 1.0 else 0.0 end) as plausible_share,
        percentile_cont(0.5) within group (order by paid / label) as median_paid_of_label
    from readings
    group by sale_price_per, label_price_per
)

select * from final
order by plausible_share desc
