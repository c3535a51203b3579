{#-
  All landed rows of a table, cleaned: one row per key, the newest by `_fivetran_synced`. The columns are those of
  `columns_of_<table>`, those of the variable `passthrough_columns`, and
    source_relation       the schema that it landed in
    synced_at             `_fivetran_synced`; where that is missing the row's own last change, else 1970
    is_synced_at_known    false where it was missing
    is_deleted            `is_deleted` or `_fivetran_deleted`
    unreadable_columns    columns that are null because the landed value could not be read, with commas; else null
    rejection_reasons     why staging does not take the row, with commas; null where it does
    raw_row               a rejected row as it landed, personal values hashed
    row_hash              changes whenever anything changes that was read
  An incremental model gets only the rows that it does not hold yet as they are now: of those synced since its newest
  row (less the overlap), and by night of all.
-#}
{% macro landed_rows(table) %}
    {% set spec = columns_of(table) %}
    {% set relations = landed_relations(table) %}
    {% for relation in relations %}
        {%- if not loop.first %}
    union all
        {% endif -%}
        {{ _rows_of_relation(table, spec, relation) }}
    {% endfor %}
    {% if not relations %}
        {{ _no_rows(table, spec) }}
    {% endif %}
{% endmacro %}

{#- Post-hook of an incremental base model: by night, rows that have landed no more are deleted. -#}
{% macro delete_rows_not_landed(table) %}
    {% if execute and is_incremental() and var('nightly') and landed_relations(table) %}
        {% set spec = columns_of(table) %}
        {% set columns = spec['columns'] + passed_through(table) %}
        delete from {{ this }} as held
        where not exists (
            select 1
            from (
                {% for relation in landed_relations(table) %}
                    {%- if not loop.first %} union all {% endif -%}
                    (
                        {{ _newest_rows(spec, relation, landed_columns(relation), columns, false) }}
                        select newest.row__name from newest
                    )
                {% endfor %}
            ) as landed_now
            where landed_now.row__name = held.{{ spec['key']['name'] }}
        )
    {% endif %}
{% endmacro %}

{#- The further columns of a landed table that the variable `passthrough_columns` asks for. -#}
{% macro passed_through(table) %}
    {% set passed = [] %}
    {% for entry in var('passthrough_columns', {}).get(table, []) %}
        {% set column = {'name': entry} if entry is string else entry %}
        {% do passed.append({
            'name': column.get('alias', column['name']), 'kind': column.get('kind', 'text'), 'landed': [column['name']],
        }) %}
    {% endfor %}
    {{ return(passed) }}
{% endmacro %}

{% macro _rows_of_relation(table, spec, relation) %}
    {% set found = landed_columns(relation) %}
    {% set columns = spec['columns'] + passed_through(table) %}
    {% for column in columns if column.get('essential') and not _candidates(column, found) %}
        {{ raise_missing_column(table, relation, column) }}
    {% endfor %}
    (
    {{ _newest_rows(spec, relation, found, columns, is_incremental()) }},

    cleaned as (
        select
            landed.*
            {%- for column in columns %},
            {{ _cleaned(column, _candidates(column, found)) }} as cleaned__{{ column['name'] }}
            {%- endfor %}
        from newest as landed
        {{ computed_once() }}
    ),

    judged as (
        select
            landed.*,
            nullif(concat_ws(',' {%- for case in _rejections(columns, found) %}, {{ case }}{% endfor %}), '') as row__reasons,
            nullif(concat_ws(',' {%- for case in _unreadables(columns, found) %}, {{ case }}{% endfor %}), '') as row__unreadable
        from cleaned as landed
    )

    select
        cast('{{ relation.schema }}' as text) as source_relation,
        {%- if spec['key']['name'] not in columns | map(attribute='name') %}
        landed.row__name as {{ spec['key']['name'] }},
        {%- endif %}
        {%- for column in columns if column['name'] != 'is_deleted' %}
        {{ _final_value(column, spec, relation) }} as {{ column['name'] }},
        {%- if column.get('time_as') %}
        {{ time_of('landed.cleaned__' ~ column['name']) }} as {{ column['time_as'] }},
        {%- endif %}
        {%- endfor %}
        coalesce(landed.row__synced_at{{ _own_times(columns) }}, timestamptz '1970-01-01 00:00:00Z') as synced_at,
        landed.row__synced_at is not null as is_synced_at_known,
        coalesce(landed.cleaned__is_deleted, false) or {{ _is_soft_deleted(found) }} as is_deleted,
        landed.row__unreadable as unreadable_columns,
        landed.row__reasons as rejection_reasons,
        case when landed.row__reasons is not null then {{ _raw_row(spec, columns, found) }} end as raw_row,
        landed.row__hash as row_hash
    from judged as landed
    )
{% endmacro %}

{#-
  CTEs up to `newest`: the newest row of each key as it landed, with row__name (its key as text), row__synced_at and
  row__hash. A row without a key stands for itself, named by its hash.
-#}
{% macro _newest_rows(spec, relation, found, columns, only_new) %}
    {% set name = "case when landed.row__key is not null then landed.row__key else " ~ tenant_prefix(relation.schema)
        ~ "'row ' || landed.row__hash || coalesce('#' || nullif(landed.row__version, 1), '') end" %}
    with keyed as (
        select
            landed.*,
            {{ _key(spec, found, relation) }} as row__key,
            {{ _synced_at(found) }} as row__synced_at,
            {{ _row_hash(columns, found) }} as row__hash
        from {{ relation }} as landed
        {%- if only_new and not var('nightly') %}
        where {{ _is_recent(spec, found, relation) }}
        {%- endif %}
        {{ computed_once() }}
    ),

    numbered as (
        select
            landed.*,
            row_number() over (
                partition by coalesce(landed.row__key, landed.row__hash)
                order by landed.row__synced_at desc nulls last, landed.row__hash desc
            ) as row__version
        from keyed as landed
    ),

    newest as (
        select
            landed.*,
            {{ name }} as row__name
        from numbered as landed
        where
            (landed.row__version = 1 or landed.row__key is null)
            {%- if only_new %}
            and not exists (
                select 1
                from {{ this }} as held
                where
                    held.{{ spec['key']['name'] }} = {{ name }}
                    and (
                        held.row_hash = landed.row__hash
                        {%- if not var('nightly') %}
                        -- a row that was never given a time is in every slice, but is older than any that was
                        or (landed.row__synced_at is null and held.is_synced_at_known)
                        {%- endif %}
                    )
            )
            {%- endif %}
    )
{%- endmacro %}

{#-
  Synced since the newest row that this model holds of the relation, less the overlap; or of unknown time. The moment is
  read beforehand and columns that landed as moments are compared as they are: an index on them then serves.
-#}
{% macro _is_recent(spec, found, relation) %}
    {% set since = "timestamptz '" ~ _watermark(relation) ~ "'" %}
    {% set raw = found.get('_fivetran_synced') %}
    {% if raw and raw['type'] == 'timestamptz' %}
        {% set conditions = [
            raw['sql'] ~ ' >= ' ~ since, raw['sql'] ~ ' is null', raw['sql'] ~ " < timestamptz '1900-01-01 00:00:00Z'"
        ] %}
    {% else %}
        {% set synced_at = _synced_at(found) %}
        {% set conditions = [synced_at ~ ' >= ' ~ since, '(' ~ synced_at ~ ') is null'] %}
    {% endif %}
    {% for column in spec['columns'] if column['name'] in spec.get('changed_by', []) and _candidates(column, found) %}
        {% set raw = found.get(column['landed'][0]) %}
        {% set is_moment = column['landed'] | length == 1 and raw and raw['type'] == 'timestamptz' %}
        {% set changed_at = raw['sql'] if is_moment else _cleaned(column, _candidates(column, found)) %}
        {% do conditions.append(
            '(' ~ changed_at ~ ' >= ' ~ since ~ ' and ' ~ changed_at ~ " < timestamptz '9999-01-01 00:00:00Z')"
        ) %}
    {% endfor %}
    {{ return('(' ~ conditions | join(' or ') ~ ')') }}
{% endmacro %}

{#- The newest sync of a landed relation that the current model holds, less the overlap, as text in UTC. -#}
{% macro _watermark(relation) %}
    {% set newest %}
        select {{ iso_format(
            "(coalesce(max(held.synced_at), timestamptz '1900-01-01 00:00:00Z') - interval '"
            ~ (var('overlap_minutes') | int) ~ " minutes')", 'timestamptz'
        ) }} as since
        from {{ this }} as held
        where held.source_relation = '{{ relation.schema }}' and held.is_synced_at_known
    {% endset %}
    {{ return(run_query(newest)[0]['since']) }}
{% endmacro %}

{#- Those of a column's accepted names that have landed: how to read them, when they are filled, can they be unreadable. -#}
{% macro _candidates(column, found) %}
    {# A date with a time of day behind it is read as a moment, once, and both are taken from that. #}
    {% set kind = 'timestamp' if column.get('time_as') else column['kind'] %}
    {% set candidates = [] %}
    {% for landed in column['landed'] %}
        {% if landed is string and landed in found %}
            {% set raw = found[landed] %}
            {% do candidates.append({
                'sql': clean(kind, raw['sql'], raw['type']),
                'filled': is_filled(raw['sql'], raw['type']),
                'can_be_unreadable': can_be_unreadable(kind, raw['type']),
            }) %}
        {% elif landed is mapping and landed['not'] in found %}
            {% set raw = found[landed['not']] %}
            {% do candidates.append({
                'sql': 'not (' ~ clean(kind, raw['sql'], raw['type']) ~ ')',
                'filled': is_filled(raw['sql'], raw['type']),
                'can_be_unreadable': can_be_unreadable(kind, raw['type']),
            }) %}
        {% elif landed is not string and landed is not mapping %}
            {% set parts = [] %}
            {% for part in landed if part in found %}
                {% do parts.append(clean(kind, found[part]['sql'], found[part]['type'])) %}
            {% endfor %}
            {% if parts %}
                {% set joined = "nullif(concat_ws(' ', " ~ parts | join(', ') ~ "), '')" %}
                {% do candidates.append({'sql': joined, 'filled': joined ~ ' is not null', 'can_be_unreadable': false}) %}
            {% endif %}
        {% endif %}
    {% endfor %}
    {{ return(candidates) }}
{% endmacro %}

{#- The first candidate that is filled decides, readable or not. -#}
{% macro _cleaned(column, candidates) %}
    {% if not candidates %}
        {{ return(null_of(column['kind'])) }}
    {% elif candidates | length == 1 %}
        {{ return(candidates[0]['sql']) }}
    {% endif %}
    {% set cases = [] %}
    {% for candidate in candidates %}
        {% do cases.append('when ' ~ candidate['filled'] ~ ' then ' ~ candidate['sql']) %}
    {% endfor %}
    {{ return('case ' ~ cases | join(' ') ~ ' end') }}
{% endmacro %}

{% macro _is_filled(candidates) %}
    {{ return('(' ~ candidates | map(attribute='filled') | join(' or ') ~ ')') }}
{% endmacro %}

{% macro _can_be_unreadable(candidates) %}
    {{ return(candidates | selectattr('can_be_unreadable') | list | length > 0) }}
{% endmacro %}

{#- A case expression for each reason to reject a row; null where the reason does not hold. -#}
{% macro _rejections(columns, found) %}
    {% set reasons = {} %}
    {% for column in columns if column.get('essential') %}
        {% set candidates = _candidates(column, found) %}
        {% set nothing = 'landed.cleaned__' ~ column['name'] ~ ' is null' %}
        {% do reasons.setdefault('missing_' ~ column['essential'], []).append(
            nothing ~ ' and ' ~ _is_filled(candidates) ~ ' is not true'
        ) %}
        {% if _can_be_unreadable(candidates) %}
            {% do reasons.setdefault('unreadable_' ~ column['essential'], []).append(
                nothing ~ ' and ' ~ _is_filled(candidates)
            ) %}
        {% endif %}
        {% if column.get('not_after_sync') %}
            {% do reasons.setdefault('future_' ~ column['essential'], []).append(
                _day(column) ~ ' > ' ~ day_of('landed.row__synced_at')
            ) %}
        {% endif %}
    {% endfor %}
    {% set cases = [] %}
    {% for reason, conditions in reasons.items() %}
        {% do cases.append('case when (' ~ conditions | join(') or (') ~ ") then '" ~ reason ~ "' end") %}
    {% endfor %}
    {{ return(cases) }}
{% endmacro %}

{#- A case expression for each column that may be null because it could not be read; null where it is not. -#}
{% macro _unreadables(columns, found) %}
    {% set cases = [] %}
    {% for column in columns if not column.get('essential') and _can_be_unreadable(_candidates(column, found)) %}
        {% do cases.append(
            'case when landed.cleaned__' ~ column['name'] ~ ' is null and ' ~ _is_filled(_candidates(column, found))
            ~ " then '" ~ column['name'] ~ "' end"
        ) %}
    {% endfor %}
    {{ return(cases or ["cast(null as text)"]) }}
{% endmacro %}

{% macro _day(column) %}
    {% set value = 'landed.cleaned__' ~ column['name'] %}
    {{ return(day_of(value) if column.get('time_as') else value) }}
{% endmacro %}

{% macro _final_value(column, spec, relation) %}
    {% if column['name'] == spec['key']['name'] %}
        {{ return('landed.row__name') }}
    {% endif %}
    {% set value = 'landed.cleaned__' ~ column['name'] %}
    {% if column['kind'] == 'date' %}
        {% set value = _day(column) %}
    {% elif column['kind'] == 'id' %}
        {% set value = tenant_prefix(relation.schema) ~ value %}
    {% elif column['kind'] == 'number' %}
        {# A case expression forgets precision and scale. #}
        {% set value = 'cast(' ~ value ~ ' as ' ~ type_of('number') ~ ')' %}
    {% endif %}
    {% if column.get('default') %}
        {% set value = 'coalesce(' ~ value ~ ', ' ~ column['default'] ~ ')' %}
    {% endif %}
    {{ return(value) }}
{% endmacro %}

{#- The key as text; null where a part is missing or unreadable. -#}
{% macro _key(spec, found, relation) %}
    {% set parts = [] %}
    {% for column in spec['columns'] if column['name'] in spec['key']['parts'] %}
        {% set part = _cleaned(column, _candidates(column, found)) %}
        {% if column['kind'] == 'id' %}
            {% set part = tenant_prefix(relation.schema) ~ part %}
        {% elif column['kind'] == 'date' %}
            {% set part = iso_format('(' ~ part ~ ')', 'date') %}
        {% elif column['kind'] == 'utc_timestamp' %}
            {% set part = iso_format('(' ~ part ~ ')', 'timestamptz') %}
        {% elif column.get('default') %}
            {% set part = 'coalesce(' ~ part ~ ', ' ~ column['default'] ~ ')' %}
        {% endif %}
        {% do parts.append(part) %}
    {% endfor %}
    {% set has_id = 'id' in spec['columns'] | selectattr('name', 'in', spec['key']['parts']) | map(attribute='kind') %}
    {{ return(('' if has_id else tenant_prefix(relation.schema)) ~ parts | join(" || '|' || ")) }}
{% endmacro %}

{% macro _synced_at(found) %}
    {% set raw = found.get('_fivetran_synced') %}
    {{ return(clean('utc_timestamp', raw['sql'], raw['type']) if raw else null_of('utc_timestamp')) }}
{% endmacro %}

{% macro _is_soft_deleted(found) %}
    {% set raw = found.get('_fivetran_deleted') %}
    {{ return('coalesce(' ~ clean('boolean', raw['sql'], raw['type']) ~ ', false)' if raw else 'false') }}
{% endmacro %}

{#- When a row last changed by its own account, for rows without `_fivetran_synced`. -#}
{% macro _own_times(columns) %}
    {% set times = [] %}
    {% for name in ['updated_at', 'created_at'] if name in columns | map(attribute='name') %}
        {% do times.append(', landed.cleaned__' ~ name) %}
    {% endfor %}
    {{ return(times | join('')) }}
{% endmacro %}

{#- The landed names that a column may be read from, flat. -#}
{% macro _landed_names(column) %}
    {% set names = [] %}
    {% for landed in column['landed'] %}
        {% do names.extend([landed] if landed is string else landed.values() if landed is mapping else landed) %}
    {% endfor %}
    {{ return(names) }}
{% endmacro %}

{#- A landed value as text that no setting of the session changes. -#}
{% macro _as_text(raw) %}
    {% if raw['type'] in ('date', 'timestamp', 'timestamptz') %}
        {{ return(iso_format(raw['sql'], raw['type'])) }}
    {% endif %}
    {{ return('cast(' ~ raw['sql'] ~ ' as text)') }}
{% endmacro %}

{#- Over everything that is read; nulls left out, so that a column that lands later changes only rows with a value in it. -#}
{% macro _row_hash(columns, found) %}
    {% set names = ['_fivetran_synced', '_fivetran_deleted'] %}
    {% for column in columns %}
        {% do names.extend(_landed_names(column)) %}
    {% endfor %}
    {% set parts = [] %}
    {% for name in names | unique | sort if name in found %}
        {% set raw = found[name] %}
        {% set is_moment = raw['type'] in ('date', 'timestamp', 'timestamptz') %}
        {% do parts.append(
            "'" ~ name ~ "=' || " ~ (moment_digits(raw['sql'], raw['type']) if is_moment else _as_text(raw))
        ) %}
    {% endfor %}
    {{ return("md5(concat_ws('|', " ~ parts | join(', ') ~ "))") }}
{% endmacro %}

{% macro _raw_row(spec, columns, found) %}
    {% set personal = [] %}
    {% set known = [] %}
    {% for column in columns %}
        {% do known.extend(_landed_names(column)) %}
        {% do personal.extend(_landed_names(column)) if column.get('personal') %}
    {% endfor %}
    {% set values = [] %}
    {% for name, raw in found.items() %}
        {% set is_unknown = name not in known and not name.startswith('_fivetran_') %}
        {% if name in personal or (is_unknown and spec.get('unknown_is_personal')) %}
            {% do values.append(hash_personal(_as_text(raw))) %}
        {% else %}
            {% do values.append(_as_text(raw)) %}
        {% endif %}
    {% endfor %}
    {{ return(json_row(found.keys() | list, values)) }}
{% endmacro %}

{% macro _no_rows(table, spec) %}
    {% set columns = spec['columns'] + passed_through(table) %}
    select
        cast(null as text) as source_relation,
        {%- if spec['key']['name'] not in columns | map(attribute='name') %}
        cast(null as text) as {{ spec['key']['name'] }},
        {%- endif %}
        {%- for column in columns if column['name'] != 'is_deleted' %}
        {{ null_of(column['kind']) }} as {{ column['name'] }},
        {%- if column.get('time_as') %}
        {{ null_of('timestamp') }} as {{ column['time_as'] }},
        {%- endif %}
        {%- endfor %}
        cast(null as timestamptz) as synced_at,
        cast(null as boolean) as is_synced_at_known,
        cast(null as boolean) as is_deleted,
        cast(null as text) as unreadable_columns,
        cast(null as text) as rejection_reasons,
        cast(null as jsonb) as raw_row,
        cast(null as text) as row_hash
    where false
{% endmacro %}

{#- The names of the columns of a table that staging hands on, without the bookkeeping ones. -#}
{% macro staged_columns(table) %}
    {% set names = [] %}
    {% for column in columns_of(table)['columns'] + passed_through(table) if column['name'] != 'is_deleted' %}
        {% do names.append(column['name']) %}
        {% do names.append(column['time_as']) if column.get('time_as') %}
    {% endfor %}
    {{ return(names) }}
{% endmacro %}

{#- The last lines of a staging view's select: the passed through columns and those that every table has. -#}
{% macro common_columns(table) %}
    {%- for column in passed_through(table) %}
        {{ column['name'] }},
    {%- endfor %}
        unreadable_columns,
        is_deleted,
        synced_at,
        source_relation
{%- endmacro %}

{#- Is the key of a row, given as SQL, one that the current model does not hold yet? -#}
{% macro is_new_key(key) %}
    {%- if is_incremental() -%}
    not exists (select 1 from {{ this }} as held where held.{{ key.split('.')[-1] }} = {{ key }})
    {%- else -%}
    true
    {%- endif -%}
{% endmacro %}
