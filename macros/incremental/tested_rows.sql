{#-
  What a test looks at, in place of dbt's own macro. In an hourly run a test of an incremental model looks at the rows that
  its last build has written: the slices that changed, or the rows with newer change numbers. By night every test looks at
  everything, rows that were rewritten by their key among them; so does `dbt test`. A view over an incremental model names it
  in its meta as `shows_rows_of`, and has the columns of its slices.
-#}
{% macro get_where_subquery(relation) %}
    {% set written = rows_last_written(relation) %}
    {% if not written %}
        {{ return(dbt.default__get_where_subquery(relation)) }}
    {% endif %}
    {% set condition = config.get('where', '') %}
    {{ return('(select * from (' ~ written ~ ') as written where ' ~ (condition or 'true') ~ ') as dbt_subquery') }}
{% endmacro %}

{#- Select of those rows of the model that the current test is attached to; empty where all are to be tested. -#}
{% macro rows_last_written(relation) %}
    {% set tested = graph.nodes.get(model.attached_node) if execute and model.attached_node else none %}
    {% set shown = (tested.config.meta or {}).get('shows_rows_of') if tested else none %}
    {% set written = graph.nodes['model.' ~ tested.package_name ~ '.' ~ shown] if shown else tested %}
    {% if flags.WHICH != 'build' or var('nightly') or not written or written.config.materialized != 'incremental' %}
        {{ return('') }}
    {% endif %}
    {% set state = state_of(state_name(written)) %}
    {% if state is none or (var('gate', false) and state['tested_change_number'] is none) %}
        {{ return('') }}
    {% endif %}
    {#- What failed its tests is looked at until it passes them. -#}
    {% set since = [state['previous_change_number'], state['tested_change_number']] | reject('none') | min %}
    {% if since < 0 %}
        {{ return('') }}
    {% endif %}
    {% set slice = written.config.get('meta') or {} %}
    {% if 'changes' in slice and 'slice' in slice %}
        {% set changes = graph.nodes['model.' ~ tested.package_name ~ '.' ~ slice['changes']].relation_name %}
        {% set has_days = 'from' in slice or 'until' in slice %}
        {% set matches = [] %}
        {% for column in slice['slice'] %}
            {% set match = 'tested.' ~ column ~ ' = changed.' ~ column %}
            {% do matches.append('(' ~ match ~ ' or changed.' ~ column ~ ' is null)' if column == slice.get('all_where_null') else match) %}
        {% endfor %}
        {% if 'from' in slice %}
            {% do matches.append('tested.' ~ slice['from'] ~ ' >= changed.rebuild_from') %}
        {% elif 'until' in slice %}
            {% do matches.append('tested.' ~ slice['until'] ~ ' >= ' ~ days_after('changed.rebuild_from', -1)) %}
        {% endif %}
        {{ return(
            'select tested.* from ' ~ relation ~ ' as tested where exists (select 1 from '
            ~ changed_slices(changes, slice['slice'], has_days, slice.get('derived', {}), since,
                slice.get('until_as_of', []))
            ~ ' as changed where ' ~ matches | join(' and ') ~ ')'
        ) }}
    {% elif 'change_number' in tested.columns %}
        {{ return(
            'select tested.* from ' ~ relation ~ ' as tested where tested.change_number > '
            ~ since
        ) }}
    {% endif %}
    {{ return('') }}
{% endmacro %}
