{#- Rows that staging does not take. A warning, not an error: they are kept and listed in quality.rejected_rows. -#}
{% test no_rejected_rows(model) %}

select
    rejection_reasons,
    count(*) as rejected_rows
from {{ model }}
where rejection_reasons is not null
group by rejection_reasons

{% endtest %}
