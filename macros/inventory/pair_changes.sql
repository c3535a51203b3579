{#-
  Pre-hook of a change log: rows that every consumer has worked in are dropped, so the log stays as short as the changes
  of a few runs. A consumer that failed holds them back; one that was never built is built whole and needs none. The
  newest number stays, because it marks how far the log itself has come.
-#}
{% macro forget_seen_changes(consumers) %}
    {% if execute and is_incremental() %}
        delete from {{ this }}
        where
            change_number < (
                select min(seen_change_number)
                from {{ model_state() }}
                where model_name in ('{{ consumers | join("', '") }}')
            )
            and change_number < (select max(newest.change_number) from {{ this }} as newest)
    {% else %}
        select 1
    {% endif %}
{% endmacro %}
