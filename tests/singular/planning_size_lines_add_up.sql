{{ config(tags=['nightly']) }}

select
    recommended.article_number,
    recommended.branch_number,
    max(recommended.recommended_order_units) as recommended_order_units,
    sum(lines.recommended_units) as units_of_lines
from {{ ref('reorder_recommendations') }} as recommended
inner join {{ ref('reorder_size_lines') }} as lines
    on recommended.article_number = lines.article_number and recommended.branch_number = lines.branch_number
group by recommended.article_number, recommended.branch_number
having sum(lines.recommended_units) <> max(recommended.recommended_order_units)
