"""The setup tests of a connection, and what a failure usually means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from prohandel.connector.fivetran import Record


@dataclass(frozen=True)
class SetupTest:
    """One setup test.

    Attributes:
        title: Fivetran's.
        status: PASSED, SKIPPED, WARNING, FAILED or JOB_FAILED.
        message: Fivetran's words.
        meaning: what it usually means and what to do; empty where it passed.
    """

    title: str
    status: str
    message: str
    meaning: str = ""

    @property
    def has_failed(self) -> bool:
        """Does it keep the connection from syncing?"""
        return self.status in ("FAILED", "JOB_FAILED")


# The first that fits counts: the more exact ones stand first.
_MEANINGS: tuple[tuple[str, str], ...] = (
    (
        r"external.?id",
        "The trust policy of the role asks for another external id: it must be the group's id "
        "(sts:ExternalId in infra/, external_id in connector.yml).",
    ),
    (
        r"assume.?role|sts:|trust|not authorized to assume|security token",
        "Fivetran may not assume the role. Its trust policy must name Fivetran's AWS account as principal and the "
        "group's id as sts:ExternalId; check role in connector.yml for a slip.",
    ),
    (
        r"resource ?not ?found|function not found|cannot find (the )?function|does not exist|no such function",
        "There is no such function in this region: check function and region in connector.yml.",
    ),
    (
        r"invoke|accessdenied|access denied|not authorized|unauthorized operation",
        "The role may not call the function: its policy must allow lambda:InvokeFunction on this function's ARN.",
    ),
    (
        r"timed? ?out|time-?out|deadline|websocket",
        "The function did not answer in time: its time limit in AWS must be 180 s, and its first call must not read "
        "the whole history. `prohandel logs --errors` shows how long it ran.",
    ),
    (
        r"region",
        "The region is wrong: it must be the one of the function's ARN.",
    ),
    (
        r"401|403|credential|password|login|token|authenticat|unauthori[sz]ed",
        "ProHandel refuses the Lambda: one of the secrets is wrong. Correct the environment variable, then apply.",
    ),
    (
        r"json|parse|malformed|hasmore|response",
        "The function answered with something that is not Fivetran's form: state, insert, schema, hasMore. "
        "`prohandel logs --errors` shows what it did.",
    ),
    (r"memory|out of memory|exit status|crash", "The function broke off: `prohandel logs --errors` shows why."),
)
_UNKNOWN = "Look at what the function did: prohandel logs --errors"


def setup_tests(answer: Record) -> list[SetupTest]:
    """The tests of an answer of the API; empty where it ran none."""
    return [_test(one) for one in answer.get("setup_tests") or []]


def _test(one: Record) -> SetupTest:
    title, status = str(one.get("title", "")), str(one.get("status", ""))
    message = " ".join(part for part in (str(one.get("message") or ""), _details(one.get("details"))) if part)
    if status in ("PASSED", "SKIPPED"):
        return SetupTest(title, status, message)
    return SetupTest(title, status, message, meaning(f"{title} {message}"))


def meaning(text: str) -> str:
    """What a failure with these words usually means, and what to do."""
    found = (what for pattern, what in _MEANINGS if re.search(pattern, text, re.IGNORECASE))
    return next(found, _UNKNOWN)


def _details(details: Any) -> str:
    return details if isinstance(details, str) else ""
