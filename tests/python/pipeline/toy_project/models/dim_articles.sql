{{ config(schema='marts', indexes=[{'columns': ['article_number'], 'unique': true}]) }}
select id as article_number from {{ source('prohandel', 'article') }}
