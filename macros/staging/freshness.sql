{#-
  When a landed table was last loaded, as dbt's source freshness wants to know it, but with an age that counts only
  hours in which a sync must have moved something: 10:00 to 20:00 in Berlin, Monday to Saturday, nationwide holidays
  left out. The age is taken from the variable `now`, by default the clock. Null for an empty table, which dbt reads
  as infinitely old; an optional table may be empty, and is fresh then.
-#}
{% macro loaded_at(source_relation) %}
    {{- return(adapter.dispatch('loaded_at', 'prohandel_analytics')(source_relation)) -}}
{% endmacro %}

{% macro default__loaded_at(source_relation) %}
    select now() - opening_hours.passed
    from (
        -- with several tenants the one that lags most decides
        select
            case when count(*) = count(tenants.synced_at) then {{ berlin_time('min(tenants.synced_at)') }} end as synced_at,
            {{ berlin_time(clock()) }} as now_at
        from (
            {%- for schema in landed_schemas() %}
            {%- if not loop.first %}
            union all
            {%- endif %}
            {{ _newest_sync(schema, source_relation.identifier) }}
            {%- endfor %}
        ) as tenants
    ) as newest
    cross join lateral (
        select
            coalesce(
                sum(
                    greatest(
                        least(days.day + interval '20 hours', newest.now_at)
                        - greatest(days.day + interval '10 hours', newest.synced_at),
                        interval '0'
                    )
                ),
                interval '0'
            ) as passed
        from generate_series(
            date_trunc('day', newest.synced_at), date_trunc('day', newest.now_at), interval '1 day'
        ) as days (day)
        where extract(isodow from days.day) < 7 and not {{ _is_nationwide_holiday('days.day') }}
    ) as opening_hours
    {%- if not columns_of(source_relation.identifier).get('may_be_empty') %}
    where newest.synced_at is not null
    {%- endif %}
{% endmacro %}

{% macro _newest_sync(schema, table) %}
    {% set relation = adapter.get_relation(landed_database(), schema, table) %}
    {% if relation is none %}
        {{ raise_missing_table(table, schema) }}
    {% endif %}
    {% set synced_at = _synced_at(landed_columns(relation)) %}
    select max({{ synced_at }}) as synced_at from {{ relation }} as landed
{% endmacro %}

{% macro clock() %}
    {% set now = var('now', none) %}
    {{ return("timestamptz '" ~ now | string | replace("'", "''") ~ "'" if now else 'now()') }}
{% endmacro %}

{#- The nine holidays of all German states, Easter by Gauss's rule (right from 1900 to 2099). -#}
{% macro _is_nationwide_holiday(day) %}
    {% set year = 'cast(extract(year from ' ~ day ~ ') as integer)' %}
    {% set d = '((19 * (' ~ year ~ ' % 19) + 24) % 30)' %}
    {% set e = '((2 * (' ~ year ~ ' % 4) + 4 * (' ~ year ~ ' % 7) + 6 * ' ~ d ~ ' + 5) % 7)' %}
    {% set easter %}
        (
            make_date({{ year }}, 3, 22) + {{ d }} + {{ e }}
            - case
                when {{ e }} = 6 and ({{ d }} = 29 or ({{ d }} = 28 and {{ year }} % 19 > 10)) then 7
                else 0
            end
        )
    {% endset %}
    {% set after_easter = '(cast(' ~ day ~ ' as date) - ' ~ easter ~ ')' %}
    {{ return(
        "(to_char(" ~ day ~ ", 'MM-DD') in ('01-01', '05-01', '10-03', '12-25', '12-26') or " ~ after_easter
        ~ " in (-2, 1, 39, 50))"
    ) }}
{% endmacro %}
