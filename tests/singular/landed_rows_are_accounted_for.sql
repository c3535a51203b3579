{#-
  Landed rows = staged + rejected + superseded, and whatever else the last run reconciled. A sync that lands in the
  middle of an hourly run may leave a difference until the next one, so that only warns.
-#}
{{ config(severity='error' if var('nightly') else 'warn') }}

select
    check_name,
    left_value,
    right_value,
    difference
from {{ ref('reconciliation') }}
where
    not is_ok
    and run_at = (select max(last_run.run_at) from {{ ref('reconciliation') }} as last_run)
