{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['branch_number', 'article_number'],
    indexes=[
        {'columns': ['branch_number', 'article_number'], 'unique': true},
        {'columns': ['article_number', 'stock_branch_number']},
        {'columns': ['change_number']},
    ],
) }}

{#- Named where they are read: PostgreSQL reads all of the history behind a CTE that is used twice. -#}
{%- set stock_changes = ref('int_inventory__stock_changes') %}
{%- set line_changes = ref('int_sales__line_changes') %}
{%- set sales = ref('fct_sales_daily') %}
{%- set seen = worked_in_number() if is_incremental() else -1 %}
{#- By night all pairs are compared; by the hour those of which something may have moved. -#}
{%- set is_narrowed = is_incremental() and not var('nightly') %}

{%- set assortment_type -%}
    case
        when articles.is_default_assortment_type
            then coalesce(assortment_of_branches.assortment_type, articles.assortment_type)
        else articles.assortment_type
    end
{%- endset %}
{%- set of_articles = ['is_merchandise', 'is_deleted', 'unit_cost', 'category', 'brand', 'season', 'created_on'] %}
{%- set of_branches = ['stock_branch_number', 'selling_branches'] %}

with

supply_groups as (
    select * from {{ ref('int_inventory__supply_groups') }}
),

articles as (
    select * from {{ ref('int_articles__resolved') }}
),

assortment as (
    select * from {{ ref('assortment') }}
),

branches as (
    select
        branch_number,
        stock_branch_number,
        string_agg(selling_branch_number, ',' order by selling_branch_number) as selling_branches
    from supply_groups
    where is_own_demand
    group by branch_number, stock_branch_number
),

{% if is_incremental() -%}
touched as (
    select
        branch_number,
        article_number
    from {{ stock_changes }}
    where change_number > {{ seen }}
    union
    select
        supply_groups.branch_number,
        line_changes.article_number
    from {{ line_changes }} as line_changes
    inner join supply_groups
        on line_changes.branch_number = supply_groups.selling_branch_number and supply_groups.is_own_demand
    where line_changes.change_number > {{ seen }}
    union
    select
        unnest(array[kept.branch_number, kept.stock_branch_number, branches.stock_branch_number]) as branch_number,
        kept.article_number
    from {{ this }} as kept
    inner join branches
        on kept.branch_number = branches.branch_number
    where kept.stock_branch_number <> branches.stock_branch_number
),
{%- endif %}

{% if is_incremental() -%}
-- Looked up pair by pair: the history behind is long, and few pairs are touched.
stocked as (
    select
        touched.branch_number,
        touched.article_number,
        firsts_of_pair.first_observed_at,
        firsts_of_pair.first_quantity_on
    from touched
    cross join lateral (
        select
            min(stock_changes.observed_at) as first_observed_at,
            min(stock_changes.observed_on) filter (where stock_changes.quantity <> 0) as first_quantity_on
        from {{ stock_changes }} as stock_changes
        where
            stock_changes.branch_number = touched.branch_number
            and stock_changes.article_number = touched.article_number
            and not stock_changes.is_superseded
    ) as firsts_of_pair
    where firsts_of_pair.first_observed_at is not null
),

sold as (
    select
        touched.branch_number,
        touched.article_number,
        min(firsts_of_seller.first_line_on) as first_line_on,
        min(firsts_of_seller.first_demand_on) as first_demand_on
    from touched
    inner join supply_groups
        on touched.branch_number = supply_groups.branch_number and supply_groups.is_own_demand
    cross join lateral (
        select
            min(sales.date_day) as first_line_on,
            min(sales.date_day) filter (where sales.demand_units > 0) as first_demand_on
        from {{ sales }} as sales
        where
            sales.branch_number = supply_groups.selling_branch_number
            and sales.article_number = touched.article_number
    ) as firsts_of_seller
    where firsts_of_seller.first_line_on is not null
    group by touched.branch_number, touched.article_number
),
{%- else -%}
stocked as (
    select
        stock_changes.branch_number,
        stock_changes.article_number,
        min(stock_changes.observed_at) as first_observed_at,
        min(stock_changes.observed_on) filter (where stock_changes.quantity <> 0) as first_quantity_on
    from {{ stock_changes }} as stock_changes
    where not stock_changes.is_superseded
    group by stock_changes.branch_number, stock_changes.article_number
),

sold as (
    select
        supply_groups.branch_number,
        sales.article_number,
        min(sales.date_day) as first_line_on,
        min(sales.date_day) filter (where sales.demand_units > 0) as first_demand_on
    from {{ sales }} as sales
    inner join supply_groups
        on sales.branch_number = supply_groups.selling_branch_number and supply_groups.is_own_demand
    group by supply_groups.branch_number, sales.article_number
),
{%- endif %}

firsts as (
    select
        coalesce(stocked.branch_number, sold.branch_number) as branch_number,
        coalesce(stocked.article_number, sold.article_number) as article_number,
        stocked.first_observed_at,
        stocked.first_quantity_on,
        sold.first_line_on,
        sold.first_demand_on
    from stocked
    full outer join sold
        on stocked.branch_number = sold.branch_number and stocked.article_number = sold.article_number
    {% if is_incremental() -%}
    union all
    select
        kept.branch_number,
        kept.article_number,
        kept.first_observed_at,
        kept.first_quantity_on,
        kept.first_line_on,
        kept.first_demand_on
    from {{ this }} as kept
    left join touched
        on kept.branch_number = touched.branch_number and kept.article_number = touched.article_number
    where not kept.is_superseded and touched.article_number is null
    {%- endif %}
),

observed_branches as (
    select
        branch_number,
        min(first_observed_at) as first_observed_at
    from firsts
    where first_observed_at is not null
    group by branch_number
),

{% if is_narrowed -%}
observed_before as (
    select
        branch_number,
        min(first_observed_at) as first_observed_at
    from {{ this }}
    where
        not is_superseded
        and first_observed_at is not null
    group by branch_number
),

-- All pairs of a branch say the same of it, and all of an article of that: one of each is compared.
moved_branches as (
    select held.branch_number
    from ({{ distinct_values(this, 'branch_number', 'not is_superseded') }}) as held_branches
    cross join lateral (
        select any_pair.*
        from {{ this }} as any_pair
        where
            any_pair.branch_number = held_branches.value
            and not any_pair.is_superseded
        limit 1
    ) as held
    left join branches
        on held.branch_number = branches.branch_number
    left join observed_branches
        on held.branch_number = observed_branches.branch_number
    left join observed_before
        on held.branch_number = observed_before.branch_number
    left join observed_branches as observed_stock
        on branches.stock_branch_number = observed_stock.branch_number
    left join observed_before as observed_stock_before
        on branches.stock_branch_number = observed_stock_before.branch_number
    where
        observed_branches.first_observed_at is distinct from observed_before.first_observed_at
        or observed_stock.first_observed_at is distinct from observed_stock_before.first_observed_at
        {%- for column in of_branches %}
        or branches.{{ column }} is distinct from held.{{ column }}
        {%- endfor %}
),

moved_articles as (
    select held.article_number
    from ({{ distinct_values(this, 'article_number', 'not is_superseded') }}) as held_articles
    cross join lateral (
        select any_pair.*
        from {{ this }} as any_pair
        where
            any_pair.article_number = held_articles.value
            and not any_pair.is_superseded
        limit 1
    ) as held
    left join articles
        on held.article_number = articles.article_number
    left join assortment as assortment_of_branches
        on
            assortment_of_branches.scope = 'branch'
            and held.branch_number = assortment_of_branches.scope_value
    where
        {{ assortment_type | indent(8) }} is distinct from held.assortment_type
        {%- for column in of_articles %}
        or articles.{{ column }} is distinct from held.{{ column }}
        {%- endfor %}
),

-- A branch that is served knows its stock from when its server's is known.
affected as (
    select
        branch_number,
        article_number
    from touched
    union
    select
        served.branch_number,
        served.article_number
    from touched
    inner join {{ this }} as served
        on touched.article_number = served.article_number and touched.branch_number = served.stock_branch_number
    union
    select
        held.branch_number,
        held.article_number
    from {{ this }} as held
    inner join moved_branches
        on held.branch_number = moved_branches.branch_number
    union
    select
        held.branch_number,
        held.article_number
    from {{ this }} as held
    inner join moved_articles
        on held.article_number = moved_articles.article_number
),

kept as (
    select held.*
    from {{ this }} as held
    inner join affected
        on held.branch_number = affected.branch_number and held.article_number = affected.article_number
),
{%- endif %}

described as (
    select
        firsts.*,
        {%- for column in of_branches %}
        branches.{{ column }},
        {%- endfor %}
        {%- for column in of_articles %}
        articles.{{ column }},
        {%- endfor %}
        {{ assortment_type | indent(8) }} as assortment_type,
        {{ berlin_day('observed_branches.first_observed_at') }} as branch_observed_from,
        {% if var('inventory_is_complete') -%}
        observed_stock.first_observed_at as stock_known_from_at
        {%- else -%}
        stock_pairs.first_observed_at as stock_known_from_at
        {%- endif %}
    from firsts
    {% if is_narrowed -%}
    inner join affected
        on firsts.branch_number = affected.branch_number and firsts.article_number = affected.article_number
    {% endif -%}
    inner join branches
        on firsts.branch_number = branches.branch_number
    inner join articles
        on firsts.article_number = articles.article_number
    left join assortment as assortment_of_branches
        on
            assortment_of_branches.scope = 'branch'
            and firsts.branch_number = assortment_of_branches.scope_value
    left join observed_branches
        on firsts.branch_number = observed_branches.branch_number
    {% if var('inventory_is_complete') -%}
    left join observed_branches as observed_stock
        on branches.stock_branch_number = observed_stock.branch_number
    {%- else -%}
    left join firsts as stock_pairs
        on
            branches.stock_branch_number = stock_pairs.branch_number
            and firsts.article_number = stock_pairs.article_number
    {%- endif %}
),

computed as (
    select
        *,
        {{ berlin_day('stock_known_from_at') }} as stock_known_from,
        case when branch_number = stock_branch_number then stock_known_from_at end as known_from_at,
        case when branch_number = stock_branch_number then {{ berlin_day('stock_known_from_at') }} end as known_from,
        -- A pair that was there at the first look at the shelves may have been there since the article was created.
        -- Stock below zero is stock: it counts in every sum, and must not vanish from days past once more is there.
        coalesce(
            case
                when least(first_demand_on, first_quantity_on) < branch_observed_from or branch_observed_from is null
                    then least(first_demand_on, first_quantity_on)
            end,
            least(first_demand_on, first_quantity_on, created_on)
        ) as range_start
    from described
),

final as (
    {{ changes_against_kept(
        computed='computed',
        kept='kept' if is_narrowed else this,
        keys=['branch_number', 'article_number'],
        compared=of_branches + of_articles + [
            'assortment_type', 'known_from_at', 'known_from', 'stock_known_from', 'range_start', 'first_observed_at',
            'first_quantity_on', 'first_line_on', 'first_demand_on',
        ],
        remembered=['category'],
    ) }}
)

select * from final
