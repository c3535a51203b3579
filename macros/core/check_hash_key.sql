{#- Stops the run before any model when the key that hides customers is not there. -#}
{% macro check_hash_key() %}
    {% set found = run_query("select coalesce(current_setting('prohandel.hash_key', true), '') <> '' as is_set") %}
    {% if not found[0]['is_set'] %}
        {{ exceptions.raise_compiler_error(
            "The key that hides customers is not set. Set PROHANDEL_HASH_KEY and start with `prohandel run`, or set "
            ~ "PGOPTIONS=\"-c prohandel.hash_key=<your key>\" for a plain dbt command."
        ) }}
    {% endif %}
{% endmacro %}
