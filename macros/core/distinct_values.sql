{#-
  The distinct values of an indexed column of a table, not null, among the rows that meet a condition; a select. On
  PostgreSQL it leaps from value to value through the index, so its cost follows the number of values and not that of
  rows: the history of sales names few articles many times over, and this runs every hour.
-#}
{% macro distinct_values(relation, column, condition) %}
    {{- return(adapter.dispatch('distinct_values', 'prohandel_analytics')(relation, column, condition)) -}}
{% endmacro %}

{% macro default__distinct_values(relation, column, condition) %}
    select distinct {{ column }} as value
    from {{ relation }}
    where
        {{ column }} is not null
        and {{ condition }}
{% endmacro %}

{% macro postgres__distinct_values(relation, column, condition) %}
    select value
    from (
        with recursive leaps as (
            select min({{ column }}) as value
            from {{ relation }}
            where {{ condition }}
            union all
            select (
                select min(ahead.{{ column }})
                from {{ relation }} as ahead
                where
                    ahead.{{ column }} > leaps.value
                    and {{ condition }}
            ) as value
            from leaps
            where leaps.value is not null
        )
        select value from leaps where value is not null
    ) as found
{% endmacro %}
