{#- A relation to join laterally: one row (`date_day`) per day from `first_day` to `last_day`, both included. -#}
{% macro each_day(first_day, last_day) %}
    {{- return(adapter.dispatch('each_day', 'prohandel_analytics')(first_day, last_day)) -}}
{% endmacro %}

{% macro default__each_day(first_day, last_day) -%}
    (
        select {{ first_day }} + days_later as date_day
        from generate_series(0, {{ last_day }} - {{ first_day }}) as days_later
    )
{%- endmacro %}

{#- A relation to join laterally: one row (`hour_at`) per clock hour that the time between two moments touches. -#}
{% macro each_hour(opens_at, closes_at) %}
    {{- return(adapter.dispatch('each_hour', 'prohandel_analytics')(opens_at, closes_at)) -}}
{% endmacro %}

{% macro default__each_hour(opens_at, closes_at) -%}
    (
        select hour_at
        from generate_series(
            date_trunc('hour', {{ opens_at }}), {{ closes_at }} - interval '1 microsecond', interval '1 hour'
        ) as hour_at
    )
{%- endmacro %}

{#- Whole days from one day to a later one. -#}
{% macro days_apart(earlier, later) %}
    {{- return(adapter.dispatch('days_apart', 'prohandel_analytics')(earlier, later)) -}}
{% endmacro %}

{% macro default__days_apart(earlier, later) -%}
    ({{ later }} - {{ earlier }})
{%- endmacro %}

{#- Hours from one moment to a later one; 0 where it is not later. -#}
{% macro hours_between(earlier, later) %}
    {{- return(adapter.dispatch('hours_between', 'prohandel_analytics')(earlier, later)) -}}
{% endmacro %}

{% macro default__hours_between(earlier, later) -%}
    greatest(0, extract(epoch from {{ later }} - {{ earlier }}) / 3600)
{%- endmacro %}
{#- Whole weeks in a number of days that is not negative: integer division, which engines write differently. -#}
{% macro whole_weeks(days) %}
    {{- return("(" ~ days ~ " - mod(" ~ days ~ ", 7)) / 7") -}}
{% endmacro %}

{#- How many days of a span lie in the window of so many days that ends at a day. -#}
{% macro days_of_span_in_window(first_day, last_day, as_of_date, days) -%}
    greatest(
        0,
        {{ days_apart(
            'greatest(' ~ first_day ~ ', ' ~ days_after(as_of_date, 1 - days) ~ ')', 'least(' ~ last_day ~ ', ' ~ as_of_date ~ ')'
        ) }} + 1
    )
{%- endmacro %}
