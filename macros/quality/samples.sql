{#-
  Stock by day, branch and article has a row per day of each pair: a thousand million for a large retailer, too many to look at
  in a night. Tests of it look at no more than this many, and at others each night; a small retailer is looked at whole.
-#}
{% macro daily_rows_per_test() %}
    {{- return(5000000) -}}
{% endmacro %}

{#- Subquery of the pairs of branch and article whose days a nightly test looks at, each on all of its days. -#}
{% macro sampled_pairs() %}
    (
        select
            branch_number,
            article_number
        from (
            select
                pairs.branch_number,
                pairs.article_number,
                row_number() over (
                    order by {{ dbt.hash("pairs.branch_number || '|' || pairs.article_number || '|' || as_of.as_of_date") }}
                ) as place
            from {{ ref('int_inventory__pairs') }} as pairs
            cross join {{ ref('int_as_of') }} as as_of
            where not pairs.is_superseded
        ) as drawn
        where place <= {{ daily_rows_per_test() }} / (select count(*) from {{ ref('dim_dates') }})
    )
{% endmacro %}

{#- Subquery of the days that a nightly test looks at, each with all pairs: a week of them at least. -#}
{% macro sampled_days() %}
    (
        select date_day
        from (
            select
                dates.date_day,
                row_number() over (
                    order by {{ dbt.hash("cast(dates.date_day as text) || '|' || as_of.as_of_date") }}
                ) as place
            from {{ ref('dim_dates') }} as dates
            inner join {{ ref('int_as_of') }} as as_of
                on dates.date_day <= as_of.newest_day
        ) as drawn
        where
            place <= greatest(
                7, {{ daily_rows_per_test() }} / greatest(
                    1, (select count(*) from {{ ref('int_inventory__pairs') }} where not is_superseded)
                )
            )
    )
{% endmacro %}
