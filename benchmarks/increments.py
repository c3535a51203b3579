"""What lands in an hour: new lines, corrected old ones spread over the history, and changes of stock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import psycopg

from benchmarks.history import FIRST_LINE, FIRST_STOCK_ROW
from benchmarks.retailer import BERLIN
from prohandel.landing.state import note_landing

NEW_LINES = 2_000
CORRECTED_LINES = 50
STOCK_CHANGES = 3_000


@dataclass(frozen=True)
class Hour:
    """Rows that an hour landed."""

    new_lines: int
    corrected_lines: int
    stock_changes: int


def land_hour(conn: psycopg.Connection, home: Path, synced_at: datetime, seed: int) -> Hour:
    """Lands one hourly sync: NEW_LINES lines of the hour before it, CORRECTED_LINES, STOCK_CHANGES.

    New lines are like lines of the history chosen at random, so popular pairs sell more. Their stock goes down with
    them; the other changes of stock are receipts and corrections of rows chosen at random.

    Args:
        conn: a connection in autocommit.
        home: of the warehouse; its notes get the time of the sync.
        synced_at: the full hour of the sync.
        seed: what is drawn depends on it and on the hour.
    """
    rng = np.random.default_rng([seed, int(synced_at.timestamp())])
    ((newest,),) = conn.execute("select max(id) from prohandel.sale").fetchall()
    lines = int(newest) + 1 - FIRST_LINE
    ((stock_rows,),) = conn.execute("select count(*) from prohandel.inventory").fetchall()
    hour = synced_at.astimezone(BERLIN) - timedelta(hours=1)
    with conn.transaction():
        like = [str(FIRST_LINE + i) for i in rng.choice(lines, NEW_LINES, replace=lines < NEW_LINES)]
        new = conn.execute(
            """
            insert into prohandel.sale
            select (jsonb_populate_record(old, jsonb_build_object(
                'id', (%(first)s + drawn.place)::text,
                'receipt_number', old.branch_number || '-' || %(first)s || '-' || drawn.place / 2,
                'date', to_char(%(hour)s::timestamp + drawn.place * interval '1.7 second', 'YYYY-MM-DD HH24:MI:SS'),
                'created_at', %(synced_at)s::timestamptz - interval '30 minutes',
                'updated_at', %(synced_at)s::timestamptz - interval '30 minutes',
                '_fivetran_synced', %(synced_at)s::timestamptz
            ))).*
            from unnest(%(like)s::text[]) with ordinality as drawn (id, place)
            inner join prohandel.sale as old on drawn.id = old.id
            """,
            {
                "first": FIRST_LINE + lines,
                "hour": hour.replace(tzinfo=None),
                "synced_at": synced_at,
                "like": like,
            },
        ).rowcount
        corrected = conn.execute(
            """
            update prohandel.sale set
                quantity = quantity + sign(quantity),
                updated_at = %(synced_at)s,
                _fivetran_synced = %(synced_at)s
            where id = any(%(ids)s)
            """,
            {
                "synced_at": synced_at,
                "ids": [str(FIRST_LINE + i) for i in rng.choice(lines, min(lines, CORRECTED_LINES), replace=False)],
            },
        ).rowcount
        changed = _change_stock(conn, synced_at, rng, lines, stock_rows)
    note_landing(conn, "prohandel", home)
    return Hour(new, corrected, changed)


def _change_stock(
    conn: psycopg.Connection, synced_at: datetime, rng: np.random.Generator, lines: int, stock_rows: int
) -> int:
    """Stock goes down by the new lines, and other rows move, until STOCK_CHANGES rows have changed."""
    drawn = np.unique(rng.integers(0, stock_rows, 2 * STOCK_CHANGES))
    conn.execute("drop table if exists pg_temp.moved")
    conn.execute(
        """
        create temporary table moved on commit drop as
        with

        sold as (
            select
                stock.id,
                -sum(sale.quantity) as change
            from prohandel.sale
            inner join prohandel.inventory as stock
                on
                    stock.article_number = sale.article_number
                    and stock.article_size_number = sale.article_size_number
                    and stock.branch_number
                    = case sale.branch_number when '0911' then '0912' else sale.branch_number end
            where sale.id = any(%(new)s)
            group by stock.id
        ),

        others as (
            select
                stock.id,
                case when drawn.place %% 4 = 0 then -1 else 3 end as change
            from unnest(%(drawn)s::text[]) with ordinality as drawn (id, place)
            inner join prohandel.inventory as stock on stock.id = drawn.id
            where not exists (select from sold where sold.id = drawn.id)
            order by drawn.place
            limit greatest(0, %(wanted)s - (select count(*) from sold))
        )

        select * from sold where change <> 0
        union all
        select * from others
        """,
        {
            "new": [str(FIRST_LINE + lines + i) for i in range(1, NEW_LINES + 1)],
            "drawn": [str(FIRST_STOCK_ROW + i) for i in rng.permutation(drawn)],
            "wanted": STOCK_CHANGES,
        },
    )
    conn.execute(
        """
        update prohandel.inventory_history as version set
            _fivetran_end = %(synced_at)s::timestamptz - interval '1 millisecond',
            _fivetran_active = false,
            _fivetran_synced = %(synced_at)s
        from moved
        where version.id = moved.id and version._fivetran_active
        """,
        {"synced_at": synced_at},
    )
    changed = conn.execute(
        """
        update prohandel.inventory as stock set
            quantity = stock.quantity + moved.change,
            updated_at = %(synced_at)s,
            _fivetran_synced = %(synced_at)s
        from moved
        where stock.id = moved.id
        """,
        {"synced_at": synced_at},
    ).rowcount
    conn.execute(
        """
        insert into prohandel.inventory_history (
            id, branch_number, article_number, article_id, article_size_number, quantity, updated_at, stock_status,
            _fivetran_start, _fivetran_end, _fivetran_active, _fivetran_synced, _fivetran_deleted
        )
        select
            stock.id, stock.branch_number, stock.article_number, stock.article_id, stock.article_size_number,
            stock.quantity, stock.updated_at, stock.stock_status,
            %(synced_at)s, timestamptz '9999-12-31 23:59:59.999Z', true, %(synced_at)s, false
        from moved
        inner join prohandel.inventory as stock on stock.id = moved.id
        """,
        {"synced_at": synced_at},
    )
    return changed
