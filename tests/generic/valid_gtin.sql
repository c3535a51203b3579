{#- Bar codes that no scanner takes: other than 8, 12, 13 or 14 digits, or a check digit that does not fit (GS1). -#}
{% test valid_gtin(model, column_name) %}

with

codes as (
    select distinct {{ column_name }} as code
    from {{ model }}
    where {{ column_name }} is not null
),

padded as (
    select
        code,
        case when {{ matches('code', '^([0-9]{8}|[0-9]{12,14})$') }} then lpad(code, 14, '0') end as digits
    from codes
)

select code
from padded
where
    digits is null
    or (
        {%- for place in range(1, 15) %}
        {{ '+ ' if not loop.first }}cast(substr(digits, {{ place }}, 1) as integer) * {{ 3 if place % 2 == 1 else 1 }}
        {%- endfor %}
    ) % 10 <> 0

{% endtest %}
