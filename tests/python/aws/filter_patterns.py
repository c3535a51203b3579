"""Which log events a filter pattern of CloudWatch Logs matches.

What is understood, by the page "Filter pattern syntax" of CloudWatch Logs: terms that must all occur; terms with ? of
which one must (beside others those are ignored); terms with - that must not; phrases in quotes; and `{ ... }` over JSON
with =, !=, <, <=, >, >=, IS NULL, IS TRUE, IS FALSE, NOT EXISTS, && before ||, brackets, and * at the ends of a string.
Case counts. Regular expressions and patterns in square brackets are not understood and refused.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

_TERM = re.compile(r'\s*([?-]?)("(?:[^"\\]|\\.)*"|[^\s"]+)')
_TOKEN = re.compile(
    r"""\s*(?:(?P<sign>&&|\|\||\(|\))|(?P<path>\$(?:\.[\w-]+|\[\d+\])+)
    |(?P<operator>!=|>=|<=|=|>|<|IS\b|NOT\s+EXISTS\b)|(?P<string>"(?:[^"\\]|\\.)*")|(?P<word>[\w.*+-]+))""",
    flags=re.VERBOSE,
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le,
}  # fmt: skip
_LACKING = object()


def matches(pattern: str, message: str) -> bool:
    """Does the pattern match the event?

    Raises:
        ValueError: the pattern cannot be read.
    """
    pattern = pattern.strip()
    if pattern.startswith("{"):
        if not pattern.endswith("}"):
            raise ValueError(f"no end of {pattern}")
        condition = _Condition(pattern[1:-1])
        try:
            event = json.loads(message)
        except ValueError:
            return False
        return condition.holds(event)
    if pattern.startswith(("[", "%")):
        raise ValueError(f"not understood: {pattern}")
    return _terms_match(pattern, message)


def _terms_match(pattern: str, message: str) -> bool:
    terms = []
    at = 0
    while at < len(pattern.rstrip()):
        found = _TERM.match(pattern, at)
        if not found:
            raise ValueError(f"no term at {pattern[at:]}")
        sign, term = found.groups()
        if not term.startswith('"') and re.search(r"[^\w]", term):
            raise ValueError(f"{term} needs quotes")
        terms.append((sign, re.sub(r"\\(.)", r"\1", term[1:-1]) if term.startswith('"') else term))
        at = found.end()
    required = [term for sign, term in terms if not sign]
    optional = [term for sign, term in terms if sign == "?"]
    if any(sign == "-" and term in message for sign, term in terms):
        return False
    if optional and len(optional) == len(terms):
        return any(term in message for term in optional)
    return all(term in message for term in required)


class _Condition:
    """A condition over JSON, read by descent: or, and, brackets, comparison."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at, text = 0, text.rstrip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if not found or found.lastgroup is None:
                raise ValueError(f"not understood: {text[at:]}")
            self._tokens.append((found.lastgroup, found.group(found.lastgroup)))
            at = found.end()
        self._at = 0
        self.holds = self._any()
        if self._at < len(self._tokens):
            raise ValueError(f"not understood: {self._tokens[self._at :]}")

    def _next(self, kind: str, *values: str) -> str | None:
        if self._at < len(self._tokens):
            found, value = self._tokens[self._at]
            if found == kind and (not values or value in values):
                self._at += 1
                return value
        return None

    def _any(self) -> Callable[[Any], bool]:
        parts = [self._all()]
        while self._next("sign", "||"):
            parts.append(self._all())
        return lambda event: any(part(event) for part in parts)

    def _all(self) -> Callable[[Any], bool]:
        parts = [self._one()]
        while self._next("sign", "&&"):
            parts.append(self._one())
        return lambda event: all(part(event) for part in parts)

    def _one(self) -> Callable[[Any], bool]:
        if self._next("sign", "("):
            inner = self._any()
            if not self._next("sign", ")"):
                raise ValueError("a bracket is not closed")
            return inner
        path = self._next("path")
        compared = self._next("operator") if path else None
        if path is None or compared is None:
            raise ValueError("a comparison begins with $. and has an operator")
        if compared.startswith("NOT"):
            return lambda event: _at(event, path) is _LACKING
        value = self._next("string") or self._next("word")
        if value is None:
            raise ValueError(f"nothing to compare {path} with")
        if compared == "IS":
            wanted = {"NULL": None, "TRUE": True, "FALSE": False}[value]
            return lambda event: _at(event, path) is wanted
        return lambda event: _compares(_at(event, path), compared, value)


def _compares(found: Any, compared: str, value: str) -> bool:
    if found is _LACKING or found is None:
        return False
    if compared in _COMPARE:
        return _is_number(found) and _COMPARE[compared](found, float(value))
    if value.startswith('"') or not re.fullmatch(r"[+-]?[\d.]+", value):
        wanted = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
        is_equal = isinstance(found, str) and fnmatchcase(found, wanted.replace("[", "[[]").replace("?", "[?]"))
    else:
        is_equal = _is_number(found) and found == float(value)
    return is_equal == (compared == "=")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _at(event: Any, path: str) -> Any:
    for name, place in re.findall(r"\.([\w-]+)|\[(\d+)\]", path):
        if name and isinstance(event, dict) and name in event:
            event = event[name]
        elif place and isinstance(event, list) and int(place) < len(event):
            event = event[int(place)]
        else:
            return _LACKING
    return event
