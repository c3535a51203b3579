{{ config(materialized='table') }}

{%- set rounds = 12 %}

with

candidates as (
    select * from {{ ref('int_planning__transfer_candidates') }}
),

left_1 as (
    select
        *,
        cast(0 as numeric(18, 4)) as given_units,
        cast(0 as numeric(18, 4)) as got_units
    from candidates
),

{% for round in range(1, rounds + 1) -%}
-- What is the best that is left for its sender and for its receiver: nothing that comes first can change it any more.
best_{{ round }} as (
    select
        *,
        case
            when place > min(place) over (partition by article_number, from_branch) then cast(0 as numeric(18, 4))
            when place > min(place) over (partition by article_number, to_branch) then 0
            when is_all then from_on_hand
            else least(spare_units - given_units, needed_units - got_units)
        end as units
    from left_{{ round }}
),

left_{{ round + 1 }} as (
    select
        article_number,
        from_branch,
        to_branch,
        is_all,
        from_on_hand,
        spare_units,
        needed_units,
        value_per_unit,
        place,
        given_now as given_units,
        got_now as got_units
    from (
        select
            *,
            given_units + sum(units) over (partition by article_number, from_branch) as given_now,
            got_units + sum(units) over (partition by article_number, to_branch) as got_now
        from best_{{ round }}
    ) as given
    where
        units = 0
        and case
            when is_all then given_now = 0 and from_on_hand <= needed_units - got_now
            else given_now < spare_units and got_now < needed_units
        end
),

{% endfor -%}
taken as (
    {% for round in range(1, rounds + 1) -%}
    select
        article_number,
        from_branch,
        to_branch,
        is_all,
        value_per_unit,
        units,
        {{ round }} as round
    from best_{{ round }}
    where units > 0
    union all
    {% endfor -%}
    select
        article_number,
        from_branch,
        to_branch,
        is_all,
        value_per_unit,
        0 as units,
        null as round
    from left_{{ rounds + 1 }}
),

final as (
    select
        article_number,
        from_branch,
        to_branch,
        is_all,
        value_per_unit,
        cast(units as numeric(18, 4)) as units,
        round
    from taken
)

select * from final
