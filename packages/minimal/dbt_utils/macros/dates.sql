{#-
  One row per step from start_date to before end_date, as a column date_<datepart>. The number of steps is read from
  the database when the model is built, so both dates may be any SQL expression.
-#}
{% macro date_spine(datepart, start_date, end_date) %}
    {%- set steps = 0 -%}
    {%- if execute -%}
        {%- set steps = run_query("select " ~ dbt.datediff(start_date, end_date, datepart))[0][0] | int -%}
    {%- endif %}
    select step_start as date_{{ datepart }}
    from (
        select {{ dbt.dateadd(datepart, 'step_number', start_date) }} as step_start
        from (
            with recursive steps as (
                select 0 as step_number
                union all
                select step_number + 1 from steps where step_number + 1 < {{ steps }}
            )
            select step_number from steps where {{ steps }} > 0
        ) as numbered
    ) as spine
{% endmacro %}
