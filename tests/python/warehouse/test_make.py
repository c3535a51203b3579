"""What `make` says on a machine that it cannot work on."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
OLD_PYTHON = """#!/bin/sh
case "$2" in
    *print*) echo 3.9 ;;
    *) exit 1 ;;
esac
"""


@pytest.mark.parametrize("asked", ["", "python3"], ids=["any", "asked for"])
def test_a_python_that_is_too_old_is_named_with_its_remedy(tmp_path: Path, asked: str) -> None:
    (tmp_path / "python3").write_text(OLD_PYTHON)
    (tmp_path / "python3").chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", ROOT / ".ci" / "venv", tmp_path / "venv", asked],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "needs Python 3.11 or newer with its venv module; python3 is: 3.9." in done.stderr
    assert "make PYTHON=/path/to/python3.12" in done.stderr
    assert not (tmp_path / "venv").exists()
