"""`make secrets-scan`: no file of the repository holds a secret, and none ever did.

The detectors of detect-secrets look at every line that git knows, and at every line that any commit has added. What
they take for a secret and is none stands in audited.json, each with the reason, named by its hash. Commits do not
change, so those that were found clean are noted in target/ and not looked at again.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from detect_secrets.core.scan import scan_file
from detect_secrets.settings import transient_settings

from prohandel.pipeline.target import PROJECT

AUDITED = Path(__file__).with_name("audited.json")
CACHE = PROJECT / "target" / "secrets" / "clean.json"

# Lock files and the list of what is audited are hashes; Parquet is no text.
NOT_READ = re.compile(r"(?:\.lock|\.parquet|project/audited\.json)$")
# What no secret lacks: a word that names one, an address, or a long word. It spares the detectors nine lines of ten.
WORTH_A_LOOK = re.compile(r"pass|pwd|secret|key|token|auth|cred|://|begin|[a-z0-9+/_=-]{20,}", re.IGNORECASE)
DETECTORS = (
    "ArtifactoryDetector", "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "CloudantDetector",
    "DiscordBotTokenDetector", "GitHubTokenDetector", "GitLabTokenDetector", "IbmCloudIamDetector",
    "IbmCosHmacDetector", "JwtTokenDetector", "KeywordDetector", "MailchimpDetector", "NpmDetector",
    "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector", "SlackDetector",
    "SoftlayerDetector", "SquareOAuthDetector", "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
ENTROPY = ({"name": "Base64HighEntropyString", "limit": 4.5}, {"name": "HexHighEntropyString", "limit": 3.0})
# Values that cannot be secrets: references, placeholders, sequences. No filter asks the network.
FILTERS = (
    "is_indirect_reference", "is_likely_id_string", "is_not_alphanumeric_string", "is_potential_uuid",
    "is_prefixed_with_dollar_sign", "is_sequential_string", "is_templated_secret",
)  # fmt: skip
SETTINGS = {
    "plugins_used": [*({"name": name} for name in DETECTORS), *ENTROPY],
    "filters_used": [{"path": f"detect_secrets.filters.heuristic.{name}"} for name in FILTERS],
}


@dataclass(frozen=True)
class Line:
    """A line of a file, now or once.

    Attributes:
        where: file and line, or commit and file.
        suffix: of the file, which decides how it is read.
        text: the line.
    """

    where: str
    suffix: str
    text: str


@dataclass(frozen=True)
class Found:
    """Something that looks like a secret.

    Attributes:
        where: the first place of it.
        kind: what detect-secrets calls it.
        identity: hash of the value, which audited.json names it by.
    """

    where: str
    kind: str
    identity: str

    def __str__(self) -> str:
        return f"{self.where}: {self.kind} ({self.identity[:12]})"


def look_at(lines: Iterable[Line], known: Mapping[str, str]) -> list[Found]:
    """What looks like a secret in lines and is not known to be none; a value once for each kind."""
    # Most lines of a history stand in many commits.
    once: dict[str, dict[str, str]] = {}
    for line in lines:
        if WORTH_A_LOOK.search(line.text):
            once.setdefault(line.suffix, {}).setdefault(line.text, line.where)
    found: dict[tuple[str, str], Found] = {}
    with tempfile.TemporaryDirectory() as folder, transient_settings(SETTINGS):
        for suffix, places in once.items():
            file = Path(folder) / f"lines{suffix}"
            file.write_text("".join(f"{text}\n" for text in places), encoding="utf-8")
            wheres = list(places.values())
            for secret in scan_file(str(file)):
                identity = hashlib.sha256((secret.secret_value or "").encode()).hexdigest()
                if identity not in known:
                    where = wheres[secret.line_number - 1]
                    found.setdefault((secret.type, identity), Found(where, secret.type, identity))
    return list(found.values())


def audited() -> dict[str, str]:
    """Why values that look like a secret are none, by their hash."""
    return dict(json.loads(AUDITED.read_text(encoding="utf-8"))) if AUDITED.exists() else {}


def git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments],  # noqa: S607
        cwd=PROJECT,
        capture_output=True,
        text=True,
        errors="replace",
        check=True,
    ).stdout


def lines_of_tree() -> Iterator[Line]:
    """Every line of the files that git knows, those not committed yet among them."""
    for name in git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        path = PROJECT / name
        if name and path.is_file() and not NOT_READ.search(name):
            text = path.read_text(encoding="utf-8", errors="replace")
            # Not splitlines, which also splits where no line of the file ends.
            for number, line in enumerate(text.split("\n"), start=1):
                yield Line(f"{name}:{number}", path.suffix, line.rstrip("\r"))


def lines_added_by(commit: str) -> Iterator[Line]:
    """Every line that a commit has added, and its message."""
    for line in git("show", "-s", "--format=%B", commit).split("\n"):
        yield Line(f"{commit[:10]} message", ".txt", line)
    name = ""
    diff = git("show", "--format=", "--unified=0", "--no-color", "--no-ext-diff", "--text", "-m", commit)
    for line in diff.split("\n"):
        if line.startswith("+++ "):
            name = line[4:].removeprefix("b/")
        elif line.startswith("+") and not NOT_READ.search(name):
            yield Line(f"{commit[:10]} {name}", Path(name).suffix, line[1:].rstrip("\r"))


def scan_history(known: Mapping[str, str]) -> list[Found]:
    """What looks like a secret in any commit that HEAD is made of."""
    rules = [version("detect-secrets"), SETTINGS, sorted(known), NOT_READ.pattern, WORTH_A_LOOK.pattern]
    state = hashlib.sha256(json.dumps(rules).encode()).hexdigest()
    clean = set[str]()
    if CACHE.exists():
        kept = json.loads(CACHE.read_text(encoding="utf-8"))
        clean = set(kept["commits"]) if kept["state"] == state else clean
    commits = [commit for commit in git("rev-list", "HEAD").split() if commit not in clean]
    found = look_at((line for commit in commits for line in lines_added_by(commit)), known)
    if not found:
        CACHE.parent.mkdir(parents=True, exist_ok=True)
        CACHE.write_text(json.dumps({"state": state, "commits": sorted({*clean, *commits})}), encoding="utf-8")
    return found


def main() -> int:
    """Looks at tree and history; says what it found."""
    if not (PROJECT / ".git").exists():
        print("This is no checkout: there is no history to look at, and nobody can commit a secret.")
        return 0
    known = audited()
    found = [*look_at(lines_of_tree(), known), *scan_history(known)]
    for one in found:
        print(one, file=sys.stderr)
    if found:
        print(
            "Take it out of the file and of the history, and change it where it is used: it is known now. Where it is "
            f"no secret, say why in {AUDITED.relative_to(PROJECT)}.",
            file=sys.stderr,
        )
        return 1
    print(f"No secret in {len(git('rev-list', 'HEAD').split())} commits and the files as they are.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
