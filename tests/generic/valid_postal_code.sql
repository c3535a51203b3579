{#-
  Postal codes that their country does not have. Where none is named it is Germany, as in german_postal_code; codes of other
  countries are taken as they are. A zero that was lost in front counts as there. Rows show the country alone, because the
  code belongs to a person.
-#}
{% test valid_postal_code(model, column_name, country) %}

{%- set patterns = [
    (['at', 'a', 'aut', 'österreich', 'austria'], '^[1-9][0-9]{3}$'),
    (['ch', 'che', 'schweiz', 'switzerland', 'li', 'lie', 'liechtenstein'], '^[1-9][0-9]{3}$'),
    (['be', 'b', 'bel', 'belgien', 'belgium', 'lu', 'l', 'lux', 'luxemburg', 'luxembourg'], '^[1-9][0-9]{3}$'),
    (['dk', 'dnk', 'dänemark', 'denmark'], '^[0-9]{3,4}$'),
    (['fr', 'f', 'fra', 'frankreich', 'france', 'it', 'i', 'ita', 'italien', 'italy'], '^[0-9]{4,5}$'),
    (['nl', 'nld', 'niederlande', 'netherlands'], '^[1-9][0-9]{3} ?[A-Za-z]{2}$'),
    (['pl', 'pol', 'polen', 'poland'], '^[0-9]{2}-?[0-9]{3}$'),
    (['cz', 'cze', 'tschechien', 'czechia'], '^[0-9]{3} ?[0-9]{2}$'),
] %}

select {{ country }} as country
from {{ model }}
where
    {{ column_name }} is not null
    and case
        -- Any code has a German form where the country is Germany, and there alone.
        when {{ german_postal_code("'00000'", country) }} is not null
            then {{ german_postal_code(column_name, country) }} is null
        {%- for names, pattern in patterns %}
        when {{ folded(country) }} in ('{{ names | join("', '") }}') then not ({{ matches(column_name, pattern) }})
        {%- endfor %}
        else false
    end

{% endtest %}
