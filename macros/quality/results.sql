{#-
  At the end of a run: what became of each of its tests, and which models failed, from dbt's own results, into
  `test_results`. Nothing is asked of the warehouse again.
-#}
{% macro record_test_results(results) %}
    {% set held = none %}
    {% if execute and flags.WHICH in ('build', 'test') %}
        {% set model_node = graph.nodes['model.' ~ project_name ~ '.test_results'] %}
        {% set held = adapter.get_relation(model_node.database, model_node.schema, model_node.alias) %}
    {% endif %}
    {% if held is not none %}
        {% set rows = [] %}
        {% for result in results if result.node.resource_type == 'test' or result.status | string == 'error' %}
            {% do rows.append(_result_as_row(result)) %}
        {% endfor %}
        {% for chunk in rows | batch(500) %}
            {% call statement('record_test_results_' ~ loop.index) %}
                insert into {{ held }} (
                    run_at, test_id, test_name, table_name, column_name, severity, status, failures, owner, message,
                    why, runbook, is_nightly
                )
                values {{ chunk | join(', ') }}
            {% endcall %}
        {% endfor %}
        {#- dbt commits the SQL that a hook renders, not the statements that it runs meanwhile. -#}
        {% do adapter.commit() if rows %}
    {% endif %}
{% endmacro %}

{% macro _result_as_row(result) %}
    {% set node = result.node %}
    {% set is_test = node.resource_type == 'test' %}
    {% set tested = (node.attached_node or (node.depends_on.nodes | first) or '') if is_test else node.unique_id %}
    {% set advice = advice_of(node) %}
    {#- Of a test that passed nobody asks why it matters, and there are hundreds in each run. -#}
    {% set has_passed = result.status | string in ('pass', 'skipped') %}
    {% set values = [
        node.unique_id,
        node.name,
        tested.split('.')[-1] or none,
        (node.column_name or none) if is_test else none,
        node.config.severity | lower if is_test else 'error',
        result.status | string,
    ] %}
    {% set parts = [run_time()] %}
    {% for value in values %}
        {% do parts.append(_text_or_null(value)) %}
    {% endfor %}
    {% do parts.append(result.failures if result.failures is not none else 'null') %}
    {% do parts.append(_text_or_null(advice['owner'])) %}
    {% do parts.append(_text_or_null(result.message)) %}
    {% do parts.append(_text_or_null(none if has_passed else advice['why'])) %}
    {% do parts.append(_text_or_null(none if has_passed else advice['runbook'])) %}
    {% do parts.append('true' if var('nightly') else 'false') %}
    {{ return('(' ~ parts | join(', ') ~ ')') }}
{% endmacro %}

{% macro _text_or_null(value) %}
    {% if value is none %}
        {{ return('null') }}
    {% endif %}
    {{ return(dbt.string_literal(dbt.escape_single_quotes(value | string))) }}
{% endmacro %}

{#- Pre-hook of a model that keeps a history: by night, what is older than `quality_retention_days` goes. -#}
{% macro forget_old_quality(moment) %}
    {% if execute and is_incremental() and var('nightly') %}
        delete from {{ this }} where {{ moment }} < {{ run_time() }} - interval '{{ var('quality_retention_days') | int }} days'
    {% endif %}
{% endmacro %}
