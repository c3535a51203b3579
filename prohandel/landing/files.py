"""Lands files: CSV, CSV.gz or Parquet, one per landed table, upserted by primary key as Fivetran does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

import polars as pl
import psycopg

from prohandel.errors import ProhandelError
from prohandel.landing.csv_file import CsvText, UnreadableFileError, header_of, read_rows, read_text
from prohandel.landing.inference import infer_column, infer_types
from prohandel.landing.names import landed_name
from prohandel.landing.tables import (
    DELETED,
    HISTORY_ACTIVE,
    HISTORY_END,
    HISTORY_START,
    LANDED_TABLES,
    SIZE,
    SYNCED,
    Generation,
    LandedTable,
    landed_table,
)
from prohandel.landing.upsert import Batch, column_types, frame_types, landed_primary_key, upsert

_FORMATS = (".csv", ".csv.gz", ".parquet")
_INSTANTS = (SYNCED, HISTORY_START, HISTORY_END)
_FLAGS = (DELETED, HISTORY_ACTIVE)

LineOf = Callable[[int], str]
"""Names the place of a row in its file, by the row's index."""


@dataclass(frozen=True)
class FileReport:
    """What became of one file.

    Attributes:
        file: its name.
        table: the landed table; None where the name is none.
        rows: data rows read.
        inserted, updated, soft_deleted: rows of the landed table.
        repeated: rows that a later row of the same key replaced.
        columns: landed column -> type it was read as.
        unknown: landed columns that the catalogue does not know.
        error: why the file was refused, with line and column; None where it landed.
        remedy: what to do about that.
    """

    file: str
    table: str | None = None
    rows: int = 0
    inserted: int = 0
    updated: int = 0
    soft_deleted: int = 0
    repeated: int = 0
    columns: dict[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    error: str | None = None
    remedy: str | None = None


def land_files(
    conn: psycopg.Connection,
    schema: str,
    directory: Path,
    *,
    generation: Generation | None = None,
    delete_missing: bool = False,
    synced_at: datetime | None = None,
    progress: Callable[[str], None] | None = None,
) -> list[FileReport]:
    """Lands every file of a directory whose name is that of a landed table.

    A file that cannot be read is refused whole; the others land, each in a transaction of its own.

    Args:
        conn: connection to the warehouse, outside of a transaction.
        schema: landed schema.
        directory: holds e.g. sale.csv.gz and article.parquet; files of other formats are left alone.
        generation: renames columns to this generation's names; by default they land under the names that they have.
        delete_missing: deletes softly the rows of a landed table that its file lacks.
        synced_at: becomes `_fivetran_synced` where a file brings none; the clock by default.
        progress: told the name of each file before it is read.

    Raises:
        ProhandelError: the directory has no file to land.
    """
    synced_at = synced_at or datetime.now(UTC)
    reports = []
    for path in _files(directory):
        if progress:
            progress(path.name)
        try:
            reports.append(
                _land_file(conn, schema, path, generation, delete_missing=delete_missing, synced_at=synced_at)
            )
        except ProhandelError as error:
            stem = _stem(path)
            table = stem if stem in LANDED_TABLES else None
            reports.append(FileReport(path.name, table, error=error.message, remedy=error.remedy))
    return reports


def _stem(path: Path) -> str:
    return path.name.split(".", 1)[0]


def _files(directory: Path) -> list[Path]:
    if not directory.is_dir():
        raise ProhandelError(f"There is no directory {directory}.", "Name the directory that holds the files.")
    files = sorted(
        path
        for path in directory.iterdir()
        if path.is_file()
        and not path.name.startswith(".")
        and (path.name.endswith(_FORMATS) or _stem(path) in LANDED_TABLES)
    )
    if not files:
        raise ProhandelError(
            f"{directory} holds no .csv, .csv.gz or .parquet file.",
            f"One file per landed table, named after it, e.g. sale.csv. Tables: {', '.join(LANDED_TABLES)}.",
        )
    order = list(LANDED_TABLES)
    return sorted(files, key=lambda path: order.index(_stem(path)) if _stem(path) in order else len(order))


def _land_file(
    conn: psycopg.Connection,
    schema: str,
    path: Path,
    generation: Generation | None,
    *,
    delete_missing: bool,
    synced_at: datetime,
) -> FileReport:
    table = _table_of(path)
    with conn.transaction():
        existing = column_types(conn, schema, table.name)
        text_columns = {name for name, type_name in existing.items() if type_name == "text"}
        rows, line_of = _read(path, table, generation, text_columns)
        if delete_missing and rows.is_empty():
            raise ProhandelError(
                "the file has no row, and --delete-missing would delete the whole table.",
                "Land it without --delete-missing if the table really is empty.",
            )
        _check_keys(rows, table, line_of)
        rows, key = _with_key(rows, table, landed_primary_key(conn, schema, table.name), line_of)
        counts = upsert(
            conn, schema, Batch(table.name, rows, synced_at), primary_key=key, delete_missing=delete_missing
        )
    types = frame_types(rows)
    return FileReport(
        file=path.name,
        table=table.name,
        rows=rows.height,
        inserted=counts.inserted,
        updated=counts.updated,
        soft_deleted=counts.soft_deleted,
        repeated=rows.height - counts.inserted - counts.updated,
        columns=types,
        unknown=tuple(name for name in types if name not in table.landed_names and not name.startswith("_fivetran_")),
    )


def _table_of(path: Path) -> LandedTable:
    table = landed_table(_stem(path))
    if path.name.removeprefix(table.name) not in _FORMATS:
        raise UnreadableFileError(
            f"'{path.name.removeprefix(table.name)}' is no format that can be landed.",
            f"Export it as one of {', '.join(_FORMATS)}.",
        )
    twins = [twin.name for twin in path.parent.iterdir() if _stem(twin) == table.name and twin.name.endswith(_FORMATS)]
    if len(twins) > 1:
        raise UnreadableFileError(
            f"there are several files for '{table.name}': {', '.join(sorted(twins))}.", "Keep one of them."
        )
    return table


def _read(
    path: Path, table: LandedTable, generation: Generation | None, text_columns: Iterable[str]
) -> tuple[pl.DataFrame, LineOf]:
    if path.suffix == ".parquet":
        rows = _read_parquet(path)
        return _typed(_named(rows, rows.columns, table, generation), table, _row_place), _row_place
    content = read_text(path)
    rows = _named(read_rows(content), header_of(content), table, generation)
    amounts = {name for column in table.columns if column.kind != "text" for name in column.names}
    known_texts = table.landed_names - amounts
    rows = infer_types(rows, keep_text=set(text_columns), no_decimals=known_texts)
    line_of = _line_place(content)
    return _typed(rows, table, line_of), line_of


def _read_parquet(path: Path) -> pl.DataFrame:
    try:
        rows = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UnreadableFileError(f"it is no readable Parquet file: {error}.", "Copy or export it again.") from error
    for name, dtype in rows.schema.items():
        if dtype == pl.String and len(nuls := rows[name].str.contains("\0", literal=True).arg_true()):
            raise UnreadableFileError(
                f"{_row_place(nuls[0])}, column '{name}': a NUL character, which no database holds as text.",
                "Remove it.",
            )
    return rows


def _row_place(index: int) -> str:
    return f"row {index + 1}"


def _line_place(content: CsvText) -> LineOf:
    return lambda index: f"line {content.line_of(index)}"


def _named(rows: pl.DataFrame, header: list[str], table: LandedTable, generation: Generation | None) -> pl.DataFrame:
    """The rows under landed names, of one generation if one is asked for."""
    names = [landed_name(name) for name in header]
    for position, name in enumerate(names):
        if not name:
            raise UnreadableFileError(f"line 1, column {position + 1}: it has no name.", "Name it, or remove it.")
        if name in names[:position]:
            first = header[names.index(name)]
            raise UnreadableFileError(
                f"line 1, column {position + 1}: '{header[position]}' lands as '{name}', and so does '{first}'.",
                "Rename or remove one of them.",
            )
    renaming = table.renaming(names, generation) if generation else {}
    rows.columns = [renaming.get(name, name) for name in names]
    missing = [name for name in table.primary_key if name not in rows.columns]
    if missing:
        raise UnreadableFileError(
            f"line 1: the key column{'s' * (len(missing) > 1)} {', '.join(missing)} of '{table.name}' "
            f"{'are' if len(missing) > 1 else 'is'} missing.",
            _key_remedy(missing, rows.columns, table),
        )
    return rows


def _key_remedy(missing: list[str], found: list[str], table: LandedTable) -> str:
    hints = [
        f"is '{close[0]}' meant as '{name}'? Rename it."
        for name in missing
        if (close := get_close_matches(name, found, n=1))
    ]
    key = f"Rows are upserted by {', '.join(table.primary_key)}; the file has {', '.join(found)}."
    return " ".join([key, *(hint[0].upper() + hint[1:] for hint in hints)])


def _typed(rows: pl.DataFrame, table: LandedTable, line_of: LineOf) -> pl.DataFrame:
    """Brings Fivetran's own columns, where a file has them, to the types that they always have."""
    changes = []
    empty = []
    for name in _INSTANTS + _FLAGS:
        if name not in rows.columns:
            continue
        values = rows[name]
        if values.null_count() == rows.height:
            empty += [name] if name not in table.primary_key else []
            continue
        if name in _FLAGS and values.dtype == pl.Boolean:
            continue
        if name in _INSTANTS and values.dtype in (pl.Datetime, pl.Date):
            changes.append(_in_utc(values))
            continue
        wish = "true or false" if name in _FLAGS else "a time such as 2026-02-28T18:00:00Z"
        bad = _first_misfit(values, is_flag=name in _FLAGS)
        raise UnreadableFileError(
            f"{line_of(bad)}, column '{name}': '{values[bad]}' is not {wish}.", "Correct it, or leave the column out."
        )
    return rows.drop(empty).with_columns(changes)


def _in_utc(values: pl.Series) -> pl.Series:
    moments = values.cast(pl.Datetime("us")) if values.dtype == pl.Date else values
    zone = moments.dtype.time_zone if isinstance(moments.dtype, pl.Datetime) else None
    return moments if zone else moments.dt.replace_time_zone("UTC")


def _first_misfit(values: pl.Series, *, is_flag: bool) -> int:
    fits = (pl.Boolean,) if is_flag else (pl.Datetime, pl.Date)
    texts = values.cast(pl.String)
    for index, text in enumerate(texts):
        if text is not None and infer_column(pl.Series([text])).dtype not in fits:
            return index
    return 0


def _with_key(
    rows: pl.DataFrame, table: LandedTable, landed_key: tuple[str, ...], line_of: LineOf
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The rows and the key to upsert them by: stock that is counted per size has the size in its key.

    Raises:
        UnreadableFileError: the table landed without sizes in its key, and the file has rows that only they tell apart.
    """
    key = landed_key or table.primary_key
    by_size = table.key_by_size
    if by_size is None or SIZE not in rows.columns:
        return rows, key
    has_sizes = rows[SIZE].null_count() < rows.height
    if SIZE in key or (has_sizes and not landed_key):
        # A primary key holds no null; the empty text is what other rows without a size have there.
        filled = pl.col(SIZE).cast(pl.String).fill_null("") if rows[SIZE].null_count() else pl.col(SIZE)
        return rows.with_columns(filled), by_size
    if not has_sizes:
        return rows, key
    merged = rows.select(pl.struct(by_size).is_first_distinct() & ~pl.struct(key).is_first_distinct()).to_series()
    if len(lost := merged.arg_true()):
        raise UnreadableFileError(
            f"{line_of(lost[0])}, column '{SIZE}': another row has the same {', '.join(key)} and another size, but "
            f"'{table.name}' landed without sizes before, and would keep one of them.",
            f"Remove that table (drop table {table.name} in its schema), then land it again, per size.",
        )
    return rows, key


def _check_keys(rows: pl.DataFrame, table: LandedTable, line_of: LineOf) -> None:
    for name in table.primary_key:
        missing = rows[name].is_null().arg_true()
        if len(missing):
            places = ", ".join(line_of(index) for index in missing.head(3)) + (", …" if len(missing) > 3 else "")
            raise UnreadableFileError(
                f"{places}, column '{name}': {len(missing)} row{'s have' if len(missing) > 1 else ' has'} no value "
                f"there, and it belongs to the key of '{table.name}'.",
                "Fill it, or remove those rows.",
            )
