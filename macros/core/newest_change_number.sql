{#-
  The newest number in a change log, read when the model is built: as a literal it lets the planner see how few rows are
  newer, which a subquery would hide. 0 where the log is not built, as when a project is only compiled.
-#}
{% macro newest_change_number(log) %}
    {% if not execute or load_relation(log) is none %}
        {{ return(0) }}
    {% endif %}
    {{ return(run_query("select coalesce(max(change_number), 0) as newest from " ~ log)[0]['newest']) }}
{% endmacro %}
