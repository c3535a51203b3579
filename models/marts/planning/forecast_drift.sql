{%- set stored = stored_forecasts('drift') %}

with

stored as (
    {% if stored is none -%}
    {{ no_rows({
        'model': dbt.type_string(), 'segment': dbt.type_string(), 'week': 'date',
        'tracking_signal': dbt.type_float(), 'wape': dbt.type_float(), 'baseline_wape': dbt.type_float(),
        'psi': dbt.type_float(), 'is_drifting': 'boolean',
    }) }}
    {%- else -%}
    select * from {{ stored }}
    {%- endif %}
),

final as (
    select
        model,
        segment,
        week,
        {% for measure in ['tracking_signal', 'wape', 'baseline_wape', 'psi'] -%}
        cast({{ measure }} as numeric(18, 6)) as {{ measure }},
        {% endfor -%}
        is_drifting
    from stored
)

select * from final
