{#- Post-hook: whoever may select from the whole model may then select from all of its columns but these. -#}
{% macro hide_from_readers(columns) %}
    do $$
    declare
        reader text;
        visible text;
    begin
        select string_agg(format('%I', attname), ', ' order by attnum) into visible
        from pg_attribute
        where
            attrelid = '{{ this }}'::regclass and attnum > 0 and not attisdropped
            and attname not in ('{{ columns | join("', '") }}');
        for reader in
            select quote_ident(pg_get_userbyid(acl.grantee))
            from pg_class as classes
            cross join aclexplode(classes.relacl) as acl
            where
                classes.oid = '{{ this }}'::regclass and acl.privilege_type = 'SELECT'
                and acl.grantee not in (0, classes.relowner)
        loop
            execute format('revoke select on {{ this }} from %s', reader);
            execute format('grant select (%s) on {{ this }} to %s', visible, reader);
        end loop;
    end
    $$
{% endmacro %}
