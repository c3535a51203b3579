"""Files: what lands, and what is refused with line and column."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import pytest
from psycopg import sql

from prohandel.errors import ProhandelError
from prohandel.landing.files import FileReport, land_files
from prohandel.landing.tables import DELETED, SYNCED
from prohandel.landing.upsert import column_types, landed_primary_key

Connection = psycopg.Connection[Any]
Land = Callable[..., list[FileReport]]

SCHEMA = "prohandel"
SYNC = datetime(2026, 2, 28, 17, tzinfo=UTC)
SALE = "id,article_number,branch_number,quantity,sale_price\n1,0815,0901,2,25.80\n2,0816,0902,-1,-9.95\n"


@pytest.fixture
def land(conn: Connection, tmp_path: Path) -> Land:
    def write_and_land(files: dict[str, str | bytes], **options: Any) -> list[FileReport]:
        for name, content in files.items():
            (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return land_files(conn, SCHEMA, tmp_path, synced_at=SYNC, **options)

    return write_and_land


def landed(conn: Connection, table: str, *columns: str) -> list[tuple[Any, ...]]:
    query = sql.SQL("select {} from {} order by 1").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(SCHEMA, table)
    )
    return conn.execute(query).fetchall()


def only(reports: list[FileReport]) -> FileReport:
    (report,) = reports
    return report


def refusal(reports: list[FileReport]) -> str:
    report = only(reports)
    assert report.error is not None, f"{report.file} landed"
    return report.error


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("sale.csv", SALE),
        ("sale.csv", SALE.replace(",", ";")),
        ("sale.csv", SALE.replace(",", "\t")),
        ("sale.csv", "\ufeff" + SALE.replace("\n", "\r\n")),
        ("sale.csv", SALE.rstrip("\n") + "\n\n\n"),
        ("sale.csv", SALE.replace("article_number", '"articleNumber"').replace("sale_price", "salePrice")),
        ("sale.csv.gz", gzip.compress(SALE.encode())),
    ],
    ids=["comma", "semicolon", "tab", "BOM and CRLF", "blank lines", "camelCase", "gz"],
)
def test_forms_of_csv(conn: Connection, land: Land, name: str, content: str | bytes) -> None:
    report = only(land({name: content}))
    assert (report.table, report.rows, report.inserted, report.error) == ("sale", 2, 2, None)
    assert landed(conn, "sale", "id", "article_number", "branch_number", "quantity", "sale_price", SYNCED, DELETED) == [
        (1, "0815", "0901", 2, 25.8, SYNC, False),
        (2, "0816", "0902", -1, -9.95, SYNC, False),
    ]


def test_parquet_keeps_its_types(conn: Connection, land: Land, tmp_path: Path) -> None:
    pl.DataFrame({"id": ["1"], "quantity": ["007"], "updatedAt": [SYNC], "flag": [True]}).write_parquet(
        tmp_path / "sale.parquet"
    )
    assert only(land({})).inserted == 1
    assert landed(conn, "sale", "id", "quantity", "updated_at", "flag") == [("1", "007", SYNC, True)]


def test_quotes_line_breaks_and_empty_fields(conn: Connection, land: Land) -> None:
    land({"article.csv": 'id,name,brand\n1,"5"" tall, \n""red""",\n2,,""\n'})
    assert landed(conn, "article", "id", "name", "brand") == [(1, '5" tall, \n"red"', None), (2, None, None)]


def test_upserts_and_widens_from_file_to_file(conn: Connection, land: Land) -> None:
    land({"sale.csv": "id,quantity\n1,10\n2,20\n"})
    report = only(land({"sale.csv": 'id,quantity\n0003,5\n2,"1,5"\n'}))
    assert (report.inserted, report.updated) == (1, 1)
    assert landed(conn, "sale", "id", "quantity") == [("0003", "5"), ("1", "10"), ("2", "1,5")]
    land({"sale.csv": "id,quantity\n4,12.50\n"})
    assert landed(conn, "sale", "id", "quantity")[-1] == ("4", "12.50")


def test_the_last_of_repeated_keys_wins_and_is_counted(conn: Connection, land: Land) -> None:
    report = only(land({"sale.csv": "id,quantity\n1,10\n2,20\n1,30\n"}))
    assert (report.rows, report.inserted, report.repeated) == (3, 2, 1)
    assert landed(conn, "sale", "id", "quantity") == [(1, 30), (2, 20)]


def test_unknown_columns_land_and_are_named(conn: Connection, land: Land) -> None:
    assert only(
        land({"sale.csv": "id,quantity,tillColour,_fivetran_synced\n1,1,red,2026-01-01T00:00:00Z\n"})
    ).unknown == ("till_colour",)
    assert landed(conn, "sale", "till_colour", SYNCED) == [("red", datetime(2026, 1, 1, tzinfo=UTC))]


def test_delete_missing(conn: Connection, land: Land) -> None:
    land({"sale.csv": "id\n1\n2\n3\n"})
    assert only(land({"sale.csv": "id\n2\n"}, delete_missing=True)).soft_deleted == 2
    assert landed(conn, "sale", "id", DELETED) == [(1, True), (2, False), (3, True)]


def test_delete_missing_refuses_an_empty_file(conn: Connection, land: Land) -> None:
    land({"sale.csv": "id\n1\n"})
    assert "would delete the whole table" in refusal(land({"sale.csv": "id\n"}, delete_missing=True))
    assert landed(conn, "sale", DELETED) == [(False,)]


STOCK = "id,branch_number,article_number,article_size_number,quantity\n7,0901,1,M,2\n7,0901,1,L,3\n7,0901,2,,4\n"


def test_stock_per_size_keeps_every_size(conn: Connection, land: Land) -> None:
    assert only(land({"inventory.csv": STOCK})).inserted == 3
    report = only(land({"inventory.csv": STOCK.replace("L,3", "L,5")}))
    assert (report.updated, report.repeated) == (3, 0)
    assert landed(conn, "inventory", "article_size_number", "article_number", "quantity") == [
        ("", 2, 4),
        ("L", 1, 5),
        ("M", 1, 2),
    ]


def test_stock_without_sizes_has_the_catalogues_key(conn: Connection, land: Land) -> None:
    land({"inventory.csv": "id,branch_number,article_number,article_size_number,quantity\n7,0901,1,,2\n"})
    assert landed_primary_key(conn, SCHEMA, "inventory") == ("id", "branch_number", "article_number")
    assert refusal(land({"inventory.csv": STOCK})).startswith("line 3, column 'article_size_number'")


def test_a_header_alone_creates_the_table(conn: Connection, land: Land) -> None:
    assert only(land({"sale.csv": "id,quantity\n"})).rows == 0
    assert column_types(conn, SCHEMA, "sale")["quantity"] == "text"


def test_generation_renames(conn: Connection, land: Land) -> None:
    land({"sale.csv": SALE}, generation="api")
    assert landed(conn, "sale", "id", "branch_id", "total_amount") == [(1, "0901", 25.8), (2, "0902", -9.95)]


def test_files_of_other_kinds_are_left_alone(land: Land) -> None:
    reports = land({"sale.csv": SALE, "README.md": "# Export", ".sale.csv.swp": "x", "notes.txt": "x"})
    assert [report.file for report in reports] == ["sale.csv"]


def test_a_bad_file_does_not_keep_the_others_from_landing(conn: Connection, land: Land) -> None:
    reports = land({"article.csv": "number\n1\n", "sale.csv": SALE, "shop.csv": "id\n1,2\n"})
    assert {report.file: report.error is None for report in reports} == {
        "article.csv": False,
        "sale.csv": True,
        "shop.csv": False,
    }
    assert column_types(conn, SCHEMA, "article") == {}
    assert len(landed(conn, "sale", "id")) == 2


LATIN = "id,name,brand\n1,Hose,x\n2,M\u00fctze,x\n".encode("latin-1")


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("article.csv", LATIN, r"^line 3, column 'name', character 4: byte 0xFC is no UTF-8"),
        ("article.csv", "id,name\n1,Mütze\n".encode("utf-16"), r"^line 1: the file is UTF-16"),
        ("article.csv", b"id,name\n1,a\0b\n", r"^line 2, column 'name', character 4: a NUL"),
        ("article.csv", "id,name,brand\n1,a,b\n2,a\n", r"^line 3, column 'brand': missing; .* 3 fields, this line 2"),
        ("article.csv", 'id,name\n1,"a\nb"\n2,a,c\n', r"^line 4, after column 'name': 'c' is one field too many"),
        ("article.csv", 'id,name\n1,a\n2,"b\n3,c\n', r"^line 3: "),
        ("article.csv", 'id,name\n1,"a"b\n', r"^line 2: "),
        ("article.csv", "", r"^line 1: the file is empty"),
        ("article.csv", "\n \n", r"^line 1: the file is empty"),
        ("article.csv", "name,price\na,1\n", r"^line 1: the key column id of 'article' is missing"),
        ("inventory.csv", "id,quantity\n1,1\n", r"the key columns branch_number, article_number of .* are missing"),
        ("article.csv", 'id,name\n1,"a\n"\n,b\n4,c\n,d\n', r"^line 4, line 6, column 'id': 2 rows have no value"),
        ("article.csv", "id,articleNumber,article_number\n1,2,3\n", r"^line 1, column 3: .* lands as 'article_number'"),
        ("article.csv", "id,,name\n1,2,3\n", r"^line 1, column 2: it has no name"),
        ("article.csv", "id,_fivetran_synced\n1,\n2,yesterday\n", r"^line 3, column '_fivetran_synced': 'yesterday'"),
        ("article.csv", "id,_fivetran_deleted\n1,false\n2,ja\n", r"^line 3, column '_fivetran_deleted': 'ja'"),
        ("article.csv.gz", gzip.compress(SALE.encode(), mtime=0)[:-9], r"^the compressed file is damaged"),
        ("article.csv.gz", SALE, r"^the compressed file is damaged"),
        ("article.parquet", "PAR1", r"^it is no readable Parquet file"),
        ("article.xlsx", "PK", r"^'.xlsx' is no format that can be landed"),
        ("articles.csv", SALE, r"^'articles' is no landed table"),
    ],
)
def test_refused_with_its_place(conn: Connection, land: Land, name: str, content: str | bytes, error: str) -> None:
    report = only(land({name: content}))
    assert report.error is not None, "it landed"
    assert re.search(error, report.error), report.error
    assert report.remedy
    assert column_types(conn, SCHEMA, "article") == {}


def test_an_empty_key_in_parquet_is_refused_with_its_row(land: Land, tmp_path: Path) -> None:
    pl.DataFrame({"id": ["1", None]}).write_parquet(tmp_path / "sale.parquet")
    assert refusal(land({})).startswith("row 2, column 'id'")


def test_nested_parquet_is_refused(land: Land, tmp_path: Path) -> None:
    pl.DataFrame({"id": ["1"], "sizes": [["S", "M"]]}).write_parquet(tmp_path / "article.parquet")
    assert "'sizes'" in refusal(land({}))


def test_two_files_for_one_table_are_refused(land: Land) -> None:
    reports = land({"sale.csv": SALE, "sale.csv.gz": gzip.compress(SALE.encode())})
    assert all("several files for 'sale'" in (report.error or "") for report in reports)


def test_a_directory_without_files_is_refused(conn: Connection, tmp_path: Path) -> None:
    with pytest.raises(ProhandelError, match="holds no"):
        land_files(conn, SCHEMA, tmp_path)
    with pytest.raises(ProhandelError, match="no directory"):
        land_files(conn, SCHEMA, tmp_path / "nowhere")
