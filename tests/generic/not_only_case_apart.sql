{#- Numbers count as different when only their case differs; this reports them, because a person rarely means that. -#}
{% test not_only_case_apart(model, column_name) %}
    {{ config(severity="warn") }}

select
    lower({{ column_name }}) as without_case,
    count(distinct {{ column_name }}) as spellings
from {{ model }}
where {{ column_name }} is not null
group by lower({{ column_name }})
having count(distinct {{ column_name }}) > 1

{% endtest %}
