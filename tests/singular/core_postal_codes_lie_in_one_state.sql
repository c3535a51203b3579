with

ranges as (
    select
        from_postal_code,
        to_postal_code,
        lag(to_postal_code) over (order by from_postal_code) as previous_to_postal_code
    from {{ ref('postal_code_states') }}
)

select *
from ranges
where
    to_postal_code < from_postal_code
    or from_postal_code <= previous_to_postal_code
