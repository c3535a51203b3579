{#- Stock rows whose newest change was more than `max_stock_change` units at once; a first observation is no change. -#}
{% test no_stock_jumps(model, changes) %}

with

landed as (
    select
        inventory_key,
        synced_at
    from {{ model }}
)

select
    changes.inventory_key,
    changes.observed_at,
    changes.quantity,
    changes.quantity_change
from landed
inner join {{ changes }} as changes
    on landed.inventory_key = changes.inventory_key
where
    abs(changes.quantity_change) > {{ var('max_stock_change') }}
    and changes.observed_at >= landed.synced_at - interval '1 hour'
    and not changes.is_first
    and not changes.is_superseded

{% endtest %}
