{{ config(tags=['nightly']) }}

select lines.sale_line_id
from {{ ref('fct_sale_lines') }} as lines
left join {{ ref('stg_prohandel__sales') }} as staged
    on lines.sale_line_id = staged.sale_line_id
where
    staged.sale_line_id is null
    or staged.is_deleted
