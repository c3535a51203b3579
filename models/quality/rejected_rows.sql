{%- set held = load_relation(this) %}

with

{% for table, base in landed_bases().items() -%}
{{ table }}_rows as (
    select
        '{{ table }}' as table_name,
        {{ columns_of(table)['key']['name'] }} as row_key,
        rejection_reasons,
        source_relation,
        synced_at,
        raw_row
    from {{ base }}
    where rejection_reasons is not null
),

{% endfor -%}

rejected as (
    {% for table in landed_bases() -%}
    select * from {{ table }}_rows
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

reasons as (
    {% for reason in rejection_reasons() -%}
    select '{{ reason }}' as reason
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

rejected_for as (
    select
        rejected.*,
        reasons.reason
    from rejected
    inner join reasons
        on ',' || rejected.rejection_reasons || ',' like '%,' || reasons.reason || ',%'
),

final as (
    select
        cast(rejected_for.table_name as text) as table_name,
        rejected_for.row_key,
        cast(rejected_for.reason as text) as reason,
        {% if held is not none -%}
        coalesce(held.first_seen_at, {{ run_time() }}) as first_seen_at,
        {% else -%}
        {{ run_time() }} as first_seen_at,
        {% endif -%}
        rejected_for.synced_at,
        rejected_for.source_relation,
        rejected_for.raw_row as row
    from rejected_for
    {% if held is not none -%}
    left join {{ held }} as held
        on
            rejected_for.table_name = held.table_name
            and rejected_for.row_key = held.row_key
            and rejected_for.reason = held.reason
    {%- endif %}
)

select * from final
