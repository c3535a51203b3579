"""Who has to have the key that customers are hashed with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from prohandel.api import commands as api_commands
from prohandel.cli import app
from prohandel.errors import ProhandelError
from prohandel.pipeline.target import HASH_KEY_VARIABLE, PROJECT, find_target


@pytest.fixture
def production(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example profile with what it reads from the environment, but for the key."""
    (tmp_path / "profiles.yml").write_text((PROJECT / "profiles.example.yml").read_text(encoding="utf-8"))
    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
    monkeypatch.setenv("PROHANDEL_HOME", str(tmp_path / "home"))
    for name in ("HOST", "NAME", "USER"):
        monkeypatch.setenv(f"PROHANDEL_DB_{name}", "there")
    monkeypatch.setenv("DBT_ENV_SECRET_PROHANDEL_PASSWORD", "made-up")
    monkeypatch.delenv(HASH_KEY_VARIABLE, raising=False)


@pytest.mark.usefixtures("production")
def test_what_builds_marts_asks_for_the_key() -> None:
    with pytest.raises(ProhandelError, match=HASH_KEY_VARIABLE):
        find_target("prod")
    assert find_target("prod", needs_hash_key=False).connection["host"] == "there"


@pytest.mark.usefixtures("production")
def test_the_api_serves_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Any] = []
    monkeypatch.setattr(api_commands, "serve", lambda where, *_: served.append(where.name))
    CliRunner().invoke(app, ["api", "--target", "prod"], catch_exceptions=False)
    assert served == ["prod"]


@pytest.mark.usefixtures("production")
def test_the_pages_open_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[list[str]] = []
    monkeypatch.setattr(os, "execve", lambda _, command, __: begun.append(command))
    CliRunner().invoke(app, ["dashboard", "--target", "prod"], catch_exceptions=False)
    assert [command[2] for command in begun] == ["prohandel.dashboard.server"]
