"""Takes secrets and addresses of people out of log lines before anybody reads them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping

MASK = "***"

_SECRET_NAMES = re.compile(r"(?:PASSWORD|PASSWD|SECRET|TOKEN|_KEY|USERNAME)\w*$", flags=re.IGNORECASE)
_SHORTEST_SECRET = 6
_QUOTE = r"\\*[\"']"
# Up to the same quote that no further backslash escapes.
_VALUE = rf"({_QUOTE})(?s:(?!(?<!\\)\2).)*(?:\2|$)"
_NAMES = (
    r"(?:[\w-]*(?:password|passwd|passphrase|secret|api[_-]?key|access[_-]?key|private[_-]?key|token|credential)s?"
    r"|(?:prohandel[_-])?user[_-]?name|pwd|x-api-key|cookie|set-cookie)"
)
_REQUEST = re.compile(rf"{_QUOTE}secrets{_QUOTE}\s*:\s*(?=\{{)")
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)\b(authorization\W{0,5}\s*)(?:(?:basic|bearer|digest|token)\s+)?[^\s\"',;}]+"), rf"\1{MASK}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), rf"\1 {MASK}"),
    (re.compile(rf"(?i)\b({_NAMES}{_QUOTE}\s*[:=]\s*){_VALUE}"), rf"\1\2{MASK}\2"),
    (re.compile(rf"(?i)\b({_NAMES}\s*[:=]\s*){_VALUE}"), rf"\1\2{MASK}\2"),
    (
        re.compile(rf"(?i)\b({_NAMES}(?:{_QUOTE})?\s*[:=]\s*)(?![\"'\\{{]|{re.escape(MASK)})[^\s\"',;&}})]+"),
        rf"\1{MASK}",
    ),
    (re.compile(r"\beyJ[\w-]{6,}\.[\w-]+(?:\.[\w-]*)?"), MASK),
    (re.compile(r"(?<=://)[^\s/@]+@"), f"{MASK}@"),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), MASK),
    (re.compile(r"(?i)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), MASK),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), MASK),
)


def mask(text: str, environment: Mapping[str, str] | None = None) -> str:
    """The text without what looks like a secret, and without the values of secrets that the environment holds.

    Masked are: passwords, user names, keys and tokens after their names, `Authorization` headers, JSON Web Tokens, user
    and password in addresses, access keys of AWS, private keys, the secrets of a Fivetran request, e-mail addresses.

    Args:
        text: of a log.
        environment: whose secrets to look for; this process's by default.
    """
    known = os.environ if environment is None else environment
    values = {
        value for name, value in known.items() if _SECRET_NAMES.search(name) and len(value.strip()) >= _SHORTEST_SECRET
    }
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, MASK)
    text = _without_request(text)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def _without_request(text: str) -> str:
    """The text without the secrets that Fivetran hands over, where a request is logged whole.

    Where they cannot be read as JSON, everything after them goes as well.
    """
    at = 0
    while found := _REQUEST.search(text, at):
        begin = found.end()
        try:
            _, end = json.JSONDecoder().raw_decode(text, begin)
        except ValueError:
            return f"{text[:begin]}{{{MASK}}}"
        text = f"{text[:begin]}{{{MASK}}}{text[end:]}"
        at = begin
    return text
