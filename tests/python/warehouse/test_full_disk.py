"""A disk that fills up under the embedded server. Needs the right to mount a small disk of its own, else skipped."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from prohandel import cli, warehouse
from prohandel.errors import ProhandelError

MEGABYTE = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """120 MB, about twice what an empty server takes."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=120m", "tmpfs", tmp_path],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    yield tmp_path
    warehouse.stop(tmp_path / "home")
    subprocess.run(["umount", "--lazy", tmp_path], check=True)  # noqa: S607


def fill(disk: Path, *, but: int = 0) -> None:
    """Leaves so many bytes free."""
    with (disk / "fill").open("wb") as file:
        try:
            while shutil.disk_usage(disk).free > but + MEGABYTE:
                file.write(bytes(MEGABYTE))
                file.flush()
            file.write(bytes(max(0, shutil.disk_usage(disk).free - but)))
            file.flush()
        except OSError:
            pass


def test_a_full_disk_is_named_and_what_was_there_stays(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = small_disk / "home"
    monkeypatch.setenv("PROHANDEL_HOME", str(home))
    with warehouse.connect(home, autocommit=True) as conn:
        conn.execute("create table mart as select 42 as figure")
        conn.execute("checkpoint")
    fill(small_disk, but=2 * MEGABYTE)
    assert warehouse.free_megabytes(home) < 4
    with pytest.raises(psycopg.Error) as caught, warehouse.connect(home, autocommit=True) as conn:
        conn.execute("create table big as select repeat(md5(n::text), 60) as text from generate_series(1, 20000) as n")
    explained = warehouse.explain(caught.value)
    assert "disk" in explained.message or "prohandel db start" in explained.remedy

    # A server that went down for want of space says so when it is asked to start.
    warehouse.stop(home)
    fill(small_disk)
    with pytest.raises((ProhandelError, OSError)) as refused:
        warehouse.start(home)
    told = refused.value if isinstance(refused.value, ProhandelError) else cli._unforeseen(refused.value)
    assert "disk is full" in told.message
    assert "PROHANDEL_HOME" in told.remedy

    (small_disk / "fill").unlink()
    with warehouse.connect(home, autocommit=True) as conn:
        assert conn.execute("select figure from mart").fetchone() == (42,)
        assert conn.execute("select to_regclass('big')").fetchone() == (None,)
