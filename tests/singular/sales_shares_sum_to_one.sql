{%- set shares = [
    ('price_band_performance', 'category', 'sales_share'),
    ('price_band_performance', 'category', 'stock_share'),
    ('assortment_performance', 'branch_number', 'revenue_share'),
    ('assortment_performance', 'branch_number', 'stock_share'),
    ('returns_by_size', 'category', 'share_of_returns'),
] %}

with

sums as (
    {% for mart, part_of, share in shares -%}
    select
        '{{ mart }}' as mart,
        '{{ share }}' as share,
        {{ part_of }} as part_of,
        count(*) as parts,
        sum({{ share }}) as share_sum
    from {{ ref(mart) }}
    group by {{ part_of }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select *
from sums
where abs(share_sum - 1) > 0.000001 * parts
