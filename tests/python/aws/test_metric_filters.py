"""The metric filters of infra/monitoring.yaml against lines of Lambda's logs, in both formats."""

from __future__ import annotations

import re

import pytest

from tests.python.aws import samples
from tests.python.aws.cloudformation import load, of_type
from tests.python.aws.filter_patterns import matches

TEMPLATE = load("monitoring.yaml")
LINES = {**samples.TEXT, **samples.JSON}
EXPECTED = {
    "TimeoutsInText": {"TIMED_OUT", "REPORT_TIMEOUT"},
    "TimeoutsInJson": {"JSON_REPORT_TIMEOUT"},
    "OutOfMemoryInText": {"KILLED", "REPORT_MEMORY"},
    "OutOfMemoryInJson": {"JSON_REPORT_MEMORY"},
    "ErrorsInText": {
        "TRACEBACK", "LOGGED_ERROR", "LOGGED_EXCEPTION", "CRITICAL", "PRINTED_TRACEBACK", "OWN_FORMAT",
    },
    "ErrorsInJson": {"JSON_ERROR", "JSON_CRITICAL", "JSON_EXCEPTION", "JSON_UNHANDLED"},
}  # fmt: skip


def patterns(**values: str) -> dict[str, str]:
    return {
        name: metric_filter["FilterPattern"]
        for name, metric_filter in of_type(TEMPLATE, "AWS::Logs::MetricFilter", **values).items()
    }


def test_every_filter_has_its_lines() -> None:
    assert patterns().keys() == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_a_filter_matches_its_lines_and_no_other(name: str) -> None:
    assert {line for line, text in LINES.items() if matches(patterns()[name], text)} == EXPECTED[name]


@pytest.mark.parametrize("name", [name for name in EXPECTED if name.endswith("Text")])
def test_phrases_stand_between_words(name: str) -> None:
    """Were terms matched by whole words and not anywhere in the line, the same lines would match."""
    for line in EXPECTED[name]:
        phrases = [phrase for phrase in re.findall(r'\?"([^"]+)"', patterns()[name]) if phrase in LINES[line]]
        assert any(re.search(rf"(?<!\w){re.escape(phrase.strip())}(?!\w)", LINES[line]) for phrase in phrases), line


def test_the_functions_own_words_for_an_error_count() -> None:
    line = f"[INFO]\t2026-03-02T14:05:15.020Z\t{samples.ID}\tanswering with an error: HTTP 500\n"
    assert not matches(patterns()["ErrorsInText"], line)
    assert matches(patterns(ErrorText="answering with an error")["ErrorsInText"], line)


def test_a_warning_with_an_exception_is_no_error() -> None:
    assert not any(matches(pattern, samples.JSON_WARNING) for pattern in patterns().values())


def test_filters_count_one_for_a_line_and_zero_for_others() -> None:
    for metric_filter in of_type(TEMPLATE, "AWS::Logs::MetricFilter").values():
        (transformation,) = metric_filter["MetricTransformations"]
        assert (transformation["MetricValue"], transformation["DefaultValue"]) == ("1", 0)
        assert "Dimensions" not in transformation, "CloudWatch refuses dimensions beside a default value"
