{#-
  Landed rows = staged + rejected + superseded, and whatever else the last run reconciled. Rows that were taken out of
  a landed table are followed by the nightly run only, so an hourly run just warns.
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
