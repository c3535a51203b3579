{{ config(
    post_hook="{{ hide_from_readers(['row']) }}",
    grants={'select': []},
) }}

with

rejected as (
    {{ rejected_of_all_tables() }}
),

reasons as (
    {{ rejection_reasons() }}
),

seen as (
    {{ rejections_seen() }}
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
        rejected_for.table_name,
        rejected_for.row_key,
        rejected_for.reason,
        coalesce(seen.first_seen_at, {{ run_time() }}) as first_seen_at,
        rejected_for.synced_at,
        rejected_for.source_relation,
        rejected_for.raw_row as row
    from rejected_for
    left join seen
        on
            rejected_for.table_name = seen.table_name
            and rejected_for.row_key = seen.row_key
            and rejected_for.reason = seen.reason
)

select * from final
