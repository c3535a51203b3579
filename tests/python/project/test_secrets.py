"""No file of the repository holds what must not be in one."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from prohandel.pipeline.target import PROJECT

SECRETS = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    r"\bAKIA[0-9A-Z]{16}\b",
    r"\bgh[pousr]_[A-Za-z0-9]{30,}\b",
    r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    r"(?i)\b(?:api[_-]?key|secret|passwd|password|token)['\"]?\s*[:=]\s*['\"](?![{<$])[A-Za-z0-9+/_-]{16,}['\"]",
    r"://[^/\s:@'\"{}$]+:[^/\s:@'\"{}$]+@",
    r"arn:aws:[a-z]+:[a-z0-9-]+:(?!123456789012|000000000000|111122223333)\d{12}:",
)
UNFINISHED = r"\b(?:TODO|FIXME|XXX|NotImplementedError)\b"


def files() -> Iterator[Path]:
    """The files that git knows; all but hidden ones where this is no checkout."""
    git = shutil.which("git")
    if git and (PROJECT / ".git").exists():
        listed = subprocess.run([git, "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=True)
        yield from (PROJECT / name for name in listed.stdout.split("\0") if name and (PROJECT / name).is_file())
    else:
        yield from (path for path in PROJECT.rglob("*") if path.is_file() and not path.parts[-2].startswith("."))


def found(pattern: str) -> list[str]:
    matches = []
    for path in files():
        if path.name == Path(__file__).name or path.suffix == ".parquet":
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        matches += [f"{path.relative_to(PROJECT)}: {match.group()[:40]}" for match in re.finditer(pattern, text)]
    return matches


@pytest.mark.parametrize("pattern", SECRETS)
def test_no_secret(pattern: str) -> None:
    assert found(pattern) == []


def test_nothing_is_unfinished() -> None:
    assert found(UNFINISHED) == []


def test_no_path_of_one_machine() -> None:
    assert found(r"(?<![\w.])/(?:work|root|home/\w+)/\w+") == []
