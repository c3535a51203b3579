{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['inventory_key', 'observed_at', 'branch_number', 'article_number'],
    indexes=[
        {'columns': ['branch_number', 'article_number', 'observed_on']},
        {'columns': ['inventory_key']},
        {'columns': ['synced_at']},
        {'columns': ['change_number']},
    ],
) }}

with

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
        max(valid_from) filter (where change_number <= {{ worked_in_number() }}) as reached_before
        {%- endif %}
    from {{ ref('base_prohandel__inventory_history') }}
    group by source_relation
),

carried_on as (
    select
        snapshots.*,
        history_reach.reached_at is null or snapshots.dbt_valid_from > history_reach.reached_at as is_opening,
        history_reach.reached_at is null or snapshots.dbt_valid_to > history_reach.reached_at as is_closing
        {%- if is_incremental() %},
        history_reach.reached_at is distinct from history_reach.reached_before
        and (
            history_reach.reached_before is null
            or snapshots.dbt_valid_from > history_reach.reached_before
            or snapshots.dbt_valid_to > history_reach.reached_before
        ) as is_taken_over
        {%- endif %}
    from snapshots
    left join history_reach
        on snapshots.source_relation = history_reach.source_relation
),

{% if is_incremental() -%}
changed_keys as (
    {%- if var('nightly') %}
    select {{ inventory_key() }} as inventory_key
    from {{ ref('base_prohandel__inventory_history') }}
    union
    select inventory_key
    from snapshots
    union
    select inventory_key
    from {{ this }}
    {%- else %}
    select {{ inventory_key() }} as inventory_key
    from {{ ref('base_prohandel__inventory_history') }}
    where change_number > {{ worked_in_number() }}
    union
    select inventory_key
    from carried_on
    where
        dbt_valid_from >= {{ inventory_watermark() }}
        or dbt_valid_to >= {{ inventory_watermark() }}
        or is_taken_over
    union
    -- A branch or an article that landed later gives its rows another number.
    select held.inventory_key
    from {{ this }} as held
    inner join branches
        on held.branch_ref = branches.branch_ref
    inner join articles
        on held.article_ref = articles.article_ref
    where
        held.is_first
        and not held.is_superseded
        and (held.branch_number <> branches.branch_number or held.article_number <> articles.article_number)
    {%- endif %}
),

kept as (
    select held.*
    from {{ this }} as held
    inner join changed_keys
        on held.inventory_key = changed_keys.inventory_key
),
{%- endif %}

-- Rejected versions are here too: one whose quantity cannot be read says that its predecessor was not deleted.
history as (
    select
        {{ inventory_key() }} as inventory_key,
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
        synced_at
    from {{ ref('base_prohandel__inventory_history') }}
    where
        valid_from is not null
        {% if is_incremental() -%}
        and {{ inventory_key() }} in (select changed_keys.inventory_key from changed_keys)
        {%- else -%}
        and {{ inventory_key() }} is not null
        {%- endif %}
),

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
    where
        (is_opening or is_closing)
        {%- if is_incremental() %}
        and inventory_key in (select changed_keys.inventory_key from changed_keys)
        {%- endif %}
),

moments as (
    select
        versions.*,
        versions.opened_at as observed_at,
        false as is_closing
    from versions
    where versions.opened_at is not null
    union all
    select
        versions.*,
        -- A row that is gone ended at the newest sync of those that are left, which may be older than its own.
        greatest(versions.closed_at, versions.opened_at + interval '1 microsecond') as observed_at,
        true as is_closing
    from versions
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
        kept='kept',
        keys=['inventory_key', 'observed_at', 'branch_number', 'article_number'],
        compared=[
            'article_size_number', 'observed_on', 'quantity', 'quantity_change', 'is_first', 'source_relation',
            'branch_ref', 'article_ref',
        ],
        carried=['synced_at'],
    ) }}
)

select * from final
