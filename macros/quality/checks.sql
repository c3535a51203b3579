{#-
  What `signals` asks of the rows that arrive: a list of checks for the lines of sales, for stock and for the connector's
  sums of days. Each is a name, the condition that should hold, and the condition of the rows that it can be asked of.
-#}

{#- Of sale lines, on the columns of `lines_to_check`. -#}
{% macro checks_of_lines() %}
    {{ return([
        ('accepted', 'rejection_reasons is null', 'true'),
        ('has_branch', 'has_branch', 'branch_ref is not null'),
        ('has_article', 'has_article', 'article_number is not null'),
        ('has_customer', 'has_customer', 'has_customer is not null'),
        ('has_price', 'sale_price is not null', 'true'),
        ('has_no_negative_price', 'coalesce(sale_price, 0) >= 0', 'is_demand'),
        ('has_list_price', 'abs(label_unit_price - list_price_gross) < 0.01 or label_unit_price = label_before',
            'is_demand and label_unit_price is not null and list_price_gross is not null'),
        ('adds_up', 'abs(label_unit_price * quantity - coalesce(discount_amount, 0) - paid_amount) < 0.02',
            'is_demand and label_unit_price is not null and paid_amount is not null'),
        ('is_punctual', "sold_at > synced_at - interval '2 hours' and sold_at <= synced_at", 'sold_at is not null'),
        ('is_recent', days_after(day_of('synced_at'), -1) ~ ' <= sale_date', 'sale_date is not null'),
        ('is_in_hours', 'extract(hour from ' ~ berlin_time('sold_at') ~ ') between 8 and 20',
            'sold_at is not null and not is_online'),
        ('is_plausible', 'abs(quantity) <= 50', 'quantity is not null'),
        ('is_single', 'copies = 1', 'copies is not null'),
        ('is_first', 'is_new', 'true' if is_incremental() else 'false'),
        ('has_moved_stock', 'has_moved_stock', 'has_moved_stock is not null'),
    ]) }}
{% endmacro %}

{#- Of rows of stock as they land. -#}
{% macro checks_of_stock() %}
    {{ return([
        ('accepted', 'rejection_reasons is null', 'true'),
        ('has_stock', 'quantity >= 0', 'quantity is not null'),
        ('is_plausible', 'abs(quantity) <= 1000', 'quantity is not null'),
    ]) }}
{% endmacro %}

{#- Of the connector's sums of a day, beside what was sold on it (`units`, `amount`, returns counted in too). -#}
{% macro checks_of_days() %}
    {{ return([
        (
            'fits_sales',
            'abs(total_quantity) <= 1.02 * coalesce(units, 0) and abs(total_amount) <= 1.02 * coalesce(amount, 0)',
            'total_quantity is not null',
        ),
    ]) }}
{% endmacro %}
