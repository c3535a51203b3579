{#- A reference may hold its parent's number or its id: values that are found under neither. -#}
{% test refers_to_any(model, column_name, to, fields) %}

with

referring as (
    select distinct {{ column_name }} as reference
    from {{ model }}
    where {{ column_name }} is not null
),

parents as (
    {% for field in fields -%}
    select {{ field }} as reference
    from {{ to }}
    {% if not loop.last %}union{% endif %}
    {% endfor %}
)

select referring.reference
from referring
left join parents
    on referring.reference = parents.reference
where parents.reference is null

{% endtest %}
