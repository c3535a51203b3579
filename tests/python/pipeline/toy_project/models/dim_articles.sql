{{ config(schema='marts') }}
select id as article_number from {{ source('prohandel', 'article') }}
