{#-
  Branches with a day before their record was created, because nothing that lands says when a branch opened. `branch` holds
  the number or the id of a branch; of several records the oldest counts.
-#}
{% test not_before_opening(model, column_name, branch, shops) %}

with

days as (
    select
        {{ branch }} as branch_ref,
        min({{ column_name }}) as first_day
    from {{ model }}
    where {{ branch }} is not null
    group by {{ branch }}
),

opened as (
    select
        days.branch_ref,
        days.first_day,
        {{ day_of('min(shops.created_at)') }} as opened_on
    from days
    inner join {{ shops }} as shops
        on days.branch_ref in (shops.branch_number, shops.shop_id)
    group by days.branch_ref, days.first_day
)

select
    branch_ref,
    first_day,
    opened_on
from opened
where first_day < opened_on

{% endtest %}
