"""Runs dbt in this process: one parse for all steps, progress while it works, results as plain values."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import yaml
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from prohandel.errors import ProhandelError
from prohandel.pipeline.target import PROJECT, Target, hash_key_options

FAILED = frozenset({"error", "fail", "runtime error", "partial success"})


@dataclass(frozen=True)
class NodeResult:
    """What became of one node.

    Attributes:
        unique_id: dbt's, e.g. "model.prohandel_analytics.dim_shops".
        status: dbt's word: success, error, fail, warn, pass, skipped, "runtime error".
        seconds: how long it ran.
        failures: rows that a test found; None for anything else.
        message: dbt's, empty where it has none.
        path: of the file that defines it, from the project's folder.
    """

    unique_id: str
    status: str
    seconds: float
    failures: int | None
    message: str
    path: str

    @property
    def kind(self) -> str:
        """model, test, seed, snapshot, source …"""
        return self.unique_id.partition(".")[0]

    @property
    def name(self) -> str:
        """Its name without project and kind; for a source, schema and table."""
        parts = self.unique_id.split(".")
        return ".".join(parts[2:4]) if self.kind == "source" else parts[2]

    @property
    def has_failed(self) -> bool:
        """Did it end in a way that makes the run fail?"""
        return self.status in FAILED


@dataclass(frozen=True)
class Freshness:
    """How old the newest row of a landed table is."""

    table: str
    status: str
    newest: datetime | None
    age_hours: float | None
    message: str


@dataclass(frozen=True)
class Outcome:
    """One dbt command.

    Attributes:
        seconds: wall time.
        nodes: results by node, in the order in which they ended; empty for freshness.
        freshness: by landed table; empty for anything but freshness.
        error: what stopped the command before or between nodes; empty where nothing did.
    """

    seconds: float
    nodes: tuple[NodeResult, ...] = ()
    freshness: tuple[Freshness, ...] = ()
    error: str = ""


class Progress(Protocol):
    """Is told what dbt is doing."""

    def started(self, unique_id: str, of: int) -> None:
        """A node has started; `of` is the number of nodes of the step."""

    def finished(self, unique_id: str, status: str) -> None:
        """A node has ended."""


class StoppedError(ProhandelError):
    """The run was told to stop: Ctrl-C or SIGTERM."""

    def __init__(self, number: int) -> None:
        name = signal.Signals(number).name
        super().__init__(
            f"Stopped by {name}; what was being written has been rolled back.",
            "Run again: it carries on from what is there.",
            exit_code=128 + number,
        )
        self.number = number


# What these decide is decided when a node runs; dbt would parse the project anew whenever one of them changes.
_READ_AT_RUN_TIME = frozenset({"nightly", "now"})


class Dbt:
    """dbt for one target and one set of variables.

    Args:
        target: where it writes.
        variables: as for `--vars`.
        progress: is told about each node.
        manifest: of an earlier `parse()` with the same target and variables, which saves another.
    """

    def __init__(
        self,
        target: Target,
        variables: Mapping[str, Any],
        progress: Progress | None = None,
        manifest: Manifest | None = None,
    ) -> None:
        self._target = target
        self._variables = dict(variables)
        self._progress = progress
        self._manifest = manifest
        self._nodes = 0
        self._finished: list[NodeResult] = []

    def parse(self) -> Manifest:
        """The project as dbt understands it.

        Raises:
            ProhandelError: it cannot be parsed.
        """
        if self._manifest is None:
            lasting = {name: value for name, value in self._variables.items() if name not in _READ_AT_RUN_TIME}
            result, _ = self._invoke(["parse"], lasting)
            if not isinstance(result.result, Manifest):
                raise ProhandelError(
                    f"dbt cannot read the project: {result.exception}",
                    f"The message names the file; {self._target.logs / 'dbt.log'} has more.",
                )
            self._manifest = result.result
        return self._manifest

    def evaluate(self, expression: str) -> Any:
        """The value of a Jinja expression in the project, with a connection at hand.

        Raises:
            ProhandelError: it raises an error.
        """
        self.parse()
        result, _ = self._invoke(["compile", "--quiet", "--inline", "{{ tojson(" + expression + ") }}"])
        found = getattr(result.result, "results", None)
        if not found or found[0].node.compiled_code is None:
            reason = _error(result.exception) or (found[0].message if found else "no reason given")
            raise ProhandelError(f"dbt cannot evaluate {expression}: {reason}")
        return json.loads(found[0].node.compiled_code)

    def freshness(self) -> Outcome:
        """`dbt source freshness`."""
        self.parse()
        result, seconds = self._invoke(["source", "freshness", "--no-write-json"])
        found = getattr(result.result, "results", None) or ()
        return Outcome(seconds, freshness=tuple(map(_freshness, found)), error=_error(result.exception))

    def build(self, arguments: Sequence[str]) -> Outcome:
        """`dbt build` with further arguments."""
        self.parse()
        self._finished.clear()
        result, seconds = self._invoke(["build", *arguments])
        found = getattr(result.result, "results", None) or ()
        # dbt gives no results where it stopped between nodes; what it had told of them until then still holds.
        nodes = tuple(map(_node_result, found)) or tuple(self._finished)
        return Outcome(seconds, nodes=nodes, error=_error(result.exception))

    def document(self, *, has_landing: bool) -> tuple[Path, int]:
        """`dbt docs generate --static`.

        Args:
            has_landing: False where nothing has landed that the SQL could be compiled against.

        Returns:
            The page, and how many relations of the project the database holds.

        Raises:
            ProhandelError: the SQL cannot be compiled, or the database's catalog cannot be read.
        """
        self.parse()
        without = [] if has_landing else ["--no-compile", "--empty-catalog"]
        result, _ = self._invoke(["docs", "generate", "--static", *without])
        if not result.success:
            raise ProhandelError(
                f"dbt cannot write the documentation: {_error(result.exception) or 'the SQL does not compile'}",
                f"{self._target.logs / 'dbt.log'} has more.",
            )
        return self._target.artifacts / "static_index.html", len(result.result.nodes)

    def _invoke(self, command: list[str], variables: Mapping[str, Any] | None = None) -> tuple[Any, float]:
        started = time.monotonic()
        given = [*command, *self._options(self._variables if variables is None else variables)]
        with _environment(hash_key_options()), _terminable():
            result = dbtRunner(manifest=self._manifest, callbacks=[self._hear]).invoke(given)
        if isinstance(result.exception, _Signal):
            raise StoppedError(result.exception.number) from None
        if isinstance(result.exception, KeyboardInterrupt):
            raise StoppedError(signal.SIGINT) from None
        return result, time.monotonic() - started

    def _options(self, variables: Mapping[str, Any]) -> list[str]:
        target = self._target
        return [
            *("--project-dir", str(PROJECT)),
            *("--profiles-dir", str(target.profiles_dir)),
            *("--target", target.name),
            *("--target-path", str(target.artifacts)),
            *("--log-path", str(target.logs)),
            *("--log-level", "none", "--log-level-file", "debug"),
            *("--vars", yaml.safe_dump(dict(variables))),
            "--no-use-colors",
            "--no-send-anonymous-usage-stats",
        ]

    def _hear(self, event: Any) -> None:
        if event.info.name == "NodeFinished":
            self._finished.append(self._heard_result(event.data))
        if self._progress is None:
            return
        if event.info.name == "ConcurrencyLine":
            self._nodes = event.data.node_count
        elif event.info.name == "NodeStart":
            self._progress.started(event.data.node_info.unique_id, self._nodes)
        elif event.info.name == "NodeFinished":
            self._progress.finished(event.data.node_info.unique_id, str(event.data.run_result.status))

    def _heard_result(self, data: Any) -> NodeResult:
        told, unique_id = data.run_result, data.node_info.unique_id
        return NodeResult(
            unique_id,
            str(told.status),
            float(told.execution_time),
            told.num_failures,
            told.message.strip(),
            self.parse().nodes[unique_id].original_file_path if unique_id in self.parse().nodes else "",
        )


def _node_result(result: Any) -> NodeResult:
    node = result.node
    return NodeResult(
        node.unique_id,
        str(result.status),
        float(result.execution_time),
        result.failures,
        (result.message or "").strip(),
        node.original_file_path,
    )


def _freshness(result: Any) -> Freshness:
    table = f"{result.node.schema}.{result.node.identifier}"
    newest = getattr(result, "max_loaded_at", None)
    age = getattr(result, "age", None)
    return Freshness(
        table,
        str(result.status),
        newest,
        None if age is None else age / 3600,
        str(getattr(result, "message", None) or "").strip(),
    )


def _error(exception: BaseException | None) -> str:
    return "" if exception is None else str(exception).strip()


@contextmanager
def _environment(additions: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in additions}
    os.environ.update(additions)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class _Signal(KeyboardInterrupt):
    """SIGTERM, in the only form in which dbt cancels its queries."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


@contextmanager
def _terminable() -> Iterator[None]:
    def stop(number: int, _: FrameType | None) -> None:
        raise _Signal(number)

    before = signal.signal(signal.SIGTERM, stop)
    # Polars, once imported, has a wait go on after Ctrl-C; to set Python's own handler again ends that.
    signal.signal(signal.SIGINT, signal.getsignal(signal.SIGINT))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
