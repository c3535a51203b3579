{#-
  On-run-start hook: has dbt list the schemas that hold none of its own relations, before its threads ask for them. dbt lists
  such a schema when it is first asked of, and while one thread takes the list down, another one that asks is told that
  relations further down do not exist.
-#}
{% macro list_schemas_first() %}
    {% if execute and flags.WHICH in ('build', 'run', 'seed', 'snapshot', 'test', 'run-operation') %}
        {% for schema in landed_schemas() %}
            {% do adapter.get_relation(landed_database(), schema, 'sale') %}
        {% endfor %}
        {% do adapter.get_relation(model_state().database, model_state().schema, model_state().identifier) %}
        {% do stored_forecasts('forecasts') %}
        {% do _fivetran_log() %}
    {% endif %}
{% endmacro %}
