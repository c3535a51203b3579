"""Landing in a database: once, again, and on."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from prohandel.errors import ProhandelError
from prohandel.landing.simulate import Summary, simulate
from tests.python.conftest import Server


def land(server: Server, database: str, home: Path, **options: object) -> Summary:
    wanted: dict[str, object] = {"scale": "small", "seed": 7, "dirt": 0.01, **options}
    with server.connect(database) as conn:
        return simulate(conn, "prohandel", home=home, **wanted)  # type: ignore[arg-type]


def test_lands_once_and_goes_on(server: Server, tmp_path: Path) -> None:
    database = server.create_database("simulated")
    first = land(server, "simulated", tmp_path)
    assert not first.reused
    assert first.rows["sale"] > 4_000
    again = land(server, "simulated", tmp_path)
    assert again.reused
    assert again.rows == {}
    on = land(server, "simulated", tmp_path, syncs=24)
    assert on.reused
    assert on.last_sync > first.last_sync
    with database.connect() as conn:
        newest = conn.execute("select max(_fivetran_synced) from prohandel.sale").fetchall()[0][0]
        open_rows, stock_rows = conn.execute(
            """
            select
                (select count(*) from prohandel.inventory_history where _fivetran_active),
                (select count(distinct (id, branch_number)) from prohandel.inventory)
            """
        ).fetchall()[0]
    assert newest <= on.last_sync
    assert open_rows == stock_rows
    assert pl.read_parquet(tmp_path / "truth" / "planted.parquet").height == first.planted + on.planted
    with pytest.raises(ProhandelError, match="another simulated retailer"):
        land(server, "simulated", tmp_path, seed=8)
    database.drop()
