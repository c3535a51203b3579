{#- Names the node and the invocation in every statement, so that pg_stat_activity and logs lead back to the model. -#}
{% macro query_comment(node) %}
    {%- set comment = {'app': 'dbt', 'invocation_id': invocation_id, 'target': target.name} -%}
    {%- if node is not none -%}
        {%- do comment.update({'node_id': node.unique_id}) -%}
    {%- endif -%}
    {{ return(tojson(comment)) }}
{% endmacro %}
