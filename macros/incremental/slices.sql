{#-
  The slices of the current model that have changed since it was last built, as a subquery with `columns`
  (and `rebuild_from`, the earliest day to rebuild, where the log has one). `since`: those with a higher number than this.
-#}
{% macro changed_slices(changes, columns, has_rebuild_from=false, since=none) %}
    (
        select
            {{ columns | join(', ') }}
            {%- if has_rebuild_from %}, min(rebuild_from) as rebuild_from{% endif %}
        from {{ changes }}
        where change_number > {{ seen_change_number() if since is none else since }}
        group by {{ columns | join(', ') }}
    )
{% endmacro %}

{#-
  Incremental strategy `slices`: the slices that changed are deleted whole and inserted as they are now, so a row
  that moved away or vanished leaves its old slice too. The model's meta says which:
  `changes` (name of the change log), `slice` (columns), optionally `from` (day column: only days >= rebuild_from).
-#}
{% macro get_incremental_slices_sql(arg_dict) %}
    {% set slice = config.get('meta') %}
    {% set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') %}
    delete from {{ arg_dict['target_relation'] }} as old
    using {{ changed_slices(ref(slice['changes']), slice['slice'], 'from' in slice) }} as changed
    where
        {% for column in slice['slice'] -%}
        old.{{ column }} = changed.{{ column }}{{ ' and ' if not loop.last }}
        {% endfor -%}
        {%- if 'from' in slice %} and old.{{ slice['from'] }} >= changed.rebuild_from{% endif %};
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{% endmacro %}
