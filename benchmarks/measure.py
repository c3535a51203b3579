"""Measures what a command costs: wall time, processor time, memory of the server, rows and bytes written."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from prohandel import warehouse

_SECONDS_BETWEEN_SAMPLES = 0.1
_SAMPLES_PER_LOOK_AT_MEMORY = 10


@dataclass(frozen=True)
class Node:
    """A node of a run.

    Attributes:
        name: without project and kind.
        kind: model, test, seed, snapshot.
        status: dbt's word.
        seconds: wall time.
        server_cpu: processor seconds that the server spent for it, as sampled: short ones may have none.
        rows: that its last statement wrote; 0 for a test.
    """

    name: str
    kind: str
    status: str
    seconds: float
    server_cpu: float
    rows: int


@dataclass(frozen=True)
class Measurement:
    """What one `prohandel run` cost.

    Attributes:
        wall: seconds from start to exit.
        steps: seconds of each of its steps.
        client_cpu: processor seconds of dbt.
        server_cpu: processor seconds of the PostgreSQL server and its sessions.
        server_peak: most memory that the server held at once, in bytes, shared pages counted once.
        client_peak: the same of dbt.
        wal: bytes of write-ahead log.
        exit_code: of the run.
        nodes: seeds, snapshots, models and tests.
    """

    wall: float
    steps: Mapping[str, float]
    client_cpu: float
    server_cpu: float
    server_peak: int
    client_peak: int
    wal: int
    exit_code: int
    nodes: tuple[Node, ...]

    @property
    def rows(self) -> int:
        """Rows written by models, seeds and snapshots."""
        return sum(node.rows for node in self.nodes if node.kind != "test")

    def slowest(self, count: int = 10) -> list[Node]:
        """The nodes that took longest, by the server's processor time: wall time depends on who else is there."""
        return sorted(self.nodes, key=lambda node: (-node.server_cpu, -node.seconds))[:count]

    def seconds_of(self, *kinds: str) -> float:
        """Seconds spent in nodes of these kinds, summed over the threads."""
        return sum(node.seconds for node in self.nodes if node.kind in kinds)


def _postmaster(home: Path) -> psutil.Process:
    return psutil.Process(int((home / "pgdata" / "postmaster.pid").read_text().splitlines()[0]))


def server_cpu(home: Path) -> float:
    """Processor seconds of the embedded server so far, of sessions that have ended too."""
    postmaster = _postmaster(home)
    times = postmaster.cpu_times()
    total = times.user + times.system + times.children_user + times.children_system
    for child in postmaster.children(recursive=True):
        with suppress(psutil.Error):
            own = child.cpu_times()
            total += own.user + own.system
    return float(total)


class _Server:
    """Samples the processes of the embedded server while a block runs."""

    def __init__(self, home: Path) -> None:
        self._postmaster = _postmaster(home)
        self._conn = warehouse.connect(home, autocommit=True)
        self._stop = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._before: dict[int, float] = {}
        self.cpu_of_nodes: dict[str, float] = {}
        self.peak = 0
        self.client_peak = 0
        self.client: psutil.Process | None = None

    def __enter__(self) -> _Server:
        self._sampler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._sampler.join()
        self._conn.close()

    def _sample(self) -> None:
        rounds = 0
        while not self._stop.wait(_SECONDS_BETWEEN_SAMPLES):
            self._sample_nodes()
            rounds += 1
            if rounds % _SAMPLES_PER_LOOK_AT_MEMORY:
                continue
            with suppress(psutil.Error):
                processes = [self._postmaster, *self._postmaster.children(recursive=True)]
                self.peak = max(self.peak, sum(map(_memory, processes)))
            if self.client is not None:
                with suppress(psutil.Error):
                    self.client_peak = max(self.client_peak, self.client.memory_info().rss)

    def _sample_nodes(self) -> None:
        """Charges the processor time of each session since the last sample to the node that its statement names."""
        for pid, node in self._conn.execute(
            """
            select pid, substring(query from '"node_id": "([^"]+)"')
            from pg_stat_activity
            where application_name = 'dbt' and pid <> pg_backend_pid()
            """
        ).fetchall():
            with suppress(psutil.Error):
                times = psutil.Process(pid).cpu_times()
                now = times.user + times.system
                spent = now - self._before.get(pid, now)
                self._before[pid] = now
                if node:
                    self.cpu_of_nodes[node] = self.cpu_of_nodes.get(node, 0) + spent


def _memory(process: psutil.Process) -> int:
    """Memory of a process; pages shared by several count in each by its part, where the system tells."""
    with suppress(psutil.Error):
        return int(getattr(process.memory_full_info(), "pss", 0) or process.memory_info().rss)
    return 0


def measure_run(home: Path, *arguments: str) -> Measurement:
    """Runs `prohandel run` on a home in a process of its own.

    Raises:
        RuntimeError: it gave no report.
    """
    command = [sys.executable, "-m", "prohandel", "run", "--json", *arguments]
    environment = os.environ | {"PROHANDEL_HOME": str(home)}
    with warehouse.connect(home, autocommit=True) as conn, _Server(home) as server:
        wal = _wal(conn)
        cpu = server_cpu(home)
        started = time.perf_counter()
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            server.client = psutil.Process(process.pid)
            before = os.times()
            output, errors = process.communicate()
        wall = time.perf_counter() - started
        after = os.times()
        client_cpu = after.children_user + after.children_system - before.children_user - before.children_system
        server_seconds = server_cpu(home) - cpu
        written = _wal(conn) - wal
    try:
        report = json.loads(output)
    except json.JSONDecodeError:
        raise RuntimeError(f"{' '.join(command)} gave no report:\n{errors[-2000:]}") from None
    return Measurement(
        wall=wall,
        steps={step["name"]: step["seconds"] for step in report["steps"]},
        client_cpu=client_cpu,
        server_cpu=server_seconds,
        server_peak=server.peak,
        client_peak=server.client_peak,
        wal=written,
        exit_code=process.returncode,
        nodes=tuple(_node(entry, server.cpu_of_nodes) for entry in report["nodes"]),
    )


def _node(entry: Mapping[str, Any], cpu_of_nodes: Mapping[str, float]) -> Node:
    kind, _, name = entry["unique_id"].split(".", 2)
    # "INSERT 0 2000", "SELECT 12": the last number is that of the rows.
    written = re.search(r"^(?:INSERT|SELECT|MERGE|DELETE|UPDATE)[^\n]*?(\d+)$", entry["message"] or "")
    rows = int(written.group(1)) if written and kind != "test" else 0
    cpu = cpu_of_nodes.get(entry["unique_id"], 0.0)
    return Node(name.split(".")[0], kind, entry["status"], entry["seconds"], round(cpu, 2), rows)


def _wal(conn: psycopg.Connection) -> int:
    ((position,),) = conn.execute("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')").fetchall()
    return int(position)


@dataclass(frozen=True)
class Relation:
    """A table and what it takes on disk."""

    schema: str
    name: str
    rows: int
    table_bytes: int
    index_bytes: int


def relations(conn: psycopg.Connection) -> list[Relation]:
    """Every table of the warehouse with its rows (as last counted by the server) and bytes."""
    found = conn.execute(
        """
        select
            namespaces.nspname,
            tables.relname,
            greatest(tables.reltuples, 0)::bigint,
            pg_table_size(tables.oid),
            pg_indexes_size(tables.oid)
        from pg_class as tables
        inner join pg_namespace as namespaces on tables.relnamespace = namespaces.oid
        where
            tables.relkind = 'r'
            and namespaces.nspname not like 'pg\\_%'
            and namespaces.nspname <> 'information_schema'
        order by 4 + 5 desc
        """
    ).fetchall()
    return [Relation(*row) for row in found]


def bytes_by_layer(tables: Sequence[Relation], landed: str = "prohandel") -> dict[str, int]:
    """Bytes on disk by schema; the landed one is called landed."""
    sums: dict[str, int] = {}
    for table in tables:
        layer = "landed" if table.schema == landed else table.schema
        sums[layer] = sums.get(layer, 0) + table.table_bytes + table.index_bytes
    return sums


def machine(conn: psycopg.Connection) -> dict[str, str]:
    """What was measured on."""
    ((version,),) = conn.execute("show server_version").fetchall()
    cpu = platform.processor() or platform.machine()
    with suppress(OSError):
        found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
        cpu = found.group(1) if found else cpu
    return {
        "processor": cpu,
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else psutil.cpu_count()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GB",
        "system": f"{platform.system()} {platform.machine()}",
        "postgresql": str(version),
        "python": platform.python_version(),
    }
