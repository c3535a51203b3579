{#- Never built: it gives the settings of elementary in dbt_project.yml something to apply to. -#}
{{ config(enabled=false) }}
select 1 as nothing
