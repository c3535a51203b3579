"""Where a rule of dbt-project-evaluator is broken on purpose, and why."""

EXCEPTIONS: dict[str, dict[str, str]] = {
    "missing_primary_key_tests": {
        "int_as_of": "It has one row and no key; a test holds it at one row.",
    },
    "model_fanout": {
        "int_as_of": "Every window ends at the same day.",
        "int_inventory__spans": "Marts of stock read the same days.",
        "int_inventory_with_metrics": "Marts of stock show the same metrics.",
    },
    "model_naming_conventions": {
        "abc_classification": "The name is promised to analysts and dashboards.",
        "inventory_status": "The name is promised to analysts and dashboards.",
        "product_profitability": "The name is promised to analysts and dashboards.",
        "reconciliation": "The name is promised to those who look after the data.",
        "rejected_rows": "The name is promised to those who look after the data.",
        "sales_performance": "The name is promised to analysts and dashboards.",
        "size_availability": "The name is promised to analysts and dashboards.",
        "size_gaps": "The name is promised to analysts and dashboards.",
        "slow_moving_inventory": "The name is promised to analysts and dashboards.",
        "stock_age": "The name is promised to analysts and dashboards.",
        "stock_anomalies": "The name is promised to analysts and dashboards.",
        "stock_levels": "The name is promised to analysts and dashboards.",
        "stockout_events": "The name is promised to analysts and dashboards.",
        "unsold_deliveries": "The name is promised to analysts and dashboards.",
        "warehouse_performance": "The name is promised to analysts and dashboards.",
    },
    "rejoining_of_upstream_concepts": {
        "dim_customers <- fct_orders": "First orders come from the fact, people without an order from the references.",
        "int_articles__revenue_per_unit <- product_profitability": "Prices stand in for revenue that there is not.",
        "int_inventory_with_metrics <- int_inventory__on_hand": "Pairs say which rows there are, on-hand is a step.",
        "product_profitability <- int_articles_with_stock_metrics": "Metrics of stock per article are a step.",
        "size_availability <- int_articles__size_curves": "Curves of articles are laid beside the stock of pairs.",
        "stock_age <- int_articles__stock_ages": "Ages are a step; the mart describes their articles.",
        "stock_anomalies <- int_inventory__phantom_stock": "Phantom stock is one kind of anomaly of the same pairs.",
        "stockout_events <- int_inventory__branch_calendar": "Days weigh as of the day that events are cut at.",
        "stockout_events <- int_inventory__stockout_spans": "Spans are a step; the mart describes their pairs.",
    },
    "root_models": {
        "int_dates__comparable": "Days come from the calendar, not from a source.",
    },
    "sources_without_freshness": {
        "prohandel.article_sales_agg": "It is reconciled only; nothing is built from it.",
        "prohandel.category": "Categories may stay as they are for months.",
        "prohandel.daily_sales_agg": "It is reconciled only; nothing is built from it.",
        "prohandel.purchase_order": "Orders are placed by season; weeks without one are normal.",
        "prohandel.shop": "Branches may stay as they are for months.",
        "prohandel.supplier": "Suppliers may stay as they are for months.",
        "prohandel.warehouse_inventory_agg": "It is reconciled only; nothing is built from it.",
    },
    "too_many_joins": {
        "int_branches__resolved": "Branches are collected from every table that names one.",
        "int_inventory_with_metrics": "The metrics of a pair put its steps together.",
        "reconciliation": "It compares every landed table with what was built from it.",
        "rejected_rows": "It is the union over all landed tables.",
        "warehouse_performance": "It puts every figure of a branch side by side.",
    },
}
