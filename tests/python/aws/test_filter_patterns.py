"""The matcher of filter patterns against examples of CloudWatch's own documentation and of hand."""

from __future__ import annotations

import pytest

from tests.python.aws.filter_patterns import matches

TRAIL = (
    '{"eventType": "UpdateTrail", "sourceIPAddress": "111.111.111.111", "arrayKey": ["value", "another value"], '
    '"objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}], "SomeObject": null, "cluster.name": "c", '
    '"bandwidth": 75, "isOn": true, "isOff": false}'
)
EXCEPTION = "[ERROR 400] BAD REQUEST"


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("", "anything"),
        ("ERROR", EXCEPTION),
        ("ERROR", "[ERROR 419] MISSING ARGUMENTS"),
        ("ERROR ARGUMENTS", "[ERROR 420] INVALID ARGUMENTS"),
        ("?ERROR ?ARGUMENTS", EXCEPTION),
        ("?ERROR ?ARGUMENTS", "[WARN] INVALID ARGUMENTS"),
        ("ERROR -ARGUMENTS", EXCEPTION),
        ('"BAD REQUEST"', EXCEPTION),
        ('?"BAD REQUEST" ?nothing', EXCEPTION),
        (r'"a \"quoted\" word"', 'so a "quoted" word'),
        ('{ $.eventType = "UpdateTrail" }', TRAIL),
        ("{ $.eventType = UpdateTrail }", TRAIL),
        ("{ $.sourceIPAddress != 123.123.* }", TRAIL),
        ('{ $.arrayKey[0] = "value" }', TRAIL),
        ("{ $.objectList[1].id = 2 }", TRAIL),
        ("{ $.SomeObject IS NULL }", TRAIL),
        ("{ $.SomeOtherObject NOT EXISTS }", TRAIL),
        ("{ $.isOn IS TRUE }", TRAIL),
        ("{ $.isOff IS FALSE }", TRAIL),
        ("{ $.bandwidth > 50 }", TRAIL),
        ("{ $.bandwidth >= 75 && $.bandwidth <= 75 }", TRAIL),
        ('{ $.eventType = "Update*" }', TRAIL),
        ('{ ($.bandwidth = 1 || $.bandwidth = 75) && $.eventType = "UpdateTrail" }', TRAIL),
        ('{ $.eventType = "UpdateTrail" || $.bandwidth = 1 && $.bandwidth = 2 }', TRAIL),
    ],
)
def test_what_matches(pattern: str, message: str) -> None:
    assert matches(pattern, message)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("ERROR", "an error in small letters"),
        ("ERROR ARGUMENTS", EXCEPTION),
        ("?ERROR ?ARGUMENTS", "[WARN] all is well"),
        ("ERROR -REQUEST", EXCEPTION),
        ("-ERROR", EXCEPTION),
        ("?BAD ERROR", "BAD alone: beside a term that must occur, one that may is ignored"),
        ('"BAD  REQUEST"', EXCEPTION),
        ('{ $.eventType = "DeleteTrail" }', TRAIL),
        ('{ $.eventType = "UpdateTrail" }', "UpdateTrail"),
        ("{ $.sourceIPAddress != 111.111.* }", TRAIL),
        ("{ $.missing != 1 }", TRAIL),
        ("{ $.missing = 1 }", TRAIL),
        ("{ $.missing IS NULL }", TRAIL),
        ("{ $.SomeObject NOT EXISTS }", TRAIL),
        ("{ $.isOn IS FALSE }", TRAIL),
        ("{ $.bandwidth > 75 }", TRAIL),
        ("{ $.eventType > 1 }", TRAIL),
        ('{ $.objectList[2].name = "c" }', TRAIL),
        ('{ ($.eventType = "UpdateTrail" || $.bandwidth = 1) && $.bandwidth = 2 }', TRAIL),
    ],
)
def test_what_does_not_match(pattern: str, message: str) -> None:
    assert not matches(pattern, message)


@pytest.mark.parametrize(
    "pattern",
    [
        "[ip, user]", "%ERROR%", "Task: timed", "{ $.a = }", '{ ($.a = "b" }', '{ $.a = "b" ) }', '{ a = "b" }',
        '{ $.a = "b" $.c = 1 }', '{ $.a = "b"',
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        matches(pattern, TRAIL)
