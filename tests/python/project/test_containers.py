"""The compose file and what it builds: valid, confined, on loopback, and running commands that there are."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from prohandel.api.commands import PORT
from prohandel.api.gate import OPEN_PATHS
from prohandel.errors import EXIT_GOOD
from prohandel.pipeline.metrics_file import VARIABLE
from prohandel.pipeline.target import PROJECT
from tests.python.project.schedules import Command
from tests.python.project.test_schedules import problem, schema

COMPOSE = PROJECT / "deploy" / "compose.yml"
FOLDER = PROJECT / "deploy" / "compose"


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    return dict(yaml.safe_load(COMPOSE.read_text(encoding="utf-8")))


def violations(content: dict[str, Any]) -> list[str]:
    errors = Draft202012Validator(schema("vendor/compose-spec.json")).iter_errors(content)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in errors]


def test_it_fits_the_compose_specification(content: dict[str, Any]) -> None:
    assert violations(content) == []
    assert violations({**content, "services": {"schedule": {"restarts": "always"}}})


def test_ports_are_those_of_this_machine_alone(content: dict[str, Any]) -> None:
    ports = [port for service in content["services"].values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not str(port).startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("name", ["schedule", "webhook", "api"])
def test_each_service_is_confined_and_watched(content: dict[str, Any], name: str) -> None:
    service = content["services"][name]
    assert service["user"] == "prohandel"
    assert service["restart"] == "unless-stopped"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"test", "interval", "timeout", "retries"} <= service["healthcheck"].keys()
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}
    assert "privileged" not in service


def test_values_of_secrets_come_from_the_settings_file_alone(content: dict[str, Any]) -> None:
    for service in content["services"].values():
        assert service["env_file"] == ["/etc/prohandel/prohandel.env"]
        assert service["environment"].keys() <= {"PROHANDEL_HOME", VARIABLE}


def test_the_health_of_the_schedule_is_the_file_that_runs_write(content: dict[str, Any]) -> None:
    service = content["services"]["schedule"]
    assert service["environment"][VARIABLE] in service["healthcheck"]["test"][1]
    places = [volume.split(":")[1] for volume in service["volumes"]]
    assert str(Path(service["environment"][VARIABLE]).parent) in places


def test_the_api_is_asked_at_the_port_that_it_listens_on(content: dict[str, Any]) -> None:
    service = content["services"]["api"]
    assert service["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]
    address = re.search(r"urlopen\('http://127\.0\.0\.1:(\d+)(/[^']+)'", service["healthcheck"]["test"][-1])
    assert address
    assert (int(address[1]), address[2]) == (PORT, "/v1/health")
    assert address[2] in OPEN_PATHS, "a health check has no key"


def test_what_it_mounts_is_ignored_by_git_or_made_by_hand(content: dict[str, Any]) -> None:
    ignored = (FOLDER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    for service in content["services"].values():
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            if source.startswith("../"):
                assert source.removeprefix("../") in ignored, "what a machine has of its own is in no image"


def test_its_commands_exist(content: dict[str, Any]) -> None:
    for name in ("webhook", "api"):
        _, *words = content["services"][name]["command"]
        assert problem(Command("prohandel", tuple(words))) == ""
    (script,) = content["services"]["schedule"]["command"]
    text = (PROJECT / script).read_text(encoding="utf-8")
    assert os.access(PROJECT / script, os.X_OK)
    commands = re.findall(r"\.venv/bin/(prohandel run .*?)(?: \"\$@\")?$", text, flags=re.MULTILINE)
    further = [shlex.split(words) for words in re.findall(r"^\s+run (--\S+)$", text, flags=re.MULTILINE)]
    assert [problem(Command("prohandel", tuple(shlex.split(command)[1:]))) for command in commands] == [""]
    assert further == [["--nightly"]]


def test_the_image() -> None:
    lines = (FOLDER / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert "USER prohandel" in lines
    assert any("--require-hashes" in line for line in lines)
    assert [line for line in lines if line.startswith("ADD") or "curl" in line] == []
    for line in lines:
        if line.startswith("COPY") and line != "COPY . ./":
            assert all((PROJECT / name).exists() for name in line.split()[1:-1])


def test_the_schedule_begins_at_once_and_hands_on_a_stop(tmp_path: Path) -> None:
    """Of a copy whose prohandel notes what it is asked for and then waits for its end."""
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    program = tmp_path / ".venv" / "bin" / "prohandel"
    program.write_text(
        "#!/bin/sh\ntrap 'echo stopped >>log; exit 0' TERM\necho \"$@\" >>log\n"
        "i=0; while [ $i -lt 600 ]; do sleep 0.1; i=$((i + 1)); done\n"
    )
    program.chmod(0o755)
    sh = shutil.which("sh")
    assert sh
    started = subprocess.Popen([sh, FOLDER / "schedule.sh"], cwd=tmp_path)
    log = tmp_path / "log"
    deadline = time.monotonic() + 60
    while not log.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    started.send_signal(signal.SIGTERM)
    assert started.wait(timeout=60) == EXIT_GOOD
    assert log.read_text().splitlines() == ["run --target prod", "stopped"]
