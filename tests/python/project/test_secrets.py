"""No file of the repository holds what must not be in one; `make secrets-scan` looks for secrets, and finds them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from prohandel.pipeline.target import PROJECT
from tests.python.project import secrets_scan
from tests.python.project.secrets_scan import Line, audited, look_at, scan_history

# Accounts of AWS, which no detector knows.
ACCOUNTS = r"arn:aws:[a-z]+:[a-z0-9-]+:(?!123456789012|000000000000|111122223333)\d{12}:"
UNFINISHED = r"\b(?:TODO|FIXME|XXX|NotImplementedError)\b"
# Put together here, so that this file holds none itself.
PLANTED = {
    "AWS key": "AKIA" + "QYLPMN5HHHFPZAM2",
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "password": "pass" + "word = 'q8Zr4Tn2Vw9Lk3Xb'",
    "GitHub": "gh" + "p_wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx",
    "Slack": "xo" + "xb-34532454-e039d02840a0b9379c",
    "random base64": "token: '" + "c3VwZXIgbG9uZyBzdHJpbmcgc2hvdWxkIGNhdXNlIGVub3VnaCBlbnRyb3B5" + "'",
    "random hex": "x = '" + "2b00042f7481c7b056c4b410d28f33cf" + "'",
}


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


def test_no_account() -> None:
    assert found(ACCOUNTS) == []


def test_nothing_is_unfinished() -> None:
    assert found(UNFINISHED) == []


def test_no_path_of_one_machine() -> None:
    assert found(r"(?<![\w.])/(?:work|root|home/\w+)/\w+") == []


@pytest.mark.parametrize("name", PLANTED)
def test_the_scan_finds(name: str) -> None:
    seen = look_at([Line("a.py:1", ".py", PLANTED[name])], {})
    assert [one.where for one in seen][:1] == ["a.py:1"]
    assert "".join(map(str, seen)).count(PLANTED[name][-12:]) == 0, "what is found is not shown"
    assert look_at([Line("a.py:1", ".py", PLANTED[name])], {one.identity: "made up" for one in seen}) == []


def test_what_is_plain_is_not_found() -> None:
    plain = ["password = os.environ['X']", "key: '{{ env_var(\"A\") }}'", "select md5('a')", "PROHANDEL_HASH_KEY=''"]
    assert look_at([Line("a", ".py", line) for line in plain], {}) == []


def test_every_audited_value_has_a_reason() -> None:
    for identity, reason in audited().items():
        assert re.fullmatch(r"[0-9a-f]{64}", identity)
        assert len(reason.split()) > 2, identity


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of its own, in which a secret was committed and then taken out."""
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not there")
    monkeypatch.setattr(secrets_scan, "PROJECT", tmp_path)
    monkeypatch.setattr(secrets_scan, "CACHE", tmp_path / "clean.json")

    def commit(content: str) -> None:
        (tmp_path / "settings.py").write_text(content)
        for arguments in (["add", "settings.py"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"]):
            subprocess.run([git, *arguments], cwd=tmp_path, check=True)

    subprocess.run([git, "init", "-q", str(tmp_path)], check=True)
    commit("a = 1\n")
    commit(f"a = 1\n{PLANTED['AWS key']}\n")
    commit("a = 2\n")
    return tmp_path


def test_what_was_taken_out_again_is_found(repository: Path) -> None:
    (one,) = scan_history({})
    assert one.where.endswith(" settings.py")
    assert one.kind == "AWS Access Key"
    assert not secrets_scan.CACHE.exists()
    assert scan_history({one.identity: "made up for a test"}) == []
    assert len(json.loads(secrets_scan.CACHE.read_text())["commits"]) == 3


def test_clean_commits_are_looked_at_once(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {one.identity: "made up for a test" for one in scan_history({})}
    scan_history(known)
    looked: list[str] = []

    def lines_added_by(commit: str) -> Iterator[Line]:
        looked.append(commit)
        return iter(())

    monkeypatch.setattr(secrets_scan, "lines_added_by", lines_added_by)
    scan_history(known)
    assert looked == []
    # Without the audited value all of them count as unseen again.
    scan_history({})
    assert len(looked) == 3
