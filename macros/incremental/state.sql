{#-
  What the incremental models remember between runs, in the schema `state`:
  - `model_state`: a row per incremental model: the generation (a number given when it was last built whole), the
    fingerprint of everything that decides its content apart from landed rows, the highest change number it has seen
    (of its change log; without one, the number of its own last build), and what that was before its last build, -1
    where that built it whole: the tests of an hourly run look at what is newer. Where `prohandel run` notes which changes
    have passed their tests, `tested_change_number`, they also look at what a run has written whose tests failed; -1 where
    the model was built whole since, null where nobody notes it.
  - the sequence `change_number`: one number per statement that writes a change log; never restarts.
  All of it is written in the transaction that writes the model's rows, so a killed run leaves both or neither.
-#}

{% macro model_state() %}
    {{- return(api.Relation.create(
        database=target.database, schema=generate_schema_name('state', none), identifier='model_state'
    )) -}}
{% endmacro %}

{% macro prepare_state() %}
    {% if execute and flags.WHICH in ('build', 'run', 'seed', 'snapshot', 'test', 'run-operation') %}
        {{ check_hash_key() }}
        create schema if not exists {{ model_state().schema }};
        create sequence if not exists {{ model_state().schema }}.change_number;
        create table if not exists {{ model_state() }} (
            model_name text primary key,
            generation bigint not null,
            fingerprint text not null,
            seen_change_number bigint not null
        );
        alter table {{ model_state() }} add column if not exists previous_change_number bigint not null default -1;
        alter table {{ model_state() }} add column if not exists tested_change_number bigint
    {% endif %}
{% endmacro %}

{#- One number for the whole statement: an uncorrelated scalar subquery is evaluated once. -#}
{% macro next_change_number() %}
    {{- return("(select nextval('" ~ model_state().schema ~ ".change_number'))") -}}
{% endmacro %}

{#- The rows of `model_state` by model. Read at every call: it changes within a run. -#}
{% macro states() %}
    {% set found = {} %}
    {% if execute and adapter.get_relation(model_state().database, model_state().schema, model_state().identifier) is not none %}
        {% for row in run_query(
            "select model_name, generation, fingerprint, seen_change_number, previous_change_number, tested_change_number"
            ~ " from " ~ model_state()
        ) %}
            {% do found.update({row['model_name']: row}) %}
        {% endfor %}
    {% endif %}
    {{ return(found) }}
{% endmacro %}

{#- The name of a model in `model_state`: a mart behind the gate is another table than the one that is read. -#}
{% macro state_name(node) %}
    {{ return('audit ' ~ node.name if node.schema.endswith('_audit') else node.name) }}
{% endmacro %}

{#- The row of `model_state` of a model, or none. -#}
{% macro state_of(model_name) %}
    {{ return(states().get(model_name)) }}
{% endmacro %}

{#- All nodes that a node is built from (models, seeds, snapshots), itself included, as unique ids. -#}
{% macro ancestors_of(unique_id) %}
    {% set found = [unique_id] %}
    {% for id in found %}
        {% set node = graph.nodes.get(id) %}
        {% for parent in (node.depends_on.nodes if node and node.depends_on and node.depends_on.nodes else []) %}
            {% if parent not in found and not parent.startswith('source.') %}
                {% do found.append(parent) %}
            {% endif %}
        {% endfor %}
    {% endfor %}
    {{ return(found | sort) }}
{% endmacro %}

{#- Variables that decide what incremental models hold; those that only say how or when a run goes are not here. -#}
{% macro content_variables() %}
    {{ return([
        'prohandel_schema', 'prohandel_database', 'prohandel_schemas', 'using_article', 'using_customer', 'using_sale',
        'using_inventory', 'using_shop', 'using_category', 'using_supplier', 'using_inventory_history',
        'passthrough_columns', 'sale_price_per', 'discount_per', 'label_price_per', 'purchase_price_per',
        'prices_include_vat', 'zero_cost_is_known', 'min_customer_number_length', 'inventory_is_complete',
        'style_number_pattern', 'ranging_days',
    ]) }}
{% endmacro %}

{#-
  Changes when code, seeds or variables change that decide the content of a model: then it is rebuilt whole. A model's
  meta may name more: `variables` that only it reads, `moves_with_as_of_date` where all its windows end at that day, and
  `moves_with_newest_day` where they also read the running day.
-#}
{% macro fingerprint_of(unique_id) %}
    {% set parts = [] %}
    {% for id in ancestors_of(unique_id) %}
        {% do parts.append(id ~ ':' ~ graph.nodes[id].checksum.checksum) %}
    {% endfor %}
    {% for name in content_variables() %}
        {% do parts.append(name ~ '=' ~ tojson(var(name), sort_keys=true)) %}
    {% endfor %}
    {% set meta = graph.nodes[unique_id].config.get('meta') or {} %}
    {% for name in meta.get('variables', []) %}
        {% do parts.append(name ~ '=' ~ tojson(var(name, none), sort_keys=true)) %}
    {% endfor %}
    {% if meta.get('moves_with_as_of_date') %}
        {% set as_of = graph.nodes['model.' ~ project_name ~ '.int_as_of'].relation_name %}
        {% do parts.append('as of ' ~ run_query('select as_of_date from ' ~ as_of)[0]['as_of_date']) %}
    {% endif %}
    {% if meta.get('moves_with_newest_day') %}
        {% set as_of = graph.nodes['model.' ~ project_name ~ '.int_as_of'].relation_name %}
        {% do parts.append('up to ' ~ run_query('select newest_day from ' ~ as_of)[0]['newest_day']) %}
    {% endif %}
    {{ return(local_md5(parts | join('|'))) }}
{% endmacro %}

{#- Must this incremental model be built whole, because its fingerprint or an ancestor's generation moved on? -#}
{% macro is_outdated() %}
    {% set known = states() %}
    {% set state = known.get(state_name(model)) %}
    {% if state is none or state['fingerprint'] != fingerprint_of(model.unique_id) %}
        {{ return(true) }}
    {% endif %}
    {% for id in ancestors_of(model.unique_id) if id != model.unique_id %}
        {% set ancestor = graph.nodes[id] %}
        {% if ancestor.resource_type == 'model' and ancestor.config.materialized == 'incremental' %}
            {% set ancestor_state = known.get(state_name(ancestor)) %}
            {% if ancestor_state is not none and ancestor_state['generation'] > state['generation'] %}
                {{ return(true) }}
            {% endif %}
        {% endif %}
    {% endfor %}
    {{ return(false) }}
{% endmacro %}

{#- dbt's own macro, widened: an outdated incremental model is rebuilt whole although nobody asked for it. -#}
{% macro should_full_refresh() %}
    {% set configured = config.get('full_refresh') %}
    {% set refresh = flags.FULL_REFRESH if configured is none else configured %}
    {% if not refresh and configured is none and execute and model.resource_type == 'model'
        and config.get('materialized') == 'incremental' and model.package_name == project_name %}
        {#- Asked for at every is_incremental(): answered once for a model, from what was so when its build began. -#}
        {% if 'is_outdated' not in model %}
            {% do model.update({'is_outdated': is_outdated()}) %}
        {% endif %}
        {% set refresh = model['is_outdated'] %}
    {% endif %}
    {{ return(refresh) }}
{% endmacro %}

{#- Post-hook of every model; writes the state of an incremental one in its own transaction. -#}
{% macro record_build() %}
    {% if execute and config.get('materialized') == 'incremental' %}
        {% set built_whole = not is_incremental() %}
        {% set meta = config.get('meta') or {} %}
        {% set changes = meta.get('changes') %}
        insert into {{ model_state() }} as state (
            model_name, generation, fingerprint, seen_change_number, previous_change_number
        )
        select
            '{{ state_name(model) }}',
            build.number,
            '{{ fingerprint_of(model.unique_id) }}',
            {% if changes %}
            greatest(
                {%- for name in [changes, meta.get('also')] + meta.get('reads', []) if name %}
                (select coalesce(max(change_number), 0) from {{ ref(name) }}){{ ',' if not loop.last }}
                {%- endfor %}
            ),
            {% else %}
            build.number,
            {% endif %}
            -1
        from (select nextval('{{ model_state().schema }}.change_number') as number) as build
        on conflict (model_name) do update set
            {% if built_whole %}
            generation = excluded.generation,
            tested_change_number = case when state.tested_change_number is not null then -1 end,
            {% endif %}
            fingerprint = excluded.fingerprint,
            seen_change_number = excluded.seen_change_number,
            previous_change_number = {{ -1 if built_whole else 'state.seen_change_number' }}
    {% endif %}
{% endmacro %}

{#- The highest change number of its change log that the current model has worked in. -#}
{% macro seen_change_number() %}
    {% set state = state_of(state_name(model)) if is_incremental() else none %}
    {{ return(state['seen_change_number'] if state is not none else -1) }}
{% endmacro %}
