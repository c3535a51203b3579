{#-
  dbt's own macro takes away every privilege that the model's config does not name, those that `prohandel roles` gives to
  tables of the future among them. Without `reader_roles` privileges are not dbt's business.
-#}
{% macro postgres__apply_grants(relation, grant_config, should_revoke=True) %}
    {% if var('reader_roles', []) %}
        {{ dbt.default__apply_grants(relation, grant_config, should_revoke) }}
    {% endif %}
{% endmacro %}
