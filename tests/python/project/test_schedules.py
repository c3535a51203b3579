"""The schedule files say what their programs understand: GitHub, systemd, cron, make, dbt and prohandel itself."""

from __future__ import annotations

import importlib.resources
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from dbt.cli.main import cli as dbt_command
from jsonschema import Draft7Validator

from prohandel import cli
from prohandel.errors import EXIT_SOURCE_STALE, EXIT_TESTS_FAILED
from prohandel.pipeline.target import HASH_KEY_VARIABLE, PROJECT
from tests.python.project.schedules import (
    SERVERS,
    SERVICES,
    SYSTEMD,
    TIMERS,
    WORKFLOWS,
    Command,
    commands_of,
    crontab,
    settings,
    steps,
    unit,
    workflow,
)

SCHEDULES = ("forecast", "freshness", "hourly", "nightly")
PLAIN_PROGRAMS = {".", "cd", "cp", "flock", "gh", "logger", "psql", "set", "test"}
# A variable of such a name holds a secret, and is one of those that profiles.example.yml, a run or gh reads.
SECRET = re.compile(r"^(?:DBT_ENV_SECRET_\w+|PROHANDEL_HASH_KEY|PROHANDEL_ALERTS_\w+|GH_TOKEN)$")
FROM_SECRETS = re.compile(r"^\$\{\{ (?:secrets\.[A-Z_]+|github\.token) \}\}$")
READS_ENVIRONMENT = re.compile(r"env_var\('(\w+)'(, )?")
WHEN = re.compile(r"^\*-\*-\* (?:\*|[01]\d|2[0-3]):[0-5]\d(?:,[0-5]\d)*:00(?: [A-Z]\w+/\w+)?$")
HARDENED = {"NoNewPrivileges": ["yes"], "ProtectSystem": ["strict"], "ProtectHome": ["yes"], "PrivateTmp": ["yes"]}

by_name = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def schema(name: str) -> dict[str, Any]:
    """A schema that the package check-jsonschema brings along."""
    file = importlib.resources.files("check_jsonschema.builtin_schemas").joinpath(*name.split("/"))
    return dict(json.loads(file.read_text(encoding="utf-8")))


def violations(name: str, content: Mapping[str, Any]) -> list[str]:
    """Where a workflow does not fit a schema."""
    errors = Draft7Validator(schema(name)).iter_errors(content)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in errors]


def test_there_is_a_file_for_each_schedule() -> None:
    assert {path.stem for path in WORKFLOWS} == {*SCHEDULES, "pull_request"}
    timed = [path.stem for path in SERVICES if path not in SERVERS]
    assert timed == [path.stem for path in TIMERS] == [f"prohandel-{name}" for name in SCHEDULES]


def test_each_file_is_explained() -> None:
    page = (PROJECT / "deploy" / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in WORKFLOWS if path.name not in page] == []
    entries = [path for path in (PROJECT / "deploy").iterdir() if path.name != "README.md"]
    named = {f"deploy/{path.name}{'/' if path.is_dir() else ''}" for path in entries}
    assert {name for name in named if name not in page} == set()


@by_name
def test_a_workflow_fits_the_schema_of_github(path: Path) -> None:
    assert violations("vendor/github-workflows.json", workflow(path)) == []


@by_name
def test_every_job_has_a_timeout(path: Path) -> None:
    assert violations("custom/github-workflows-require-timeout.json", workflow(path)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"on": {"scheduled": [{"cron": "* * * * *"}]}},
        {"permissions": {"content": "read"}},
        {"jobs": {"run": {"runs-on": "ubuntu-24.04", "steps": [{"runs": "make"}]}}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_schema_finds_misspelt_keys(change: dict[str, Any]) -> None:
    content = workflow(PROJECT / ".github" / "workflows" / "hourly.yml")
    assert violations("vendor/github-workflows.json", content | change)


@by_name
def test_a_workflow_may_only_read(path: Path) -> None:
    content = workflow(path)
    assert content["permissions"] == {"contents": "read"}
    asked = [job.get("permissions", {}) for job in content["jobs"].values()]
    assert {level for permissions in asked for level in permissions.values()} <= {"read"}


def test_runs_wait_for_each_other() -> None:
    groups = {path.stem: workflow(path)["concurrency"] for path in WORKFLOWS}
    assert groups["hourly"] == groups["nightly"] == {"group": "prohandel-prod", "cancel-in-progress": False}
    assert groups["freshness"]["group"] != "prohandel-prod"
    # A later hourly run would take the place of a nightly one that waits.
    (hourly,) = workflow(PROJECT / ".github" / "workflows" / "hourly.yml")["jobs"].values()
    assert hourly["timeout-minutes"] < 60


@by_name
def test_actions_are_pinned(path: Path) -> None:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if "uses:" in line]
    pinned = re.compile(r"^\s*(?:- )?uses: actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
    assert [line for line in lines if not pinned.match(line)] == []


def test_an_action_is_pinned_to_one_release() -> None:
    found: dict[str, set[str]] = {}
    for path in WORKFLOWS:
        for action, release in re.findall(r"uses: (\S+)@(.+)", path.read_text(encoding="utf-8")):
            found.setdefault(action, set()).add(release)
    assert {action: releases for action, releases in found.items() if len(releases) > 1} == {}


def environments(content: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The variables that a workflow sets: for all jobs, for each job, for each step."""
    yield content.get("env", {})
    for job in content["jobs"].values():
        yield job.get("env", {})
    for _, step in steps(dict(content)):
        yield step.get("env", {})


@by_name
def test_secrets_reach_the_environment_and_nothing_else(path: Path) -> None:
    content = workflow(path)
    for environment in environments(content):
        for name, value in environment.items():
            is_secret = FROM_SECRETS.match(str(value)) is not None
            assert is_secret == (SECRET.match(name) is not None), f"{name}: {value}"
    text = path.read_text(encoding="utf-8")
    named = sum(str(value).count("secrets.") for environment in environments(content) for value in environment.values())
    assert text.count("secrets.") == named
    # An expression in a script would be put in before the shell sees it, whatever it holds.
    assert [step["run"] for _, step in steps(content) if "${{" in step.get("run", "")] == []


def read_variables(target: str) -> tuple[set[str], set[str]]:
    """The variables that a target of the example profile reads: those that have to be set, and all."""
    profile = yaml.safe_load((PROJECT / "profiles.example.yml").read_text(encoding="utf-8"))
    values = map(str, profile["prohandel_analytics"]["outputs"][target].values())
    found = [match for value in values for match in READS_ENVIRONMENT.findall(value)]
    return {name for name, default in found if not default}, {name for name, _ in found}


@by_name
def test_a_job_sets_what_its_commands_read(path: Path) -> None:
    content = workflow(path)
    looked_at = 0
    for name, step in steps(content):
        job = content["jobs"][name]
        given = content.get("env", {}) | job.get("env", {}) | step.get("env", {})
        for command in commands_of(step.get("run", "")):
            if command.program not in ("dbt", "prohandel") or "--target" not in command.arguments:
                continue
            needed, known = read_variables(command.arguments[command.arguments.index("--target") + 1])
            if command.arguments[0] in ("build", "run"):
                needed |= {HASH_KEY_VARIABLE}
            assert needed <= given.keys(), command
            unknown = {variable for variable in given if variable not in known | {HASH_KEY_VARIABLE}}
            assert {variable for variable in unknown if not variable.startswith("PROHANDEL_ALERTS_")} <= content.get(
                "env", {}
            ).keys()
            looked_at += 1
    assert looked_at


def test_systemd_and_cron_set_what_a_run_reads() -> None:
    needed, known = read_variables("prod")
    lines = settings()
    assert needed | {HASH_KEY_VARIABLE} <= lines.keys()
    assert {name for name in lines if not name.startswith("PROHANDEL_ALERTS_")} <= known | {HASH_KEY_VARIABLE}
    # systemd and the shell read a value in single quotes alike; an example holds no secret.
    assert {name: value for name, value in lines.items() if not re.match(r"^'[^']*'$", value)} == {}
    assert {value for name, value in lines.items() if SECRET.match(name)} == {"''"}


def scripts() -> Iterator[Any]:
    """Every script of every file, as a parameter with the name of its place."""
    for path in WORKFLOWS:
        for job, step in steps(workflow(path)):
            if "run" in step:
                yield pytest.param(step["run"], id=f"{path.stem}-{job}-{commands_of(step['run'])[0].program}")
    for path in SERVICES:
        yield pytest.param(unit(path)["Service"]["ExecStart"][0], id=path.name)
    for entry in crontab()[1]:
        yield pytest.param(entry.script, id=f"cron-{entry.script.split()[-1]}")


def make_targets() -> set[str]:
    """The targets of the Makefile that have a name of their own."""
    return set(re.findall(r"^([a-z][a-z-]*):(?!=)", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def problem(command: Command) -> str:
    """What is wrong with a command, or an empty string."""
    if command.program == "make":
        asked = {word for word in command.arguments if "=" not in word}
        unknown = sorted(asked - make_targets())
        return f"no target {', '.join(unknown)}" if unknown else ""
    if command.program == "prohandel":
        return _problem_of_options(typer.main.get_command(cli.app), command.arguments)
    if command.program == "dbt":
        return _problem_of_options(dbt_command, command.arguments)
    return "" if command.program in PLAIN_PROGRAMS else "unknown program"


def _problem_of_options(parser: Any, words: Sequence[str]) -> str:
    """What a command line that is written with click would not understand."""
    position = 0
    while hasattr(parser, "commands") and position < len(words) and not words[position].startswith("-"):
        if words[position] not in parser.commands:
            return f"no command {words[position]}"
        parser = parser.commands[words[position]]
        position += 1
    options = {name: option for option in parser.params for name in (*option.opts, *option.secondary_opts)}
    takes_words = any(option.param_type_name == "argument" for option in parser.params)
    while position < len(words):
        word, _, value = words[position].partition("=")
        position += 1
        if not word.startswith("-"):
            if not takes_words:
                return f"no place for {word}"
            continue
        if word not in options:
            return f"no option {word}"
        option = options[word]
        if option.is_flag or value:
            continue
        if position == len(words) or words[position].startswith("-"):
            return f"{word} without a value"
        position += 1
        # dbt's own options take all words up to the next option.
        while type(option).__name__ == "MultiOption" and position < len(words) and not words[position].startswith("-"):
            position += 1
    return ""


@pytest.mark.parametrize("script", scripts())
def test_every_command_exists(script: str) -> None:
    found = commands_of(script)
    assert found
    assert {str(command): problem(command) for command in found if problem(command)} == {}


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("make instal", "no target instal"),
        (".venv/bin/prohandel runs", "no command runs"),
        (".venv/bin/prohandel run --nightli", "no option --nightli"),
        (".venv/bin/prohandel run --target", "--target without a value"),
        (".venv/bin/prohandel run prod", "no place for prod"),
        (".venv/bin/dbt build --select a b --defr", "no option --defr"),
        (".venv/bin/dbt source freshnes", "no command freshnes"),
        ("cd x && curl y", "unknown program"),
        ("x=$(jq .y z)", "unknown program"),
        ("flock -w 5 . .venv/bin/prohandel doctr", "no command doctr"),
    ],
)
def test_the_check_finds_what_does_not_exist(script: str, said: str) -> None:
    assert said in [problem(command) for command in commands_of(script)]


def test_files_of_hidden_folders_are_uploaded() -> None:
    for path in WORKFLOWS:
        for _, step in steps(workflow(path)):
            if "upload-artifact" in step.get("uses", ""):
                is_hidden = any("/." in f"/{name}" for name in step["with"]["path"].split())
                assert bool(step["with"].get("include-hidden-files")) == is_hidden, path


def test_pull_requests_look_for_what_the_hourly_run_uploads() -> None:
    uploaded = [
        step["with"]
        for _, step in steps(workflow(PROJECT / ".github" / "workflows" / "hourly.yml"))
        if "upload-artifact" in step.get("uses", "")
    ]
    scripts = [
        step.get("run", "") for _, step in steps(workflow(PROJECT / ".github" / "workflows" / "pull_request.yml"))
    ]
    words = {word for script in scripts for command in commands_of(script) for word in command.arguments}
    assert [upload["name"] in words for upload in uploaded] == [True]
    assert {Path(name).name for name in uploaded[0]["path"].split()} >= {"manifest.json"}
    assert "hourly.yml" in words


def _fits(field: str, lowest: int, highest: int) -> bool:
    """Is this a field of a cron expression: *, or numbers and ranges with an optional step?"""
    for part in field.split(","):
        match = re.match(r"^(?:\*|(\d+)(?:-(\d+))?)(?:/(\d+))?$", part)
        if not match or not all(lowest <= int(number) <= highest for number in match.groups()[:2] if number):
            return False
    return True


def is_cron(times: Iterable[str]) -> bool:
    """Are these the five fields of a cron expression?"""
    fields, limits = list(times), [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)]
    return len(fields) == 5 and all(_fits(field, *limit) for field, limit in zip(fields, limits, strict=True))


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_schedules_of_github_are_cron_expressions(name: str) -> None:
    events = workflow(PROJECT / ".github" / "workflows" / f"{name}.yml")["on"]
    assert [is_cron(event["cron"].split()) for event in events["schedule"]] == [True]
    # To start it by hand.
    assert "workflow_dispatch" in events


def test_the_lines_of_the_crontab() -> None:
    variables, entries = crontab()
    assert [entry for entry in entries if not is_cron(entry.times)] == []
    # cron takes a percent sign for the end of a line.
    assert [entry for entry in entries if "%" in entry.script] == []
    (folder,) = {folder for path in SERVICES for folder in unit(path)["Service"]["WorkingDirectory"]}
    (file,) = {file for path in SERVICES for file in unit(path)["Service"]["EnvironmentFile"]}
    assert (variables["PROJECT"], variables["SETTINGS"]) == (folder, file)


@pytest.mark.parametrize("expression", ["* * * *", "60 * * * *", "5; * * * *", "* 24 * * *", "x * * * *"])
def test_what_is_no_cron_expression(expression: str) -> None:
    assert not is_cron(expression.split())


def jobs_of(script: str) -> list[str]:
    """What a script runs of dbt and prohandel."""
    return [str(command) for command in commands_of(script) if command.program in ("dbt", "prohandel")]


def test_systemd_and_cron_run_the_same() -> None:
    by_systemd = [jobs_of(unit(path)["Service"]["ExecStart"][0]) for path in SERVICES if path not in SERVERS]
    assert sorted(by_systemd) == sorted(jobs_of(entry.script) for entry in crontab()[1])


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_service(path: Path) -> None:
    service = unit(path)["Service"]
    assert HARDENED.items() <= service.items()
    assert service["Type"] == (["exec"] if path in SERVERS else ["oneshot"])
    assert service["User"] == ["prohandel"]
    assert service["ReadWritePaths"] == service["WorkingDirectory"]
    assert service["ExecStart"][0].startswith(f"{service['WorkingDirectory'][0]}/.venv/bin/")
    assert len(service["ExecStart"]) == 1
    assert "OnFailure" not in unit(path)["Unit"]


@pytest.mark.parametrize("path", SERVERS, ids=lambda path: path.name)
def test_what_always_runs(path: Path) -> None:
    content = unit(path)
    assert content["Service"]["Restart"] == ["always"]
    assert content["Install"] == {"WantedBy": ["multi-user.target"]}
    # Where a start fails at once, a minute lies between two of them, so that systemd never gives up.
    assert content["Service"]["RestartSec"] == ["1min"]


@pytest.mark.parametrize("path", TIMERS, ids=lambda path: path.name)
def test_a_timer(path: Path) -> None:
    content = unit(path)
    assert content["Timer"]["Persistent"] == ["true"]
    assert content["Install"] == {"WantedBy": ["timers.target"]}
    (when,) = content["Timer"]["OnCalendar"]
    assert WHEN.match(when)
    if analyze := shutil.which("systemd-analyze"):
        done = subprocess.run([analyze, "calendar", when], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_systemd_understands_its_units(tmp_path: Path) -> None:
    """Of a copy whose programs are there: systemd looks for them as well."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not there")
    programs = tmp_path / "project" / ".venv" / "bin"
    programs.mkdir(parents=True)
    for path in (*SERVICES, *TIMERS):
        text = path.read_text(encoding="utf-8")
        for folder in unit(path).get("Service", {}).get("WorkingDirectory", []):
            text = text.replace(folder, str(tmp_path / "project"))
        (tmp_path / path.name).write_text(text)
        for start in unit(path).get("Service", {}).get("ExecStart", []):
            program = programs / Path(shlex.split(start)[0]).name
            program.touch()
            program.chmod(0o755)
    units = [str(tmp_path / path.name) for path in (*SERVICES, *TIMERS)]
    done = subprocess.run([analyze, "verify", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["hourly", "nightly"])
def test_a_run_that_could_not_start_is_started_again(name: str) -> None:
    content = unit(SYSTEMD / f"prohandel-{name}.service")
    service = content["Service"]
    assert service["Restart"] == ["on-failure"]
    # A failed test or a stale source comes out the same five minutes later.
    assert service["RestartPreventExitStatus"] == [f"{EXIT_TESTS_FAILED} {EXIT_SOURCE_STALE}"]
    # The timer of the next hour must not run into the limit of starts.
    assert content["Unit"]["StartLimitIntervalSec"] == ["50min"]
    assert content["Unit"]["StartLimitBurst"] == ["3"]
    assert service["TimeoutStartSec"]


def test_a_nightly_run_waits_for_an_hourly_one() -> None:
    assert "prohandel-hourly.service" in unit(SYSTEMD / "prohandel-nightly.service")["Unit"]["After"][0].split()
    assert unit(SYSTEMD / "prohandel-hourly.service")["Service"]["SuccessExitStatus"] == ["4"]
