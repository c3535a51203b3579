{%- set stored = stored_forecasts('forecasts') %}

with

stored as (
    {% if stored is none -%}
    {{ no_rows({
        'forecast_origin': 'date', 'branch_number': dbt.type_string(), 'article_number': dbt.type_string(),
        'run_id': dbt.type_bigint(), 'model': dbt.type_string(), 'is_cold_start': 'boolean', 'demand_mean': 'real[]', 'demand_quantiles': 'real[]',
        'dispersion': 'real', 'level_cv2': 'real',
    }) }}
    {%- else -%}
    select * from {{ stored }}
    {%- endif %}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- Of a batch that looked at later days than these marts nothing may be shown. Not from the import above: used twice it
-- would be read whole for each pair that is looked up.
newest as (
    select max(stored.forecast_origin) as forecast_origin
    from {{ stored if stored is not none else 'stored' }} as stored
    cross join as_of
    where stored.forecast_origin <= as_of.as_of_date
),

final as (
    select
        stored.branch_number,
        stored.article_number,
        stored.forecast_origin,
        {{ days_apart('stored.forecast_origin', 'as_of.as_of_date') }} as age_days,
        stored.run_id,
        stored.model,
        stored.is_cold_start,
        stored.demand_mean,
        stored.demand_quantiles,
        stored.dispersion,
        stored.level_cv2,
        {{ days_apart('stored.forecast_origin', 'as_of.as_of_date') }}
        <= {{ forecast_setting('forecast_max_age_days') }} as is_fresh
    from stored
    inner join newest
        on stored.forecast_origin = newest.forecast_origin
    cross join as_of
)

select * from final
