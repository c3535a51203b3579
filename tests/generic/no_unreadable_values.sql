{#- Values that became null because they could not be read, a row per combination of columns. -#}
{% test no_unreadable_values(model) %}

select
    unreadable_columns,
    count(*) as affected_rows
from {{ model }}
where unreadable_columns is not null
group by unreadable_columns

{% endtest %}
