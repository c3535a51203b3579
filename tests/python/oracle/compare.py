"""Built marts against computed ones.

Units and dates have to be equal, money within 1e-4, other figures within 1e-9 relatively; a mart that shows fewer
decimals may differ by half of its last one, and a figure that it works out from rounded ones by what they were rounded.
Null equals null only.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psycopg

from .database import columns_of, read_table
from .landing import UNKNOWN, read_landing
from .marts import Marts, compute
from .seeds import SEEDS, read_seeds
from .shown import Mart
from .variables import Variables

_SAMPLES = 5
_MONEY_TOLERANCE = 1e-4
_RELATIVE_TOLERANCE = 1e-9
# Of a sum or quotient of figures that were rounded to 1e-6.
_ROUNDED_TOLERANCE, _ROUNDED_RELATIVE_TOLERANCE = 2.5e-6, 1e-6
_OPTIONAL = {("fct_inventory_daily", "net_units")}
# A member of its own for rows that name nothing: it may stand in a dimension or not.
_UNKNOWN_MEMBER = {"dim_articles", "dim_shops", "dim_customers"}


@dataclass(frozen=True)
class Difference:
    """One column of one mart that differs, or rows that only one side has.

    Attributes:
        mart: the mart.
        column: the measure, or "(rows missing)", "(rows extra)", "(column missing)", "(mart missing)".
        rows: how many rows differ.
        samples: some of them: the key, what was expected, what is there.
    """

    mart: str
    column: str
    rows: int
    samples: tuple[tuple[tuple[str, ...], str, str], ...] = ()

    def __str__(self) -> str:
        shown = "; ".join(f"{'/'.join(key)}: expected {want}, is {got}" for key, want, got in self.samples)
        return f"{self.mart}.{self.column}: {self.rows} rows. {shown}"


def compare(
    conn: psycopg.Connection,
    landed_schema: str = "prohandel",
    marts_schema: str = "marts",
    *,
    variables: Variables | Mapping[str, Any] | None = None,
    seeds: Path = SEEDS,
    snapshot_schema: str | None = "snapshots",
    hash_key: str | None = None,
    marts: Iterable[str] | None = None,
) -> list[Difference]:
    """Compute every mart from the landed rows and list where the built ones differ.

    Args:
        conn: the database that holds landing and marts.
        variables: what the build was given (`vars:`); defaults where None.
        seeds: the folder of the seeds of the build.
        snapshot_schema: where the stock snapshot lies; None to do without.
        hash_key: of the customer keys; the connection's setting `prohandel.hash_key` where None.
        marts: only these; all where None.

    Returns:
        One entry per differing column, empty where everything agrees.

    Raises:
        LookupError: a table in use has not landed, or a mart that is asked for is not computed here.
    """
    known = variables if isinstance(variables, Variables) else Variables.of(variables or {})
    key = hash_key if hash_key is not None else _hash_key(conn)
    landing = read_landing(conn, landed_schema, known, snapshot_schema)
    computed = compute(landing, read_seeds(seeds), known, key, inbound_units(conn, marts_schema))
    return compare_computed(conn, computed, marts_schema, marts=marts)


def inbound_units(conn: psycopg.Connection, schema: str = "marts") -> dict[tuple[str, str], float]:
    """Units that other branches are recommended to send, by branch and article."""
    if not columns_of(conn, schema, "transfer_recommendations"):
        return {}
    moves = read_table(conn, schema, "transfer_recommendations", ["to_branch", "article_number", "units"])
    units: dict[tuple[str, str], float] = defaultdict(float)
    for branch, article, moved in moves.itertuples(index=False):
        units[str(branch), str(article)] += float(moved)
    return dict(units)


def compare_computed(
    conn: psycopg.Connection, computed: Marts, marts_schema: str = "marts", *, marts: Iterable[str] | None = None
) -> list[Difference]:
    """Like `compare`, with marts that have been computed already."""
    names = list(computed.marts) if marts is None else list(marts)
    differences: list[Difference] = []
    for name in names:
        if name not in computed.marts:
            raise LookupError(f"no measures are computed for {name}; there are {', '.join(computed.marts)}")
        differences += _compare_mart(conn, marts_schema, name, computed.marts[name])
    return differences


def _compare_mart(conn: psycopg.Connection, schema: str, name: str, mart: Mart) -> list[Difference]:
    there = columns_of(conn, schema, name)
    if not there:
        return [Difference(name, "(mart missing)", len(mart.rows))]
    absent = [column for column in mart.rows.columns if column not in there and (name, column) not in _OPTIONAL]
    differences = [Difference(name, f"{column} (column missing)", len(mart.rows)) for column in absent]
    if set(absent) & set(mart.key):
        return differences
    columns = [column for column in mart.rows.columns if column in there]
    built = read_table(conn, schema, name, columns)
    scales = _scales(conn, schema, name)
    wanted = mart.rows.assign(_key=_keys(mart.rows, mart.key)).set_index("_key")
    actual = built.assign(_key=_keys(built, mart.key)).set_index("_key")
    if name in _UNKNOWN_MEMBER:
        wanted, actual = wanted.drop(UNKNOWN, errors="ignore"), actual.drop(UNKNOWN, errors="ignore")
    for frame, side in ((wanted, "computed"), (actual, "built")):
        if frame.index.has_duplicates:
            raise LookupError(f"{name} ({side}) has several rows of one {', '.join(mart.key)}")
    missing, extra = wanted.index.difference(actual.index), actual.index.difference(wanted.index)
    for keys, label in ((missing, "(rows missing)"), (extra, "(rows extra)")):
        if len(keys):
            frame = wanted if label == "(rows missing)" else actual
            samples = tuple((_parts(key), *_whole(frame, key, label)) for key in keys[:_SAMPLES])
            differences.append(Difference(name, label, len(keys), samples))
    common = wanted.index.intersection(actual.index)
    wanted, actual = wanted.loc[common], actual.loc[common]
    for column in columns:
        if column not in mart.key:
            difference = _compare_column(name, column, wanted[column], actual[column], scales.get(column), mart)
            differences += [difference] if difference else []
    return differences


def _compare_column(
    name: str, column: str, wanted: pd.Series[Any], actual: pd.Series[Any], scale: int | None, mart: Mart
) -> Difference | None:
    kind = wanted.dtype
    if pd.api.types.is_float_dtype(kind) or pd.api.types.is_integer_dtype(kind):
        want = wanted.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
        got = pd.to_numeric(actual).astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
        relative = _ROUNDED_RELATIVE_TOLERANCE if column in mart.from_rounded else _RELATIVE_TOLERANCE
        tolerance = _tolerance(mart, column, scale) + relative * np.abs(np.nan_to_num(want))
        equal = np.abs(want - got) <= tolerance
        equal |= np.isnan(want) & np.isnan(got)
    else:
        left, right = _as_text(wanted), actual.astype("string")
        equal = (left.eq(right).fillna(False) | (left.isna() & right.isna())).to_numpy(dtype=bool)
    wrong = np.flatnonzero(~equal)
    if not len(wrong):
        return None
    shown = _as_text(wanted)
    samples = tuple(
        (_parts(str(wanted.index[at])), str(shown.iloc[at]), str(actual.iloc[at])) for at in wrong[:_SAMPLES]
    )
    return Difference(name, column, len(wrong), samples)


def _tolerance(mart: Mart, column: str, scale: int | None) -> float:
    half_of_last = 0.0 if scale is None else 0.5001 * 10.0**-scale
    if column in mart.from_rounded:
        return half_of_last + _ROUNDED_TOLERANCE
    return max(half_of_last, _MONEY_TOLERANCE) if column in mart.money else half_of_last


def _as_text(values: pd.Series[Any]) -> pd.Series[Any]:
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        days: pd.Series[Any] = values.dt.strftime("%Y-%m-%d").astype("string")
        return days
    if pd.api.types.is_bool_dtype(values.dtype):
        spelled: pd.Series[Any] = values.astype("boolean").map({True: "t", False: "f"}).astype("string")
        return spelled
    return values.astype("string")


def _keys(frame: pd.DataFrame, key: list[str]) -> pd.Series[Any]:
    joined = _as_text(frame[key[0]])
    for column in key[1:]:
        joined = joined.str.cat(_as_text(frame[column]), sep="\x1f")
    return joined


def _parts(key: Any) -> tuple[str, ...]:
    return tuple(str(key).split("\x1f"))


def _whole(frame: pd.DataFrame, key: Any, label: str) -> tuple[str, str]:
    row = frame.loc[key].dropna()
    content = ", ".join(f"{column}={value}" for column, value in row.items())
    return (content, "nothing") if label == "(rows missing)" else ("nothing", content)


def _scales(conn: psycopg.Connection, schema: str, name: str) -> dict[str, int]:
    """Decimals of every numeric column that limits them."""
    rows = conn.execute(
        # The lower half of the type modifier; -1 limits nothing. The views of information_schema take much longer.
        "select a.attname, (a.atttypmod - 4) & 65535 from pg_attribute a join pg_class c on c.oid = a.attrelid"
        " join pg_namespace n on n.oid = c.relnamespace where n.nspname = %s and c.relname = %s"
        " and a.atttypid = 'numeric'::regtype and a.atttypmod >= 0 and a.attnum > 0 and not a.attisdropped",
        (schema, name),
    ).fetchall()
    return {str(column): int(scale) for column, scale in rows}


def _hash_key(conn: psycopg.Connection) -> str:
    row = conn.execute("select current_setting('prohandel.hash_key', true)").fetchone()
    return str(row[0]) if row and row[0] else ""


def main() -> int:
    """Compare from the command line: `python -m oracle.compare URL --vars JSON`; 1 where something differs."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("url", help="libpq URL of the warehouse")
    parser.add_argument("--schema", default="prohandel", help="the landed schema")
    parser.add_argument("--marts-schema", default="marts")
    parser.add_argument("--vars", default="{}", help="the variables of the build, as JSON")
    parser.add_argument("--marts", nargs="*", default=None, help="only these marts")
    given = parser.parse_args()
    with psycopg.connect(given.url, autocommit=True) as conn:
        differences = compare(
            conn,
            given.schema,
            given.marts_schema,
            variables=json.loads(given.vars),
            hash_key=os.environ.get("PROHANDEL_HASH_KEY"),
            marts=given.marts,
        )
    for difference in differences:
        print(difference)
    print(f"{len(differences)} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    raise SystemExit(main())
