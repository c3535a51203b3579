-- The core marts straight from the landed tables, by one hand-written script: what a build could cost at the least.
-- It knows this landing: declared names, typed columns, clean values, one tenant, standard VAT, empty policy seeds, stock
-- history from the first day on, the web shop 0911 served from 0912. The models know none of that.

drop schema if exists floor cascade;
create schema floor;

create table floor.as_of as
select
    newest_day,
    case when synced_on > newest_day then newest_day else newest_day - 1 end as as_of_date
from (
    select
        max(cast(left(date, 10) as date)) filter (where not is_deleted) as newest_day,
        max(cast(_fivetran_synced at time zone 'Europe/Berlin' as date)) as synced_on
    from prohandel.sale
) as sales;

create table floor.articles as
with climbs as (
    select id as category_id, name as category from prohandel.category
)

select
    article.article_number,
    coalesce(article.name, 'unknown') as name,
    case when article.name like 'Tragetasche%' then 'non_merchandise' else coalesce(climbs.category, 'unknown') end as category,
    coalesce(article.brand, 'unknown') as brand,
    coalesce(article.season, 'unknown') as season,
    article.name not like 'Tragetasche%' as is_merchandise,
    case when article.season is null then 'nos' else 'one_shot' end as assortment_type,
    cast(article.price as numeric(18, 4)) as list_price_gross,
    nullif(cast(article.cost as numeric(18, 4)), 0) as unit_cost,
    cast(article.created_at at time zone 'Europe/Berlin' as date) as created_on
from prohandel.article
left join climbs on article.category_id = climbs.category_id;
alter table floor.articles add primary key (article_number);
analyze floor.articles;

create table floor.customers as
select
    customer_number,
    encode(
        sha256(convert_to(current_setting('prohandel.hash_key') || ':' || customer_number, 'UTF8')), 'hex'
    ) as customer_key
from prohandel.customer;
analyze floor.customers;

create table floor.fct_sale_lines as
select
    sale_line_id,
    receipt_number,
    sale_date,
    sold_at,
    branch_number,
    article_number,
    article_size_number,
    customer_key,
    sale_type,
    payment_method,
    cast(quantity as numeric(18, 4)) as quantity,
    is_demand,
    is_return,
    is_adjustment,
    is_merchandise,
    is_price_missing,
    vat_rate,
    gross_revenue,
    net_revenue,
    unit_cost,
    cogs,
    cast(case when is_merchandise and not is_adjustment then net_revenue - cogs end as numeric(18, 6)) as gross_margin,
    list_price_gross,
    label_value,
    cast(greatest(label_value - gross_revenue, 0 * label_value) as numeric(18, 6)) as discount_amount,
    recorded_discount_gross
from (
    select
        *,
        cast(paid as numeric(18, 6)) as gross_revenue,
        cast(round(paid / (1 + vat_rate), 6) as numeric(18, 6)) as net_revenue,
        cast(quantity * unit_cost as numeric(18, 6)) as cogs,
        cast(case when is_demand and not is_price_missing then list_price_gross * quantity end as numeric(18, 6))
            as label_value
    from (
        select
            sale.id as sale_line_id,
            sale.receipt_number,
            cast(left(sale.date, 10) as date) as sale_date,
            cast(sale.date as timestamp) at time zone 'Europe/Berlin' as sold_at,
            sale.branch_number,
            sale.article_number,
            coalesce(sale.article_size_number, 'unknown') as article_size_number,
            customers.customer_key,
            sale.type as sale_type,
            sale.payment_method,
            case when sale.type <> '0' then -abs(sale.quantity) else sale.quantity end as signed_quantity,
            cast(case when sale.type <> '0' then -abs(sale.quantity) else sale.quantity end as numeric(18, 4)) as quantity,
            sale.type = '0' and sale.quantity > 0 as is_demand,
            sale.type <> '0' or sale.quantity < 0 and coalesce(sale.sale_price, 0) <> 0 as is_return,
            sale.type = '0' and sale.quantity < 0 and coalesce(sale.sale_price, 0) = 0 as is_adjustment,
            articles.is_merchandise,
            sale.sale_price is null as is_price_missing,
            cast(
                case when left(sale.date, 10) between '2020-07-01' and '2020-12-31' then 0.16 else 0.19 end
                as numeric(18, 6)
            ) as vat_rate,
            cast(case when sale.type <> '0' then -abs(sale.sale_price) else sale.sale_price end as numeric(18, 4)) as paid,
            coalesce(nullif(cast(sale.purchase_price as numeric(18, 4)), 0), articles.unit_cost) as unit_cost,
            cast(sale.label_price as numeric(18, 4)) as list_price_gross,
            cast(abs(sale.discount) as numeric(18, 6)) as recorded_discount_gross
        from prohandel.sale
        inner join floor.articles on sale.article_number = articles.article_number
        left join floor.customers on sale.customer_number = customers.customer_number
        where not sale.is_deleted and not sale._fivetran_deleted
    ) as cleaned
) as priced;
alter table floor.fct_sale_lines add primary key (sale_line_id);
analyze floor.fct_sale_lines;

create table floor.fct_sales_daily as
select
    sale_date as date_day,
    branch_number,
    article_number,
    count(*) as sale_lines,
    cast(coalesce(sum(quantity) filter (where is_demand), 0) as numeric(18, 4)) as demand_units,
    cast(coalesce(-sum(quantity) filter (where is_return), 0) as numeric(18, 4)) as return_units,
    cast(coalesce(sum(quantity) filter (where is_adjustment), 0) as numeric(18, 4)) as adjustment_units,
    cast(coalesce(sum(quantity) filter (where is_demand or is_return), 0) as numeric(18, 4)) as net_units,
    cast(coalesce(sum(gross_revenue), 0) as numeric(18, 6)) as gross_revenue,
    cast(coalesce(sum(net_revenue), 0) as numeric(18, 6)) as net_revenue,
    cast(coalesce(sum(net_revenue) filter (where gross_margin is not null), 0) as numeric(18, 6)) as net_revenue_with_cost,
    cast(sum(cogs) as numeric(18, 6)) as cogs,
    cast(sum(gross_margin) as numeric(18, 6)) as gross_margin,
    cast(sum(label_value) as numeric(18, 6)) as label_value,
    cast(sum(discount_amount) as numeric(18, 6)) as discount_amount
from floor.fct_sale_lines
group by 1, 2, 3;
alter table floor.fct_sales_daily add primary key (date_day, branch_number, article_number);
analyze floor.fct_sales_daily;

-- Receipts need the lines, sums do not.
create table floor.sales_performance as
with

receipts as (
    select sale_date as date_day, branch_number, category, count(*) as receipts
    from (
        select distinct
            sale_date,
            branch_number,
            category,
            coalesce('receipt ' || receipt_number, 'line ' || sale_line_id) as receipt
        from floor.fct_sale_lines
        inner join floor.articles using (article_number)
    ) as found
    group by 1, 2, 3
),

sums as (
    select
        date_day,
        branch_number,
        category,
        sum(sale_lines) as sale_lines,
        sum(demand_units) as demand_units,
        sum(return_units) as return_units,
        sum(adjustment_units) as adjustment_units,
        sum(gross_revenue) as gross_revenue,
        sum(net_revenue) as net_revenue,
        sum(net_revenue_with_cost) as net_revenue_with_cost,
        sum(cogs) as cogs,
        sum(gross_margin) as gross_margin,
        sum(label_value) as label_value,
        sum(discount_amount) as discount_amount
    from floor.fct_sales_daily
    inner join floor.articles using (article_number)
    group by 1, 2, 3
)

select
    date_day,
    branch_number,
    category,
    receipts.receipts,
    cast(sale_lines as bigint) as sale_lines,
    cast(demand_units as numeric(18, 4)) as demand_units,
    cast(return_units as numeric(18, 4)) as return_units,
    cast(adjustment_units as numeric(18, 4)) as adjustment_units,
    cast(demand_units - return_units as numeric(18, 4)) as net_units,
    cast(gross_revenue as numeric(18, 6)) as gross_revenue,
    cast(net_revenue as numeric(18, 6)) as net_revenue,
    cast(net_revenue_with_cost as numeric(18, 6)) as net_revenue_with_cost,
    cast(cogs as numeric(18, 6)) as cogs,
    cast(gross_margin as numeric(18, 6)) as gross_margin,
    cast(gross_margin / nullif(net_revenue_with_cost, 0) as numeric(18, 6)) as margin_pct,
    cast(net_revenue_with_cost / nullif(net_revenue, 0) as numeric(18, 6)) as cost_coverage,
    cast(label_value as numeric(18, 6)) as label_value,
    cast(discount_amount as numeric(18, 6)) as discount_amount,
    cast(discount_amount / nullif(label_value, 0) as numeric(18, 6)) as discount_rate,
    cast(return_units / nullif(demand_units, 0) as numeric(18, 6)) as return_rate
from sums
inner join receipts using (date_day, branch_number, category);
alter table floor.sales_performance add primary key (date_day, branch_number, category);

create table floor.branch_day_performance as
with

receipts as (
    select sale_date as date_day, branch_number, count(*) as receipts
    from (
        select distinct
            sale_date, branch_number, coalesce('receipt ' || receipt_number, 'line ' || sale_line_id) as receipt
        from floor.fct_sale_lines
    ) as found
    group by 1, 2
),

sums as (
    select
        date_day,
        branch_number,
        sum(sale_lines) as sale_lines,
        sum(demand_units) as demand_units,
        sum(return_units) as return_units,
        sum(gross_revenue) as gross_revenue,
        sum(net_revenue) as net_revenue,
        sum(net_revenue_with_cost) as net_revenue_with_cost,
        sum(cogs) as cogs,
        sum(gross_margin) as gross_margin,
        sum(label_value) as label_value,
        sum(discount_amount) as discount_amount
    from floor.sales_performance
    group by 1, 2
)

select
    date_day,
    branch_number,
    receipts,
    cast(sale_lines as bigint) as sale_lines,
    cast(demand_units as numeric(18, 4)) as demand_units,
    cast(return_units as numeric(18, 4)) as return_units,
    cast(gross_revenue as numeric(18, 6)) as gross_revenue,
    cast(net_revenue as numeric(18, 6)) as net_revenue,
    cast(cogs as numeric(18, 6)) as cogs,
    cast(gross_margin as numeric(18, 6)) as gross_margin,
    cast(gross_margin / nullif(net_revenue_with_cost, 0) as numeric(18, 6)) as margin_pct,
    cast(gross_revenue / receipts as numeric(18, 6)) as basket_gross,
    cast((demand_units - return_units) / receipts as numeric(18, 6)) as units_per_receipt
from sums
inner join receipts using (date_day, branch_number);
alter table floor.branch_day_performance add primary key (date_day, branch_number);

-- Stock: what moved per pair and day, from the versions of each stock row.
create table floor.moves as
select
    branch_number,
    article_number,
    cast(started at time zone 'Europe/Berlin' as date) as date_day,
    sum(change) as moved_units,
    min(cast(started at time zone 'Europe/Berlin' as date)) filter (where quantity <> 0) as first_stock_on
from (
    select
        branch_number,
        article_number,
        _fivetran_start as started,
        cast(quantity as numeric(18, 4)) as quantity,
        cast(quantity - coalesce(lag(quantity) over (partition by id order by _fivetran_start), 0) as numeric(18, 4)) as change
    from prohandel.inventory_history
) as versions
where change <> 0
group by 1, 2, 3;
analyze floor.moves;

-- The web shop sells from the warehouse: its demand counts there too, and the warehouse's stock moves for it.
create table floor.demand as
select
    date_day,
    branch_number,
    article_number,
    demand_units,
    net_units,
    cogs,
    gross_margin,
    case branch_number when '0911' then '0912' else branch_number end as stock_branch_number
from floor.fct_sales_daily
inner join floor.articles using (article_number)
where is_merchandise
union all
select date_day, '0912', article_number, demand_units, net_units, cogs, gross_margin, '0912'
from floor.fct_sales_daily
inner join floor.articles using (article_number)
where is_merchandise and branch_number = '0911';
analyze floor.demand;

create table floor.pairs as
with

stocked as (
    select branch_number, article_number, min(first_stock_on) as first_stock_on
    from floor.moves
    group by 1, 2
),

sold as (
    select branch_number, article_number, min(date_day) filter (where demand_units > 0) as first_demand_on
    from floor.demand
    group by 1, 2
),

branches as (
    select branch_number, min(date_day) as observed_from
    from floor.moves
    group by 1
)

select
    branch_number,
    article_number,
    case branch_number when '0911' then '0912' else branch_number end as stock_branch_number,
    branches.observed_from as known_from,
    articles.unit_cost,
    articles.list_price_gross,
    articles.category,
    articles.assortment_type,
    coalesce(
        case
            when least(first_demand_on, first_stock_on) < observed_from or observed_from is null
                then least(first_demand_on, first_stock_on)
        end,
        least(first_demand_on, first_stock_on, created_on)
    ) as range_start
from stocked
full outer join sold using (branch_number, article_number)
inner join floor.articles using (article_number)
left join branches using (branch_number);
alter table floor.pairs add primary key (branch_number, article_number);
analyze floor.pairs;

-- Days on which something happened; until the next one all stays as it is.
create table floor.events as
with

moved as (
    select branch_number, article_number, date_day, moved_units from floor.moves
    union all
    select '0911', moves.article_number, moves.date_day, moves.moved_units
    from floor.moves
    inner join floor.pairs on pairs.branch_number = '0911' and moves.article_number = pairs.article_number
    where moves.branch_number = '0912'
),

combined as (
    select
        branch_number,
        article_number,
        date_day,
        coalesce(moved_units, 0) as moved_units,
        demand.article_number is not null as has_line,
        coalesce(demand_units, 0) as demand_units,
        coalesce(net_units, 0) as net_units
    from moved
    full outer join floor.demand using (branch_number, article_number, date_day)
),

states as (
    select
        *,
        sum(moved_units) over w as stock,
        max(case when demand_units > 0 then date_day end) over w + 89 as demanded_until,
        coalesce(lead(date_day) over w - 1, (select newest_day from floor.as_of)) as last_day
    from combined
    window w as (partition by branch_number, article_number order by date_day)
)

select
    branch_number,
    article_number,
    date_day,
    last_day,
    stock,
    moved_units,
    has_line,
    demand_units,
    net_units,
    demanded_until,
    known_from is not null as is_holder,
    known_from is not null and stock > 0 or coalesce(date_day <= demanded_until, false) as is_ranged,
    -- Quiet days on which the pair is still ranged.
    case
        when known_from is not null and stock > 0 then last_day
        else greatest(date_day, least(last_day, coalesce(demanded_until, date_day)))
    end as ranged_until,
    greatest(stock, 0) * unit_cost as stock_value_cost,
    category,
    assortment_type = 'nos' as is_rated_type
from states
inner join floor.pairs using (branch_number, article_number)
where range_start is not null;
analyze floor.events;

-- Per branch and category: what begins and what ends on each day, summed up over the days.
create table floor.stock_levels as
with

spans as (
    select
        branch_number, category, date_day as first_day, date_day as last_day, stock, stock_value_cost, is_holder,
        is_ranged, is_rated_type
    from floor.events
    where is_ranged or (is_holder and stock <> 0) or has_line or (is_holder and moved_units <> 0)
    union all
    select
        branch_number, category, date_day + 1, ranged_until, stock, stock_value_cost, is_holder, true, is_rated_type
    from floor.events
    where ranged_until > date_day
    union all
    select
        branch_number, category, ranged_until + 1, last_day, stock, stock_value_cost, is_holder, false, is_rated_type
    from floor.events
    where is_holder and stock <> 0 and last_day > ranged_until
),

measured as (
    select
        *,
        case when is_holder then stock end as stock_units,
        case when is_ranged and is_holder and stock <= 0 then 1 else 0 end as out,
        case when is_ranged and is_holder and is_rated_type then 1 else 0 end as rated
    from spans
),

changes as (
    select
        branch_number, category, first_day as date_day, 1 as pairs, case when is_holder then 1 else 0 end as holders,
        stock_units, stock_value_cost, case when is_ranged then 1 else 0 end as ranged, out, rated, rated * out as rated_out
    from measured
    union all
    select
        branch_number, category, last_day + 1, -1, case when is_holder then -1 else 0 end,
        -stock_units, -stock_value_cost, case when is_ranged then -1 else 0 end, -out, -rated, -rated * out
    from measured
),

per_day as (
    select
        branch_number, category, date_day, sum(pairs) as pairs, sum(holders) as holders, sum(stock_units) as stock_units,
        sum(stock_value_cost) as stock_value_cost, sum(ranged) as ranged, sum(out) as out, sum(rated) as rated,
        sum(rated_out) as rated_out
    from changes
    group by 1, 2, 3
),

days as (
    select branch_number, category, cast(date_day as date) as date_day
    from (
        select branch_number, category, min(date_day) as first_day from per_day group by 1, 2
    ) as groups
    cross join floor.as_of
    cross join lateral generate_series(first_day, as_of.newest_day, interval '1 day') as date_day
),

levels as (
    select
        branch_number,
        category,
        date_day,
        sum(pairs) over w as pairs,
        sum(holders) over w as holders,
        sum(stock_units) over w as stock_units,
        sum(stock_value_cost) over w as stock_value_cost,
        sum(ranged) over w as ranged,
        sum(out) over w as out,
        sum(rated) over w as rated,
        sum(rated_out) over w as rated_out
    from days
    left join per_day using (branch_number, category, date_day)
    window w as (partition by branch_number, category order by date_day)
)

select
    date_day,
    branch_number,
    category,
    cast(case when holders > 0 then stock_units end as numeric(18, 4)) as stock_units,
    cast(case when holders > 0 then stock_value_cost end as numeric(18, 6)) as stock_value_cost,
    cast(ranged as bigint) as ranged_articles,
    cast(out as bigint) as stocked_out_articles,
    cast(rated as bigint) as rated_articles,
    cast(rated_out as bigint) as rated_stocked_out_articles,
    cast(rated_out / nullif(rated, 0) as numeric(18, 6)) as stockout_rate
from levels
where pairs > 0;
alter table floor.stock_levels add primary key (date_day, branch_number, category);

create table floor.abc_classification as
with

revenue as (
    select
        articles.article_number,
        coalesce(sum(sales.net_revenue), 0) as net_revenue_365d
    from floor.articles
    cross join floor.as_of
    left join floor.fct_sales_daily as sales
        on articles.article_number = sales.article_number and date_day > as_of_date - 365 and date_day <= as_of_date
    where is_merchandise
    group by 1
),

ranked as (
    select
        *,
        greatest(net_revenue_365d, 0) as positive_revenue,
        sum(greatest(net_revenue_365d, 0)) over () as total_revenue,
        sum(greatest(net_revenue_365d, 0)) over (
            order by net_revenue_365d desc, article_number rows between unbounded preceding and current row
        ) as revenue_up_to
    from revenue
),

-- On how many pairs of an article stock was there and ranged, by the days on which that changes.
availability as (
    select article_number, date_day, sum(change) as change
    from (
        select events.article_number, date_day, 1 as change
        from floor.events
        inner join floor.pairs using (branch_number, article_number)
        where is_ranged and (demand_units > 0 or stock > 0)
        union all
        select article_number, date_day + 1, -1 from floor.events where is_ranged and (demand_units > 0 or stock > 0)
        union all
        select article_number, date_day + 1, 1 from floor.events where ranged_until > date_day and stock > 0
        union all
        select article_number, ranged_until + 1, -1 from floor.events where ranged_until > date_day and stock > 0
    ) as steps
    group by 1, 2
),

stretches as (
    select
        article_number,
        date_day as first_day,
        lead(date_day) over w - 1 as last_day,
        sum(change) over w as available_pairs
    from availability
    window w as (partition by article_number order by date_day)
),

available_blocks as (
    select article_number, (as_of_date - day) / 7 as block, count(*) as available_days
    from stretches
    cross join floor.as_of
    cross join lateral generate_series(greatest(first_day, as_of_date - 363), least(last_day, as_of_date), interval '1 day')
        as days
    cross join lateral (select cast(days as date) as day) as day
    where available_pairs > 0
    group by 1, 2
),

demand_blocks as (
    select article_number, (as_of_date - date_day) / 7 as block, sum(demand_units) as demand_units
    from floor.fct_sales_daily
    cross join floor.as_of
    where date_day > as_of_date - 364 and date_day <= as_of_date
    group by 1, 2
),

first_ranged as (
    select article_number, min(range_start) as range_start from floor.pairs group by 1
),

variation as (
    select
        article_number,
        count(*) as blocks,
        sum(coalesce(demand_units, 0)) as units,
        sum(coalesce(demand_units, 0) * coalesce(demand_units, 0)) as squares
    from available_blocks
    cross join floor.as_of
    inner join first_ranged using (article_number)
    left join demand_blocks using (article_number, block)
    where available_days >= 4 and as_of_date - (block * 7 + 6) >= range_start
    group by 1
    having count(*) >= 13
),

xyz as (
    select article_number, (blocks * squares - units * units) / nullif(units * units, 0) as squared_cv from variation
)

select
    ranked.article_number,
    cast(net_revenue_365d as numeric(18, 6)) as net_revenue_365d,
    cast(positive_revenue / nullif(total_revenue, 0) as numeric(18, 6)) as revenue_share,
    cast(revenue_up_to / nullif(total_revenue, 0) as numeric(18, 6)) as cumulative_share,
    case
        when positive_revenue = 0 then 'C'
        when (revenue_up_to - positive_revenue) * 100 < total_revenue * 80 then 'A'
        when (revenue_up_to - positive_revenue) * 100 < total_revenue * 95 then 'B'
        else 'C'
    end as abc_class,
    cast(sqrt(squared_cv) as numeric(18, 6)) as weekly_demand_cv,
    case
        when xyz.article_number is null then null
        when squared_cv <= 0.25 then 'X'
        when squared_cv <= 1 then 'Y'
        else 'Z'
    end as xyz_class,
    coalesce(as_of_date - range_start <= 28, false) as is_new_article
from ranked
cross join floor.as_of
left join xyz using (article_number)
left join first_ranged using (article_number);
alter table floor.abc_classification add primary key (article_number);

create table floor.inventory_status as
with

windowed as (
    select
        events.*,
        date_day > as_of_date - 30 and date_day <= as_of_date as in_30,
        date_day > as_of_date - 90 and date_day <= as_of_date as in_90,
        date_day > as_of_date - 365 and date_day <= as_of_date as in_365,
        -- Quiet days of each window: still ranged, and all.
        greatest(0, least(ranged_until, as_of_date) - greatest(date_day + 1, as_of_date - 29) + 1) as quiet_30,
        greatest(0, least(ranged_until, as_of_date) - greatest(date_day + 1, as_of_date - 89) + 1) as quiet_90,
        greatest(0, least(last_day, as_of_date) - greatest(date_day + 1, as_of_date - 364) + 1) as all_quiet_365
    from floor.events
    cross join floor.as_of
    where last_day > as_of_date - 365
),

day_sums as (
    select
        branch_number,
        article_number,
        coalesce(sum(demand_units) filter (where in_30 and is_ranged and (stock > 0 or demand_units > 0)), 0)
        as demand_30,
        coalesce(sum(quiet_30) filter (where stock > 0), 0)
        + count(*) filter (where in_30 and is_ranged and (stock > 0 or demand_units > 0)) as available_30,
        coalesce(sum(demand_units) filter (where in_90 and is_ranged and (stock > 0 or demand_units > 0)), 0)
        as demand_90,
        coalesce(sum(quiet_90) filter (where stock > 0), 0)
        + count(*) filter (where in_90 and is_ranged and (stock > 0 or demand_units > 0)) as available_90,
        coalesce(sum(quiet_90), 0) + count(*) filter (where in_90 and is_ranged) as ranged_90,
        coalesce(sum(quiet_90) filter (where stock <= 0), 0)
        + count(*) filter (where in_90 and is_ranged and stock <= 0) as stockout_90,
        sum(stock_value_cost * (all_quiet_365 + case when in_365 then 1 else 0 end)) as stock_value_days
    from windowed
    group by 1, 2
),

sale_sums as (
    select
        branch_number,
        article_number,
        max(date_day) filter (where demand_units > 0) as last_sale_on,
        count(*) filter (where date_day > as_of_date - 365) as days_365,
        sum(cogs) filter (where date_day > as_of_date - 365) as cogs_365,
        sum(gross_margin) filter (where date_day > as_of_date - 365) as margin_365
    from floor.demand
    cross join floor.as_of
    where date_day <= as_of_date
    group by 1, 2
),

on_hand as (
    select
        branch_number,
        article_number,
        cast(sum(quantity) as numeric(18, 4)) as on_hand,
        avg(case when quantity > 0 then 1.0 else 0.0 end) as size_availability_rate
    from prohandel.inventory
    where not _fivetran_deleted
    group by 1, 2
),

rated as (
    select
        pairs.*,
        as_of_date,
        case when known_from is not null then coalesce(on_hand.on_hand, 0) end as on_hand,
        size_availability_rate,
        as_of_date - range_start as age_days,
        demand_30,
        nullif(available_30, 0) as available_30,
        demand_90,
        nullif(available_90, 0) as available_90,
        case when known_from is not null then coalesce(stockout_90, 0) end as stockout_days_90d,
        case when known_from is not null then ranged_90 end as ranged_90,
        case when known_from is not null then least(365, as_of_date - known_from + 1) end as known_days,
        stock_value_days,
        case when days_365 > 0 then cogs_365 else 0 end as cogs_365,
        case when days_365 > 0 then margin_365 else 0 end as margin_365,
        as_of_date - last_sale_on as days_since_last_sale
    from floor.pairs
    cross join floor.as_of
    left join day_sums using (branch_number, article_number)
    left join sale_sums using (branch_number, article_number)
    left join on_hand using (branch_number, article_number)
    where range_start is not null
),

covered as (
    select
        *,
        case when demand_90 > 0 then greatest(on_hand, 0) * available_90 / demand_90 end as days_of_supply,
        case
            when on_hand is null then null
            when demand_90 > 0 then greatest(0, on_hand - demand_90 * 120 / available_90)
            when age_days > 28 then greatest(on_hand, 0)
            else 0
        end as excess_units
    from rated
),

flagged as (
    select
        *,
        coalesce(
            on_hand > 0 and age_days > 28 and (
                days_since_last_sale is null or days_since_last_sale >= 60 or coalesce(days_of_supply > 180, false)
            ), false
        ) as is_slow_moving,
        coalesce(
            on_hand > 0 and age_days >= 180 and (days_since_last_sale is null or days_since_last_sale >= 180), false
        ) as is_dead_stock
    from covered
)

select
    branch_number,
    article_number,
    on_hand,
    greatest(-on_hand, 0 * on_hand) as negative_stock_units,
    cast(case when on_hand is not null then greatest(on_hand, 0) * unit_cost end as numeric(18, 6)) as inventory_value_cost,
    cast(case when on_hand is not null then greatest(on_hand, 0) * list_price_gross end as numeric(18, 6))
        as inventory_value_retail,
    cast(demand_30 / available_30 as numeric(18, 6)) as avg_daily_demand_30d,
    cast(demand_90 / available_90 as numeric(18, 6)) as avg_daily_demand_90d,
    cast(case when on_hand is not null then days_of_supply end as numeric(18, 6)) as days_of_supply,
    cast(case when known_days >= 28 and stock_value_days > 0 then cogs_365 * 365 / stock_value_days end as numeric(18, 6))
        as turnover_rate,
    cast(case when known_days >= 28 and stock_value_days > 0 then margin_365 * 365 / stock_value_days end as numeric(18, 6))
        as gmroi,
    stockout_days_90d,
    cast(cast(stockout_days_90d as numeric) / nullif(ranged_90, 0) as numeric(18, 6)) as stockout_frequency,
    cast(size_availability_rate as numeric(18, 6)) as size_availability_rate,
    cast(excess_units as numeric(18, 6)) as excess_units,
    cast(excess_units * unit_cost as numeric(18, 6)) as excess_value_cost,
    days_since_last_sale,
    is_slow_moving,
    is_dead_stock,
    case
        when on_hand is null then null
        when on_hand <= 0 and assortment_type = 'one_shot' then 'sold_out'
        when on_hand <= 0 then 'out_of_stock'
        when is_dead_stock then 'dead'
        when excess_units > 0 then 'excess'
        when days_of_supply < 7 then 'low'
        else 'healthy'
    end as stock_status,
    assortment_type,
    abc_class,
    true as is_stock_history_complete,
    range_start,
    as_of_date
from flagged
left join floor.abc_classification using (article_number);
alter table floor.inventory_status add primary key (branch_number, article_number);

create table floor.product_profitability as
with

sums as (
    select
        article_number,
        sum(demand_units) as demand_units,
        sum(return_units) as return_units,
        sum(gross_revenue) as gross_revenue,
        sum(net_revenue) as net_revenue,
        sum(net_revenue_with_cost) as net_revenue_with_cost,
        sum(cogs) as cogs,
        sum(gross_margin) as gross_margin,
        sum(label_value) as label_value,
        sum(discount_amount) as discount_amount
    from floor.fct_sales_daily
    cross join floor.as_of
    where date_day > as_of_date - 365 and date_day <= as_of_date
    group by 1
),

stock_values as (
    select
        article_number,
        sum(stock_value_cost * greatest(0, least(last_day, as_of_date) - greatest(date_day, as_of_date - 364) + 1))
            as stock_value_days
    from floor.events
    cross join floor.as_of
    where is_holder
    group by 1
),

-- Day by day over all branches: what one sent another within a day cancels out.
company_days as (
    select
        article_number,
        date_day,
        coalesce(moved_units, 0) as moved_units,
        coalesce(net_units, 0) as net_units
    from (
        select article_number, greatest(date_day, as_of_date - 90) as date_day, sum(moved_units) as moved_units
        from floor.moves
        cross join floor.as_of
        where date_day <= as_of_date
        group by 1, 2
    ) as moved
    full outer join (
        select article_number, date_day, sum(net_units) as net_units
        from floor.fct_sales_daily
        cross join floor.as_of
        where date_day > as_of_date - 90 and date_day <= as_of_date
        group by 1, 2
    ) as sold using (article_number, date_day)
),

flows as (
    select
        article_number,
        sum(case when date_day = as_of_date - 90 then moved_units else greatest(moved_units + net_units, 0) end) as offered,
        sum(net_units) as sold
    from company_days
    cross join floor.as_of
    group by 1
)

select
    articles.article_number,
    articles.name,
    articles.category,
    articles.brand,
    articles.season,
    articles.is_merchandise,
    cast(coalesce(demand_units, 0) as numeric(18, 4)) as demand_units_365d,
    cast(coalesce(return_units, 0) as numeric(18, 4)) as return_units_365d,
    cast(coalesce(gross_revenue, 0) as numeric(18, 6)) as gross_revenue_365d,
    cast(coalesce(net_revenue, 0) as numeric(18, 6)) as net_revenue_365d,
    cast(coalesce(net_revenue_with_cost, 0) as numeric(18, 6)) as net_revenue_with_cost_365d,
    cast(cogs as numeric(18, 6)) as cogs_365d,
    cast(gross_margin as numeric(18, 6)) as gross_margin_365d,
    cast(gross_margin / nullif(net_revenue_with_cost, 0) as numeric(18, 6)) as margin_pct,
    cast(net_revenue_with_cost / nullif(net_revenue, 0) as numeric(18, 6)) as cost_coverage,
    cast((list_price_gross / 1.19 - unit_cost) / nullif(unit_cost, 0) as numeric(18, 6)) as markup,
    cast(
        case when is_merchandise and stock_value_days > 0
            then case when sums.article_number is null then 0 else gross_margin end * 365 / stock_value_days
        end as numeric(18, 6)
    ) as gmroi,
    cast(
        case when is_merchandise and stock_value_days > 0
            then case when sums.article_number is null then 0 else cogs end * 365 / stock_value_days
        end as numeric(18, 6)
    ) as turnover_rate,
    cast(case when is_merchandise and offered > 0 then sold / offered end as numeric(18, 6)) as sell_through_rate_90d,
    cast(return_units / nullif(demand_units, 0) as numeric(18, 6)) as return_rate,
    cast(discount_amount / nullif(label_value, 0) as numeric(18, 6)) as discount_rate,
    abc_class,
    xyz_class,
    as_of_date
from floor.articles
cross join floor.as_of
left join sums using (article_number)
left join stock_values using (article_number)
left join flows using (article_number)
left join floor.abc_classification using (article_number);
alter table floor.product_profitability add primary key (article_number);
