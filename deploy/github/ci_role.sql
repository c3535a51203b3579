-- A role for the builds of pull requests: it reads everything and writes schemas of its own alone. Needs PostgreSQL 14.
-- Run it once, as the administrator of the server: psql --dbname warehouse --set role=prohandel_ci --file deploy/github/ci_role.sql
-- Then give the role its password: \password prohandel_ci
create role :"role" login;
grant pg_read_all_data to :"role";
select current_database() as database \gset
grant create on database :"database" to :"role";
