-- Read anew from the master data, not from what the recommendation says of itself.
select
    recommended.article_number,
    recommended.branch_number,
    recommended.recommended_order_units
from {{ ref('reorder_recommendations') }} as recommended
inner join {{ ref('dim_articles') }} as articles
    on recommended.article_number = articles.article_number
inner join {{ ref('dim_shops') }} as shops
    on recommended.branch_number = shops.branch_number
left join {{ ref('season_calendar') }} as seasons
    on articles.season = seasons.season
where
    recommended.recommended_order_units > 0
    and (
        not articles.is_active
        or articles.is_deleted
        or not shops.is_active
        or shops.shop_type = 'outlet'
        or shops.supplied_from <> shops.branch_number
        or {{ days_after('recommended.as_of_date', '(recommended.lead_time_days + 28)') }} > seasons.ends_on
    )
