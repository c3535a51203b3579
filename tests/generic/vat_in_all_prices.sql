{#-
  Lines where one price is another less VAT, to the cent per unit: what was paid beside the label price although no discount
  is recorded, or the label price beside that of the article. Net and gross were mixed up then.
-#}
{% test vat_in_all_prices(model, articles, rates) %}

with

lines as (
    select
        sale_line_id,
        sale_date,
        article_number,
        coalesce(discount, 0) as discount,
        ({{ line_amount('sale_price', 'sale_price_per') }}) / nullif(quantity, 0) as paid_price,
        ({{ line_amount('label_price', 'label_price_per') }}) / nullif(quantity, 0) as label_price
    from {{ model }}
),

articles as (
    select
        article_number,
        max(list_price_gross) as list_price
    from {{ articles }}
    where not is_deleted
    group by article_number
),

compared as (
    select
        sale_line_id,
        sale_date,
        paid_price as price,
        label_price as other_price
    from lines
    where discount = 0
    union all
    select
        lines.sale_line_id,
        lines.sale_date,
        lines.label_price as price,
        articles.list_price as other_price
    from lines
    inner join articles
        on lines.article_number = articles.article_number
)

select distinct compared.sale_line_id
from compared
inner join {{ rates }} as rates
    on
        compared.sale_date >= rates.valid_from
        and (rates.valid_to is null or compared.sale_date <= rates.valid_to)
where
    compared.price > 0
    and compared.other_price > 0
    and compared.price <> compared.other_price
    and rates.rate > 0
    -- Half a cent of rounding grows by the rate.
    and (
        abs(compared.price * (1 + rates.rate) - compared.other_price) < 0.006
        or abs(compared.other_price * (1 + rates.rate) - compared.price) < 0.006
    )

{% endtest %}
