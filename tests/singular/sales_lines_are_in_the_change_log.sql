{{ config(tags=['nightly']) }}

select lines.sale_line_id
from {{ ref('fct_sale_lines') }} as lines
left join {{ ref('int_sales__line_changes') }} as changes
    on
        lines.sale_line_id = changes.sale_line_id
        and lines.sale_date = changes.date_day
        and lines.branch_number = changes.branch_number
        and lines.article_number = changes.article_number
where changes.sale_line_id is null
