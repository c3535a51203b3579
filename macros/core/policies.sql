{#-
  Joins a policy seed (columns scope, scope_value, …) to `articles` (article_number, brand, category), once per scope.
  Branch scope is left out: it needs a pair, and pairs are not articles.
-#}
{% macro join_article_policy(seed, name) %}
    {%- for scope, column in [('article', 'article_number'), ('brand', 'brand'), ('category', 'category')] %}
    left join {{ seed }} as {{ name }}_{{ scope }}
        on
            {{ name }}_{{ scope }}.scope = '{{ scope }}'
            and articles.{{ column }} = {{ name }}_{{ scope }}.scope_value
    {%- endfor %}
    left join {{ seed }} as {{ name }}_default
        on {{ name }}_default.scope = 'default'
{%- endmacro %}

{#- The value that an article gets from a policy joined by `join_article_policy`, without the default. -#}
{% macro article_policy(name, column) -%}
    coalesce({{ name }}_article.{{ column }}, {{ name }}_brand.{{ column }}, {{ name }}_category.{{ column }})
{%- endmacro %}
