{#-
  The time at which dbt ends the version of a row that is no longer there: the newest sync that the snapshot sees, not
  the server's clock, so that the same landings give the same history on any day.
-#}
{% macro postgres__snapshot_get_time() %}
    {%- set updated_at = config.get('updated_at') -%}
    (select max(observed.{{ updated_at }}) from ({{ model['compiled_code'] }}) as observed)
{%- endmacro %}
