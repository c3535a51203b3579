{#-
  What a person has to know of a test that failed, by kind of test: the generic tests of that kind, why it matters, and the
  section of the runbook that says what to do. Single tests that are not among them are laws. A test says more of itself in
  its `meta`: `why`, the `owner` if it is not the default of dbt_project.yml, and its `kind` where one generic test serves
  several. Python reads this dictionary as its own: see tests/python/project/rules.py.
-#}
{% macro advice_by_kind() %}
    {{ return({
        'not_null': {
            'tests': ['not_null'],
            'why': 'A row without this value drops out of joins and sums, or counts under the unknown member.',
            'section': 'not-null',
        },
        'unreadable': {
            'tests': ['no_rejected_rows', 'no_unreadable_values'],
            'why': 'What cannot be read is in no figure until it lands in a form that can.',
            'section': 'not-null',
        },
        'unique': {
            'tests': ['unique', 'unique_combination_of_columns'],
            'why': 'Whatever joins a key that is there twice counts twice.',
            'section': 'unique',
        },
        'relationships': {
            'tests': ['relationships', 'refers_to_any'],
            'why': 'A row whose parent is not there has no name, price or policy from it, and counts under the unknown member.',
            'section': 'relationships',
        },
        'accepted_values': {
            'tests': ['accepted_values', 'no_new_values', 'not_only_case_apart'],
            'why': 'A word that no model knows is taken for another one, or stands alone in every breakdown.',
            'section': 'accepted-values',
        },
        'freshness': {
            'tests': [],
            'why': 'Figures of a table that lands no more are those of the past and look like those of today.',
            'section': 'freshness',
        },
        'business_rule': {
            'tests': [
                'margin_within_bounds', 'no_stock_jumps', 'not_after_sync', 'not_before_opening',
                'one_branch_and_day_per_receipt', 'price_not_above_label', 'valid_gtin', 'valid_postal_code',
                'vat_in_all_prices',
            ],
            'why': 'It can be read and cannot be true, so figures that are made of it mislead.',
            'section': 'business-rule',
        },
        'model': {
            'tests': [],
            'why': 'What could not be built stays as it was, and so does what is built from it.',
            'section': 'model',
        },
        'law': {
            'tests': ['accepted_range', 'expression_is_true', 'expect_table_row_count_to_be_between'],
            'why': 'Figures contradict themselves or each other, so one at least that people read is wrong.',
            'section': 'law',
        },
    }) }}
{% endmacro %}

{#- The kind of a test: what its `meta` says, else that of its generic test, else a law; of a model that failed, `model`. -#}
{% macro kind_of_test(node) %}
    {% set advice = advice_by_kind() %}
    {% set said = (node.config.meta or {}).get('kind') %}
    {% set name = node.test_metadata.name if node.test_metadata else none %}
    {% if said in advice %}
        {{ return(said) }}
    {% elif node.resource_type != 'test' %}
        {{ return('model') }}
    {% endif %}
    {% for kind, of_kind in advice.items() if name in of_kind['tests'] %}
        {{ return(kind) }}
    {% endfor %}
    {{ return('law') }}
{% endmacro %}

{#- Who is to look at a test that failed (`owner`), `why` it matters, and where it says what to do (`runbook`). -#}
{% macro advice_of(node) %}
    {% set of_kind = advice_by_kind()[kind_of_test(node)] %}
    {% set meta = node.config.meta or {} %}
    {{ return({
        'owner': meta.get('owner') or 'data_platform',
        'why': meta.get('why') or of_kind['why'],
        'runbook': 'docs/runbooks/failed_test.md#' ~ of_kind['section'],
    }) }}
{% endmacro %}
