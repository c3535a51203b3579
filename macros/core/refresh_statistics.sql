{#-
  Post-hook of models and snapshots: a table that was just written whole has no statistics, and the models that follow
  within seconds would be planned blindly. Autovacuum comes too late for them.
-#}
{% macro refresh_statistics() %}
    {% if execute and (config.get('materialized') == 'table'
        or (config.get('materialized') == 'incremental' and not is_incremental())
        or (config.get('materialized') == 'snapshot' and not has_statistics(this))) %}
        analyze {{ this }}
    {% endif %}
{% endmacro %}

{#- Was this table ever analyzed? -#}
{% macro has_statistics(relation) %}
    {{ return(run_query("select reltuples >= 0 as is_known from pg_class where oid = cast('" ~ relation ~ "' as regclass)")[0]['is_known']) }}
{% endmacro %}
