select
    served.branch_number,
    served.supplied_from
from {{ ref('supply_network') }} as served
inner join {{ ref('supply_network') }} as serving
    on served.supplied_from = serving.branch_number
