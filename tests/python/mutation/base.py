"""Lands and builds, without an error, what every deliberate error is planted into. Run by runner.py alone."""

from __future__ import annotations

from pathlib import Path

from tests.python.conftest import Server
from tests.python.scenarios.conftest import continue_syncs
from tests.python.scenarios.harness import Warehouse


def test_base(server: Server, tmp_path: Path) -> None:
    base = Warehouse(server.socket_dir, "mutation_base", tmp_path)
    continue_syncs(base, tmp_path, dirt=0.01)
    base.build()
