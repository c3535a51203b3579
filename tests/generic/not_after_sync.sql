{#-
  Days and moments that lie after the sync which brought their row: a wrong clock or year, or another time zone. Clocks may
  differ by five minutes. Rows without a time of sync say nothing.
-#}
{% test not_after_sync(model, column_name, is_moment=false) %}

select
    {{ column_name }},
    synced_at
from {{ model }}
where
    {%- if is_moment %}
    {{ column_name }} > synced_at + interval '5 minutes'
    {%- else %}
    {{ column_name }} > {{ day_of('synced_at') }}
    {%- endif %}
    and synced_at > timestamptz '1970-01-01 00:00:00Z'

{% endtest %}
