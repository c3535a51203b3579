{#- The business day of a moment: its calendar date in Berlin, whatever the time zone of the session. -#}
{% macro berlin_day(moment) -%}
    cast({{ berlin_time(moment) }} as date)
{%- endmacro %}

{#- Monday is 1, Sunday is 7. -#}
{% macro iso_weekday(day) %}
    {{- return(adapter.dispatch('iso_weekday', 'prohandel_analytics')(day)) -}}
{% endmacro %}

{% macro default__iso_weekday(day) -%}
    cast(extract(isodow from {{ day }}) as integer)
{%- endmacro %}

{% macro iso_week(day) %}
    {{- return(adapter.dispatch('iso_week', 'prohandel_analytics')(day)) -}}
{% endmacro %}

{% macro default__iso_week(day) -%}
    cast(extract(week from {{ day }}) as integer)
{%- endmacro %}

{#- The year that an ISO week belongs to: at the turn of the year it differs from the calendar year. -#}
{% macro iso_year(day) %}
    {{- return(adapter.dispatch('iso_year', 'prohandel_analytics')(day)) -}}
{% endmacro %}

{% macro default__iso_year(day) -%}
    cast(extract(isoyear from {{ day }}) as integer)
{%- endmacro %}

{#- A day that lies a number of days later (or earlier, if negative); days may be a column or an expression. -#}
{% macro days_after(day, days) %}
    {{- return(adapter.dispatch('days_after', 'prohandel_analytics')(day, days)) -}}
{% endmacro %}

{% macro default__days_after(day, days) -%}
    cast({{ dbt.dateadd('day', days, day) }} as date)
{%- endmacro %}

{% macro postgres__days_after(day, days) -%}
    ({{ day }} + {{ days }})
{%- endmacro %}

{#-
  Easter Sunday of a year (an integer column), by Gauss's rule as it holds from 1900 to 2099. Source: C. F. Gauss,
  Berechnung des Osterfestes, Monatliche Correspondenz 2 (1800), with his two exceptions.
-#}
{% macro easter_sunday(year) -%}
    {%- set d = '((19 * (' ~ year ~ ' % 19) + 24) % 30)' -%}
    {%- set e = '((2 * (' ~ year ~ ' % 4) + 4 * (' ~ year ~ ' % 7) + 6 * ' ~ d ~ ' + 5) % 7)' -%}
    {%- set days_after_march_22 -%}
        case
            when {{ d }} = 29 and {{ e }} = 6 then 28
            when {{ d }} = 28 and {{ e }} = 6 and {{ year }} % 19 > 10 then 27
            else {{ d }} + {{ e }}
        end
    {%- endset -%}
    {{ days_after('make_date(' ~ year ~ ', 3, 22)', '(' ~ days_after_march_22 ~ ')') }}
{%- endmacro %}

{#- First day of the month that a day lies in. -#}
{% macro month_start(day) -%}
    cast({{ dbt.date_trunc('month', day) }} as date)
{%- endmacro %}

{#- A day that lies a number of months later, or earlier if it is negative. -#}
{% macro months_after(day, months) -%}
    cast({{ dbt.dateadd('month', months, day) }} as date)
{%- endmacro %}

{#- First day of the week that a day lies in, where weeks are counted from an anchor day, before it too. -#}
{% macro week_start(anchor, day) %}
    {%- set apart = days_apart(anchor, day) -%}
    {{- return(days_after(day, '-mod(mod(' ~ apart ~ ', 7) + 7, 7)')) -}}
{% endmacro %}

{#- The month of a day as text, e.g. 2026-02, whatever the date style of the session. -#}
{% macro month_name_of(day) -%}
    lpad(cast(cast(extract(year from {{ day }}) as integer) as {{ dbt.type_string() }}), 4, '0') || '-'
        || lpad(cast(cast(extract(month from {{ day }}) as integer) as {{ dbt.type_string() }}), 2, '0')
{%- endmacro %}
