"""Backups hold everything, restores bring everything back."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from prohandel import warehouse
from prohandel.backup import backup, restore
from prohandel.errors import ProhandelError

CONTENT = """
create schema prohandel;
create table prohandel."order" (id text primary key, total numeric(18, 4), ordered_at timestamptz, note text);
insert into prohandel."order"
select n, n / 7.0, timestamptz '2026-03-29 00:30+00' + n * interval '1 hour', E'ü\\n''\\t' || n
from generate_series(1, 500) as n;
create schema snapshots;
create table snapshots.inventory_snapshot (
    inventory_key text, quantity numeric, dbt_valid_from timestamptz, dbt_valid_to timestamptz
);
insert into snapshots.inventory_snapshot values ('1|0901', 3, now(), null), ('1|0901', null, now(), now());
create index on snapshots.inventory_snapshot (inventory_key);
create schema state;
create sequence state.change_number start 41;
select nextval('state.change_number');
create view prohandel.large as select * from prohandel."order" where total > 50;
comment on table prohandel."order" is 'orders';
create role analyst;
grant usage on schema prohandel to analyst;
grant select on prohandel."order" to analyst;
alter database warehouse set statement_timeout = '10min';
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("backup") / "home"
    with warehouse.connect(folder, autocommit=True) as conn:
        conn.execute(CONTENT.encode())
    (folder / "truth").mkdir()
    (folder / "truth" / "demand.parquet").write_bytes(b"PAR1")
    (folder / "state.json").write_text('{"vars": {"using_category": true}}')
    yield folder
    warehouse.stop(folder)


@pytest.fixture(scope="module")
def file(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "of" / "today" / "warehouse.tar"
    backup(path, home)
    return path


def everything(at: Path) -> dict[str, Any]:
    """All tables and views with all rows, sequences, indexes, comments, grants and settings."""
    with warehouse.connect(at) as conn:
        relations = conn.execute(
            """
            select n.nspname, c.relname, c.relkind, c.relacl::text, obj_description(c.oid)
            from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid
            where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1, 2
            """
        ).fetchall()
        rows = {
            f"{schema}.{name}": conn.execute(
                sql.SQL("select r::text from {} as r order by 1").format(sql.Identifier(schema, name))
            ).fetchall()
            for schema, name, kind, *_ in relations
            if kind in ("r", "v")
        }
        rows["sequences"] = conn.execute("select schemaname, sequencename, last_value from pg_sequences").fetchall()
        settings = [
            conn.execute("select current_setting(%s)", [name]).fetchone()
            for name in ("prohandel.hash_key", "statement_timeout")
        ]
    beside = {str(path.relative_to(at)): path.read_bytes() for path in [at / "state.json", *(at / "truth").iterdir()]}
    return {"relations": relations, "rows": rows, "settings": settings, "beside": beside}


def test_round_trip_into_another_warehouse(home: Path, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    try:
        restore(file, other)
        assert everything(other) == everything(home)
    finally:
        warehouse.stop(other)


def test_round_trip_over_what_came_later(home: Path, file: Path) -> None:
    before = everything(home)
    with warehouse.connect(home, autocommit=True) as conn:
        conn.execute("drop table snapshots.inventory_snapshot")
        conn.execute("create table prohandel.later (id text)")
    (home / "truth" / "later.parquet").write_bytes(b"PAR1")
    (home / "state.json").write_text("{}")
    manifest = restore(file, home)
    assert everything(home) == before
    assert manifest.roles == ("analyst",)


def test_the_profile_is_there_after_a_restore(home: Path, file: Path) -> None:
    restore(file, home)
    assert (home / "profiles" / "profiles.yml").exists()


@pytest.mark.parametrize("content", [b"", b"no tar", b"x" * 2048])
def test_a_file_that_is_no_backup_changes_nothing(home: Path, tmp_path: Path, content: bytes) -> None:
    before = everything(home)
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ProhandelError, match="is no backup"):
        restore(tmp_path / "file", home)
    assert everything(home) == before


def test_a_damaged_backup_changes_nothing(home: Path, file: Path, tmp_path: Path) -> None:
    before = everything(home)
    data = bytearray(file.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 512] = bytes(512)
    (tmp_path / "damaged.tar").write_bytes(data)
    with pytest.raises(ProhandelError):
        restore(tmp_path / "damaged.tar", home)
    assert everything(home) == before
    with warehouse.connect(home) as conn:
        assert conn.execute("select count(*) from pg_database where datname like '%restoring'").fetchone() == (0,)


def test_a_missing_file_is_named(home: Path, tmp_path: Path) -> None:
    with pytest.raises(ProhandelError, match="There is no file"):
        restore(tmp_path / "nowhere.tar", home)


def test_a_warehouse_in_use_is_not_replaced(home: Path, file: Path) -> None:
    with (
        psycopg.connect(warehouse.url(home), application_name="dashboard"),
        pytest.raises(ProhandelError, match="in use by dashboard"),
    ):
        restore(file, home)


def test_a_backup_is_written_whole_or_not_at_all(home: Path, tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("x")
    with pytest.raises(ProhandelError, match="cannot be written"):
        backup(target / "backup.tar", home)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_manifest_can_be_read_by_people(file: Path) -> None:
    with tarfile.open(file) as tar:
        member = tar.extractfile("manifest.json")
        assert member is not None
        manifest = json.load(member)
    assert manifest["format"] == "prohandel-backup-1"
    assert manifest["postgres"] == 18
