"""Keys of the API: a file that holds their hashes.

A file rather than a table: the role of the API reads no table of secrets, a caller is known while the database is away,
and a warehouse that is built anew keeps its keys. A key has 256 random bits, so that one round of SHA-256 is enough:
there is nothing to guess that a slow hash would protect.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal, get_args

from prohandel.errors import ProhandelError

FILE_VARIABLE = "PROHANDEL_API_KEYS"
Scope = Literal["read", "write"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

_FORM = re.compile(r"prohandel_([0-9a-f]{12})_([0-9A-Za-z_-]{43})")
_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z ._@-]{0,59}")
_NOBODY = hashlib.sha256(secrets.token_bytes(32)).hexdigest()
"""What a key that nobody has is compared with, so that it takes as long as one that somebody has."""
_SECONDS_BETWEEN_LOOKS = 1.0


@dataclass(frozen=True)
class Key:
    """A key as the file keeps it.

    Attributes:
        key_id: the part of the key that names it; no secret.
        name: whose it is; the author of overrides.
        scopes: read, write; whoever may write may read.
        sha256: of the secret part, hexadecimal.
        created_at: ISO 8601, UTC.
        expires_on: last day on which it is valid, by UTC; None for no end.
        revoked_at: ISO 8601, UTC; None while it is valid.
    """

    key_id: str
    name: str
    scopes: tuple[Scope, ...]
    sha256: str
    created_at: str
    expires_on: str | None = None
    revoked_at: str | None = None

    def is_valid(self, now: datetime) -> bool:
        """Whether it is neither revoked nor past its last day."""
        return self.revoked_at is None and (self.expires_on is None or now.date().isoformat() <= self.expires_on)


def file_of(home: Path) -> Path:
    """Where the keys are: the file that PROHANDEL_API_KEYS names, or api_keys.json in PROHANDEL_HOME."""
    named = os.environ.get(FILE_VARIABLE)
    return Path(named).expanduser() if named else home / "api_keys.json"


def read_keys(path: Path) -> list[Key]:
    """The keys of a file, none where there is no file.

    Raises:
        ProhandelError: the file cannot be read.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return [_key(entry) for entry in content["keys"]]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ProhandelError(
            f"The keys in {path} cannot be read: {type(error).__name__}.",
            "Put its backup in place, or remove it and make new keys: prohandel api key add NAME",
        ) from error


def add_key(path: Path, name: str, scopes: Sequence[Scope], expires_on: date | None = None) -> tuple[Key, str]:
    """Makes a key.

    Returns:
        What the file keeps, and the key itself, which nothing keeps.

    Raises:
        ProhandelError: the name is taken or cannot be one.
    """
    if not _NAME.fullmatch(name):
        raise ProhandelError(
            f"A key cannot be named {name!r}.",
            "Up to 60 letters, digits and . _ @ - or spaces, a letter or digit first.",
        )
    secret = secrets.token_urlsafe(32)
    key = Key(
        key_id=secrets.token_hex(6),
        name=name,
        scopes=tuple(scope for scope in SCOPES if scope in scopes or (scope == "read" and "write" in scopes)),
        sha256=_hash(secret),
        created_at=_now(),
        expires_on=expires_on.isoformat() if expires_on else None,
    )
    with _changing(path) as keys:
        if any(other.name == name and other.is_valid(datetime.now(UTC)) for other in keys):
            raise ProhandelError(
                f"There is a valid key named {name} already.", f"Revoke it first: prohandel api key revoke '{name}'"
            )
        keys.append(key)
    return key, f"prohandel_{key.key_id}_{secret}"


def revoke_key(path: Path, named: str) -> Key:
    """Revokes the valid key of that name or id.

    Raises:
        ProhandelError: there is none.
    """
    with _changing(path) as keys:
        for place, key in enumerate(keys):
            if named in (key.key_id, key.name) and key.revoked_at is None:
                keys[place] = replace(key, revoked_at=_now())
                return keys[place]
    raise ProhandelError(f"There is no valid key named {named}.", "See: prohandel api key list")


class Keys:
    """The keys of a file while a server runs: what is added or revoked counts within a second.

    Args:
        path: of the file.

    Raises:
        ProhandelError: the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = self._state()
        self._keys: Mapping[str, Key] = {key.key_id: key for key in read_keys(path)}
        self._looked = time.monotonic()

    def are_there(self) -> bool:
        """Whether any key was ever made; then nobody gets in without one."""
        self._look()
        return bool(self._keys)

    def of(self, text: str) -> Key | None:
        """The valid key with that text; None where there is none."""
        self._look()
        match = _FORM.fullmatch(text)
        key = self._keys.get(match.group(1)) if match else None
        given = _hash(match.group(2) if match else text)
        fits = hmac.compare_digest(given, key.sha256 if key else _NOBODY)
        return key if key and fits and key.is_valid(datetime.now(UTC)) else None

    def _look(self) -> None:
        if time.monotonic() - self._looked < _SECONDS_BETWEEN_LOOKS:
            return
        self._looked = time.monotonic()
        state = self._state()
        if state == self._seen:
            return
        try:
            found = read_keys(self._path)
        except ProhandelError:
            # A file that somebody is repairing locks nobody out and lets nobody in.
            return
        self._seen = state
        # Of a file that has vanished the last keys stay: without any the server would be open.
        if found:
            self._keys = {key.key_id: key for key in found}

    def _state(self) -> tuple[int, int, int] | None:
        try:
            seen = self._path.stat()
        except OSError:
            return None
        return seen.st_ino, seen.st_mtime_ns, seen.st_size


def _key(entry: Mapping[str, object]) -> Key:
    given = {name: entry.get(name) for name in Key.__dataclass_fields__}
    scopes = given.pop("scopes")
    if not isinstance(scopes, list) or not set(scopes) <= set(SCOPES):
        raise ValueError("scopes")
    for name in ("key_id", "name", "sha256", "created_at"):
        if not isinstance(given[name], str):
            raise TypeError(name)
    return Key(scopes=tuple(scopes), **given)  # type: ignore[arg-type]


@contextmanager
def _changing(path: Path) -> Iterator[list[Key]]:
    """The keys of a file, written back at the end; nobody else changes them meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        keys = read_keys(path)
        yield keys
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}", delete=False) as file:
            json.dump({"keys": [asdict(key) for key in keys]}, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        # A temporary file is its owner's alone.
        Path(file.name).replace(path)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
