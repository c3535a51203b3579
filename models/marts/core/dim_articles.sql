with

articles as (
    select * from {{ ref('int_articles__resolved') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- One step into the index per article and question: the history is not read. As a CTE, used three times, it would be.
final as (
    select
        articles.article_number,
        articles.name,
        articles.category,
        articles.category_level_1,
        articles.category_level_2,
        articles.category_level_3,
        articles.supplier,
        articles.brand,
        articles.season,
        articles.style_number,
        articles.ean,
        articles.assortment_type,
        articles.is_merchandise,
        articles.vat_class,
        articles.list_price_gross,
        coalesce(first_label.list_price_gross, articles.list_price_gross) as first_list_price_gross,
        articles.unit_cost,
        articles.is_active,
        articles.is_deleted,
        articles.is_landed,
        articles.created_on,
        first_sale.sale_date as first_sale_date,
        last_sale.sale_date as last_sale_date
    from articles
    cross join as_of
    left join lateral (
        select lines.sale_date
        from {{ ref('fct_sale_lines') }} as lines
        where
            lines.article_number = articles.article_number
            and lines.is_demand
            and lines.sale_date <= as_of.as_of_date
        order by lines.sale_date
        limit 1
    ) as first_sale on true
    left join lateral (
        select lines.sale_date
        from {{ ref('fct_sale_lines') }} as lines
        where
            lines.article_number = articles.article_number
            and lines.is_demand
            and lines.sale_date <= as_of.as_of_date
        order by lines.sale_date desc
        limit 1
    ) as last_sale on true
    left join lateral (
        select lines.list_price_gross
        from {{ ref('fct_sale_lines') }} as lines
        where
            lines.article_number = articles.article_number
            and lines.list_price_gross is not null
        order by lines.sale_date, lines.sold_at, lines.sale_line_id
        limit 1
    ) as first_label on true
)

select * from final
