"""The schema `forecasting`: what batches write there, and how they are read back."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql
from psycopg.types.json import Jsonb

from prohandel.forecast.distribution import LEVELS, Floats
from prohandel.forecast.overrides import Key, Override

SCHEMA = "forecasting"
KEPT_DAYS = 400
"""Forecasts of older origins are removed by the next batch."""
_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
_EPOCH = date(2000, 1, 1)
_FLOAT4 = 700
_ROWS = 2_000
"""Rows that are put together at a time, some megabytes."""


@dataclass(frozen=True)
class Batch:
    """Forecasts of n series over H days after one origin.

    Attributes:
        origin: last day that was observed.
        keys: n pairs of branch and article.
        models: n names.
        is_cold_start: (n,) whether the level is borrowed rather than the series' own.
        mean: (n, H) units a day, with overrides.
        quantiles: (n, Q, H) at LEVELS, with overrides.
        model_mean: (n, H) without overrides; nan in rows that none has changed.
        dispersion: (n,).
        level_cv2: (n,).
        history_days: (n,) days that were read.
        censored_days: (n,) those of them with less than full stock.
    """

    origin: date
    keys: Sequence[Key]
    models: Sequence[str]
    is_cold_start: NDArray[np.bool_]
    mean: Floats
    quantiles: Floats
    model_mean: Floats
    dispersion: Floats
    level_cv2: Floats
    history_days: NDArray[np.int32]
    censored_days: NDArray[np.int32]


@dataclass(frozen=True)
class Artefact:
    """A trained model: its parameters, and LightGBM's text or JSON; nothing that runs when it is read."""

    name: str
    parameters: dict[str, Any]
    text: str | None


@dataclass(frozen=True)
class Profile:
    """How a feature was distributed in training: shares (K,) of the bins between edges (K - 1,)."""

    segment: str
    feature: str
    edges: Sequence[float]
    shares: Sequence[float]


@dataclass(frozen=True)
class Outcome:
    """What a finished batch leaves behind beside its forecasts."""

    fingerprint: str
    artefacts: Sequence[Artefact] = ()
    profiles: Sequence[Profile] = ()
    timings: dict[str, float] = field(default_factory=dict)


def prepare(conn: psycopg.Connection, schema: str = SCHEMA) -> None:
    """Creates what is missing of the schema; the owner of its tables is whom the connection acts as."""
    text = resources.files("prohandel.forecast").joinpath("schema.sql").read_text(encoding="utf-8")
    with conn.transaction():
        # Two that create the same schema at once would collide.
        conn.execute("select pg_advisory_xact_lock(hashtext(%s))", [f"prepare {schema}"])
        conn.execute(sql.SQL(text).format(schema=sql.Identifier(schema)))


def begin_run(
    conn: psycopg.Connection, schema: str, origin: date, horizon: int, code_version: str, parameters: dict[str, Any]
) -> int:
    """Notes that a batch has begun, in place of those that were killed; whoever calls holds the lock of batches."""
    with conn.transaction():
        conn.execute(_sql("delete from {}.runs where status = 'running'", schema))
        row = conn.execute(
            _sql(
                "insert into {}.runs (forecast_origin, horizon_days, status, code_version, parameters)"
                " values (%s, %s, 'running', %s, %s) returning run_id",
                schema,
            ),
            [origin, horizon, code_version, Jsonb(parameters)],
        ).fetchone()
    return int(row[0]) if row else 0


def write_batch(conn: psycopg.Connection, schema: str, run_id: int, batch: Batch, outcome: Outcome) -> None:
    """Writes a batch in place of any former one of its origin: all of it or, if this fails, nothing."""
    with conn.transaction():
        conn.execute(
            _sql(
                "with former as (delete from {}.runs where forecast_origin = %s and run_id <> %s returning run_id)"
                " delete from {}.models where run_id in (select run_id from former)",
                schema,
            ),
            [batch.origin, run_id],
        )
        conn.execute(
            _sql("delete from {}.forecasts where forecast_origin = %s or forecast_origin < %s - %s::integer", schema),
            [batch.origin, batch.origin, KEPT_DAYS],
        )
        conn.execute(_sql("delete from {}.feature_profile where forecast_origin = %s", schema), [batch.origin])
        copy_in = _sql(
            "copy {}.forecasts (forecast_origin, branch_number, article_number, run_id, model, is_cold_start,"
            " demand_mean, demand_quantiles, model_mean, dispersion, level_cv2, history_days, censored_days)"
            " from stdin (format binary)",
            schema,
        )
        with conn.cursor() as cursor, cursor.copy(copy_in) as copy:
            for block in _binary_rows(run_id, batch):
                copy.write(block)
        with conn.cursor() as cursor:
            cursor.executemany(
                _sql("insert into {}.models values (%s, %s, %s, %s, %s)", schema),
                [[run_id, a.name, outcome.fingerprint, Jsonb(a.parameters), a.text] for a in outcome.artefacts],
            )
            cursor.executemany(
                _sql("insert into {}.feature_profile values (%s, %s, %s, %s, %s)", schema),
                [[batch.origin, p.segment, p.feature, list(p.edges), list(p.shares)] for p in outcome.profiles],
            )
        conn.execute(
            _sql(
                "update {}.runs set status = 'done', finished_at = clock_timestamp(), data_fingerprint = %s,"
                " n_series = %s, timings = %s where run_id = %s",
                schema,
            ),
            [outcome.fingerprint, len(batch.keys), Jsonb(outcome.timings), run_id],
        )


def newest_origin(conn: psycopg.Connection, schema: str = SCHEMA, until: date | None = None) -> date | None:
    """The origin of the newest finished batch, of those up to a day if one is given."""
    row = conn.execute(
        _sql(
            "select max(forecast_origin) from {}.runs"
            " where status = 'done' and (%s::date is null or forecast_origin <= %s)",
            schema,
        ),
        [until, until],
    ).fetchone()
    return row[0] if row else None


def read_batch(conn: psycopg.Connection, schema: str, origin: date, keys: Sequence[Key] | None = None) -> Batch:
    """The stored forecasts of an origin, by branch and article; of these keys only if any are given.

    Returns:
        A batch without rows where nothing is stored.
    """
    chosen = sql.SQL("")
    given: list[Any] = [origin]
    if keys is not None:
        chosen = sql.SQL(" and (branch_number, article_number) in (select * from unnest(%s::text[], %s::text[]))")
        given += [[branch for branch, _ in keys], [article for _, article in keys]]
    query = _sql(
        "select branch_number, article_number, model, is_cold_start, demand_mean, demand_quantiles, model_mean,"
        " dispersion, level_cv2, history_days, censored_days from {}.forecasts where forecast_origin = %s",
        schema,
    )
    order = sql.SQL(' order by branch_number collate "C", article_number collate "C"')
    with conn.cursor(binary=True) as cursor:
        rows = cursor.execute(query + chosen + order, given).fetchall()
    horizon = len(rows[0][4]) if rows else 0
    nothing = [np.nan] * horizon
    return Batch(
        origin,
        [(row[0], row[1]) for row in rows],
        [row[2] for row in rows],
        np.array([row[3] for row in rows], dtype=bool),
        np.array([row[4] for row in rows], dtype=np.float32).reshape(len(rows), horizon),
        np.array([row[5] for row in rows], dtype=np.float32).reshape(len(rows), len(LEVELS), horizon),
        np.array([row[6] or nothing for row in rows], dtype=np.float32).reshape(len(rows), horizon),
        np.array([row[7] for row in rows], dtype=np.float32),
        np.array([row[8] for row in rows], dtype=np.float32),
        np.array([row[9] for row in rows], dtype=np.int32),
        np.array([row[10] for row in rows], dtype=np.int32),
    )


def read_overrides(conn: psycopg.Connection, schema: str, first: date, last: date) -> list[Override]:
    """Overrides in force that touch these days, the oldest first."""
    rows = conn.execute(
        _sql(
            "select override_id, branch_number, article_number, starts_on, ends_on, factor::float8, units::float8"
            " from {}.overrides where revoked_at is null and starts_on <= %s and ends_on >= %s order by override_id",
            schema,
        ),
        [last, first],
    ).fetchall()
    return [Override(*row) for row in rows]


def read_champions(conn: psycopg.Connection, schema: str = SCHEMA) -> dict[str, str]:
    """Champion by segment; empty before the first backtest."""
    return dict(conn.execute(_sql("select segment, model from {}.champions", schema)).fetchall())


def write_scores(
    conn: psycopg.Connection,
    schema: str,
    origin: date,
    scores: Sequence[tuple[Any, ...]],
    before: Mapping[str, str],
    champions: Mapping[str, str],
    decisions: Sequence[Mapping[str, Any]],
) -> None:
    """Writes what a backtest has found, in one transaction, in place of what was known of its models and origins.

    Args:
        conn: in autocommit mode.
        schema: of forecasts.
        origin: newest day of the data, since when new champions lead.
        scores: rows of the table, its columns in their order.
        before: champions so far, by segment.
        champions: champions from now on.
        decisions: segment, from, to, evidence, rule of each change.
    """
    with conn.transaction(), conn.cursor() as cursor:
        scored = sorted({(row[0], row[2]) for row in scores})
        cursor.executemany(_sql("delete from {}.scores where model = %s and forecast_origin = %s", schema), scored)
        with cursor.copy(_sql("copy {}.scores from stdin", schema)) as copy:
            for row in scores:
                copy.write_row([None if value != value else value for value in row])
        changed = [[segment, model, origin] for segment, model in champions.items() if before.get(segment) != model]
        cursor.executemany(
            _sql(
                "insert into {}.champions values (%s, %s, %s) on conflict (segment) do update"
                " set model = excluded.model, since = excluded.since",
                schema,
            ),
            changed,
        )
        cursor.executemany(
            _sql(
                "insert into {}.decisions (forecast_origin, segment, from_model, to_model, evidence)"
                " values (%s, %s, %s, %s, %s)",
                schema,
            ),
            [
                [origin, one["segment"], one["from"], one["to"], Jsonb({k: one[k] for k in ("rule", "evidence")})]
                for one in decisions
            ],
        )


def _sql(text: str, schema: str) -> sql.Composed:
    """The statement with the schema at every {}."""
    parts = text.split("{}")
    return sql.SQL("").join(
        piece
        for place, part in enumerate(parts)
        for piece in ([sql.Identifier(schema)] if place else []) + [sql.SQL(part)]
    )


def _binary_rows(run_id: int, batch: Batch) -> Iterator[bytes]:
    """The batch in COPY's binary format (PostgreSQL documentation, COPY, "Binary Format").

    Numbers are turned into bytes by array instead of one by one: a batch of 50,000 series has 21 million of them.
    """
    yield _SIGNATURE
    n, horizon = batch.mean.shape
    levels = batch.quantiles.shape[1]
    head = struct.pack("!hi", 13, 4) + struct.pack("!i", (batch.origin - _EPOCH).days)
    run = struct.pack("!iq", 8, run_id)
    changed: NDArray[np.bool_] = ~np.any(np.isnan(batch.model_mean), axis=1)
    for start in range(0, n, _ROWS):
        rows = range(start, min(start + _ROWS, n))
        block = slice(start, start + _ROWS)
        mean = _arrays(batch.mean[block], (horizon,))
        quantiles = _arrays(batch.quantiles[block].reshape(len(rows), -1), (levels, horizon))
        model_mean = _arrays(batch.model_mean[block], (horizon,))
        parts: list[bytes] = []
        for place, row in enumerate(rows):
            branch, article = batch.keys[row]
            parts += (
                head,
                _text(branch),
                _text(article),
                run,
                _text(batch.models[row]),
                struct.pack("!i?", 1, bool(batch.is_cold_start[row])),
                mean[place],
                quantiles[place],
                model_mean[place] if changed[row] else b"\xff\xff\xff\xff",
                struct.pack("!ifif", 4, batch.dispersion[row], 4, batch.level_cv2[row]),
                struct.pack("!iiii", 4, batch.history_days[row], 4, batch.censored_days[row]),
            )
        yield b"".join(parts)
    yield b"\xff\xff"


def _text(value: str) -> bytes:
    encoded = value.encode()
    return struct.pack("!i", len(encoded)) + encoded


def _arrays(values: Floats, shape: tuple[int, ...]) -> list[bytes]:
    """Rows (m, K) as fields of type real[], each with its length in front; the product of shape is K."""
    head = struct.pack("!iii", len(shape), 0, _FLOAT4) + b"".join(struct.pack("!ii", size, 1) for size in shape)
    count = values.shape[1]
    cells = np.empty((len(values), count, 2), dtype=">i4")
    cells[:, :, 0] = 4
    cells[:, :, 1] = values.astype(">f4").view(">i4")
    field_head = struct.pack("!i", len(head) + 8 * count) + head
    return [field_head + row.tobytes() for row in cells]
