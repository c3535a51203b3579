{#-
  What has arrived since the run before, by landed table. Tables that grow for ever have base models that number their
  changes: rows with a higher number than that run saw have arrived. The others are read whole by every run: rows synced
  since have. The run before is the newest in `table_metrics`, which is built first and names where the arrivals begin.
-#}

{#- Does the base model of this landed table number its changes? -#}
{% macro is_numbered(table) %}
    {{ return(table in ['sale', 'inventory', 'inventory_history']) }}
{% endmacro %}

{#- The newest row of `table_metrics` of each landed table, before this run writes its own. -#}
{% macro metrics_before() %}
    {% set found = {} %}
    {% set held = load_relation(this) if execute else none %}
    {% if held is not none %}
        {% set newest %}
            select
                metrics.table_name,
                metrics.row_count,
                metrics.duplicate_rows,
                metrics.arrived_until,
                cast(metrics.last_synced_at as text) as last_synced_at
            from {{ held }} as metrics
            inner join (select table_name, max(run_at) as run_at from {{ held }} group by table_name) as newest
                on metrics.table_name = newest.table_name and metrics.run_at = newest.run_at
        {% endset %}
        {% for row in run_query(newest) %}
            {% do found.update({row['table_name']: row}) %}
        {% endfor %}
    {% endif %}
    {{ return(found) }}
{% endmacro %}

{#- One row of `table_metrics`, a select. `before` is that table's row of the run before, or none. -#}
{% macro metrics_of_table(table, base, before) %}
    {% set key = columns_of(table)['key']['name'] %}
    {% set is_whole = before is none or not is_numbered(table) or var('nightly') %}
    select
        cast('{{ table }}' as text) as table_name,
        {% if is_whole -%}
        held.row_count,
        {%- else -%}
        {{ before['row_count'] }} + arrived.rows_added as row_count,
        {%- endif %}
        {% if before is none -%}
        held.row_count as rows_added,
        cast(0 as bigint) as rows_changed,
        {%- elif is_numbered(table) -%}
        arrived.rows_added,
        arrived.rows_changed,
        {%- else -%}
        greatest(0, held.row_count - {{ before['row_count'] }}) as rows_added,
        arrived.arrived_rows - least(arrived.arrived_rows, greatest(0, held.row_count - {{ before['row_count'] }}))
            as rows_changed,
        {%- endif %}
        {% if is_whole -%}
        landed.superseded_rows as duplicate_rows,
        {%- else -%}
        cast({{ before['duplicate_rows'] }} as bigint) as duplicate_rows,
        {%- endif %}
        rejected.rejected_rows,
        newest.last_synced_at,
        {{ before['arrived_until'] if before is not none else -1 }} as arrived_after,
        {{ newest_change_number(base) if is_numbered(table) else 0 }} as arrived_until,
        {% if before is not none and before['last_synced_at'] -%}
        timestamptz '{{ before['last_synced_at'] }}' as synced_after
        {%- else -%}
        cast(null as timestamptz) as synced_after
        {%- endif %}
    from (select max(synced_at) as last_synced_at from {{ base }}) as newest
    cross join (select count(*) as rejected_rows from {{ base }} where rejection_reasons is not null) as rejected
    {% if is_whole -%}
    cross join (select count(*) as row_count from {{ base }}) as held
    cross join ({{ _landed_row_counts(table, base) }}) as landed
    {% endif -%}
    {% if before is not none -%}
    cross join (
        select
            count(*) as arrived_rows
            {%- if is_numbered(table) %},
            count(case when is_new then 1 end) as rows_added,
            count(case when not is_new then 1 end) as rows_changed
            {%- endif %}
        from {{ base }}
        where
            {% if is_numbered(table) -%}
            change_number > {{ before['arrived_until'] }}
            {%- elif before['last_synced_at'] -%}
            synced_at > timestamptz '{{ before['last_synced_at'] }}'
            {%- else -%}
            true
            {%- endif %}
    ) as arrived
    {%- endif %}
{% endmacro %}

{#- Where this run's arrivals begin, by landed table, from the rows that it has written into `table_metrics`. -#}
{% macro arrivals_of_this_run() %}
    {% set found = {} %}
    {% set metrics = ref('table_metrics') %}
    {% if execute and load_relation(metrics) is not none %}
        {% set written %}
            select
                table_name,
                row_count,
                arrived_after,
                cast(synced_after as text) as synced_after
            from {{ metrics }}
            where run_at = {{ run_time() }}
        {% endset %}
        {% for row in run_query(written) %}
            {% do found.update({row['table_name']: row}) %}
        {% endfor %}
    {% endif %}
    {{ return(found) }}
{% endmacro %}

{#-
  SQL condition on rows of a base model: they have arrived since the run before. `arrivals` is what arrivals_of_this_run
  gives; a table that it does not name is taken whole.
-#}
{% macro has_arrived(table, arrivals) %}
    {% set begin = arrivals.get(table) %}
    {% if begin is none %}
        {{ return('true') }}
    {% elif is_numbered(table) %}
        {{ return('change_number > ' ~ begin['arrived_after']) }}
    {% elif begin['synced_after'] %}
        {{ return("synced_at > timestamptz '" ~ begin['synced_after'] ~ "'") }}
    {% endif %}
    {{ return('true') }}
{% endmacro %}

{#- The clock hour in which a row arrived, a moment. -#}
{% macro arrived_at(moment) %}
    {{- return("date_trunc('hour', " ~ moment ~ " at time zone 'UTC') at time zone 'UTC'") -}}
{% endmacro %}

{#- Signals begin so many days before the newest row: older arrivals are no baseline for today's. -#}
{% macro signals_from(base) %}
    {% if not execute or load_relation(base) is none %}
        {{ return("timestamptz '1900-01-01 00:00:00Z'") }}
    {% endif %}
    {% set newest = run_query("select max(synced_at) at time zone 'UTC' as newest from " ~ base)[0]['newest'] %}
    {{ return(
        "(timestamptz '" ~ (newest if newest is not none else '1900-01-01 00:00:00') ~ "+00' - interval '"
        ~ (var('quality_baseline_days') | int) ~ " days')"
    ) }}
{% endmacro %}

{#-
  Select of what was checked of the rows of a CTE, by branch and hour of arrival. `checks`: name, condition that should hold,
  condition of the rows that it can be asked of. Each gives how many hold, how many were asked, and a key that fails.
-#}
{% macro checked(rows, key, checks, sums) %}
    select
        arrived_at,
        branch_number,
        count(*) as row_count
        {%- for name, expression in sums.items() %},
        {{ expression }} as {{ name }}
        {%- endfor %}
        {%- for name, condition, among in checks %},
        count(case when ({{ among }}) and ({{ condition }}) then 1 end) as {{ name }}_holds,
        count(case when {{ among }} then 1 end) as {{ name }}_asked,
        min(case when ({{ among }}) and ({{ condition }}) is not true then {{ key }} end) as {{ name }}_fails
        {%- endfor %}
    from {{ rows }}
    group by arrived_at, branch_number
{% endmacro %}

{#- The same as rows of `signals`, one per check, branch and hour. -#}
{% macro measures_of(table, checked_rows, checks, sums) %}
    {%- for sum in ['row_count'] + sums %}
    select
        '{{ table }}' as table_name,
        branch_number,
        arrived_at,
        '{{ 'rows' if sum == 'row_count' else sum }}' as metric,
        {{ sum }} as numerator,
        cast(null as bigint) as denominator,
        cast(null as text) as sample_key
    from {{ checked_rows }}
    union all
    {%- endfor %}
    {%- for name, condition, among in checks %}
    select
        '{{ table }}' as table_name,
        branch_number,
        arrived_at,
        '{{ name }}' as metric,
        {{ name }}_holds as numerator,
        {{ name }}_asked as denominator,
        {{ name }}_fails as sample_key
    from {{ checked_rows }}
    where {{ name }}_asked > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{% endmacro %}
