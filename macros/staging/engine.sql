{#-
  The few expressions of staging that engines spell differently. Written for PostgreSQL 12 and newer; another engine
  gets a macro of its own prefix beside the default one.
-#}

{% macro matches(expression, pattern) %}
    {{- return(adapter.dispatch('matches', 'prohandel_analytics')(expression, pattern)) -}}
{% endmacro %}

{% macro default__matches(expression, pattern) %}
    {{- return(expression ~ " ~ '" ~ pattern ~ "'") -}}
{% endmacro %}

{% macro substitute(expression, pattern, replacement) %}
    {{- return(adapter.dispatch('substitute', 'prohandel_analytics')(expression, pattern, replacement)) -}}
{% endmacro %}

{% macro default__substitute(expression, pattern, replacement) %}
    {{- return("regexp_replace(" ~ expression ~ ", '" ~ pattern ~ "', '" ~ replacement ~ "', 'i')") -}}
{% endmacro %}

{% macro trimmed(expression) %}
    {{- return(adapter.dispatch('trimmed', 'prohandel_analytics')(expression)) -}}
{% endmacro %}

{#- chr(160) is the no-break space that spreadsheets and web forms leave behind. -#}
{% macro default__trimmed(expression) %}
    {{- return("btrim(" ~ expression ~ ", ' ' || chr(9) || chr(10) || chr(13) || chr(160))") -}}
{% endmacro %}

{% macro berlin_time(expression) %}
    {{- return(adapter.dispatch('berlin_time', 'prohandel_analytics')(expression)) -}}
{% endmacro %}

{#- The local time in Berlin of a moment, without zone. -#}
{% macro default__berlin_time(expression) %}
    {{- return("(" ~ expression ~ " at time zone 'Europe/Berlin')") -}}
{% endmacro %}

{% macro moment_of(local_time, zone) %}
    {{- return(adapter.dispatch('moment_of', 'prohandel_analytics')(local_time, zone)) -}}
{% endmacro %}

{#- The moment at which it is this local time in the zone. -#}
{% macro default__moment_of(local_time, zone) %}
    {{- return("(" ~ local_time ~ " at time zone '" ~ zone ~ "')") -}}
{% endmacro %}

{% macro iso_format(expression, landed_type) %}
    {{- return(adapter.dispatch('iso_format', 'prohandel_analytics')(expression, landed_type)) -}}
{% endmacro %}

{#- A date or time as text that no setting of the session changes. -#}
{% macro default__iso_format(expression, landed_type) %}
    {% if landed_type == 'date' %}
        {{ return("to_char(" ~ expression ~ ", 'YYYY-MM-DD')") }}
    {% elif landed_type == 'timestamp' %}
        {{ return("to_char(" ~ expression ~ ", 'YYYY-MM-DD\"T\"HH24:MI:SS.US')") }}
    {% endif %}
    {{ return("to_char(" ~ expression ~ " at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')") }}
{% endmacro %}

{% macro json_row(names, values) %}
    {{- return(adapter.dispatch('json_row', 'prohandel_analytics')(names, values)) -}}
{% endmacro %}

{#- An object of texts; arrays, because a function takes a hundred arguments at most. -#}
{% macro default__json_row(names, values) %}
    {% set quoted = [] %}
    {% for name in names %}
        {% do quoted.append("'" ~ name | replace("'", "''") ~ "'") %}
    {% endfor %}
    {{ return("jsonb_object(array[" ~ quoted | join(', ') ~ "], array[" ~ values | join(', ') ~ "])") }}
{% endmacro %}

{% macro computed_once() %}
    {{- return(adapter.dispatch('computed_once', 'prohandel_analytics')()) -}}
{% endmacro %}

{#-
  The end of a CTE whose expressions the planner must not repeat wherever one of its columns is named. (`materialized`
  would do too, but writes all rows to disk.)
-#}
{% macro default__computed_once() %}
    {{- return('offset 0') -}}
{% endmacro %}

{#- The decimal digits of a floating point number, to be cast to a decimal. -#}
{% macro double_digits(expression) %}
    {{- return(adapter.dispatch('double_digits', 'prohandel_analytics')(expression)) -}}
{% endmacro %}

{% macro default__double_digits(expression) %}
    {{- return(expression) -}}
{% endmacro %}

{#- The shortest text that is exact is found in half the time that the direct cast takes for 15 digits. -#}
{% macro postgres__double_digits(expression) %}
    {{- return("cast(" ~ expression ~ " as text)") -}}
{% endmacro %}

{#- A landed date or time as text that no setting changes; only ever compared with itself, so any form will do. -#}
{% macro moment_digits(expression, landed_type) %}
    {{- return(adapter.dispatch('moment_digits', 'prohandel_analytics')(expression, landed_type)) -}}
{% endmacro %}

{% macro default__moment_digits(expression, landed_type) %}
    {{- return(iso_format(expression, landed_type)) -}}
{% endmacro %}

{#- Takes half the time that a formatted date takes. -#}
{% macro postgres__moment_digits(expression, landed_type) %}
    {{- return("cast(extract(epoch from " ~ expression ~ ") as text)") -}}
{% endmacro %}
