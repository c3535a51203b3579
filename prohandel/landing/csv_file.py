"""Reads CSV files strictly: a file is read whole or refused with the line and the column that is wrong."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from prohandel.errors import ProhandelError

_SEPARATORS = ",;\t|"
_CHUNK_ROWS = 100_000


class UnreadableFileError(ProhandelError):
    """A file that cannot be read; the message says where."""


@dataclass(frozen=True)
class CsvText:
    """The decoded text of a CSV file and its separator."""

    text: str
    separator: str

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Line number (from 1) and fields of each record, the header first; blank lines are skipped.

        Raises:
            UnreadableFileError: a quote is not closed, or text follows a closing quote.
        """
        reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=self.separator, strict=True)
        line = 1
        try:
            for fields in reader:
                if fields:
                    yield line, fields
                line = reader.line_num + 1
        except csv.Error as error:
            raise UnreadableFileError(
                f"line {line}: {error}.",
                'Check the quotes on that line: a field that contains a quote is written "like ""this"".',
            ) from error

    def line_of(self, index: int) -> int:
        """The line that the data record of this index (from 0) starts on."""
        for position, (line, _) in enumerate(self.records()):
            if position == index + 1:
                return line
        raise IndexError(index)


def read_text(path: Path) -> CsvText:
    """The text of a .csv or .csv.gz file.

    Raises:
        UnreadableFileError: the file is damaged, empty, or not UTF-8.
    """
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableFileError(
            f"the compressed file is damaged or incomplete: {error}.", "Copy or export it again."
        ) from error
    except OSError as error:
        raise UnreadableFileError(f"{error.strerror}.", "Check the file and its permissions.") from error
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableFileError(
            "line 1: the file is UTF-16, not UTF-8.",
            f"Convert it: iconv -f UTF-16 -t UTF-8 {path.name} > new.csv; in Excel save as 'CSV UTF-8'.",
        )
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableFileError(
            f"{_place(data, error.start)}: byte 0x{data[error.start]:02X} is no UTF-8; "
            "the file is in another encoding, most likely Latin-1 (Windows-1252).",
            f"Convert it: iconv -f WINDOWS-1252 -t UTF-8 {path.name} > new.csv; in Excel save as 'CSV UTF-8'.",
        ) from error
    if not text.strip():
        raise UnreadableFileError("line 1: the file is empty, it has not even a header.", "Export it again.")
    if "\0" in text:
        where = _place(data, data.index(b"\0"))
        raise UnreadableFileError(f"{where}: a NUL character, which no database holds as text.", "Remove it.")
    return CsvText(text, _separator(text))


def read_rows(content: CsvText) -> pl.DataFrame:
    """The records as text columns under the header's own names; an empty field is null.

    Raises:
        UnreadableFileError: a record has more or fewer fields than the header.
    """
    records = content.records()
    _, header = next(records)
    chunks: list[pl.DataFrame] = []
    rows: list[list[str]] = []
    for line, fields in records:
        if len(fields) != len(header):
            raise _ragged(line, fields, header)
        rows.append(fields)
        if len(rows) == _CHUNK_ROWS:
            chunks.append(_frame(rows, len(header)))
            rows = []
    chunks.append(_frame(rows, len(header)))
    frame = pl.concat(chunks)
    frame.columns = [f"{position}" for position in range(len(header))]
    return frame.with_columns(pl.when(pl.all() != "").then(pl.all()))


def header_of(content: CsvText) -> list[str]:
    """The names of the first record."""
    return next(content.records())[1]


def _frame(rows: list[list[str]], width: int) -> pl.DataFrame:
    columns = zip(*rows, strict=True) if rows else [()] * width
    return pl.DataFrame([pl.Series(f"{position}", column, pl.String) for position, column in enumerate(columns)])


def _ragged(line: int, fields: list[str], header: list[str]) -> UnreadableFileError:
    if len(fields) < len(header):
        where = f"line {line}, column '{header[len(fields)]}': missing"
    else:
        where = f"line {line}, after column '{header[-1]}': '{fields[len(header)]}' is one field too many"
    return UnreadableFileError(
        f"{where}; the header has {len(header)} fields, this line {len(fields)}.",
        "A field that contains the separator or a line break has to stand in quotes.",
    )


def _separator(text: str) -> str:
    """The separator that the header line has most of, outside of quotes."""
    header = text.lstrip("\r\n").splitlines()[0]
    outside = "".join(header.split('"')[::2])
    return max(_SEPARATORS, key=outside.count)


def _place(data: bytes, position: int) -> str:
    """Line, column name and character of a byte in a file that may not be decodable."""
    line_start = data.rfind(b"\n", 0, position) + 1
    line = data.count(b"\n", 0, position) + 1
    header = data.splitlines()[0].decode("latin-1")
    separator = _separator(header)
    before = data[line_start:position].decode("latin-1")
    index = len(next(csv.reader([before + "x"], delimiter=separator))) - 1
    names = next(csv.reader([header], delimiter=separator))
    name = f"'{names[index]}'" if line > 1 and index < len(names) else f"{index + 1}"
    return f"line {line}, column {name}, character {position - line_start + 1}"
