{#- Lines that brought more than `max_price_factor` times their label price: a decimal point moved, or a unit changed. -#}
{% test price_not_above_label(model) %}

select
    sale_line_id,
    quantity,
    sale_price,
    label_price
from {{ model }}
where
    label_price > 0
    and {{ line_amount('sale_price', 'sale_price_per') }}
    > {{ var('max_price_factor') }} * {{ line_amount('label_price', 'label_price_per') }}

{% endtest %}
