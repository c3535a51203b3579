"""What the page Data Quality asks."""

from __future__ import annotations

from psycopg import sql

from prohandel.dashboard.conditions import of_branch
from prohandel.dashboard.database import Query
from prohandel.dashboard.filters import Filters

_BERLIN_DAY = "(run_at at time zone 'Europe/Berlin')::date"
# Counted back from the newest run, because runs go by the clock and sales by their own days.
_RECENT = "run_at > (select max(run_at) from table_metrics) - make_interval(days => %(back)s)"
_MOST_ROWS = 1000


def tables_now() -> Query:
    """Every landed table as the newest run saw it."""
    statement = sql.SQL(
        """
        select
            table_name,
            row_count,
            rows_added,
            rows_changed,
            duplicate_rows,
            rejected_rows,
            last_synced_at,
            hours_since_sync,
            run_at
        from table_metrics
        where run_at = (select max(run_at) from table_metrics)
        order by table_name
        """
    )
    return Query(statement, {})


def tables_by_day(back: int) -> Query:
    """Every table at the end of each of the last days, so many of them; rows added are those of all runs."""
    statement = sql.SQL(
        """
        select
            runs.date_day,
            runs.table_name,
            (array_agg(runs.row_count order by runs.run_at desc))[1] as row_count,
            sum(runs.rows_added) as rows_added,
            (array_agg(runs.duplicate_rows order by runs.run_at desc))[1] as duplicate_rows,
            (array_agg(runs.rejected_rows order by runs.run_at desc))[1] as rejected_rows,
            max(runs.hours_since_sync) as hours_since_sync
        from (
            select *, {day} as date_day from table_metrics where {recent}
        ) as runs
        group by runs.date_day, runs.table_name
        order by runs.date_day, runs.table_name
        """
    ).format(day=sql.SQL(_BERLIN_DAY), recent=sql.SQL(_RECENT))
    return Query(statement, {"back": back})


def columns_by_day(table: str, back: int) -> Query:
    """Shares of empty and unreadable values of a table's columns on the same days, weighted by the rows measured."""
    statement = sql.SQL(
        """
        select
            runs.date_day,
            runs.column_name,
            sum(runs.rows_measured) as rows_measured,
            sum(runs.null_rate * runs.rows_measured) / nullif(sum(runs.rows_measured), 0) as null_rate,
            sum(runs.unreadable_rate * runs.rows_measured) / nullif(sum(runs.rows_measured), 0) as unreadable_rate
        from (
            select *, {day} as date_day from column_metrics where table_name = %(table)s and {recent}
        ) as runs
        group by runs.date_day, runs.column_name
        order by runs.date_day, runs.column_name
        """
    ).format(day=sql.SQL(_BERLIN_DAY), recent=sql.SQL(_RECENT))
    return Query(statement, {"back": back, "table": table})


def columns_now(table: str) -> Query:
    """The columns of a table as the newest run with rows of it saw them."""
    statement = sql.SQL(
        """
        select
            column_name,
            rows_measured,
            null_rate,
            unreadable_rate,
            damaged_rate,
            distinct_count,
            min_value,
            max_value
        from column_metrics
        where
            table_name = %(table)s
            and run_at = (select max(run_at) from column_metrics where table_name = %(table)s)
        order by null_rate desc, column_name
        """
    )
    return Query(statement, {"table": table})


def tables_with_columns() -> Query:
    """Tables whose columns were ever measured."""
    return Query(sql.SQL("select distinct table_name from column_metrics order by table_name"), {})


def incidents(filters: Filters) -> Query:
    """Incidents that are open, the worst and the longest first; those of all branches stay with any filter."""
    statement = sql.SQL(
        """
        select
            id,
            kind,
            table_name,
            column_name,
            branch_number,
            severity,
            owner,
            since,
            opened_at,
            rows,
            symptoms ->> 0 as symptom,
            jsonb_array_length(symptoms) as symptoms,
            acknowledged_by,
            snoozed_until,
            'docs/runbooks/' || kind || '.md' as runbook
        from incidents
        where closed_at is null and (branch_number = 'all' or {branch})
        order by case severity when 'error' then 1 else 2 end, since, id
        limit %(most)s
        """
    ).format(branch=of_branch())
    return Query(statement, {**filters.parameters(), "most": _MOST_ROWS})


def tests_now() -> Query:
    """One row: tests of the newest run that recorded any, by what became of them."""
    statement = sql.SQL(
        """
        select
            count(*) as tests,
            count(*) filter (where status in ('fail', 'error', 'runtime error')) as failed,
            count(*) filter (where status = 'warn') as warned,
            count(*) filter (where status = 'skipped') as skipped,
            max(run_at) as run_at
        from test_results
        where run_at = (select max(run_at) from test_results)
        """
    )
    return Query(statement, {})


def failed_tests() -> Query:
    """Tests whose newest result of the last eight days is bad, and since which run they have been so."""
    statement = sql.SQL(
        """
        select
            newest.test_name,
            newest.table_name,
            newest.column_name,
            newest.severity,
            newest.status,
            newest.failures,
            newest.owner,
            newest.why,
            newest.runbook,
            newest.message,
            newest.run_at,
            (
                select min(bad.run_at)
                from test_results as bad
                where
                    bad.test_id = newest.test_id
                    and bad.status not in ('pass', 'skipped')
                    and bad.run_at > coalesce(
                        (
                            select max(good.run_at)
                            from test_results as good
                            where good.test_id = newest.test_id and good.status = 'pass'
                        ),
                        '-infinity'
                    )
            ) as since
        from (
            select distinct on (test_id) *
            from test_results
            where status <> 'skipped' and run_at > (select max(run_at) from test_results) - interval '8 days'
            order by test_id, run_at desc
        ) as newest
        where newest.status <> 'pass'
        order by case newest.status when 'warn' then 2 else 1 end, newest.failures desc nulls last, newest.test_name
        limit %(most)s
        """
    )
    return Query(statement, {"most": _MOST_ROWS})


def schema_changes() -> Query:
    """Landed columns that came, went or changed, the newest first."""
    statement = sql.SQL(
        """
        select
            detected_at,
            table_name,
            column_name,
            change,
            old_type,
            new_type,
            read_as,
            touched_models,
            touched_exposures
        from schema_changes
        order by detected_at desc, table_name, column_name
        limit %(most)s
        """
    )
    return Query(statement, {"most": _MOST_ROWS})


def rejections() -> Query:
    """Rejected rows by table and reason, the most first."""
    statement = sql.SQL(
        """
        select
            table_name,
            reason,
            count(*) as rows,
            min(first_seen_at) as first_seen_at,
            max(first_seen_at) as newest_seen_at
        from rejected_rows
        group by table_name, reason
        order by rows desc, table_name, reason
        """
    )
    return Query(statement, {})


def may_see_rows() -> Query:
    """One row: may this connection read the landed rows themselves? They name customers; reading roles may not."""
    return Query(sql.SQL("select has_column_privilege('rejected_rows', 'row', 'select') as is_allowed"), {})


def rejected_rows(table: str | None, text: str, *, with_rows: bool) -> Query:
    """Rejected rows whose key or reason holds a text, the newest first.

    Args:
        table: of this one; None for all.
        text: searched for in key, reason and table, and in the landed row where that is read; empty for all.
        with_rows: reads the landed row, as text.
    """
    statement = sql.SQL(
        """
        select table_name, row_key, reason, first_seen_at, synced_at {row}
        from rejected_rows
        where
            (%(table)s::text is null or table_name = %(table)s)
            and (%(text)s = '' or table_name || ' ' || row_key || ' ' || reason {searched} ilike %(contains)s)
        order by first_seen_at desc, table_name, row_key, reason
        limit %(most)s
        """
    ).format(
        row=sql.SQL(""", "row"::text as landed_row""" if with_rows else ""),
        searched=sql.SQL("""|| ' ' || coalesce("row"::text, '')""" if with_rows else ""),
    )
    literal = text.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return Query(statement, {"table": table, "text": text.strip(), "contains": f"%{literal}%", "most": _MOST_ROWS})


def reconciliation() -> Query:
    """Every check of the last eight days as of the newest run that made it, those that fail first."""
    statement = sql.SQL(
        """
        select check_name, left_value, right_value, difference, tolerance, is_ok, run_at
        from (
            select distinct on (check_name) *
            from reconciliation
            where run_at > (select max(run_at) from reconciliation) - interval '8 days'
            order by check_name, run_at desc
        ) as newest
        order by is_ok, (tolerance is null), check_name
        """
    )
    return Query(statement, {})


def publications() -> Query:
    """What became of the runs that used the gate, the newest first."""
    statement = sql.SQL(
        """
        select
            publication_id,
            decided_at,
            outcome,
            as_of_date,
            rows_changed,
            tables_changed,
            seconds,
            array_to_string(failed, ', ') as failed,
            note,
            rolled_back_at
        from publications
        order by publication_id desc
        limit %(most)s
        """
    )
    return Query(statement, {"most": _MOST_ROWS})
