"""Which dbt packages the project builds with: those installed, the hub's, or its own minimal ones.

dbt compares nothing but the number of folders in `dbt_packages/` with the number of entries in `packages.yml`, and
fails late when one is wrong. Names and versions are therefore checked here, before dbt starts.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import requests
import yaml
from dbt_common.semver import VersionSpecifier

from prohandel.errors import ProhandelError

Source = Literal["hub", "minimal", "folder"]

HUB_URL_VARIABLE = "DBT_PACKAGE_HUB_URL"
PUBLIC_HUB = "https://hub.getdbt.com/"
PROBE_SECONDS = 3.0
DEPS_SECONDS = 120.0

_INSTALLED = "dbt_packages"
_ASIDE = ".dbt_packages"
_RECORD = ".installed.json"
_MINIMAL = Path("packages", "minimal")


@dataclass(frozen=True)
class Wanted:
    """One entry of packages.yml: the name on the hub, and the range that its version has to lie in."""

    hub_name: str
    versions: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of the package as dbt knows it, which is that of its folder."""
        return self.hub_name.rpartition("/")[2]

    def admits(self, version: str) -> bool:
        """Does this version lie within the range?"""
        found = VersionSpecifier.from_version_string(version)
        for text in self.versions:
            bound = VersionSpecifier.from_version_string(text)
            order = found.compare(VersionSpecifier.from_version_string(bound.to_version_string(skip_matcher=True)))
            fits = {"=": order == 0, ">=": order >= 0, ">": order > 0, "<=": order <= 0, "<": order < 0}
            if not fits[str(bound.matcher.value)]:
                return False
        return True


@dataclass(frozen=True)
class Installation:
    """What lies in `dbt_packages/`.

    Attributes:
        source: where it came from; None where dbt itself put it there.
        packages: version by name; None where a package from a folder does not state one.
        is_new: installed just now, not found.
        note: why this source was taken, for the reader of a log.
    """

    source: Source | None
    packages: dict[str, str | None]
    is_new: bool
    note: str

    def describe(self) -> str:
        """One line for people."""
        names = ", ".join(f"{name} {version or '(no version)'}" for name, version in sorted(self.packages.items()))
        return f"{names} ({self.note})" if self.source != "minimal" else f"the project's own macros ({self.note})"


def resolve(project: Path, *, source: str | None = None, say: Callable[[str], None] = lambda _: None) -> Installation:
    """Sees to it that `dbt_packages/` fits `packages.yml`.

    Args:
        project: the folder of dbt_project.yml.
        source: None for the usual order (installed, hub, minimal); "hub", "minimal" or a folder with package
            folders installs from there whatever is installed.
        say: takes a line for the user whenever something takes time or is replaced.

    Raises:
        ProhandelError: the named source does not have what packages.yml wants.
    """
    wanted = _wanted(project)
    with _only_one(project):
        if source is None:
            found, unfit = _installed(project, wanted)
            if found is not None:
                return found
            if unfit:
                say(f"dbt_packages/ does not fit packages.yml: {unfit}. It is replaced.")
            return _from_hub_or_minimal(project, wanted, say)
        if source == "hub":
            problem = _hub_problem(wanted)
            if problem:
                raise ProhandelError(
                    f"The package hub does not answer: {problem}",
                    f"Check the network, or name a mirror in {HUB_URL_VARIABLE}; "
                    "`prohandel packages --source minimal` works without.",
                )
            return _install(project, wanted, "hub", lambda new: _deps(project, new, say), "dbt deps")
        if source == "minimal":
            return _install_minimal(project, wanted, "as asked")
        folder = Path(source).expanduser()
        if not folder.is_dir():
            raise ProhandelError(
                f"'{source}' is no source of dbt packages.",
                "Use hub, minimal, or a folder that holds one folder per package.",
            )
        return _install(project, wanted, "folder", lambda new: _copy(folder, wanted, new), f"from {folder}")


def _wanted(project: Path) -> list[Wanted]:
    entries = yaml.safe_load((project / "packages.yml").read_text(encoding="utf-8"))["packages"]
    return [Wanted(entry["package"], _as_range(entry["version"])) for entry in entries]


def _as_range(version: str | list[str]) -> tuple[str, ...]:
    return (version,) if isinstance(version, str) else tuple(version)


@contextmanager
def _only_one(project: Path) -> Iterator[None]:
    aside = project / _ASIDE
    aside.mkdir(exist_ok=True)
    with (aside / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left_over in aside.glob("new-*"):
            shutil.rmtree(left_over, ignore_errors=True)
        yield


def _installed(project: Path, wanted: list[Wanted]) -> tuple[Installation | None, str]:
    """What is installed, or None and what is wrong with it (empty where nothing is installed)."""
    folder = project / _INSTALLED
    if not folder.is_dir() or not any(folder.iterdir()):
        return None, ""
    if problem := _wrong_folders(folder, wanted):
        return None, problem
    record = _record(folder)
    names = _folders(folder)
    source: Source | None = record["source"] if record else None
    if source == "minimal" and record["fingerprint"] != _fingerprint(project / _MINIMAL):
        return None, "the project's own macros have changed"
    versions: dict[str, str | None] = record["packages"] if record else _locked(project)
    foreign = sorted(names - versions.keys())
    if foreign:
        return None, f"it is not known which version of {', '.join(foreign)} lies there"
    if source in (None, "hub") and (problem := _wrong_versions(versions, wanted)):
        return None, problem
    return Installation(source, {name: versions[name] for name in names}, False, "already installed"), ""


def _folders(folder: Path) -> set[str]:
    """The folders that dbt takes for packages."""
    return {path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("__")}


def _wrong_folders(folder: Path, wanted: list[Wanted]) -> str:
    names = _folders(folder)
    for name in sorted(names):
        if _project_name(folder / name) != name:
            return f"the folder {name} is not the package {name}"
    missing = sorted({package.name for package in wanted} - names)
    return f"{', '.join(missing)} missing" if missing else ""


def _wrong_versions(versions: Mapping[str, str | None], wanted: list[Wanted]) -> str:
    for package in wanted:
        version = versions.get(package.name)
        if version is None or not package.admits(version):
            return f"{package.name} {version} is outside of {', '.join(package.versions)}"
    return ""


def _record(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / _RECORD).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}


def _locked(project: Path) -> dict[str, str | None]:
    """Versions by package name of the lock file that `dbt deps` writes: packages' own files do not keep theirs."""
    lock = project / "package-lock.yml"
    if not lock.is_file():
        return {}
    entries = yaml.safe_load(lock.read_text(encoding="utf-8"))["packages"]
    return {entry["name"]: entry.get("version") for entry in entries if "name" in entry}


def _project_name(folder: Path) -> str | None:
    try:
        return str(yaml.safe_load((folder / "dbt_project.yml").read_text(encoding="utf-8"))["name"])
    except (FileNotFoundError, KeyError, TypeError, yaml.YAMLError):
        return None


def _from_hub_or_minimal(project: Path, wanted: list[Wanted], say: Callable[[str], None]) -> Installation:
    problem = _hub_problem(wanted)
    if not problem:
        try:
            return _install(project, wanted, "hub", lambda new: _deps(project, new, say), "dbt deps")
        except ProhandelError as error:
            problem = error.message
    return _install_minimal(project, wanted, problem)


def hub_url() -> str:
    """The hub that `dbt deps` asks, with the closing slash that dbt needs."""
    return (os.environ.get(HUB_URL_VARIABLE) or PUBLIC_HUB).rstrip("/") + "/"


def _hub_problem(wanted: list[Wanted]) -> str:
    """Why `dbt deps` would fail, or an empty string. Without a network, dbt itself takes 14 s to find out."""
    url = f"{hub_url()}api/v1/{wanted[0].hub_name}.json"
    try:
        response = requests.get(url, timeout=PROBE_SECONDS)
    except requests.RequestException as error:
        return f"{hub_url()} cannot be reached ({type(error).__name__})"
    return "" if response.ok else f"{url} answers {response.status_code}"


def _deps(project: Path, new: Path, say: Callable[[str], None]) -> dict[str, str | None]:
    """Runs `dbt deps` in an empty project aside, so that a failure leaves what is installed as it is."""
    say(f"Fetching dbt packages from {hub_url()}")
    with tempfile.TemporaryDirectory(prefix="new-", dir=new.parent) as folder:
        aside = Path(folder)
        (aside / "dbt_project.yml").write_text("name: packages_only\nprofile: none\n", encoding="utf-8")
        shutil.copy(project / "packages.yml", aside)
        command = [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "deps", "--project-dir", str(aside)]
        environment = {**os.environ, HUB_URL_VARIABLE: hub_url(), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
        try:
            done = subprocess.run(
                command, cwd=aside, env=environment, capture_output=True, text=True, timeout=DEPS_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise ProhandelError(f"dbt deps took longer than {DEPS_SECONDS:.0f} s.") from error
        if done.returncode != 0:
            raise ProhandelError(f"dbt deps failed: {done.stdout.strip().splitlines()[-1:] or done.stderr.strip()}")
        (aside / _INSTALLED).rename(new)
        return _locked(aside)


def _copy(folder: Path, wanted: list[Wanted], new: Path) -> dict[str, str | None]:
    """Copies the wanted packages and those that they need from a folder of package folders."""
    new.mkdir()
    waiting = [package.name for package in wanted]
    versions: dict[str, str | None] = {}
    while waiting:
        name = waiting.pop()
        if name in versions:
            continue
        if _project_name(folder / name) != name:
            raise ProhandelError(
                f"{folder} has no package {name}.", "Put a folder of that name there, or choose another source."
            )
        shutil.copytree(folder / name, new / name, ignore=shutil.ignore_patterns(".git", "integration_tests*"))
        versions[name] = None
        needs = folder / name / "packages.yml"
        if needs.is_file():
            entries = yaml.safe_load(needs.read_text(encoding="utf-8"))["packages"]
            waiting += [entry["package"].rpartition("/")[2] for entry in entries if "package" in entry]
    return versions


def _install_minimal(project: Path, wanted: list[Wanted], note: str) -> Installation:
    return _install(project, wanted, "minimal", lambda new: _copy(project / _MINIMAL, wanted, new), note)


def _install(
    project: Path, wanted: list[Wanted], source: Source, fill: Callable[[Path], dict[str, str | None]], note: str
) -> Installation:
    """Builds the folder aside, checks it, and puts it in place by renaming."""
    new = project / _ASIDE / f"new-{os.getpid()}"
    try:
        versions = fill(new)
        if problem := _wrong_folders(new, wanted) or (_wrong_versions(versions, wanted) if source == "hub" else ""):
            raise ProhandelError(f"{note} gave something else than packages.yml asks for: {problem}.")
        fingerprint = _fingerprint(project / _MINIMAL) if source == "minimal" else None
        record = {"source": source, "packages": versions, "fingerprint": fingerprint}
        (new / _RECORD).write_text(json.dumps(record, indent=2, sort_keys=True), encoding="utf-8")
        installed = project / _INSTALLED
        if installed.exists():
            installed.rename(new.with_name(f"{new.name}-old"))
        new.rename(installed)
    finally:
        for left_over in (new, new.with_name(f"{new.name}-old")):
            shutil.rmtree(left_over, ignore_errors=True)
    return Installation(source, versions, True, note)


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
