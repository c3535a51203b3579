{#-
  Values that have been seen for no longer than seven days, where rows reach back four weeks: for lists that ProHandel may
  extend at any time. `moment`: when a row came to be. Not for a status that rows leave again: it is always new.
-#}
{% test no_new_values(model, column_name, moment) %}

with

seen as (
    select
        {{ column_name }} as new_value,
        min({{ moment }}) as first_seen,
        max({{ moment }}) as last_seen
    from {{ model }}
    group by {{ column_name }}
),

span as (
    select
        min(first_seen) as begins,
        max(last_seen) as ends
    from seen
)

select
    seen.new_value,
    seen.first_seen
from seen
cross join span
where
    seen.new_value is not null
    and seen.first_seen > {{ dbt.dateadd('day', -7, 'span.ends') }}
    and span.begins < {{ dbt.dateadd('day', -28, 'span.ends') }}

{% endtest %}
