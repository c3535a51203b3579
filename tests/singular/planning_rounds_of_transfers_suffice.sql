select
    article_number,
    from_branch,
    to_branch,
    value_per_unit
from {{ ref('int_planning__transfer_rounds') }}
where round is null
