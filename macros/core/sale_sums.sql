{#-
  The measures of a group of sale lines, for a select over `lines` (rows of fct_sale_lines). A price that is missing
  counts as zero; cost, margin and discount are null where no line of the group has them, because zero would be a claim.
-#}
{% macro sale_sums() -%}
count(*) as lines,
        sum(case when lines.is_demand then lines.quantity else 0 end) as demand_units,
        sum(case when lines.is_return then -lines.quantity else 0 end) as return_units,
        sum(case when lines.is_adjustment then lines.quantity else 0 end) as adjustment_units,
        sum(coalesce(lines.gross_revenue, 0)) as gross_revenue,
        sum(coalesce(lines.net_revenue, 0)) as net_revenue,
        sum(case when lines.gross_margin is not null then lines.net_revenue else 0 end) as net_revenue_with_cost,
        sum(lines.cogs) as cogs,
        sum(lines.gross_margin) as gross_margin,
        sum(lines.label_value) as label_value,
        sum(lines.discount_amount) as discount_amount
{%- endmacro %}

{#- A ratio as a rate; null where its base is empty or zero. -#}
{% macro rate(numerator, base) -%}
    cast({{ numerator }} / nullif({{ base }}, 0) as numeric(18, 6))
{%- endmacro %}
