{{ config(materialized='table') }}

{%- set rounds = 24 %}

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
firsts_{{ round }} as (
    select
        *,
        place = min(place) over (partition by article_number, from_branch) as is_first_for_sender,
        place = min(place) over (partition by article_number, to_branch) as is_first_for_receiver
    from left_{{ round }}
),

-- A run of a sender: its candidates from the first on, as long as each comes first for its receiver. Likewise for a
-- receiver. Nothing that is looked at earlier can change them any more. All or nothing ends a run.
runs_{{ round }} as (
    select
        *,
        is_first_for_sender and is_first_for_receiver as is_first,
        place < coalesce(
            min(case when is_all or not is_first_for_receiver then place end)
                over (partition by article_number, from_branch),
            place + 1
        ) as is_in_run_of_sender,
        place < coalesce(
            min(case when is_all or not is_first_for_sender then place end)
                over (partition by article_number, to_branch),
            place + 1
        ) as is_in_run_of_receiver,
        coalesce(sum(needed_units - got_units) over (
            partition by article_number, from_branch order by place
            rows between unbounded preceding and 1 preceding
        ), 0) as needed_before,
        coalesce(sum(spare_units - given_units) over (
            partition by article_number, to_branch order by place
            rows between unbounded preceding and 1 preceding
        ), 0) as spare_before
    from firsts_{{ round }}
),

best_{{ round }} as (
    select
        *,
        is_first or is_in_run_of_sender or is_in_run_of_receiver as is_decided,
        case
            when is_all then case when is_first then from_on_hand else 0 end
            when is_in_run_of_sender
                then greatest(0, least(needed_units - got_units, spare_units - given_units - needed_before))
            when is_in_run_of_receiver
                then greatest(0, least(spare_units - given_units, needed_units - got_units - spare_before))
            else 0
        end as units
    from runs_{{ round }}
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
        not is_decided
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
