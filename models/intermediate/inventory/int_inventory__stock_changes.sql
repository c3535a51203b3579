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

history as (
    select * from {{ ref('stg_prohandel__inventory_history') }}
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

-- The landed history wins as far as it reaches; the snapshot carries on from there.
history_reach as (
    select
        source_relation,
        max(valid_from) as reached_at
        {%- if is_incremental() %},
        max(valid_from) filter (where synced_at < {{ inventory_watermark() }}) as reached_before
        {%- endif %}
    from history
    group by source_relation
),

carried_on as (
    select
        snapshots.*,
        history_reach.reached_at
    from snapshots
    left join history_reach
        on snapshots.source_relation = history_reach.source_relation
    where
        history_reach.reached_at is null
        or snapshots.dbt_valid_from > history_reach.reached_at
        or snapshots.dbt_valid_to > history_reach.reached_at
),

{% if is_incremental() -%}
-- Two kinds of keys beside those that were synced: where the history reached further it takes over from the snapshot,
-- and a branch or article that landed later gives its rows another number.
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
    where synced_at >= {{ inventory_watermark() }}
    union
    select snapshots.inventory_key
    from snapshots
    left join history_reach
        on snapshots.source_relation = history_reach.source_relation
    where
        snapshots.dbt_valid_from >= {{ inventory_watermark() }}
        or snapshots.dbt_valid_to >= {{ inventory_watermark() }}
        or (
            history_reach.reached_at is distinct from history_reach.reached_before
            and snapshots.dbt_valid_from > coalesce(history_reach.reached_before, cast('1900-01-01' as date))
        )
    union
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

openings as (
    select
        inventory_key,
        source_relation,
        branch_ref,
        article_ref,
        article_size_number,
        valid_from as observed_at,
        case when is_deleted then 0 else quantity end as quantity,
        synced_at
    from history
    union all
    select
        inventory_key,
        source_relation,
        branch_ref,
        article_ref,
        article_size_number,
        dbt_valid_from as observed_at,
        case when is_deleted then 0 else quantity end as quantity,
        dbt_valid_from as synced_at
    from carried_on
    where reached_at is null or dbt_valid_from > reached_at
),

closings as (
    select
        inventory_key,
        source_relation,
        branch_ref,
        article_ref,
        article_size_number,
        valid_to as observed_at,
        0 as quantity,
        synced_at
    from history
    where valid_to is not null
    union all
    select
        inventory_key,
        source_relation,
        branch_ref,
        article_ref,
        article_size_number,
        dbt_valid_to as observed_at,
        0 as quantity,
        dbt_valid_to as synced_at
    from carried_on
    where dbt_valid_to is not null
),

moments as (
    select
        openings.*,
        false as is_closing
    from openings
    {% if is_incremental() -%}
    inner join changed_keys on openings.inventory_key = changed_keys.inventory_key
    {%- endif %}
    union all
    select
        closings.*,
        true as is_closing
    from closings
    {% if is_incremental() -%}
    inner join changed_keys on closings.inventory_key = changed_keys.inventory_key
    {%- endif %}
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
        *,
        lag(quantity) over (partition by inventory_key order by observed_at, is_closing desc) as previous_quantity
    from followed
    where
        not is_closing
        or next_at is null
        or next_at > observed_at + interval '1 second'
),

computed as (
    select
        observations.inventory_key,
        observations.observed_at,
        branches.branch_number,
        articles.article_number,
        observations.article_size_number,
        {{ berlin_day('observations.observed_at') }} as observed_on,
        cast(observations.quantity as numeric(18, 4)) as quantity,
        cast(observations.quantity - coalesce(observations.previous_quantity, 0) as numeric(18, 4)) as quantity_change,
        observations.previous_quantity is null as is_first,
        observations.source_relation,
        observations.branch_ref,
        observations.article_ref,
        observations.synced_at
    from observations
    inner join branches
        on observations.branch_ref = branches.branch_ref
    inner join articles
        on observations.article_ref = articles.article_ref
    where observations.quantity is distinct from observations.previous_quantity
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
