"""Runs `prohandel run` for the events that wait: one run at a time, and one for all that came meanwhile.

A sync that failed has brought nothing to build: it is told at once, by `prohandel alerts`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from threading import Event as Signal
from threading import Lock, Thread

import psycopg

from prohandel.connector.events import Events
from prohandel.errors import EXIT_ANOTHER_RUN, ProhandelError

OpenEvents = Callable[[], AbstractContextManager[Events]]
"""Opens a connection of its own to the table of events."""


@dataclass
class RunQueue:
    """Works off waiting events in a thread of its own.

    The queue is the table: what waits there when the process ends is run when it starts again. A run that another
    program has in progress (exit code 4) is waited for and then followed by one of ours, because it may have begun
    before the sync ended.

    Attributes:
        open_events: the table of events.
        command: of a run.
        alerts: the command that tells of a sync that failed.
        say: is told what happens.
        environment: of a run; ours where it is None.
        patience: seconds before another try, where another run is active or the database does not answer.
        tries: of one run while another one is active.
    """

    open_events: OpenEvents
    command: Sequence[str]
    alerts: Sequence[str]
    say: Callable[[str], None]
    environment: Mapping[str, str] | None = None
    patience: float = 60.0
    tries: int = 120
    _wake: Signal = field(default_factory=Signal)
    _tell: Signal = field(default_factory=Signal)
    _stop: Signal = field(default_factory=Signal)
    _lock: Lock = field(default_factory=Lock)
    _process: subprocess.Popen[bytes] | None = None
    _thread: Thread | None = None

    def start(self) -> None:
        """Starts the thread; what still waits from an earlier process is run first."""
        self._wake.set()
        self._thread = Thread(target=self._work, name="runs", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Something waits."""
        self._wake.set()

    def tell(self) -> None:
        """A sync has failed."""
        self._tell.set()
        self._wake.set()

    def stop(self) -> None:
        """Ends the thread; a run in progress is told to stop, and its events wait for the next start."""
        self._stop.set()
        self._wake.set()
        with self._lock:
            if self._process is not None:
                self._process.terminate()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._stop.is_set():
                return
            try:
                if self._tell.is_set():
                    self._tell.clear()
                    self.say(f"prohandel alerts ended with exit code {self._call(self.alerts)}")
                while not self._stop.is_set() and self._run_once():
                    pass
            except (psycopg.Error, ProhandelError) as error:
                self.say(f"The database does not answer, trying again: {str(error).strip().splitlines()[0]}")
                self._stop.wait(self.patience)
                self._wake.set()

    def _run_once(self) -> bool:
        """Runs once if something waits; says whether to look again."""
        with self.open_events() as events:
            waiting = events.waiting()
            if not waiting:
                return False
            began = events.begin_run()
        self.say(f"prohandel run begins, for {waiting} {'sync' if waiting == 1 else 'syncs'}")
        exit_code = self._run()
        if self._stop.is_set():
            return False
        with self.open_events() as events:
            events.end_run(began, exit_code)
        self.say(f"prohandel run ended with exit code {exit_code}")
        return True

    def _run(self) -> int:
        for _ in range(self.tries):
            exit_code = self._call(self.command)
            if exit_code != EXIT_ANOTHER_RUN or self._stop.is_set():
                return exit_code
            self.say(f"Another run is active; trying again in {self.patience:.0f} s")
            self._stop.wait(self.patience)
        return EXIT_ANOTHER_RUN

    def _call(self, command: Sequence[str]) -> int:
        with self._lock:
            if self._stop.is_set():
                return EXIT_ANOTHER_RUN
            self._process = subprocess.Popen(list(command), stdin=subprocess.DEVNULL, env=self.environment)
        exit_code = self._process.wait()
        with self._lock:
            self._process = None
        return exit_code


def command_of(*name: str, target: str | None, profiles_dir: str | None) -> list[str]:
    """A command of ours, by the interpreter that runs us.

    Args:
        name: what follows `prohandel`, e.g. "run", "--gate".
        target: of the dbt profile; None for the embedded warehouse.
        profiles_dir: folder of profiles.yml; None for the usual one.
    """
    command = [sys.executable, "-m", "prohandel", *name]
    command += ["--target", target] if target else []
    command += ["--profiles-dir", profiles_dir] if profiles_dir else []
    return command
