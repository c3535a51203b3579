{%- set stored = stored_forecasts('scores') %}

with

stored as (
    {% if stored is none -%}
    {{ no_rows({
        'model': dbt.type_string(), 'segment': dbt.type_string(), 'forecast_origin': 'date', 'horizon_week': 'integer',
        'wape': dbt.type_float(), 'bias': dbt.type_float(), 'rmsse': dbt.type_float(),
        'scaled_pinball': dbt.type_float(), 'coverage_p80': dbt.type_float(), 'coverage_p95': dbt.type_float(),
        'n_series': 'integer', 'n_points': 'integer', 'is_champion': 'boolean',
    }) }}
    {%- else -%}
    select * from {{ stored }}
    {%- endif %}
),

final as (
    select
        model,
        segment,
        forecast_origin,
        horizon_week,
        {% for measure in ['wape', 'bias', 'rmsse', 'scaled_pinball', 'coverage_p80', 'coverage_p95'] -%}
        cast({{ measure }} as numeric(18, 6)) as {{ measure }},
        {% endfor -%}
        n_series,
        n_points,
        is_champion
    from stored
)

select * from final
