{#-
  One macro per kind of column. Each takes an SQL expression and the type that it landed as (`landed_type`: text,
  double, decimal, integer, boolean, date, timestamp, timestamptz) and gives an expression that is null where the
  value cannot be read. None of them raises an error, whatever the value, and none depends on the session's time
  zone, DateStyle or locale. A landed type that fits already costs a comparison at most.
-#}

{% macro clean(kind, expression, landed_type) %}
    {{ return(context['clean_' ~ kind](expression, landed_type)) }}
{% endmacro %}

{#- A blank text is no value, as null is. -#}
{% macro is_filled(expression, landed_type) %}
    {% if landed_type == 'text' %}
        {{ return(trimmed(expression) ~ " <> ''") }}
    {% endif %}
    {{ return(expression ~ " is not null") }}
{% endmacro %}

{#- Can a filled value of this landed type turn out unreadable as this kind? -#}
{% macro can_be_unreadable(kind, landed_type) %}
    {% set always_read = {
        'id': ['text', 'integer', 'boolean', 'date', 'timestamp', 'timestamptz'],
        'code': ['text', 'integer', 'boolean', 'date', 'timestamp', 'timestamptz'],
        'flag_code': ['text', 'integer', 'boolean', 'date', 'timestamp', 'timestamptz'],
        'text': ['text', 'integer', 'boolean', 'date', 'timestamp', 'timestamptz'],
        'number': ['boolean'],
        'integer': ['boolean'],
        'boolean': ['boolean'],
    } %}
    {{ return(landed_type not in always_read.get(kind, [])) }}
{% endmacro %}

{% macro null_of(kind) %}
    {{ return('cast(null as ' ~ type_of(kind) ~ ')') }}
{% endmacro %}

{% macro type_of(kind) %}
    {{ return({
        'number': 'numeric(18, 4)', 'integer': 'bigint', 'boolean': 'boolean', 'date': 'date',
        'timestamp': 'timestamptz', 'utc_timestamp': 'timestamptz',
    }.get(kind, 'text')) }}
{% endmacro %}

{#- Numbers that name something: as text, trimmed, leading zeros kept, never in scientific notation. -#}
{% macro clean_code(expression, landed_type) %}
    {% if landed_type == 'text' %}
        {{ return("nullif(" ~ trimmed(expression) ~ ", '')") }}
    {% elif landed_type == 'integer' %}
        {{ return("cast(" ~ expression ~ " as text)") }}
    {% elif landed_type == 'decimal' %}
        {{ return(
            "case when abs(" ~ expression ~ ") < 1e36 then case when " ~ expression ~ " = trunc(" ~ expression ~ ")"
            ~ " then cast(cast(" ~ expression ~ " as numeric(38, 0)) as text)"
            ~ " else rtrim(cast(" ~ expression ~ " as text), '0') end end"
        ) }}
    {% elif landed_type == 'double' %}
        {{ return(
            "case when abs(" ~ expression ~ ") < 9e15 and " ~ expression ~ " = trunc(" ~ expression ~ ")"
            ~ " then cast(cast(" ~ expression ~ " as bigint) as text)"
            ~ " when abs(" ~ expression ~ ") < 1e36 then cast(cast(" ~ expression ~ " as numeric) as text) end"
        ) }}
    {% elif landed_type == 'boolean' %}
        {{ return("case when " ~ expression ~ " then '1' when not " ~ expression ~ " then '0' end") }}
    {% endif %}
    {{ return(iso_format(expression, landed_type)) }}
{% endmacro %}

{% macro clean_id(expression, landed_type) %}
    {{ return(clean_code(expression, landed_type)) }}
{% endmacro %}

{#- A code of a short list such as 0, 1, 2: a column that was once a number and was widened to text says 0.0. -#}
{% macro clean_flag_code(expression, landed_type) %}
    {% set code = clean_code(expression, landed_type) %}
    {% if landed_type == 'text' %}
        {{ return(
            "case when " ~ matches(expression, '^[0-9]+$') ~ " then " ~ expression ~ " else "
            ~ substitute(code, '^(-?[0-9]+)[.,]0*$', '\\1') ~ " end"
        ) }}
    {% endif %}
    {{ return(code) }}
{% endmacro %}

{% macro clean_text(expression, landed_type) %}
    {% if landed_type == 'boolean' %}
        {{ return("case when " ~ expression ~ " then 'true' when not " ~ expression ~ " then 'false' end") }}
    {% endif %}
    {{ return(clean_code(expression, landed_type)) }}
{% endmacro %}

{#-
  12.90 is read as a machine wrote it (point = decimal), 12,90 as a German wrote it; 1.234,50, 1,234.50, 1.234.567
  and 1 234,50 by their groups of three. A currency before or after, a sign before or after, and 1.2e3 are read.
  Anything else, NaN, infinity and more than 14 digits before the point are unreadable.
  The three common forms come first, each with one cheap pattern; their lengths keep the cast from overflowing.
-#}
{% macro clean_number(expression, landed_type) %}
    {% if landed_type == 'boolean' %}
        {{ return("case when " ~ expression ~ " then 1 when not " ~ expression ~ " then 0 end") }}
    {% elif landed_type == 'integer' %}
        {{ return("case when abs(" ~ expression ~ ") < 1e14 then cast(" ~ expression ~ " as numeric(18, 4)) end") }}
    {% elif landed_type == 'decimal' %}
        {{ return(
            "case when abs(" ~ expression ~ ") < 99999999999999 then cast(" ~ expression ~ " as numeric(18, 4)) end"
        ) }}
    {% elif landed_type == 'double' %}
        {{ return(
            "case when abs(" ~ expression ~ ") < 99999999999999 then cast(" ~ double_digits(expression)
            ~ " as numeric(18, 4)) end"
        ) }}
    {% elif landed_type != 'text' %}
        {{ return("cast(null as numeric(18, 4))") }}
    {% endif %}
    {{ return(
        "case when " ~ expression ~ " = '' then null"
        ~ " when length(" ~ expression ~ ") < 15 and " ~ matches(expression, '^[-+]?[0-9]+[.]?[0-9]*$')
        ~ " then cast(" ~ expression ~ " as numeric(18, 4))"
        ~ " when length(" ~ expression ~ ") < 15 and " ~ matches(expression, '^[-+]?[0-9]+,[0-9]+$')
        ~ " then cast(replace(" ~ expression ~ ", ',', '.') as numeric(18, 4))"
        ~ " when length(" ~ expression ~ ") < 18 and " ~ matches(expression, '^[-+]?[0-9]{1,3}([.][0-9]{3})+,[0-9]+$')
        ~ " then cast(replace(replace(" ~ expression ~ ", '.', ''), ',', '.') as numeric(18, 4))"
        ~ " when length(" ~ expression ~ ") < 60 then " ~ _clean_odd_number(expression) ~ " end"
    ) }}
{% endmacro %}

{#- One kind of space and minus, no currency, sign in front. -#}
{% macro _plain_number(expression) %}
    {% set currency = '(€|[$]|£|eur|usd|gbp|chf)' %}
    {% set spaced = "translate(" ~ expression ~ ", chr(160) || chr(8239) || chr(8201) || chr(9) || '−–', '    --')" %}
    {% set bare = substitute(spaced, '^([-+ ]*)' ~ currency ~ '|' ~ currency ~ '([-+ ]*)$', '\\1\\4') %}
    {% set signed = substitute(trimmed(bare), '^([^-+].*[^ ]) *-$|^([0-9]) *-$', '-\\1\\2') %}
    {{ return("lower(" ~ substitute(signed, '^([-+]) +', '\\1') ~ ")") }}
{% endmacro %}

{#- The text is put in order once, in a subquery (kept one by its `limit`) that is run for none but the rare forms. -#}
{% macro _clean_odd_number(expression) %}
    {% set digits = "[0-9]{1,13}" %}
    {% set fraction = "[0-9]{1,30}" %}
    {% set groups_point = "^[-+]?[0-9]{1,3}(([.][0-9]{3}){2,4}|([.][0-9]{3}){1,4},[0-9]{0,30})$" %}
    {% set groups_comma = "^[-+]?[0-9]{1,3}((,[0-9]{3}){2,4}|(,[0-9]{3}){1,4}[.][0-9]{0,30})$" %}
    {% set single = "^[-+]?(" ~ digits ~ "([.,][0-9]{0,30})?|[.,]" ~ fraction
        ~ "|[0-9]{1,3}( [0-9]{3}){1,4}([.,][0-9]{0,30})?)$" %}
    {% set scientific = "^[-+]?(" ~ digits ~ "([.,][0-9]{0,30})?|[.,]" ~ fraction ~ ")e[-+]?[0-9]{1,2}$" %}
    {% set unscaled = "cast(replace(plain, ',', '.') as numeric)" %}
    {{ return(
        "(select case when " ~ matches('plain', groups_point)
        ~ " then cast(replace(replace(plain, '.', ''), ',', '.') as numeric(18, 4))"
        ~ " when " ~ matches('plain', groups_comma) ~ " then cast(replace(plain, ',', '') as numeric(18, 4))"
        ~ " when " ~ matches('plain', single)
        ~ " then cast(replace(replace(plain, ' ', ''), ',', '.') as numeric(18, 4))"
        ~ " when " ~ matches('plain', scientific) ~ " then case when abs(" ~ unscaled ~ ") < 99999999999999"
        ~ " then cast(" ~ unscaled ~ " as numeric(18, 4)) end end from (select " ~ _plain_number(expression)
        ~ " as plain limit 1) as odd)"
    ) }}
{% endmacro %}

{% macro clean_integer(expression, landed_type) %}
    {% if landed_type == 'integer' %}
        {{ return("cast(" ~ expression ~ " as bigint)") }}
    {% endif %}
    {% set number = clean_number(expression, landed_type) %}
    {{ return("case when " ~ number ~ " = trunc(" ~ number ~ ") then cast(" ~ number ~ " as bigint) end") }}
{% endmacro %}

{% macro clean_boolean(expression, landed_type) %}
    {% if landed_type == 'boolean' %}
        {{ return(expression) }}
    {% elif landed_type in ('integer', 'decimal', 'double') %}
        {{ return("case " ~ expression ~ " when 1 then true when 0 then false end") }}
    {% elif landed_type != 'text' %}
        {{ return("cast(null as boolean)") }}
    {% endif %}
    {% set word = "lower(" ~ trimmed(expression) ~ ")" %}
    {{ return(
        "case when " ~ word ~ " in ('true', 't', 'yes', 'y', 'ja', 'j', 'wahr', '1', '1.0', '1,0') then true"
        ~ " when " ~ word ~ " in ('false', 'f', 'no', 'n', 'nein', 'falsch', '0', '0.0', '0,0') then false end"
    ) }}
{% endmacro %}

{#- What a calendar date from 1900 on looks like in ISO 8601, impossible days left out. -#}
{% macro _iso_date_pattern() %}
    {{ return(
        "(?:(?:19|[2-9][0-9])[0-9]{2}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)"
        ~ "|(?:0[13578]|1[02])-31)"
        ~ "|(?:(?:19|[2-9][0-9])(?:0[48]|[2468][048]|[13579][26])|(?:[2468][048]|[3579][26])00)-02-29)"
    ) }}
{% endmacro %}

{% macro _iso_time_pattern() %}
    {{ return("[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]{1,9})?)?") }}
{% endmacro %}

{% macro _iso_zone_pattern() %}
    {{ return(" ?(?:[Zz]|UTC|[-+](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?)") }}
{% endmacro %}

{#- dd.mm.yyyy and yyyymmdd, with or without a time behind them, rewritten as ISO 8601; other text as it is. -#}
{% macro _as_iso_text(expression) %}
    {% set text = trimmed(expression) %}
    {% set padded = substitute(
        substitute(text, '^([0-9])[.]', '0\\1.'), '^([0-9]{2})[.]([0-9])[.]', '\\1.0\\2.'
    ) %}
    {{ return(
        "(case when " ~ matches(text, '^[0-9]{1,2}[.][0-9]{1,2}[.][0-9]{4}') ~ " then "
        ~ substitute(padded, '^([0-9]{2})[.]([0-9]{2})[.]([0-9]{4})', '\\3-\\2-\\1')
        ~ " when " ~ matches(text, '^[0-9]{8}$') ~ " then "
        ~ substitute(text, '^([0-9]{4})([0-9]{2})([0-9]{2})$', '\\1-\\2-\\3')
        ~ " else " ~ text ~ " end)"
    ) }}
{% endmacro %}

{#- PostgreSQL would round the seventh digit of a second up, and with it the last moment of a day into the next day. -#}
{% macro _microseconds(text) %}
    {{ return(substitute(text, '([.][0-9]{6})[0-9]+', '\\1')) }}
{% endmacro %}

{#-
  A moment from any text. The common form is tried first, with one short pattern, because the long ones are slow;
  `cast` is evaluated for nothing but what a pattern has let through.
-#}
{% macro _moment_of_text(expression, zone) %}
    {% set common = "^[2-9][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
        ~ "(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z?)?$" %}
    {{ return(
        "case when " ~ expression ~ " = '' then null when " ~ matches(expression, common) ~ " then case when right("
        ~ expression ~ ", 1) = 'Z' then cast(" ~ expression ~ " as timestamptz) else "
        ~ moment_of("cast(" ~ expression ~ " as timestamp)", zone) ~ " end else "
        ~ _moment_of_odd_text(expression, zone) ~ " end"
    ) }}
{% endmacro %}

{% macro _moment_of_odd_text(expression, zone) %}
    {% set is_local = matches('iso', '^' ~ _iso_date_pattern() ~ '(?:' ~ _iso_time_pattern() ~ ')?$') %}
    {% set is_zoned = matches('iso', '^' ~ _iso_date_pattern() ~ _iso_time_pattern() ~ _iso_zone_pattern() ~ '$') %}
    {{ return(
        "(select case when " ~ is_local ~ " then " ~ moment_of("cast(" ~ _microseconds('iso') ~ " as timestamp)", zone)
        ~ " when " ~ is_zoned ~ " then cast(" ~ _microseconds('iso') ~ " as timestamptz) end from (select "
        ~ _as_iso_text(expression) ~ " as iso limit 1) as odd)"
    ) }}
{% endmacro %}

{#- The business day: a time with a zone is moved to Berlin, one without is local there already. -#}
{% macro clean_date(expression, landed_type) %}
    {% if landed_type in ('date', 'timestamp') %}
        {{ return(
            "case when " ~ expression ~ " >= date '1900-01-01' and " ~ expression ~ " < date '10000-01-01' then cast("
            ~ expression ~ " as date) end"
        ) }}
    {% endif %}
    {{ return(day_of('(' ~ clean_timestamp(expression, landed_type) ~ ')')) }}
{% endmacro %}

{#- A moment; without a zone it is a time in Berlin. -#}
{% macro clean_timestamp(expression, landed_type, zone='Europe/Berlin') %}
    {% if landed_type == 'timestamptz' %}
        {{ return(
            "case when " ~ expression ~ " >= timestamptz '1900-01-01 00:00:00Z' and " ~ expression
            ~ " < timestamptz '10000-01-01 00:00:00Z' then " ~ expression ~ " end"
        ) }}
    {% elif landed_type in ('timestamp', 'date') %}
        {{ return(
            "case when " ~ expression ~ " >= date '1900-01-01' and " ~ expression ~ " < date '10000-01-01' then "
            ~ moment_of("cast(" ~ expression ~ " as timestamp)", zone) ~ " end"
        ) }}
    {% elif landed_type == 'text' %}
        {{ return(_moment_of_text(expression, zone)) }}
    {% elif landed_type in ('integer', 'decimal', 'double') %}
        {{ return(
            "case when " ~ expression ~ " between 19000101 and 99991231 then "
            ~ _moment_of_odd_text(clean_code(expression, landed_type), zone) ~ " end"
        ) }}
    {% endif %}
    {{ return("cast(null as timestamptz)") }}
{% endmacro %}

{#- What the loader itself writes is UTC where it says nothing. -#}
{% macro clean_utc_timestamp(expression, landed_type) %}
    {{ return(clean_timestamp(expression, landed_type, 'UTC')) }}
{% endmacro %}

{#- The business day of a moment. -#}
{% macro day_of(moment) %}
    {{ return("cast(" ~ berlin_time(moment) ~ " as date)") }}
{% endmacro %}

{#-
  A moment that may mean no more than its day: null at midnight in Berlin, and at midnight UTC, which is what a loader
  makes of a local midnight without zone.
-#}
{% macro time_of(moment) %}
    {{ return(
        "case when cast(" ~ berlin_time(moment) ~ " as time) <> time '00:00' and cast((" ~ moment
        ~ " at time zone 'UTC') as time) <> time '00:00' then " ~ moment ~ " end"
    ) }}
{% endmacro %}
