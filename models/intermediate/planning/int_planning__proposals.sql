{%- set stored = stored_forecasts('proposals') %}

with

stored as (
    {% if stored is none -%}
    {{ no_rows({
        'proposal_id': dbt.type_bigint(), 'proposed_on': 'date', 'article_number': dbt.type_string(),
        'branch_number': dbt.type_string(), 'units': 'numeric(18, 4)', 'status': dbt.type_string(),
        'decided_at': 'timestamp with time zone',
    }) }}
    {%- else -%}
    select * from {{ stored }}
    {%- endif %}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

policies as (
    select * from {{ ref('int_planning__order_policies') }}
),

spans as (
    select * from {{ ref('int_inventory__pair_spans') }}
),

decided as (
    select
        stored.proposal_id,
        stored.branch_number,
        stored.article_number,
        stored.status,
        stored.units,
        coalesce({{ berlin_day('stored.decided_at') }}, stored.proposed_on) as decided_on
    from stored
    where stored.status in ('accepted', 'exported')
),

-- What was exported and has not come within its lead time is not waited for.
live as (
    select decided.*
    from decided
    cross join as_of
    left join policies
        on decided.branch_number = policies.branch_number and decided.article_number = policies.article_number
    where
        as_of.as_of_date >= decided.decided_on
        and (
            decided.status = 'accepted'
            or {{ days_apart('decided.decided_on', 'as_of.as_of_date') }} <= coalesce(policies.lead_time_days, 0)
        )
),

received as (
    select
        live.proposal_id,
        live.branch_number,
        live.article_number,
        live.decided_on,
        live.units,
        coalesce(sum(spans.inferred_receipts), 0) as received_units
    from live
    left join spans
        on
            live.branch_number = spans.branch_number
            and live.article_number = spans.article_number
            and live.decided_on < spans.first_day
    group by live.proposal_id, live.branch_number, live.article_number, live.decided_on, live.units
),

-- Goods that come serve the oldest proposal first. What is open is the most that the proposals from some day on exceed
-- the receipts since then: the recursion of D. V. Lindley, The theory of queues with a single server, 1952.
cumulated as (
    select
        branch_number,
        article_number,
        sum(units) over (
            partition by branch_number, article_number order by decided_on desc, proposal_id desc
            rows between unbounded preceding and current row
        ) - received_units as open_units
    from received
),

final as (
    select
        branch_number,
        article_number,
        cast(greatest(0, max(open_units)) as numeric(18, 4)) as open_units
    from cumulated
    group by branch_number, article_number
)

select * from final
