{#-
  Receipts whose lines lie on several branches or days. Numbers of receipts come again in other branches and years, so lines
  are of one receipt where it was also booked at the same moment and by the same person.
-#}
{% test one_branch_and_day_per_receipt(model) %}

with

lines as (
    select
        source_relation,
        receipt_number,
        staff_number,
        branch_ref,
        sale_date,
        coalesce(created_at, sold_at) as booked_at
    from {{ model }}
    where receipt_number is not null
)

select
    source_relation,
    receipt_number,
    booked_at,
    count(distinct branch_ref) as branches,
    count(distinct sale_date) as days
from lines
where booked_at is not null
group by source_relation, receipt_number, booked_at, staff_number
having
    count(distinct branch_ref) > 1
    or count(distinct sale_date) > 1

{% endtest %}
