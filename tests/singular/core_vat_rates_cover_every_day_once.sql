with

rates as (
    select
        vat_class,
        valid_from,
        valid_to,
        lead(valid_from) over (partition by vat_class order by valid_from) as next_valid_from
    from {{ ref('vat_rates') }}
)

select *
from rates
where
    valid_to < valid_from
    or (next_valid_from is null and valid_to is not null)
    or (next_valid_from is not null and valid_to is null)
    or {{ days_after('valid_to', 1) }} <> next_valid_from
