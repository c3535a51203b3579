{#-
  The standard normal quantile of a probability between 0 and 1 (both excluded), in double precision. Source: P. J. Acklam,
  An algorithm for computing the inverse normal cumulative distribution function, 2003: rational approximations of the
  middle and of the tails, with a relative error below 1.15e-9. His last step, which refines that with erfc, is left out:
  most engines have no erfc.
-#}
{% macro inverse_normal(probability) -%}
    {%- set middle = 'power(' ~ probability ~ ' - 0.5, 2)' -%}
    {%- set lower = 'sqrt(-2 * ln(' ~ probability ~ '))' -%}
    {%- set upper = 'sqrt(-2 * ln(1 - ' ~ probability ~ '))' -%}
    {%- set a = [
        '-3.969683028665376e+01', '2.209460984245205e+02', '-2.759285104469687e+02', '1.383577518672690e+02',
        '-3.066479806614716e+01', '2.506628277459239e+00',
    ] -%}
    {%- set b = [
        '-5.447609879822406e+01', '1.615858368580409e+02', '-1.556989798598866e+02', '6.680131188771972e+01',
        '-1.328068155288572e+01', '1',
    ] -%}
    {%- set c = [
        '-7.784894002430293e-03', '-3.223964580411365e-01', '-2.400758277161838e+00', '-2.549732539343734e+00',
        '4.374664141464968e+00', '2.938163982698783e+00',
    ] -%}
    {%- set d = [
        '7.784695709041462e-03', '3.224671290700398e-01', '2.445134137142996e+00', '3.754408661907416e+00', '1',
    ] -%}
    case
        when {{ probability }} < 0.02425 then {{ polynomial(c, lower) }} / {{ polynomial(d, lower) }}
        when {{ probability }} > 1 - 0.02425 then -{{ polynomial(c, upper) }} / {{ polynomial(d, upper) }}
        else ({{ probability }} - 0.5) * {{ polynomial(a, middle) }} / {{ polynomial(b, middle) }}
    end
{%- endmacro %}

{#- A polynomial by Horner's rule; the coefficient of the highest power comes first. -#}
{% macro polynomial(coefficients, x) -%}
    {%- set built = namespace(sum=coefficients[0]) -%}
    {%- for coefficient in coefficients[1:] -%}
        {%- set built.sum = '(' ~ built.sum ~ ' * ' ~ x ~ ' + ' ~ coefficient ~ ')' -%}
    {%- endfor -%}
    {{ built.sum }}
{%- endmacro %}
