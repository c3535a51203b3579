{#- Whole weeks in a number of days that is not negative: integer division, which engines write differently. -#}
{% macro whole_weeks(days) %}
    {{- return("(" ~ days ~ " - mod(" ~ days ~ ", 7)) / 7") -}}
{% endmacro %}
