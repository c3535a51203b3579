{#-
  dbt compares every row of a snapshot's source with every current version. Here an hourly run compares those rows alone
  that the base model has written since the snapshot last read it (the snapshot's meta names the base: `changes`), and
  ends the versions of those that staging no longer takes. Rows that are gone without a mark are found by night, when all
  are compared; so they are after a rebuild of the base, which changes them all.
-#}
{% macro postgres__snapshot_staging_table(strategy, source_sql, target_relation) %}
    {% set base = graph.nodes['model.' ~ project_name ~ '.' ~ (config.get('meta') or {}).get('changes', '')] %}
    {% set state = state_of(model.name) if base else none %}
    {% set changed -%}
        select {{ strategy.unique_key }}
        from {{ base.relation_name if base }}
        where change_number > {{ state['seen_change_number'] if state is not none }}
    {%- endset %}
    {% set is_whole = state is none or var('nightly')
        or run_query('select count(*) > 100000 as is_large from (' ~ changed ~ ') as changed')[0]['is_large'] %}
    {% if is_whole %}
        {{- dbt.default__snapshot_staging_table(strategy, source_sql, target_relation) -}}
    {% else %}
        {{- dbt.default__snapshot_staging_table(
            strategy,
            'select * from (' ~ source_sql ~ ') as staged where ' ~ is_among('staged.' ~ strategy.unique_key, changed),
            '(select * from ' ~ target_relation ~ ' as versions where '
            ~ is_among('versions.' ~ strategy.unique_key, changed) ~ ') as held',
        ) -}}
    {% endif %}
{% endmacro %}

{#- Post-hook of a snapshot: remembers, in the transaction that writes it, up to which change it has read its base. -#}
{% macro record_snapshot() %}
    {% if execute %}
        {% set base = graph.nodes['model.' ~ project_name ~ '.' ~ config.get('meta')['changes']] %}
        insert into {{ model_state() }} as state (model_name, generation, fingerprint, seen_change_number)
        select
            '{{ model.name }}',
            nextval('{{ model_state().schema }}.change_number'),
            '',
            coalesce(max(change_number), 0)
        from {{ base.relation_name }}
        on conflict (model_name) do update set seen_change_number = excluded.seen_change_number
    {% endif %}
{% endmacro %}
