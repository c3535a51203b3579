with

pairs as (
    select * from {{ ref('int_inventory__pairs') }} where not is_superseded
),

size_stock as (
    select * from {{ ref('int_inventory__size_stock') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- Of the pair that is asked for, not of all: a reader that joins a few pairs pays for a few.
final as (
    select
        pairs.branch_number,
        pairs.article_number,
        cast(case
            {% if var('as_of_date') is none -%}
            when pairs.branch_number <> pairs.stock_branch_number or pairs.known_from is null then null
            {%- else -%}
            when pairs.known_from is null or pairs.known_from > as_of.as_of_date then null
            {%- endif %}
            else coalesce(pair_stock.quantity, 0)
        end as numeric(18, 4)) as on_hand,
        cast(pair_stock.size_availability_rate as numeric(18, 6)) as size_availability_rate
    from pairs
    cross join as_of
    cross join lateral (
        select
            sum(size_stock.on_hand) as quantity,
            avg(case when size_stock.on_hand > 0 then 1.0 else 0.0 end)
                filter (where size_stock.article_size_number <> 'unknown') as size_availability_rate
        from size_stock
        where
            pairs.branch_number = size_stock.branch_number
            and pairs.article_number = size_stock.article_number
    ) as pair_stock
)

select * from final
