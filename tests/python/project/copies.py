"""Copies of the project, as git would check it out."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from prohandel.pipeline.target import PROJECT

_NOT_COPIED = (
    ".git",
    ".venv*",
    ".prohandel*",
    ".*_cache",
    ".hypothesis",
    "target",
    "logs",
    "profiles.yml",
    "__pycache__",
)


def copy_project(folder: Path, variables: Mapping[str, Any]) -> None:
    """Copies the project as git would check it out, with its environment and packages installed."""
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns(*_NOT_COPIED))
    content = yaml.safe_load((folder / "dbt_project.yml").read_text(encoding="utf-8"))
    content["vars"].update(variables)
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    # The environment of this test, in the form in which make finds nothing to install.
    (folder / ".venv").mkdir()
    for path in Path(sys.prefix).iterdir():
        if not path.name.startswith(".installed"):
            (folder / ".venv" / path.name).symlink_to(path)
    for name in (".installed", ".installed-dev"):
        (folder / ".venv" / name).touch()
