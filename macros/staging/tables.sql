{#-
  What lands, one macro per table: `key` (the column that names a row downstream, and the columns it is made of) and
  `columns`, each with
    name       our name for it
    kind       how it is read (macros/staging/casts.sql)
    landed     the landed names that it may have, preferred first. A list instead of a name: these columns joined by
               a space. {'not': name}: the opposite of that flag.
    essential  a row without it is rejected as missing_<essential> or unreadable_<essential>
    time_as    our name for the time of day behind a date, null where only a day landed
    not_after_sync  a date after the day on which its row was synced is rejected as future_date
    default    SQL for a value that is missing
    personal   names or reaches a person: hashed wherever a rejected row is shown
  An optional table (`using_<table>` is false by default) `may_be_empty`; of the others one without rows stops the build.
-#}

{% macro columns_of(table) %}
    {{ return(context['columns_of_' ~ table]()) }}
{% endmacro %}

{% macro landed_table_names() %}
    {{ return([
        'article', 'customer', 'order', 'sale', 'inventory', 'shop', 'daily_sales_agg', 'article_sales_agg',
        'warehouse_inventory_agg', 'category', 'supplier', 'inventory_history', 'purchase_order',
    ]) }}
{% endmacro %}

{% macro columns_of_article() %}
    {{ return({'key': {'name': 'article_id', 'parts': ['article_id']}, 'columns': [
        {'name': 'article_id', 'kind': 'id', 'landed': ['id'], 'essential': 'key'},
        {'name': 'article_number', 'kind': 'id', 'landed': ['article_number', 'number'], 'essential': 'article'},
        {'name': 'name', 'kind': 'text', 'landed': ['name']},
        {'name': 'description', 'kind': 'text', 'landed': ['description']},
        {'name': 'list_price_gross', 'kind': 'number', 'landed': ['price']},
        {'name': 'unit_cost', 'kind': 'number', 'landed': ['cost', 'purchase_price']},
        {'name': 'category_ref', 'kind': 'id', 'landed': ['category_id', 'category']},
        {'name': 'supplier_ref', 'kind': 'id', 'landed': ['supplier_id', 'supplier']},
        {'name': 'brand', 'kind': 'text', 'landed': ['brand']},
        {'name': 'season', 'kind': 'code', 'landed': ['season']},
        {'name': 'ean', 'kind': 'code', 'landed': ['ean']},
        {'name': 'stock_quantity', 'kind': 'number', 'landed': ['stock_quantity']},
        {'name': 'is_active', 'kind': 'boolean', 'landed': ['is_active', {'not': 'inactive_flag'}], 'default': 'true'},
        {'name': 'is_deleted', 'kind': 'boolean', 'landed': ['is_deleted'], 'default': 'false'},
        {'name': 'created_at', 'kind': 'timestamp', 'landed': ['created_at']},
        {'name': 'updated_at', 'kind': 'timestamp', 'landed': ['updated_at', 'last_change']},
        {'name': 'landed_profit_margin', 'kind': 'number', 'landed': ['profit_margin']},
        {'name': 'landed_price_tier', 'kind': 'text', 'landed': ['price_tier']},
    ]}) }}
{% endmacro %}

{% macro columns_of_customer() %}
    {{ return({'key': {'name': 'customer_id', 'parts': ['customer_id']}, 'unknown_is_personal': true, 'columns': [
        {'name': 'customer_id', 'kind': 'id', 'landed': ['id'], 'essential': 'key'},
        {'name': 'customer_number', 'kind': 'id', 'landed': ['customer_number', 'number']},
        {'name': 'name', 'kind': 'text', 'landed': ['name', ['first_name', 'last_name']], 'personal': true},
        {'name': 'email', 'kind': 'text', 'landed': ['email'], 'personal': true},
        {'name': 'phone', 'kind': 'text', 'landed': ['phone'], 'personal': true},
        {'name': 'street', 'kind': 'text', 'landed': ['address', 'street'], 'personal': true},
        {'name': 'city', 'kind': 'text', 'landed': ['city'], 'personal': true},
        {'name': 'postal_code', 'kind': 'code', 'landed': ['postal_code'], 'personal': true},
        {'name': 'country', 'kind': 'text', 'landed': ['country']},
        {'name': 'is_active', 'kind': 'boolean', 'landed': ['is_active', {'not': 'inactive_flag'}], 'default': 'true'},
        {'name': 'is_deleted', 'kind': 'boolean', 'landed': ['is_deleted'], 'default': 'false'},
        {'name': 'created_at', 'kind': 'timestamp', 'landed': ['created_at', 'creation_date']},
        {'name': 'updated_at', 'kind': 'timestamp', 'landed': ['updated_at', 'last_change']},
        {'name': 'landed_full_address', 'kind': 'text', 'landed': ['full_address'], 'personal': true},
    ]}) }}
{% endmacro %}

{% macro columns_of_order() %}
    {{ return({'key': {'name': 'order_id', 'parts': ['order_id']}, 'columns': [
        {'name': 'order_id', 'kind': 'id', 'landed': ['id'], 'essential': 'key'},
        {'name': 'order_number', 'kind': 'id', 'landed': ['order_number']},
        {'name': 'customer_ref', 'kind': 'id', 'landed': ['customer_id']},
        {'name': 'order_date', 'kind': 'date', 'landed': ['order_date'], 'essential': 'date'},
        {'name': 'delivery_date', 'kind': 'date', 'landed': ['delivery_date']},
        {'name': 'total_amount', 'kind': 'number', 'landed': ['total_amount']},
        {'name': 'status', 'kind': 'text', 'landed': ['status']},
        {'name': 'payment_method', 'kind': 'text', 'landed': ['payment_method']},
        {'name': 'shipping_method', 'kind': 'text', 'landed': ['shipping_method']},
        {'name': 'is_deleted', 'kind': 'boolean', 'landed': ['is_deleted'], 'default': 'false'},
        {'name': 'created_at', 'kind': 'timestamp', 'landed': ['created_at']},
        {'name': 'updated_at', 'kind': 'timestamp', 'landed': ['updated_at']},
        {'name': 'landed_delivery_time_days', 'kind': 'number', 'landed': ['delivery_time_days']},
        {'name': 'landed_order_age_days', 'kind': 'number', 'landed': ['order_age_days']},
    ]}) }}
{% endmacro %}

{% macro columns_of_sale() %}
    {{ return({'key': {'name': 'sale_line_id', 'parts': ['sale_line_id']}, 'columns': [
        {'name': 'sale_line_id', 'kind': 'id', 'landed': ['id'], 'essential': 'key'},
        {'name': 'receipt_number', 'kind': 'id', 'landed': ['receipt_number', 'sale_number']},
        {
            'name': 'sale_date', 'kind': 'date', 'landed': ['date', 'sale_date'], 'essential': 'date',
            'not_after_sync': true, 'time_as': 'sold_at',
        },
        {'name': 'branch_ref', 'kind': 'id', 'landed': ['branch_number', 'branch_id']},
        {'name': 'article_number', 'kind': 'id', 'landed': ['article_number'], 'essential': 'article'},
        {'name': 'article_size_number', 'kind': 'code', 'landed': ['article_size_number']},
        {'name': 'customer_ref', 'kind': 'id', 'landed': ['customer_number', 'customer_id']},
        {'name': 'staff_number', 'kind': 'id', 'landed': ['staff_number']},
        {'name': 'quantity', 'kind': 'number', 'landed': ['quantity'], 'essential': 'quantity'},
        {'name': 'purchase_price', 'kind': 'number', 'landed': ['purchase_price']},
        {'name': 'sale_price', 'kind': 'number', 'landed': ['sale_price', 'total_amount']},
        {'name': 'label_price', 'kind': 'number', 'landed': ['label_price']},
        {'name': 'discount', 'kind': 'number', 'landed': ['discount']},
        {'name': 'sale_type', 'kind': 'flag_code', 'landed': ['type'], 'default': "'0'"},
        {'name': 'status', 'kind': 'text', 'landed': ['status']},
        {'name': 'payment_method', 'kind': 'text', 'landed': ['payment_method']},
        {'name': 'is_deleted', 'kind': 'boolean', 'landed': ['is_deleted'], 'default': 'false'},
        {'name': 'created_at', 'kind': 'timestamp', 'landed': ['created_at']},
        {'name': 'updated_at', 'kind': 'timestamp', 'landed': ['updated_at', 'last_change']},
        {'name': 'landed_sale_age_days', 'kind': 'number', 'landed': ['sale_age_days']},
    ]}) }}
{% endmacro %}

{% macro columns_of_inventory() %}
    {{ return({
        'key': {'name': 'inventory_key', 'parts': ['inventory_id', 'branch_ref', 'article_ref', 'article_size_number']},
        'columns': [
        {'name': 'inventory_id', 'kind': 'id', 'landed': ['id'], 'essential': 'key'},
        {'name': 'branch_ref', 'kind': 'id', 'landed': ['branch_number'], 'essential': 'branch'},
        {'name': 'article_ref', 'kind': 'id', 'landed': ['article_number', 'article_id'], 'essential': 'article'},
        {'name': 'article_size_number', 'kind': 'code', 'landed': ['article_size_number'], 'default': "'unknown'"},
        {'name': 'quantity', 'kind': 'number', 'landed': ['quantity'], 'essential': 'quantity'},
        {'name': 'is_deleted', 'kind': 'boolean', 'landed': ['is_deleted'], 'default': 'false'},
        {'name': 'updated_at', 'kind': 'timestamp', 'landed': ['updated_at', 'last_change']},
        {'name': 'landed_stock_status', 'kind': 'text', 'landed': ['stock_status']},
    ]}) }}
{% endmacro %}

{% macro columns_of_inventory_history() %}
    {{ return({
        'key': {
            'name': 'inventory_history_key',
            'parts': ['inventory_id', 'branch_ref', 'article_ref', 'article_size_number', 'valid_from'],
        },
        'may_be_empty': true,
        'changed_by': ['valid_to'],
        'columns': columns_of_inventory()['columns'] + [
        {'name': 'valid_from', 'kind': 'utc_timestamp', 'landed': ['_fivetran_start'], 'essential': 'key'},
        {'name': 'valid_to', 'kind': 'utc_timestamp', 'landed': ['_fivetran_end']},
        {'name': 'is_current', 'kind': 'boolean', 'landed': ['_fivetran_active']},
    ]}) }}
{% endmacro %}

{% macro columns_of_shop() %}
    {{ return({'key': {'name': 'shop_id', 'parts': ['shop_id']}, 'columns': [
        {'name': 'shop_id', 'kind': 'id', 'landed': ['id'], 'essential': 'key'},
        {'name': 'branch_number', 'kind': 'id', 'landed': ['branch_number', 'number'], 'essential': 'branch'},
        {'name': 'name', 'kind': 'text', 'landed': ['name', ['name1', 'name2', 'name3']]},
        {'name': 'search_term', 'kind': 'text', 'landed': ['search_term']},
        {'name': 'street', 'kind': 'text', 'landed': ['address', 'street']},
        {'name': 'city', 'kind': 'text', 'landed': ['city']},
        {'name': 'postal_code', 'kind': 'code', 'landed': ['postal_code']},
        {'name': 'country', 'kind': 'text', 'landed': ['country']},
        {'name': 'phone', 'kind': 'text', 'landed': ['phone']},
        {'name': 'email', 'kind': 'text', 'landed': ['email']},
        {'name': 'landed_shop_type', 'kind': 'text', 'landed': ['shop_type']},
        {'name': 'is_webshop', 'kind': 'boolean', 'landed': ['is_webshop']},
        {'name': 'landed_is_online', 'kind': 'boolean', 'landed': ['is_online']},
        {'name': 'is_active', 'kind': 'boolean', 'landed': ['is_active', {'not': 'inactive_flag'}], 'default': 'true'},
        {'name': 'is_deleted', 'kind': 'boolean', 'landed': ['is_deleted'], 'default': 'false'},
        {'name': 'created_at', 'kind': 'timestamp', 'landed': ['created_at']},
        {'name': 'updated_at', 'kind': 'timestamp', 'landed': ['updated_at', 'last_change']},
    ]}) }}
{% endmacro %}

{% macro columns_of_daily_sales_agg() %}
    {{ return({'key': {'name': 'daily_sales_agg_key', 'parts': ['sale_date']}, 'columns': [
        {'name': 'sale_date', 'kind': 'date', 'landed': ['sale_date'], 'essential': 'key'},
        {'name': 'sale_count', 'kind': 'integer', 'landed': ['sale_count']},
        {'name': 'total_quantity', 'kind': 'number', 'landed': ['total_quantity']},
        {'name': 'total_amount', 'kind': 'number', 'landed': ['total_amount']},
        {'name': 'aggregation_type', 'kind': 'text', 'landed': ['aggregation_type']},
        {'name': 'is_deleted', 'kind': 'boolean', 'landed': ['is_deleted'], 'default': 'false'},
    ]}) }}
{% endmacro %}

{% macro columns_of_article_sales_agg() %}
    {{ return({'key': {'name': 'agg_id', 'parts': ['agg_id']}, 'columns': [
        {'name': 'agg_id', 'kind': 'id', 'landed': ['agg_id'], 'essential': 'key'},
        {'name': 'article_number', 'kind': 'id', 'landed': ['article_number'], 'essential': 'article'},
        {'name': 'total_quantity', 'kind': 'number', 'landed': ['total_quantity']},
        {'name': 'total_amount', 'kind': 'number', 'landed': ['total_amount']},
        {'name': 'sale_count', 'kind': 'integer', 'landed': ['sale_count']},
        {'name': 'aggregation_type', 'kind': 'text', 'landed': ['aggregation_type']},
        {'name': 'name', 'kind': 'text', 'landed': ['name']},
        {'name': 'description', 'kind': 'text', 'landed': ['description']},
        {'name': 'category', 'kind': 'text', 'landed': ['category']},
        {'name': 'supplier', 'kind': 'text', 'landed': ['supplier']},
        {'name': 'is_deleted', 'kind': 'boolean', 'landed': ['is_deleted'], 'default': 'false'},
    ]}) }}
{% endmacro %}

{% macro columns_of_warehouse_inventory_agg() %}
    {{ return({'key': {'name': 'agg_id', 'parts': ['agg_id']}, 'columns': [
        {'name': 'agg_id', 'kind': 'id', 'landed': ['agg_id'], 'essential': 'key'},
        {'name': 'warehouse', 'kind': 'id', 'landed': ['warehouse']},
        {'name': 'total_quantity', 'kind': 'number', 'landed': ['total_quantity']},
        {'name': 'article_count', 'kind': 'integer', 'landed': ['article_count']},
        {'name': 'aggregation_type', 'kind': 'text', 'landed': ['aggregation_type']},
        {'name': 'is_deleted', 'kind': 'boolean', 'landed': ['is_deleted'], 'default': 'false'},
    ]}) }}
{% endmacro %}

{% macro columns_of_category() %}
    {{ return({'key': {'name': 'category_id', 'parts': ['category_id']}, 'may_be_empty': true, 'columns': [
        {'name': 'category_id', 'kind': 'id', 'landed': ['id'], 'essential': 'key'},
        {'name': 'name', 'kind': 'text', 'landed': ['name']},
        {'name': 'parent_category_id', 'kind': 'id', 'landed': ['parent_id']},
        {'name': 'description', 'kind': 'text', 'landed': ['description']},
        {'name': 'is_deleted', 'kind': 'boolean', 'landed': ['is_deleted'], 'default': 'false'},
        {'name': 'created_at', 'kind': 'timestamp', 'landed': ['created_at']},
        {'name': 'updated_at', 'kind': 'timestamp', 'landed': ['updated_at']},
    ]}) }}
{% endmacro %}

{% macro columns_of_supplier() %}
    {{ return({'key': {'name': 'supplier_id', 'parts': ['supplier_id']}, 'may_be_empty': true, 'columns': [
        {'name': 'supplier_id', 'kind': 'id', 'landed': ['id'], 'essential': 'key'},
        {'name': 'supplier_number', 'kind': 'id', 'landed': ['supplier_number', 'number']},
        {'name': 'name', 'kind': 'text', 'landed': ['name']},
        {'name': 'city', 'kind': 'text', 'landed': ['city']},
        {'name': 'country', 'kind': 'text', 'landed': ['country']},
        {'name': 'lead_time_days', 'kind': 'number', 'landed': ['lead_time_days']},
        {'name': 'is_deleted', 'kind': 'boolean', 'landed': ['is_deleted'], 'default': 'false'},
        {'name': 'created_at', 'kind': 'timestamp', 'landed': ['created_at']},
        {'name': 'updated_at', 'kind': 'timestamp', 'landed': ['updated_at']},
    ]}) }}
{% endmacro %}

{% macro columns_of_purchase_order() %}
    {{ return({'key': {'name': 'purchase_order_id', 'parts': ['purchase_order_id']}, 'may_be_empty': true, 'columns': [
        {'name': 'purchase_order_id', 'kind': 'id', 'landed': ['id'], 'essential': 'key'},
        {'name': 'article_number', 'kind': 'id', 'landed': ['article_number'], 'essential': 'article'},
        {'name': 'article_size_number', 'kind': 'code', 'landed': ['article_size_number'], 'default': "'unknown'"},
        {'name': 'branch_ref', 'kind': 'id', 'landed': ['branch_number']},
        {'name': 'supplier_number', 'kind': 'id', 'landed': ['supplier_number']},
        {'name': 'ordered_at', 'kind': 'timestamp', 'landed': ['ordered_at']},
        {'name': 'expected_at', 'kind': 'timestamp', 'landed': ['expected_at']},
        {'name': 'quantity', 'kind': 'number', 'landed': ['quantity'], 'essential': 'quantity'},
        {'name': 'received_quantity', 'kind': 'number', 'landed': ['received_quantity']},
        {'name': 'status', 'kind': 'text', 'landed': ['status']},
        {'name': 'is_deleted', 'kind': 'boolean', 'landed': ['is_deleted'], 'default': 'false'},
    ]}) }}
{% endmacro %}
