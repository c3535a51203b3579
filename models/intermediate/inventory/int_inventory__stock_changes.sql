{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['inventory_key', 'observed_at', 'branch_number', 'article_number'],
    indexes=[
        {'columns': ['branch_number', 'article_number']},
        {'columns': ['inventory_key']},
        {'columns': ['synced_at']},
        {'columns': ['change_number'], 'type': 'brin'},
    ],
) }}

with

landed_history as (
    select * from {{ ref('base_prohandel__inventory_history') }}
),

snapshots as (
    select * from {{ ref('inventory_snapshot') }}
),

branches as (
    select * from {{ ref('int_branches__references') }}
),

articles as (
    select * from {{ ref('int_articles__references') }}
),

-- Rejected versions are here too: one whose quantity cannot be read says that its predecessor was not deleted.
history as (
    select
        inventory_id || '|' || branch_ref || '|' || article_ref || '|' || article_size_number as inventory_key,
        source_relation,
        branch_ref,
        article_ref,
        article_size_number,
        case
            when rejection_reasons is not null then null
            when is_deleted then 0
            else quantity
        end as quantity,
        valid_from,
        case when not coalesce(is_current, false) and valid_to < timestamptz '9999-01-01 00:00:00Z' then valid_to end
            as valid_to,
        synced_at,
        change_number
    from landed_history
    where
        inventory_id is not null
        and branch_ref is not null
        and article_ref is not null
        and valid_from is not null
),

-- The landed history wins as far as it reaches; the snapshot carries on from there.
history_reach as (
    select
        source_relation,
        max(valid_from) as reached_at
        {%- if is_incremental() %},
        max(valid_from) filter (where change_number <= {{ worked_in_number() }}) as reached_before
        {%- endif %}
    from history
    group by source_relation
),

carried_on as (
    select
        snapshots.*,
        history_reach.reached_at,
        history_reach.reached_at is null or snapshots.dbt_valid_from > history_reach.reached_at as is_opening,
        history_reach.reached_at is null or snapshots.dbt_valid_to > history_reach.reached_at as is_closing
    from snapshots
    left join history_reach
        on snapshots.source_relation = history_reach.source_relation
),

{% if is_incremental() -%}
changed_keys as (
    {%- if var('nightly') %}
    select inventory_key from history
    union
    select inventory_key from snapshots
    union
    select inventory_key from {{ this }}
    {%- else %}
    select inventory_key
    from history
    where change_number > {{ worked_in_number() }}
    union
    select inventory_key
    from snapshots
    where
        dbt_valid_from >= {{ inventory_watermark() }}
        or dbt_valid_to >= {{ inventory_watermark() }}
    union
    -- Where the history reached further, it takes over from the snapshot.
    select snapshots.inventory_key
    from snapshots
    inner join history_reach
        on snapshots.source_relation = history_reach.source_relation
    where
        history_reach.reached_at is distinct from history_reach.reached_before
        and (
            history_reach.reached_before is null
            or snapshots.dbt_valid_from > history_reach.reached_before
            or snapshots.dbt_valid_to > history_reach.reached_before
        )
    union
    -- A branch or an article that landed later gives its rows another number.
    select kept.inventory_key
    from {{ this }} as kept
    inner join branches
        on kept.branch_ref = branches.branch_ref
    inner join articles
        on kept.article_ref = articles.article_ref
    where
        kept.is_first
        and not kept.is_superseded
        and (kept.branch_number <> branches.branch_number or kept.article_number <> articles.article_number)
    {%- endif %}
),
{%- endif %}

versions as (
    select
        inventory_key,
        source_relation,
        branch_ref,
        article_ref,
        article_size_number,
        quantity,
        valid_from as opened_at,
        valid_to as closed_at,
        synced_at
    from history
    union all
    select
        inventory_key,
        source_relation,
        branch_ref,
        article_ref,
        article_size_number,
        case when is_deleted then 0 else quantity end as quantity,
        case when is_opening then dbt_valid_from end as opened_at,
        case when is_closing then dbt_valid_to end as closed_at,
        coalesce(dbt_valid_to, dbt_valid_from) as synced_at
    from carried_on
    where is_opening or is_closing
),

moments as (
    select
        versions.*,
        versions.opened_at as observed_at,
        false as is_closing
    from versions
    {% if is_incremental() -%}
    inner join changed_keys on versions.inventory_key = changed_keys.inventory_key
    {%- endif %}
    where versions.opened_at is not null
    union all
    select
        versions.*,
        -- A row that is gone ended at the newest sync of those that are left, which may be older than its own.
        greatest(versions.closed_at, versions.opened_at + interval '1 microsecond') as observed_at,
        true as is_closing
    from versions
    {% if is_incremental() -%}
    inner join changed_keys on versions.inventory_key = changed_keys.inventory_key
    {%- endif %}
    where versions.closed_at is not null
),

followed as (
    select
        *,
        lead(observed_at) over (partition by inventory_key order by observed_at, is_closing desc) as next_at
    from moments
),

-- A version that ends where the next one begins says nothing; one that ends without a successor was deleted.
-- Fivetran ends a version a millisecond before the next.
observations as (
    select
        inventory_key,
        source_relation,
        branch_ref,
        article_ref,
        article_size_number,
        observed_at,
        synced_at,
        case when is_closing then 0 else quantity end as quantity,
        is_closing
    from followed
    where
        (not is_closing and quantity is not null)
        or (is_closing and (next_at is null or next_at > observed_at + interval '1 second'))
),

compared as (
    select
        *,
        lag(quantity) over (partition by inventory_key order by observed_at, is_closing desc) as previous_quantity
    from observations
),

computed as (
    select
        compared.inventory_key,
        compared.observed_at,
        branches.branch_number,
        articles.article_number,
        compared.article_size_number,
        {{ berlin_day('compared.observed_at') }} as observed_on,
        cast(compared.quantity as numeric(18, 4)) as quantity,
        cast(compared.quantity - coalesce(compared.previous_quantity, 0) as numeric(18, 4)) as quantity_change,
        compared.previous_quantity is null as is_first,
        compared.source_relation,
        compared.branch_ref,
        compared.article_ref,
        compared.synced_at
    from compared
    inner join branches
        on compared.branch_ref = branches.branch_ref
    inner join articles
        on compared.article_ref = articles.article_ref
    where compared.quantity is distinct from compared.previous_quantity
),

final as (
    {{ changes_against_kept(
        computed='computed',
        keys=['inventory_key', 'observed_at', 'branch_number', 'article_number'],
        compared=[
            'article_size_number', 'observed_on', 'quantity', 'quantity_change', 'is_first', 'source_relation',
            'branch_ref', 'article_ref',
        ],
        carried=['synced_at'],
        scope='kept.inventory_key in (select changed_keys.inventory_key from changed_keys)',
    ) }}
)

select * from final
