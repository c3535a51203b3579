"""A run that is killed at any moment leaves marts that the next run completes."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from prohandel import warehouse as embedded
from tests.python.scenarios.harness import PROJECT, Warehouse, differences
from tests.python.scenarios.landed import change_rows, copy_row

# Each kill costs two runs and a full build; `make test-full` sets 10.
KILLS = int(os.environ.get("PROHANDEL_TEST_KILLS", "1"))
# With dirt among them, quantities land as text.
SOLD = "quantity::text ~ '^[1-9]'"


def prohandel(home: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "prohandel", *arguments],
        cwd=PROJECT,
        env={**os.environ, "PROHANDEL_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def finished(process: subprocess.Popen[bytes]) -> str:
    output, _ = process.communicate(timeout=600)
    assert process.returncode in (0, 1), output.decode()
    return output.decode()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_killed_run_is_healed_by_the_next(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("killed")
    finished(prohandel(home, "land", "simulate", "--scale", "small", "--seed", "7"))
    finished(prohandel(home, "run"))
    warehouse = Warehouse(embedded.parameters(home)["host"], embedded.DATABASE, home / "scenario")
    warehouse.variables = json.loads((home / "state.json").read_text())["vars"]
    warehouse.session = {"prohandel.hash_key": embedded.DEMO_HASH_KEY}

    chance = random.Random(20260228)  # noqa: S311
    try:
        for number in range(KILLS):
            change_rows(warehouse, "sale", f"branch_number = '0901' and {SOLD}", limit=5, quantity=3 + number)
            copy_row(warehouse, "sale", SOLD, id=f"killed-{number}")
            started = time.monotonic()
            process = prohandel(home, "run")
            time.sleep(chance.uniform(3, 25))
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            print(f"killed after {time.monotonic() - started:.1f} s")
            finished(prohandel(home, "run"))

            whole = warehouse.clone("killed_full_refresh")
            whole.build(full_refresh=True)
            assert differences(warehouse, whole) == []
    finally:
        embedded.stop(home)
