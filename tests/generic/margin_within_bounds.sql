{#- Lines whose margin rate lies outside of what `margin_bounds` allows the category of their article. -#}
{% test margin_within_bounds(model, lines, articles) %}

{%- set bounds = var('margin_bounds') %}

with

landed as (
    select sale_line_id from {{ model }}
),

sold as (
    select
        lines.sale_line_id,
        lines.net_revenue,
        lines.gross_margin,
        articles.category
    from landed
    inner join {{ lines }} as lines
        on landed.sale_line_id = lines.sale_line_id
    inner join {{ articles }} as articles
        on lines.article_number = articles.article_number
    where
        lines.is_demand
        and lines.net_revenue > 0
),

bounded as (
    select
        sold.*,
        {%- for place, name in [(0, 'lowest'), (1, 'highest')] %}
        case
            {%- for category, limits in bounds.items() if category != 'default' %}
            when category = {{ dbt.string_literal(dbt.escape_single_quotes(category)) }} then {{ limits[place] }}
            {%- endfor %}
            when true then {{ bounds['default'][place] }}
        end as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from sold
)

select *
from bounded
where
    gross_margin < lowest * net_revenue
    or gross_margin > highest * net_revenue

{% endtest %}
