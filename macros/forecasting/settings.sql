{#- The variables of forecasts with their defaults. -#}
{% macro forecast_setting(name) %}
    {% set defaults = {'forecast_horizon_days': 28, 'forecast_max_age_days': 7} %}
    {{ return(var(name, defaults[name])) }}
{% endmacro %}

{#-
  Constants of the baseline forecast, as prohandel/forecast/baseline.py has them for days: `half_life` and `window` in days,
  `weekday_prior` and `level_prior` in units, steps that pooled figures are rounded to (per 1, and per e-fold), bounds of the level's squared coefficient of variation and of the dispersion.
-#}
{% macro baseline_constant(name) %}
    {{ return({
        'half_life': 56,
        'window': 364,
        'weekday_prior': 20,
        'level_prior': 0.5,
        'factor_steps': 50,
        'level_steps': 50,
        'level_cv2_least': 0.02,
        'level_cv2_most': 1,
        'dispersion_most': 5,
    }[name]) }}
{% endmacro %}
