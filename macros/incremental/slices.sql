{#-
  The slices of the current model that have changed since it was last built, as a subquery with `columns`
  (and `rebuild_from`, the earliest day to rebuild, where the log has one). A column that the log does not have is derived
  from its own by the SQL in `derived`, e.g. the month of a day. `since`: those with a higher number than this.
  `until_as_of`: columns of the log, see the strategy; by default what the current model's meta says.
-#}
{% macro changed_slices(changes, columns, has_rebuild_from=false, derived={}, since=none, until_as_of=none) %}
    {%- set deciding = (config.get('meta') or {}).get('until_as_of', []) if until_as_of is none and execute else until_as_of %}
    (
        select
            {% for column in columns -%}
            {{ derived[column] ~ ' as ' if column in derived }}{{ column }}{{ ', ' if not loop.last }}
            {%- endfor %}
            {%- if has_rebuild_from %}, min(rebuild_from) as rebuild_from{% endif %}
        from {{ changes }}
        where
            change_number > {{ seen_change_number() if since is none else since }}
            {%- if execute and deciding %}
            and (
                {{ deciding[0] }} <= (
                    select as_of_date from {{ graph.nodes['model.' ~ project_name ~ '.int_as_of'].relation_name }}
                )
                {%- for column in deciding[1:] %}
                or {{ column }}
                {%- endfor %}
            )
            {%- endif %}
        group by {% for column in columns %}{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}
    )
{% endmacro %}

{#-
  Incremental strategy `slices`: the slices that changed are deleted whole and inserted as they are now, so a row
  that moved away or vanished leaves its old slice too. The model's meta says which:
  - `changes`: name of the change log; `slice`: columns that make a slice.
  - optionally `from`: day column; only days >= rebuild_from are rebuilt.
  - optionally `until`: for rows that hold for a stretch of days, its last day; what reaches the eve of rebuild_from is
    rebuilt, because it may last longer or shorter now.
  - optionally `all_where_null`: slice column that the log leaves null where all of its values are to be rebuilt.
  - optionally `also`: name of a model whose rows have change numbers; the slices that are news there are replaced as well.
  - optionally `and_by_key`: the model also rewrites rows that no log names; they are replaced by unique_key.
  - optionally `reads`: names of further models whose change numbers decide which rows those are.
  - optionally `derived`: SQL of slice columns that the log does not have.
  - optionally `until_as_of`, where all windows end at the as-of date: the log's day column, and flags. Changes of later
    days, which are most of an hour's, are left alone unless a flag is set: the model is rebuilt when that date moves on.
-#}
{% macro get_incremental_slices_sql(arg_dict) %}
    {% set slice = config.get('meta') %}
    {% set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') %}
    {% set has_days = 'from' in slice or 'until' in slice %}
    {% for open_column in [none] + ([slice['all_where_null']] if 'all_where_null' in slice else []) %}
    delete from {{ arg_dict['target_relation'] }} as old
    using {{ changed_slices(ref(slice['changes']), slice['slice'], has_days, slice.get('derived', {})) }} as changed
    where
        {% for column in slice['slice'] -%}
        {% if column == open_column %}changed.{{ column }} is null{% else %}old.{{ column }} = changed.{{ column }}{% endif %}
        {{- ' and ' if not loop.last }}
        {% endfor -%}
        {%- if 'from' in slice %} and old.{{ slice['from'] }} >= changed.rebuild_from{% endif %}
        {%- if 'until' in slice %} and old.{{ slice['until'] }} >= {{ days_after('changed.rebuild_from', -1) }}{% endif %};
    {% endfor %}
    {% if slice.get('also') %}
    delete from {{ arg_dict['target_relation'] }} as old
    using {{ changed_slices(ref(slice['also']), slice['slice'], until_as_of=[]) }} as changed
    where
        {% for column in slice['slice'] -%}
        old.{{ column }} = changed.{{ column }}{{ ' and ' if not loop.last }}
        {% endfor -%};
    {% endif %}
    {% if slice.get('and_by_key') %}
    delete from {{ arg_dict['target_relation'] }} as old
    using {{ arg_dict['temp_relation'] }} as rewritten
    where
        {% for column in config.get('unique_key') -%}
        old.{{ column }} = rewritten.{{ column }}{{ ' and ' if not loop.last }}
        {% endfor -%};
    {% endif %}
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{% endmacro %}
