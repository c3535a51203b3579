{#-
  Post-hook of models and snapshots: a table that was just written whole has no statistics, and the models that follow
  within seconds would be planned blindly. Autovacuum comes too late for them.
-#}
{% macro refresh_statistics() %}
    {% if execute and (config.get('materialized') in ('table', 'snapshot')
        or (config.get('materialized') == 'incremental' and not is_incremental())) %}
        analyze {{ this }}
    {% endif %}
{% endmacro %}
