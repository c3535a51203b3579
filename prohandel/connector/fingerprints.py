"""Fingerprints of secrets: whether two are equal can be told from them, what they are cannot.

Fivetran shows secrets as ******, so nobody can compare what it has with what it should have. A fingerprint is kept of
what was sent. It is an HMAC (RFC 2104) with SHA-256, keyed by PROHANDEL_HASH_KEY, which the database never sees:
whoever reads the fingerprints cannot try passwords on them.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass

from prohandel.errors import ProhandelError
from prohandel.pipeline.target import HASH_KEY_VARIABLE

_PURPOSE = b"prohandel connector secrets 1"


@dataclass(frozen=True)
class Fingerprint:
    """Of one secret as it was sent.

    Attributes:
        digest: 64 hexadecimal digits.
        key_check: equal for fingerprints of the same PROHANDEL_HASH_KEY, 16 hexadecimal digits.
    """

    digest: str
    key_check: str


def fingerprints(connection_id: str, secrets: Mapping[str, str]) -> dict[str, Fingerprint]:
    """The fingerprint of each secret of a connection.

    Equal secrets of two connections, or under two names, have different ones.

    Raises:
        ProhandelError: PROHANDEL_HASH_KEY is not set.
    """
    key = _key()
    check = _digest(key, "key check")[:16]
    return {
        name: Fingerprint(_digest(key, "secret", connection_id, name, value), check) for name, value in secrets.items()
    }


def _key() -> bytes:
    given = os.environ.get(HASH_KEY_VARIABLE)
    if not given:
        raise ProhandelError(
            f"{HASH_KEY_VARIABLE} is not set, the key of the fingerprints that tell whether a secret was rotated.",
            f"Keep one long random value per warehouse and export it: {HASH_KEY_VARIABLE}=$(openssl rand -hex 32).",
        )
    # A key of their own: customers are hashed with PROHANDEL_HASH_KEY itself, inside the database.
    return hmac.digest(given.encode(), _PURPOSE, "sha256")


def _digest(key: bytes, *parts: str) -> str:
    # Lengths before the parts, so that no two lists of parts give the same bytes.
    message = b"".join(len(encoded := part.encode()).to_bytes(4, "big") + encoded for part in parts)
    return hmac.digest(key, message, "sha256").hex()
