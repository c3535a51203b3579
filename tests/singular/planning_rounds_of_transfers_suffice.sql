select *
from {{ ref('int_planning__transfer_rounds') }}
where round is null
