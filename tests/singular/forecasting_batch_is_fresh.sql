-- What was stored and is too old to be used.
select
    forecast_origin,
    max(age_days) as age_days,
    count(*) as series
from {{ ref('int_forecasting__batches') }}
where not is_fresh
group by forecast_origin
