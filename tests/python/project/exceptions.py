"""Where a rule of dbt-project-evaluator is broken on purpose, and why."""

EXCEPTIONS: dict[str, dict[str, str]] = {
    "missing_primary_key_tests": {
        "int_as_of": "It has one row and no key; a test holds it at one row.",
    },
    "model_naming_conventions": {
        "inventory_status": "The name is promised to analysts and dashboards.",
        "product_profitability": "The name is promised to analysts and dashboards.",
        "reconciliation": "The name is promised to those who look after the data.",
        "rejected_rows": "The name is promised to those who look after the data.",
        "sales_performance": "The name is promised to analysts and dashboards.",
        "stock_levels": "The name is promised to analysts and dashboards.",
    },
    "rejoining_of_upstream_concepts": {
        "int_inventory_with_metrics <- int_inventory__on_hand": "Pairs say which rows there are, on-hand is a step.",
        "product_profitability <- int_articles_with_stock_metrics": "Metrics of stock per article are a step.",
        "reconciliation <- stg_prohandel__article_sales_agg": "It counts rejected rows in base, good ones in staging.",
        "reconciliation <- stg_prohandel__daily_sales_agg": "It counts rejected rows in base, good ones in staging.",
        "reconciliation <- stg_prohandel__warehouse_inventory_agg": "It counts both rejected and good rows.",
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
    },
}
