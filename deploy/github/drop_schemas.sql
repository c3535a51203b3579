-- Drops the schemas of one pull request; the variable `prefix` names it: ci_pr_12. Any other prefix drops nothing.
select format('drop schema %I cascade', nspname)
from pg_namespace
where
    :'prefix' ~ '^ci_pr_[0-9]+$'
    and (nspname = :'prefix' or starts_with(nspname, :'prefix' || '_'))
order by nspname
\gexec
