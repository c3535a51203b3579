{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['inventory_key', 'observed_at', 'branch_number', 'article_number'],
    indexes=[
        {'columns': ['branch_number', 'article_number', 'observed_on']},
        {'columns': ['inventory_key']},
        {'columns': ['synced_at']},
        {'columns': ['source_relation', 'observed_at']},
        {'columns': ['branch_ref']},
        {'columns': ['article_ref']},
        {'columns': ['change_number']},
    ],
) }}

{#- Named where it is read: PostgreSQL reads all of the history behind a CTE that is used twice. -#}
{%- set landed_history = ref('base_prohandel__inventory_history') %}
{%- set snapshots = ref('inventory_snapshot') %}
{%- set seen = worked_in_number() if is_incremental() else -1 %}

with

branches as (
    select * from {{ ref('int_branches__references') }}
),

articles as (
    select * from {{ ref('int_articles__references') }}
),

-- The landed history wins as far as it reaches; the snapshot carries on from there.
history_reach as (
    select
        sources.value as source_relation,
        newest.reached_at
        {%- if is_incremental() %},
        before.reached_at as reached_before
        {%- endif %}
    from ({{ distinct_values(landed_history, 'source_relation', 'valid_from is not null') }}) as sources
    cross join lateral (
        select max(landed.valid_from) as reached_at
        from {{ landed_history }} as landed
        where landed.source_relation = sources.value
    ) as newest
    {% if is_incremental() -%}
    cross join lateral (
        select max(landed.valid_from) as reached_at
        from {{ landed_history }} as landed
        where
            landed.source_relation = sources.value
            and landed.change_number <= {{ seen }}
    ) as before
    {%- endif %}
),

{% if is_incremental() -%}
{%- if not var('nightly') %}
-- A branch or an article that landed later gives its rows another number; all rows of a reference have the same.
{%- for parent, references in [('branch', 'branches'), ('article', 'articles')] %}
moved_{{ references }} as (
    select {{ references }}.{{ parent }}_ref
    from {{ references }}
    cross join lateral (
        select held.{{ parent }}_number
        from {{ this }} as held
        where
            held.{{ parent }}_ref = {{ references }}.{{ parent }}_ref
            and not held.is_superseded
        limit 1
    ) as held_as
    where held_as.{{ parent }}_number <> {{ references }}.{{ parent }}_number
),
{% endfor %}
{%- endif %}

changed_keys as (
    {%- if var('nightly') %}
    select
        {{ inventory_key() }} as inventory_key,
        branch_ref,
        article_ref
    from {{ landed_history }}
    union
    select
        inventory_key,
        branch_ref,
        article_ref
    from {{ snapshots }}
    union
    select
        inventory_key,
        branch_ref,
        article_ref
    from {{ this }}
    {%- else %}
    select
        {{ inventory_key() }} as inventory_key,
        branch_ref,
        article_ref
    from {{ landed_history }}
    where change_number > {{ seen }}
    union
    select
        moved.inventory_key,
        moved.branch_ref,
        moved.article_ref
    from {{ snapshots }} as moved
    left join history_reach
        on moved.source_relation = history_reach.source_relation
    where
        (
            moved.dbt_valid_from >= {{ carried_on_from(landed_history, seen) }}
            or moved.dbt_valid_to >= {{ carried_on_from(landed_history, seen) }}
        )
        and (
            moved.dbt_valid_from >= {{ inventory_watermark() }}
            or moved.dbt_valid_to >= {{ inventory_watermark() }}
            -- The history has reached on, and takes over what the snapshot said.
            or (
                history_reach.reached_at is distinct from history_reach.reached_before
                and (
                    history_reach.reached_before is null
                    or moved.dbt_valid_from > history_reach.reached_before
                    or moved.dbt_valid_to > history_reach.reached_before
                )
            )
        )
    {%- for parent, references in [('branch', 'branches'), ('article', 'articles')] %}
    union
    select
        held.inventory_key,
        held.branch_ref,
        held.article_ref
    from {{ this }} as held
    inner join moved_{{ references }}
        on held.{{ parent }}_ref = moved_{{ references }}.{{ parent }}_ref
    where not held.is_superseded
    {%- endfor %}
    {%- endif %}
),

changed_references as (
    select distinct
        branch_ref,
        article_ref
    from changed_keys
),

kept as (
    select held.*
    from {{ this }} as held
    where held.inventory_key in (select changed_keys.inventory_key from changed_keys)
),
{%- endif %}

carried_on as (
    select
        held.*,
        history_reach.reached_at is null or held.dbt_valid_from > history_reach.reached_at as is_opening,
        history_reach.reached_at is null or held.dbt_valid_to > history_reach.reached_at as is_closing
    {% if is_incremental() -%}
    from (select distinct changed_keys.inventory_key from changed_keys) as keys
    cross join lateral (
        select versions_of_key.*
        from {{ snapshots }} as versions_of_key
        where versions_of_key.inventory_key = keys.inventory_key
        {{ computed_once() }}
    ) as held
    {%- else -%}
    from {{ snapshots }} as held
    {%- endif %}
    left join history_reach
        on held.source_relation = history_reach.source_relation
    -- What was replaced within the moment of its sync never held; what was deleted in it did, and has no successor.
    where
        case
            when held.dbt_valid_to = held.dbt_valid_from
                then not exists (
                    select 1
                    from {{ snapshots }} as successor
                    where
                        successor.inventory_key = held.inventory_key
                        and successor.dbt_valid_from = held.dbt_valid_from
                        and (successor.dbt_valid_to is null or successor.dbt_valid_to > successor.dbt_valid_from)
                )
            else true
        end
),

-- Rejected versions are here too: one whose quantity cannot be read says that its predecessor was not deleted.
history as (
    select
        {{ inventory_key('landed') }} as inventory_key,
        landed.source_relation,
        landed.branch_ref,
        landed.article_ref,
        landed.article_size_number,
        case
            when landed.rejection_reasons is not null then null
            when landed.is_deleted then 0
            else landed.quantity
        end as quantity,
        landed.valid_from,
        case
            when not coalesce(landed.is_current, false) and landed.valid_to < timestamptz '9999-01-01 00:00:00Z'
                then landed.valid_to
        end as valid_to,
        landed.synced_at
    {% if is_incremental() -%}
    -- Looked up pair by pair; the keys are compared once for all, not once for each pair.
    from (
        select versions_of_pairs.*
        from changed_references
        cross join lateral (
            select versions_of_pair.*
            from {{ landed_history }} as versions_of_pair
            where
                versions_of_pair.article_ref = changed_references.article_ref
                and versions_of_pair.branch_ref = changed_references.branch_ref
        ) as versions_of_pairs
        {{ computed_once() }}
    ) as landed
    {%- else -%}
    from {{ landed_history }} as landed
    {%- endif %}
    where
        landed.valid_from is not null
        {% if is_incremental() -%}
        and {{ inventory_key('landed') }} in (select changed_keys.inventory_key from changed_keys)
        {%- else -%}
        and {{ inventory_key('landed') }} is not null
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
    where is_opening or is_closing
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
