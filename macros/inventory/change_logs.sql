{#-
  For incremental models that are change logs of what they hold. `computed` is a CTE with the rows as they are now, `kept`
  one with the rows of the model that it covers. Gives the rows that are new or differ in one of `compared` from the
  kept row of the same `keys`, and, as superseded, the kept rows that are no more. With delete+insert on `keys` the model
  then holds, for every key that ever was, its last state and the number of its last change: a consumer that reads from
  the number it has seen on misses nothing, removed rows included. For the columns in `remembered` it also holds the
  number of the last change that moved a known row to another value (`<column>_changed_in`). `touched`: a CTE with keys
  that count as changed whatever their rows say.
-#}
{% macro changes_against_kept(computed, kept, keys, compared, carried=[], remembered=[], touched=none) %}
    {%- set matches -%}
        {% for key in keys %}kept.{{ key }} = computed.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
    {%- endset %}
    select
        {% for column in keys + compared + carried %}computed.{{ column }}, {% endfor %}
        {% for column in remembered -%}
        {% if is_incremental() -%}
        case
            when kept.change_number is null then 0
            when kept.{{ column }} is distinct from computed.{{ column }} then {{ next_change_number() }}
            else kept.{{ column }}_changed_in
        end
        {%- else -%}
        cast(0 as bigint)
        {%- endif %} as {{ column }}_changed_in,
        {% endfor -%}
        {% if is_incremental() %}kept.change_number is null{% else %}true{% endif %} as is_new,
        false as is_superseded,
        {{ next_change_number() }} as change_number
    from {{ computed }} as computed
    {% if is_incremental() %}
    left join {{ kept }} as kept
        on {{ matches }}
    {%- if touched %}
    left join {{ touched }} as touched
        on {% for key in keys %}touched.{{ key }} = computed.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
    {%- endif %}
    where
        kept.is_superseded is distinct from false
        {%- for column in compared %}
        or kept.{{ column }} is distinct from computed.{{ column }}
        {%- endfor %}
        {%- if touched %}
        or touched.{{ keys[0] }} is not null
        {%- endif %}
    union all
    select
        {% for column in keys + compared + carried %}kept.{{ column }}, {% endfor %}
        {% for column in remembered %}kept.{{ column }}_changed_in, {% endfor %}
        false as is_new,
        true as is_superseded,
        {{ next_change_number() }} as change_number
    from {{ kept }} as kept
    left join {{ computed }} as computed
        on {{ matches }}
    where
        computed.{{ keys[0] }} is null
        and not kept.is_superseded
    {% endif %}
{% endmacro %}

{#-
  The number up to which the current model has worked in the logs that it reads. All logs take their numbers from one
  sequence and are complete before this model starts, so its own newest number marks what it has seen. A literal, see
  newest_change_number.
-#}
{% macro worked_in_number() %}
    {%- set state = state_of(model.name) if is_incremental() else none -%}
    {{- return([state['generation'] if state is not none else -1, newest_change_number(this)] | max) -}}
{% endmacro %}

{#-
  Landed stock that was synced from this moment on has not been seen by the current model, apart from the overlap: a
  transaction may commit older values after the newest have been read.
-#}
{% macro inventory_watermark() %}
    {% if not execute %}
        {{ return("timestamptz '1900-01-01 00:00:00Z'") }}
    {% endif %}
    {% set newest = run_query("select max(synced_at) at time zone 'UTC' as newest from " ~ this)[0]['newest'] %}
    {{- return(
        "(timestamptz '" ~ (newest if newest is not none else '1900-01-01 00:00:00') ~ "+00' - interval '"
        ~ (var('overlap_minutes') | int) ~ " minutes')"
    ) -}}
{% endmacro %}
{#-
  Pre-hook of a change log: rows that every consumer (a model whose meta names the log in `changes`) has worked in are
  dropped, so the log stays as short as the changes of a few runs. A consumer that failed holds them back; one that was
  never built is built whole and needs none. The newest number stays, because it marks how far the log itself has come.
-#}
{% macro forget_seen_changes() %}
    {% if execute and is_incremental() %}
        {% set consumers = [] %}
        {% for node in graph.nodes.values() if node.resource_type == 'model' %}
            {% if (node.config.meta or {}).get('changes') == model.name %}
                {% do consumers.append(node.name) %}
            {% endif %}
        {% endfor %}
        delete from {{ this }}
        where
            change_number < (
                select min(seen_change_number)
                from {{ model_state() }}
                where model_name in ('{{ consumers | sort | join("', '") }}')
            )
            and change_number < (select max(newest.change_number) from {{ this }} as newest)
    {% endif %}
{% endmacro %}

{#- The key of an inventory row, from the columns of its history; null where one of them is missing. -#}
{% macro inventory_key(alias=none) -%}
    {%- set prefix = alias ~ '.' if alias else '' -%}
    {{ prefix }}inventory_id || '|' || {{ prefix }}branch_ref || '|' || {{ prefix }}article_ref
    || '|' || {{ prefix }}article_size_number
{%- endmacro %}

{#-
  Versions of the snapshot that began and ended before this moment are as the current model has seen them: they lie
  before its watermark and before what the landed history reached then. A literal, so that their indexes serve.
-#}
{% macro carried_on_from(landed_history, seen) %}
    {% if not execute %}
        {{ return("timestamptz '1900-01-01 00:00:00Z'") }}
    {% endif %}
    {% set reached %}
        select min(coalesce(before.reached_at, timestamptz '1900-01-01 00:00:00Z')) at time zone 'UTC' as reached_at
        from ({{ distinct_values(landed_history, 'source_relation', 'valid_from is not null') }}) as sources
        cross join lateral (
            select max(landed.valid_from) as reached_at
            from {{ landed_history }} as landed
            where
                landed.source_relation = sources.value
                and landed.change_number <= {{ seen }}
        ) as before
    {% endset %}
    {% set reached_at = run_query(reached)[0]['reached_at'] %}
    {{- return(
        inventory_watermark() if reached_at is none
        else "least(" ~ inventory_watermark() ~ ", timestamptz '" ~ reached_at ~ "+00')"
    ) -}}
{% endmacro %}
