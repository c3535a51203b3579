{#-
  CTE `steps` of a recursive query: the distribution function of negative binomial demand, unit by unit, for every row of a
  relation with `mean` and `dispersion` (double precision; variance = mean + dispersion * mean^2). A row has `units` and its
  `probability` (of at most so many units), until that reaches the highest level that is asked for. `level`: SQL, a number
  or a column of the relation. `carried`: further columns to hand through.

  p(0) = (1 + a m)^(-1 / a), exp(-m) for a = 0; p(k + 1) = p(k) * (1 + a k) / (k + 1) * m / (1 + a m). Source: Cameron and
  Trivedi, Regression Analysis of Count Data, 2nd ed. 2013, 3.3; as prohandel/forecast/distribution.py has it. Where p(0) is
  too small for a double (means of hundreds of units, hardly dispersed) there is one step with `is_normal`, and the quantile
  is that of the normal distribution, rounded up.
-#}
{% macro negative_binomial_steps(relation, level, carried=[]) -%}
{%- set handed = '' if not carried else ', ' ~ carried | join(', ') -%}
first_steps as (
    select
        *,
        case when dispersion > 1e-8 then ln(1 + dispersion * mean) / dispersion else mean end as exponent,
        case when dispersion > 1e-8 then dispersion else 0 end as used_dispersion
    from {{ relation }}
    {{ computed_once() }}
),

steps as (
    select
        mean,
        dispersion{{ handed }},
        used_dispersion,
        exponent > 600 as is_normal,
        cast(0 as {{ dbt.type_bigint() }}) as units,
        case when exponent > 600 then cast(0 as {{ dbt.type_float() }}) else exp(-exponent) end as probability_of_units,
        case when exponent > 600 then cast(1 as {{ dbt.type_float() }}) else exp(-exponent) end as probability
    from first_steps
    union all
    select
        mean,
        dispersion{{ handed }},
        used_dispersion,
        is_normal,
        units + 1 as units,
        probability_of_units * ((1 + used_dispersion * units) / (units + 1.0)) * mean / (1 + used_dispersion * mean)
            as probability_of_units,
        probability + probability_of_units
        * ((1 + used_dispersion * units) / (units + 1.0)) * mean / (1 + used_dispersion * mean) as probability
    from steps
    where probability < {{ level }} - 1e-9
)
{%- endmacro %}

{#-
  The smallest number of units of a group of `steps` (by mean and dispersion) whose probability is at least the level, less
  1e-9. `level`: a number, or a column that is the same for the whole group.
-#}
{% macro quantile_of_steps(level) -%}
    {%- set as_double = 'cast(max(' ~ level ~ ') as ' ~ dbt.type_float() ~ ')' -%}
    case
        when {{ dbt.bool_or('is_normal') }}
            then greatest(0, ceil(
                max(mean) + sqrt(max(mean) + max(dispersion) * max(mean) * max(mean)) * ({{ inverse_normal(as_double) }})
            ))
        else min(case when probability >= {{ level }} - 1e-9 then units end)
    end
{%- endmacro %}

{#- What is left of 1 after so many days, if half is left after each `half_life`, in double precision. -#}
{% macro halved(days, half_life) -%}
    power(cast(0.5 as {{ dbt.type_float() }}), ({{ days }}) / cast({{ half_life }} as {{ dbt.type_float() }}))
{%- endmacro %}
